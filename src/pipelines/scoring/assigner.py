"""What a segmentation ships: from feature rows to the segment, its name and how far a customer is from its centre."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from pipelines.core.spec import digest
from pipelines.features.catalogue import Feature
from pipelines.segments.choice import Candidate
from pipelines.segments.continuity import NOBODY
from pipelines.segments.segmentation import Segmentation

ASSIGNER = "assigner.json"
UNSEGMENTED = "none of them"
"""The name of those who belong to no segment."""


@dataclass(frozen=True)
class Assigner:
    """A fitted segmentation, and what its columns are.

    Parameters
    ----------
    segmentation : Segmentation
        Transforms, clusters, ids and names.
    features : tuple of Feature
        The columns that it reads, in order.
    feature_digest : str
        Of the specification that these features were computed by.
    how : Candidate
        The way of segmenting, so that it can be fitted again.
    next_id : int
        The least id that was never given: an id of a segment that dissolved does not come back.
    """

    segmentation: Segmentation
    features: tuple[Feature, ...]
    feature_digest: str
    how: Candidate
    next_id: int

    @property
    def names(self) -> Mapping[int, str]:
        """Of every id what it is called; those who belong to no segment included."""
        return {NOBODY: UNSEGMENTED, **self.segmentation.names}

    def digest(self) -> str:
        """SHA-256 of transforms, clusters, ids and feature spec; names decide nothing and are left out."""
        fitted = self.segmentation.model_dump(mode="json", exclude={"names"})
        return digest([fitted, self.feature_digest, [feature.name for feature in self.features]])

    def score(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The segment of each row.

        Parameters
        ----------
        rows : DataFrame
            Every feature column by name; other columns and the order do not matter.

        Returns
        -------
        DataFrame, one row per row of ``rows``, with its index
            ``segment`` (int64, 0 is none), ``segment_name`` (text), ``distance`` (float64, to the centre, in the
            space of the transforms).

        Raises
        ------
        ModelError
            If a column is missing or is not a number.
        """
        found = self.segmentation.assign(rows)
        named = pd.Series(found.segment, index=rows.index)
        return pd.DataFrame(
            {"segment": named, "segment_name": named.map(dict(self.names)).astype(object), "distance": found.distance},
            index=rows.index,
        )

    def save(self, folder: Path) -> None:
        """Write it as JSON."""
        (folder / ASSIGNER).write_text(json.dumps(self.as_dict(), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Assigner:
        """Read what `save` wrote."""
        return cls.from_dict(json.loads((folder / ASSIGNER).read_text(encoding="utf-8")))

    def as_dict(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "segmentation": self.segmentation.model_dump(mode="json"),
            "features": [asdict(feature) for feature in self.features],
            "feature_digest": self.feature_digest,
            "how": self.how.model_dump(mode="json"),
            "next_id": self.next_id,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, object]) -> Assigner:
        """From what `as_dict` made."""
        held = dict(content)
        features = [{**one, "levels": tuple(one["levels"])} for one in held["features"]]  # type: ignore[attr-defined]
        return cls(
            segmentation=Segmentation.model_validate(held["segmentation"]),
            features=tuple(Feature(**one) for one in features),
            feature_digest=str(held["feature_digest"]),
            how=Candidate.model_validate(held["how"]),
            next_id=int(str(held["next_id"])),
        )

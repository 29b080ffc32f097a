"""The model that is shipped: feature rows in; score, decision and reasons out. Plain data files, no pickled code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import TypeAdapter

from pipelines.core.errors import ModelError, nearest
from pipelines.core.spec import digest
from pipelines.explain.reasons import reasons
from pipelines.features.catalogue import Feature
from pipelines.features.encode import encoded
from pipelines.models.calibration_maps import AnyMap
from pipelines.models.lightgbm import Trees
from pipelines.models.tree_shap import BULK, can_explain, explained
from pipelines.policy.policies import AnySettled

_SPEC, _POLICY = "scorer.json", "policy.json"
_MAP: TypeAdapter[AnyMap] = TypeAdapter(AnyMap)
_SETTLED: TypeAdapter[AnySettled] = TypeAdapter(AnySettled)
_CHUNK = 262_144
"""Rows that are explained at a time: a few hundred MB at 60 features, whatever the number of rows."""


@dataclass(frozen=True)
class Scorer:
    """Trees, calibration, policy, and the features they take.

    Parameters
    ----------
    trees : Trees
        The fitted bag.
    calibration : AnyMap
        From its log-odds to probabilities.
    policy : AnySettled
        From a probability to a decision; a file of its own, since it changes without retraining.
    features : tuple of Feature
        The columns, in order, and how reasons say them.
    n_reasons : int
        How many reasons each row gets.
    feature_digest : str
        Of the specification that these features and labels were computed by.
    typical : mapping
        Of a feature what is typical of the rows that were learned from; reasons are told beside it.
    """

    trees: Trees
    calibration: AnyMap
    policy: AnySettled
    features: tuple[Feature, ...]
    n_reasons: int
    feature_digest: str
    typical: Mapping[str, float | str] = field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 of trees, feature spec and calibration; the words of reasons decide nothing and are left out."""
        return digest(
            [
                self.trees.digest(),
                self.feature_digest,
                self.names,
                self._levels,
                self.calibration.model_dump(mode="json"),
            ]
        )

    @property
    def _levels(self) -> list[tuple[str, ...]]:
        return [feature.levels for feature in self.features]

    @property
    def names(self) -> tuple[str, ...]:
        """The feature columns, in order."""
        return tuple(feature.name for feature in self.features)

    def raw(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Log-odds before calibration, shape (n_rows,)."""
        return self.trees.raw(self._checked(rows))

    def probability(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Calibrated probabilities, shape (n_rows,)."""
        return self.calibration.probability(self.raw(rows))

    def contributions(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """SHAP values on the raw score, the base value last; shape (n_rows, n_features + 1)."""
        return explained(self.trees, self._checked(rows))

    def engine(self, n_rows: int) -> str:
        """What works out the SHAP values of so many rows; both are exact, in double precision."""
        if n_rows < BULK:
            return f"LightGBM pred_contrib: fewer than {BULK:,} rows"
        return "WOODELF" if can_explain(self.trees) else "LightGBM pred_contrib: the trees are no plain sum"

    def decisions(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        """What the policy says of each row, shape (n_rows,)."""
        checked = self._checked(rows)
        return self._decided(self.calibration.probability(self.trees.raw(checked)), rows, checked)

    def score(self, rows: pd.DataFrame, n_reasons: int | None = None) -> pd.DataFrame:
        """Score, decision and reasons.

        Parameters
        ----------
        rows : DataFrame
            Every feature column by name, and what the policy reads beside; other columns and the order do not matter.
        n_reasons : int, optional
            How many reasons, if not as many as the task says; none is much faster, since nothing is explained.

        Returns
        -------
        DataFrame, one row per row of ``rows``, with its index
            ``score`` (probability), ``decision`` (bool), ``reason_1`` … (text).

        Raises
        ------
        ModelError
            If a column is missing or is not a number, or ``n_reasons`` is negative.
        """
        k = self.n_reasons if n_reasons is None else n_reasons
        if k < 0:
            raise ModelError(f"{k} reasons were asked for.", why="There are 0 or more.", fix="Ask for 0 to have none.")
        parts = [rows.iloc[begin : begin + _CHUNK] for begin in range(0, max(1, len(rows)), _CHUNK)]
        return pd.concat([self._scored(part, k) for part in parts])

    def _scored(self, rows: pd.DataFrame, k: int) -> pd.DataFrame:
        checked = self._checked(rows)
        probability = self.calibration.probability(self.trees.raw(checked))
        decided = self._decided(probability, rows, checked)
        scored = pd.DataFrame({"score": probability, "decision": decided}, index=rows.index)
        if k == 0:
            return scored
        values = explained(self.trees, checked)[:, :-1]
        said = reasons(values, rows, self.features, k, self.typical)
        return pd.concat([scored, said.set_axis(rows.index)], axis=1)

    def _decided(
        self, probability: NDArray[np.float64], rows: pd.DataFrame, checked: pd.DataFrame
    ) -> NDArray[np.bool_]:
        """Of the rows as they were given, numbers as the model reads them: a policy may read what is no feature."""
        given = [str(column) for column in rows.columns]
        if lacking := [name for name in self.policy.needs if name not in given]:
            raise ModelError(
                f"The policy reads {', '.join(lacking)}, which the rows lack.{nearest(lacking[0], given)}",
                why="Without it nobody can be decided on.",
                fix="Send the columns that the policy reads beside those of the model's signature.",
            )
        numbers = [one.name for one in self.features if one.name in self.policy.needs and not one.levels]
        return self.policy.decide(probability, rows.assign(**{name: checked[name] for name in numbers}))

    def save(self, folder: Path) -> None:
        """Write the scorer as LightGBM text and JSON."""
        self.trees.save(folder)
        spec = {
            "features": [asdict(feature) for feature in self.features],
            "calibration": self.calibration.model_dump(mode="json"),
            "n_reasons": self.n_reasons,
            "feature_digest": self.feature_digest,
            "typical": dict(self.typical),
        }
        (folder / _SPEC).write_text(json.dumps(spec, indent=1), encoding="utf-8")
        (folder / _POLICY).write_text(self.policy.model_dump_json(indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Scorer:
        """Read what `save` wrote."""
        spec = json.loads((folder / _SPEC).read_text(encoding="utf-8"))
        return cls(
            trees=Trees.load(folder),
            calibration=_MAP.validate_python(spec["calibration"]),
            policy=_SETTLED.validate_json((folder / _POLICY).read_bytes()),
            features=tuple(
                Feature(**{**feature, "levels": tuple(feature.get("levels", ()))}) for feature in spec["features"]
            ),
            n_reasons=spec["n_reasons"],
            feature_digest=spec["feature_digest"],
            typical=spec["typical"],
        )

    def _checked(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The feature columns in the order of the trees: LightGBM itself would predict from wrong ones silently."""
        _require(self.names, [str(column) for column in rows.columns])
        return encoded(rows, self.features)


def _require(names: Sequence[str], given: Sequence[str]) -> None:
    repeated = sorted({name for name in names if given.count(name) > 1})
    if repeated:
        raise ModelError(
            f"Feature columns stand more than once: {', '.join(repeated[:5])}.",
            why="Nobody knows which of them to read.",
            fix="Send every column of the model's signature once.",
        )
    lacking = [name for name in names if name not in given]
    if lacking:
        raise ModelError(
            f"{len(lacking)} of {len(names)} feature columns are missing: {', '.join(lacking[:5])}"
            f"{' …' * (len(lacking) > 5)}.{nearest(lacking[0], given)}",
            why="Without them the score would be about somebody else.",
            fix="Build the rows with the score entry point, or send every column of the model's signature.",
        )

"""What ships: transforms, clusters, and ids and names that outlive a refit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pipelines.core.spec import Spec
from pipelines.segments.clusters import AnyClusters
from pipelines.segments.transforms import FittedTransforms

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
NOISE_ID = 0
"""The id of customers who belong to no segment."""


@dataclass(frozen=True)
class SegmentOf:
    """Where rows belong.

    Parameters
    ----------
    segment : int64 array of shape (n_rows,)
        Persistent id, from 1; 0 is no segment.
    distance : float64 array of shape (n_rows,)
        To the centre of the segment, in the space of the transforms; of no segment, to the nearest centre.
    """

    segment: IntArray
    distance: FloatArray


class Segmentation(Spec):
    """Fitted segments of customers, as JSON can say them.

    Parameters
    ----------
    transforms : FittedTransforms
        From feature rows to points.
    clusters : AnyClusters
        From points to clusters.
    ids : tuple of int
        The persistent id of each cluster, from 1, all different.
    names : dict of int to str
        By id; one without a name has none yet.

    Examples
    --------
    >>> from pipelines.segments.clusters import CentredClusters
    >>> from pipelines.segments.transforms import Transforms
    >>> rows = pd.DataFrame({"n_orders": [0.0, 1.0, 30.0]})
    >>> clusters = CentredClusters(centre=((-0.7,), (1.4,)), n_rows=(2.0, 1.0))
    >>> of = Segmentation(transforms=Transforms().fit(rows), clusters=clusters, ids=(7, 3), names={3: "frequent"})
    >>> Segmentation.model_validate_json(of.model_dump_json()).assign(rows).segment.tolist()
    [7, 7, 3]
    """

    transforms: FittedTransforms
    clusters: AnyClusters
    ids: tuple[Annotated[int, Field(ge=1)], ...]
    names: dict[int, str] = Field(default_factory=dict)

    def assign(self, rows: pd.DataFrame) -> SegmentOf:
        """The segment of each row.

        Parameters
        ----------
        rows : DataFrame of numbers, shape (n_rows, at least n_features)
            Columns are found by name.

        Raises
        ------
        ModelError
            If a feature is missing or a value is infinite.
        """
        assigned = self.clusters.assign(self.transforms.apply(rows))
        ids = np.asarray((*self.ids, NOISE_ID), dtype=np.int64)  # noise is -1, which is the last
        return SegmentOf(ids[assigned.label], assigned.distance)

    def with_ids(self, ids: Sequence[int], names: Mapping[int, str]) -> Segmentation:
        """The same segments under other ids and names."""
        return type(self)(transforms=self.transforms, clusters=self.clusters, ids=tuple(ids), names=dict(names))

    def centres(self) -> pd.DataFrame:
        """Where the segments lie, in the features' units: one row per segment, by its id, in the order of clusters."""
        return self.transforms.to_units(self.clusters.centres).set_axis(pd.Index(self.ids, name="segment"))

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        n_dims, n_names = self.clusters.centres.shape[1], len(self.transforms.names)
        if n_dims != n_names:
            raise ValueError(f"transforms give {n_names} dimensions, the clusters have {n_dims}")
        if len(self.ids) != self.clusters.n_clusters or len(set(self.ids)) < len(self.ids):
            raise ValueError(f"needs {self.clusters.n_clusters} different ids, got {list(self.ids)}")
        if unknown := set(self.names) - set(self.ids) - {NOISE_ID}:
            raise ValueError(f"names of ids that there are not: {sorted(unknown)}")
        return self

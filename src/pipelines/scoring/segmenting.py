"""Customers as a segmentation describes them: the one place where features meet segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.windows import Window
from pipelines.features.catalogue import Feature
from pipelines.features.fit import fitting
from pipelines.features.panel import catalogue
from pipelines.features.spine import cutoff_days
from pipelines.scoring.panel import Panel
from pipelines.scoring.stored import read_panel
from pipelines.scoring.usable import usable_columns
from pipelines.segments.snapshots import Snapshot
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.segmentation import ClusterSegments


@dataclass(frozen=True)
class Seen:
    """The population of a segmentation at its cutoffs.

    Parameters
    ----------
    snapshots : tuple of Snapshot
        Oldest first; the last is as of the moment of knowledge.
    customer_ids : ndarray of object, shape (n_customers,)
        What the snapshots' codes stand for.
    features : tuple of Feature
        What their columns are.
    """

    snapshots: tuple[Snapshot, ...]
    customer_ids: NDArray[np.object_]
    features: tuple[Feature, ...]

    @property
    def now(self) -> Snapshot:
        """The population at the moment of knowledge."""
        return self.snapshots[-1]

    def on(self, names: Sequence[str]) -> tuple[Snapshot, ...]:
        """The snapshots with these of their features."""
        return tuple(Snapshot(one.cutoff, one.customer, one.rows[list(names)]) for one in self.snapshots)

    def ids(self, snapshot: Snapshot) -> NDArray[np.object_]:
        """The customers of a snapshot."""
        return self.customer_ids[snapshot.customer]


def fed(spec: ClusterSegments, manifest: Manifest) -> tuple[ClusterSegments, tuple[str, ...]]:
    """The segmentation with the blocks that its source can feed, and one line on each of the others.

    Raises
    ------
    NotEnoughDataError
        If a feature that segments are made of, or the value, cannot be had.
    """
    fit = fitting(spec.features, usable_columns(manifest))
    have = {feature.name for feature in catalogue(fit.blocks, manifest.currency)}
    lacking = [name for name in (*spec.clustered, spec.value) if name not in have]
    if lacking:
        raise NotEnoughDataError(
            f"'{manifest.source}' cannot feed {', '.join(lacking[:5])} of '{spec.name}': {'; '.join(fit.left_out)}.",
            why="Segments are made of these features, and of others they would be other segments.",
            fix=f"Map the columns in conf/sources/{manifest.source}.yaml, or name other features under 'on'.",
        )
    return spec.described_by(fit.blocks), fit.left_out


def seen(spec: ClusterSegments, lake: Lake, known_at: datetime) -> Seen:
    """The population at every cutoff of the segmentation up to ``known_at``; nothing at or after it is read."""
    manifest = lake.manifest(spec.source)
    return _described(spec, lake, known_at, spec.cutoffs.before(Window(manifest.span.start, known_at)))


def seen_now(spec: ClusterSegments, lake: Lake, known_at: datetime) -> Seen:
    """The population at ``known_at`` only."""
    return _described(spec, lake, known_at, (known_at,))


def _described(spec: ClusterSegments, lake: Lake, known_at: datetime, cutoffs: Sequence[datetime]) -> Seen:
    manifest = lake.manifest(spec.source)
    found = read_panel(spec, lake, known_at, tuple(cutoffs))
    snapshots = tuple(_at(found, cutoff) for cutoff in cutoffs)
    if empty := [one.cutoff for one in snapshots if not len(one)]:
        raise NotEnoughDataError(
            f"No customer of '{spec.source}' is eligible at {empty[0]:%Y-%m-%d}.",
            why="There is nobody to tell apart.",
            fix="Use a cutoff at which the log has customers in the segmentation's population.",
        )
    return Seen(snapshots, found.customer_ids, catalogue(spec.features, manifest.currency))


def _at(found: Panel, cutoff: datetime) -> Snapshot:
    rows = np.flatnonzero(found.spine.cutoff == cutoff_days((cutoff,))[0])
    return Snapshot(cutoff, found.spine.customer[rows], found.rows.iloc[rows].reset_index(drop=True))

"""The same way of segmenting, fitted anew at every cutoff on what was known then: how segments live on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from pipelines.segments.continuity import NOBODY, Continuity, continuity
from pipelines.segments.segmentation import Segmentation
from pipelines.segments.snapshots import Snapshot
from pipelines.segments.stability import adjusted_rand

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
Fit = Callable[[Snapshot, Segmentation | None], Segmentation]
"""Fits a segmentation to customers, from the one before if there is one; its ids mean nothing yet."""


@dataclass(frozen=True)
class Refit:
    """A segmentation as it was fitted at one cutoff.

    Parameters
    ----------
    snapshot : Snapshot
        Whom it was fitted on.
    segmentation : Segmentation
        With ids that continue those of before.
    segment : int64 array of shape (n_rows,)
        Of the snapshot's customers; 0 is none.
    distance : float64 array of shape (n_rows,)
        From each to the centre of its segment.
    continuity : Continuity or None
        With the refit before, on this snapshot's customers; None of the first.
    definition : float or None
        Adjusted Rand index of this refit and the one before, on this snapshot's customers.
    membership : float or None
        The same of the segments which the customers of both cutoffs had then and have now.
    """

    snapshot: Snapshot
    segmentation: Segmentation
    segment: IntArray
    distance: FloatArray
    continuity: Continuity | None = None
    definition: float | None = None
    membership: float | None = None

    @property
    def cutoff(self) -> datetime:
        """When it was fitted."""
        return self.snapshot.cutoff


def refitted(fit: Fit, snapshots: Sequence[Snapshot], next_id: int = 1) -> tuple[Refit, ...]:
    """Fit at every cutoff, oldest first, each from the one before; ids are handed on.

    Parameters
    ----------
    fit : callable
        The way of segmenting.
    snapshots : sequence of Snapshot
        Oldest first.
    next_id : int
        The least id that may be given.
    """
    found: list[Refit] = []
    for snapshot in snapshots:
        before = found[-1] if found else None
        fitted = fit(snapshot, before.segmentation if before else None)
        found.append(_continued(before, snapshot, fitted, next_id))
        next_id = max(next_id, max(found[-1].segmentation.ids, default=0) + 1)
    return tuple(found)


def _continued(before: Refit | None, snapshot: Snapshot, fitted: Segmentation, next_id: int) -> Refit:
    fitted = with_ids(fitted, dict(zip(fitted.ids, range(1, len(fitted.ids) + 1), strict=True)))
    if before is None:
        first = with_ids(fitted, {one: next_id + one - 1 for one in fitted.ids})
        found = first.assign(snapshot.rows)
        return Refit(snapshot, first, found.segment, found.distance)
    told = continuity_of(before.segmentation, fitted, snapshot, next_id)
    now = with_ids(fitted, _complete(told.ids, fitted.ids, next_id))
    found = now.assign(snapshot.rows)
    return Refit(
        snapshot,
        now,
        found.segment,
        found.distance,
        told,
        definition=adjusted_rand(before.segmentation.assign(snapshot.rows).segment, found.segment),
        membership=_membership(before, snapshot, found.segment),
    )


def _complete(ids: Mapping[int, int], clusters: Sequence[int], next_id: int) -> dict[int, int]:
    """The ids, and new ones for clusters that nobody is nearest to."""
    spare = max([next_id - 1, *ids.values()])
    empty = [one for one in clusters if one not in ids]
    return {**ids, **{one: spare + place for place, one in enumerate(empty, start=1)}}


def continuity_of(old: Segmentation, new: Segmentation, snapshot: Snapshot, next_id: int) -> Continuity:
    """What the clusters of ``new`` continue of ``old``, on the same customers and by how near their centres are."""
    olds, news = old.assign(snapshot.rows).segment, new.assign(snapshot.rows).segment
    return continuity(olds, news, next_id, _apart(old, new))


def with_ids(segmentation: Segmentation, ids: Mapping[int, int]) -> Segmentation:
    """The same with other ids; a name goes with its segment."""
    names = {ids[one]: name for one, name in segmentation.names.items() if one in ids}
    return segmentation.with_ids(tuple(ids[one] for one in segmentation.ids), names)


def renumbered(refits: Sequence[Refit], ids: Mapping[int, int], next_id: int) -> tuple[Refit, ...]:
    """The same refits under other ids.

    Parameters
    ----------
    refits : sequence of Refit
        As `refitted` gives them.
    ids : mapping of int to int
        What some of their ids become; those of segments that only earlier refits had get new ones.
    next_id : int
        The least id that was never given.
    """
    held = sorted({one for refit in refits for one in refit.segmentation.ids})
    whole = {NOBODY: NOBODY, **_complete(ids, held, next_id)}
    return tuple(_renumbered(refit, whole) for refit in refits)


def _renumbered(refit: Refit, ids: Mapping[int, int]) -> Refit:
    told = refit.continuity
    return replace(
        refit,
        segmentation=with_ids(refit.segmentation, ids),
        segment=np.array([ids[int(one)] for one in refit.segment], np.int64),
        continuity=None if told is None else told.renumbered(ids),
    )


def _membership(before: Refit, snapshot: Snapshot, segment: IntArray) -> float | None:
    _, then, now = np.intersect1d(before.snapshot.customer, snapshot.customer, return_indices=True)
    return adjusted_rand(before.segment[then], segment[now]) if len(then) > 1 else None


def _apart(old: Segmentation, new: Segmentation) -> dict[tuple[int, int], float]:
    """How far centres are apart in the space of the new one."""
    olds = new.transforms.apply(old.transforms.to_units(old.clusters.centres))
    distances = np.linalg.norm(olds[:, None, :] - new.clusters.centres[None, :, :], axis=2)
    return {(one, other): float(distances[i, j]) for i, one in enumerate(old.ids) for j, other in enumerate(new.ids)}

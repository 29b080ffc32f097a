"""Which segments of a refit are those of before: matched, split, merged, born or dissolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
NOBODY = 0
"""The id of those who belong to no segment: it is never matched."""
SAME = 0.5
"""The Jaccard similarity from which on two segments are the same one: below it Hennig calls a cluster dissolved."""
PART = 0.25
"""The least share of a segment that counts as a part of it."""


class Fate(StrEnum):
    """What became of segments."""

    PERSISTED = "persisted"
    SPLIT = "split"
    MERGED = "merged"
    BORN = "born"
    DISSOLVED = "dissolved"


@dataclass(frozen=True)
class Change:
    """What became of one segment, or of several that belong together.

    Parameters
    ----------
    fate : Fate
        What happened.
    old, new : tuple of int
        Ids of before and of now; one of them is empty where nothing was or is.
    jaccard : float
        Customers in both, of those in either; of a split or a merger the whole against all parts.
    """

    fate: Fate
    old: tuple[int, ...]
    new: tuple[int, ...]
    jaccard: float


@dataclass(frozen=True)
class Continuity:
    """Two segmentations of the same customers, the one of before and a refit.

    Parameters
    ----------
    ids : mapping of int to int
        Of each cluster of the refit the id that it gets: that of the segment which it continues, or a new one.
    changes : tuple of Change
        Every segment stands in at least one.
    overlap : DataFrame, shape (n_old, n_new)
        How many customers each pair shares; by ids, those in no segment included where there are any.
    """

    ids: Mapping[int, int]
    changes: tuple[Change, ...]
    overlap: pd.DataFrame

    @property
    def n_persisted(self) -> int:
        """How many segments of before are still there under their id."""
        return len({old for change in self.changes if change.fate == Fate.PERSISTED for old in change.old})

    def renumbered(self, ids: Mapping[int, int]) -> Continuity:
        """The same under other ids, old and new ones alike."""
        changes = tuple(
            replace(one, old=tuple(ids[i] for i in one.old), new=tuple(ids[i] for i in one.new)) for one in self.changes
        )
        overlap = self.overlap.rename(index=dict(ids), columns=dict(ids))
        return Continuity({one: ids[other] for one, other in self.ids.items()}, changes, overlap)


def continuity(
    old: IntArray, new: IntArray, next_id: int, apart: Mapping[tuple[int, int], float] | None = None
) -> Continuity:
    """Match the clusters of a refit with the segments of before.

    Pairs are assigned so that the sum of their Jaccard similarities is largest, the nearer centre first where two
    pairs are equally similar; a pair below `SAME` is no match, and what is not matched gets an id that was never used.

    Parameters
    ----------
    old, new : int64 array of shape (n_customers,)
        The segment of before (its id) and the cluster of the refit (any code above 0) of the same customers, described
        at the same cutoff; 0 is nobody's.
    next_id : int
        The least id that was never given.
    apart : mapping of (int, int) to float, optional
        How far the centres of an old and a new one are apart, in any unit.

    References
    ----------
    Hennig (2007), Cluster-wise assessment of cluster stability, section 3 (Jaccard, dissolved at 0.5); Kuhn (1955), The
    Hungarian method for the assignment problem.

    Examples
    --------
    >>> before = np.array([1, 1, 1, 2, 2, 2])
    >>> found = continuity(before, np.array([2, 2, 2, 1, 1, 3]), next_id=3)
    >>> found.ids
    {1: 2, 2: 1, 3: 3}
    >>> [(str(change.fate), change.old, change.new) for change in found.changes]
    [('persisted', (1,), (1,)), ('persisted', (2,), (2,)), ('split', (2,), (2, 3))]
    """
    olds, news = _ids(old), _ids(new)
    shared = _shared(old, new, olds, news)
    jaccard = shared / np.maximum(_sizes(old, olds)[:, None] + _sizes(new, news)[None, :] - shared, 1.0)
    pairs = _pairs(jaccard, _closeness(apart or {}, olds, news))
    ids = _named(news, {news[column]: olds[row] for row, column in pairs}, next_id)
    renamed = _renamed(new, ids)
    overlap = pd.crosstab(pd.Series(old, name="before"), pd.Series(renamed, name="now"))
    changes = _changes(shared, jaccard, olds, [ids[one] for one in news], pairs)
    return Continuity(ids, changes, overlap)


def _ids(labels: IntArray) -> list[int]:
    return [int(one) for one in np.unique(labels) if one != NOBODY]


def _sizes(labels: IntArray, ids: list[int]) -> FloatArray:
    return np.array([(labels == one).sum() for one in ids], np.float64)


def _shared(old: IntArray, new: IntArray, olds: list[int], news: list[int]) -> FloatArray:
    """How many customers each pair shares, shape (n_old, n_new)."""
    table = pd.crosstab(old, new).reindex(index=olds, columns=news, fill_value=0)
    return table.to_numpy(np.float64)


def _closeness(apart: Mapping[tuple[int, int], float], olds: list[int], news: list[int]) -> FloatArray:
    """1 for the nearest pair of centres, 0 for the farthest."""
    pairs = [[apart.get((one, other), 0.0) for other in news] for one in olds]
    distances = np.array(pairs, np.float64).reshape(len(olds), len(news))
    farthest = distances.max(initial=0.0)
    return 1.0 - distances / farthest if farthest > 0 else np.zeros_like(distances)


def _pairs(jaccard: FloatArray, closeness: FloatArray) -> list[tuple[int, int]]:
    """Rows and columns that are the same segment."""
    if not jaccard.size:
        return []
    rows, columns = linear_sum_assignment(-(jaccard + 1e-6 * closeness))
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if jaccard[i, j] >= SAME]


def _named(news: list[int], matched: Mapping[int, int], next_id: int) -> dict[int, int]:
    """Of each cluster its id; what continues nothing gets the next ones, in order."""
    unmatched = [one for one in news if one not in matched]
    fresh = {one: next_id + place for place, one in enumerate(unmatched)}
    return {one: matched.get(one, fresh.get(one, next_id)) for one in news}


def _renamed(new: IntArray, ids: Mapping[int, int]) -> IntArray:
    found = np.zeros(len(new), np.int64)
    for label, known in ids.items():
        found[new == label] = known
    return found


def _changes(
    shared: FloatArray, jaccard: FloatArray, olds: list[int], news: list[int], pairs: list[tuple[int, int]]
) -> tuple[Change, ...]:
    """Pairs that are the same, then what fell apart or came together, then what is left over."""
    found = [Change(Fate.PERSISTED, (olds[i],), (news[j],), float(jaccard[i, j])) for i, j in pairs]
    splits = _gathered(shared)
    mergers = _gathered(shared.T)
    found += [Change(Fate.SPLIT, (olds[i],), tuple(news[j] for j in parts), at) for i, parts, at in splits]
    found += [Change(Fate.MERGED, tuple(olds[i] for i in parts), (news[j],), at) for j, parts, at in mergers]
    told_old = {i for i, _ in pairs} | {i for i, *_ in splits} | {i for _, parts, _ in mergers for i in parts}
    told_new = {j for _, j in pairs} | {j for j, *_ in mergers} | {j for _, parts, _ in splits for j in parts}
    found += [Change(Fate.DISSOLVED, (one,), (), 0.0) for i, one in enumerate(olds) if i not in told_old]
    found += [Change(Fate.BORN, (), (one,), 0.0) for j, one in enumerate(news) if j not in told_new]
    return tuple(sorted(found, key=lambda change: (list(Fate).index(change.fate), change.old, change.new)))


def _gathered(shared: FloatArray) -> list[tuple[int, list[int], float]]:
    """Of each row that is the union of several columns: its place, theirs, and how well they cover it (Jaccard).

    A column is a part if at least a quarter of the row lies in it and at least half of it in the row.
    """
    of_row, of_column = shared.sum(axis=1), shared.sum(axis=0)
    found = []
    for i, row in enumerate(shared):
        parts = [j for j, n in enumerate(row) if n >= PART * max(of_row[i], 1.0) and n >= 0.5 * of_column[j] and n > 0]
        if len(parts) > 1:
            covered = row[parts].sum()
            found.append((i, parts, float(covered / (of_row[i] + of_column[parts].sum() - covered))))
    return found

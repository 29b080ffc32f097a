"""Journeys through segments: where a segment's customers come from, where they go, and how long they stay."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.intervals import Interval
from pipelines.core.windows import DAY
from pipelines.segments.described import NOISE, Moment
from pipelines.segments.persona_estimates import UNDEFINED, clustered_share, share_of

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

AWAY = -1
"""The state of a customer who is not in the population at a cutoff: not yet, not any more, or not just now."""
AWAY_NAME = "not in the population"
N_PATHS = 10


@dataclass(frozen=True)
class Timeline:
    """Everybody's segment at every cutoff.

    Parameters
    ----------
    cutoffs : tuple of datetime
        Oldest first.
    state : int64 array of shape (n_customers, n_cutoffs)
        Persistent ids, 0 for none, -1 for not in the population.
    """

    cutoffs: tuple[datetime, ...]
    state: IntArray

    @property
    def step_days(self) -> tuple[int, int]:
        """The shortest and the longest time between neighbouring cutoffs; zeros with one cutoff."""
        steps = [(later - earlier) // DAY for earlier, later in itertools.pairwise(self.cutoffs)]
        return (min(steps), max(steps)) if steps else (0, 0)

    @cached_property
    def states(self) -> tuple[int, ...]:
        """Every state that occurs: segments ascending, then none, then not in the population."""
        found = [int(one) for one in np.unique(self.state)]
        return tuple([one for one in found if one > NOISE] + [one for one in (NOISE, AWAY) if one in found])


@dataclass(frozen=True)
class Stay:
    """How long customers stay in a segment.

    Parameters
    ----------
    rate : Interval
        Of those in it at one cutoff, the share that is in it at the next.
    median_days : float
        After how many days half of those who came are gone: the first cutoff at which no more than half are left.
        NaN where more than half stay as far as the history says.
    followed_days : float
        How far the history says.
    n_spells : int
        Stays that began inside the history, on which the median rests.
    """

    rate: Interval
    median_days: float
    followed_days: float
    n_spells: int


def timeline(moments: Sequence[Moment]) -> Timeline:
    """Moments side by side, one row per customer that occurs in any.

    Examples
    --------
    >>> from datetime import UTC
    >>> first = Moment(datetime(2026, 1, 5, tzinfo=UTC), np.array([3, 7]), np.array([1, 2]))
    >>> then = Moment(datetime(2026, 2, 2, tzinfo=UTC), np.array([7, 9]), np.array([1, 0]))
    >>> timeline([first, then]).state
    array([[ 1, -1],
           [ 2,  1],
           [-1,  0]])
    """
    everybody = np.unique(np.concatenate([one.customer for one in moments]))
    state = np.full((everybody.size, len(moments)), AWAY, np.int64)
    for place, one in enumerate(moments):
        state[np.searchsorted(everybody, one.customer), place] = one.segment
    return Timeline(tuple(one.cutoff for one in moments), state)


def moves(found: Timeline, level: float) -> pd.DataFrame:
    """How often customers of one state are in another at the next cutoff, over all neighbouring cutoffs.

    Parameters
    ----------
    found : Timeline
        Everybody's states.
    level : float in (0, 1)
        Of the intervals, in which the customer is the unit: a customer moves at many cutoffs.

    Returns
    -------
    DataFrame
        One row per pair of states that occurs: ``origin``, ``target``, ``n_moves``; ``after`` is the share of those in
        the origin that are in the target at the next cutoff, ``before`` the share of those in the target that were in
        the origin at the cutoff before; with ``.ci_low`` and ``.ci_high``. Customers who are in the population at
        neither cutoff do not move.
    """
    rows = []
    earlier, later = found.state[:, :-1], found.state[:, 1:]
    counts_from = {one: (earlier == one).sum(axis=1).astype(np.float64) for one in found.states}
    counts_to = {one: (later == one).sum(axis=1).astype(np.float64) for one in found.states}
    for origin in found.states:
        for target in found.states:
            moved = ((earlier == origin) & (later == target)).sum(axis=1).astype(np.float64)
            if origin == target == AWAY or not moved.any():
                continue
            n = int(moved.sum())
            after = _share_of_moves(moved, counts_from[origin], level) if origin != AWAY else UNDEFINED
            before = _share_of_moves(moved, counts_to[target], level) if target != AWAY else UNDEFINED
            rows.append({"origin": origin, "target": target, "n_moves": n, **_ends(after=after, before=before)})
    names = ["after", "after.ci_low", "after.ci_high", "before", "before.ci_low", "before.ci_high"]
    return pd.DataFrame(rows, columns=["origin", "target", "n_moves", *names])


def migration(found: Timeline, earlier: int = -2, later: int = -1) -> pd.DataFrame:
    """Customers by their state at one cutoff and at another.

    Parameters
    ----------
    found : Timeline
        Everybody's states.
    earlier, later : int
        Places of the cutoffs.

    Returns
    -------
    DataFrame of int64
        One row per earlier, one column per later state. Who is away at both is not counted.

    Examples
    --------
    >>> from datetime import UTC
    >>> days = tuple(datetime(2026, 1, day, tzinfo=UTC) for day in (1, 8))
    >>> migration(Timeline(days, np.array([[1, 1], [1, 2], [-1, 2]]))).to_numpy()
    array([[1, 1, 0],
           [0, 0, 0],
           [0, 1, 0]])
    """
    states = list(found.states)
    place = np.zeros(max(states) + 2, np.int64)
    place[np.array(states) + 1] = np.arange(len(states))
    start, end = place[found.state[:, earlier] + 1], place[found.state[:, later] + 1]
    counts = np.bincount(start * len(states) + end, minlength=len(states) ** 2).reshape(len(states), len(states))
    if AWAY in states:
        counts[-1, -1] = 0
    return pd.DataFrame(counts, index=states, columns=states)


def paths(found: Timeline, level: float, ending: int | None = None, n_shown: int = N_PATHS) -> pd.DataFrame:
    """The commonest ways through the segments, each stay told once however long it lasted.

    Parameters
    ----------
    found : Timeline
        Everybody's states.
    level : float in (0, 1)
        Of the intervals.
    ending : int, optional
        Only the paths of those who are in this segment at the last cutoff.
    n_shown : int
        How many.

    Returns
    -------
    DataFrame
        ``path`` (a tuple of states), ``n_customers``, ``share`` with ``.ci_low`` and ``.ci_high``; commonest first,
        equals by their states. Time before a customer's first cutoff in the population is left out of the path.
    """
    state = found.state if ending is None else found.state[found.state[:, -1] == ending]
    code = np.zeros(len(state), np.int64)
    for column in state.T:  # a path so far is renumbered at every step, so that many cutoffs do not overflow
        code = np.unique(code * (len(found.states) + 2) + column + 1, return_inverse=True)[1]
    _, first, n = np.unique(code, return_index=True, return_counts=True)
    counts: dict[tuple[int, ...], int] = {}
    for row, times in zip(state[first], n, strict=True):
        path = _told_once(row)
        counts[path] = counts.get(path, 0) + int(times)
    top = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:n_shown]
    rows = [
        {"path": path, "n_customers": times, **_ends(share=share_of(times, len(state), level))} for path, times in top
    ]
    return pd.DataFrame(rows, columns=["path", "n_customers", "share", "share.ci_low", "share.ci_high"])


def stay(found: Timeline, segment: int, level: float) -> Stay:
    """How long customers stay in a segment.

    The share that is left after each cutoff is the Kaplan-Meier estimate over stays that began inside the history;
    those that last to its end are censored there. A stay that began with the history has no known beginning and counts
    for the rate only.

    References
    ----------
    Kaplan & Meier (1958), *Nonparametric estimation from incomplete observations*.
    """
    inside = found.state == segment
    stayed = (inside[:, :-1] & inside[:, 1:]).sum(axis=1).astype(np.float64)
    rate = _share_of_moves(stayed, inside[:, :-1].sum(axis=1).astype(np.float64), level)
    days, ended = _spells(found, inside)
    left, median = 1.0, math.nan
    for day in np.unique(days[ended]):
        left *= 1 - float((days[ended] == day).sum()) / float((days >= day).sum())
        if left <= 0.5:
            median = float(day)
            break
    return Stay(rate, median, float(days.max(initial=0)), int(days.size))


def sizes(found: Timeline, level: float) -> pd.DataFrame:
    """The share of each segment at each cutoff, of those who are in the population then."""
    rows = []
    for place, cutoff in enumerate(found.cutoffs):
        column = found.state[:, place]
        n_all = int((column != AWAY).sum())
        for one in (one for one in found.states if one != AWAY):
            n = int((column == one).sum())
            rows.append({"cutoff": cutoff, "segment": one, "n_customers": n, **_ends(share=share_of(n, n_all, level))})
    return pd.DataFrame(rows)


def _spells(found: Timeline, inside: NDArray[np.bool_]) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Of each stay that began after the first cutoff its days, and whether it was seen to end."""
    day = np.array([(one - found.cutoffs[0]) / DAY for one in found.cutoffs])
    begins = inside[:, 1:] & ~inside[:, :-1]
    lengths, ended = [], []
    for start in range(1, len(day)):
        rows = inside[begins[:, start - 1], start:]
        n_inside = np.where(rows.all(axis=1), rows.shape[1], np.argmin(rows, axis=1))
        over = n_inside < rows.shape[1]
        lengths.append(day[start + n_inside - ~over] - day[start])
        ended.append(over)
    if not lengths:
        return np.empty(0), np.empty(0, np.bool_)
    return np.concatenate(lengths), np.concatenate(ended)


def _share_of_moves(above: FloatArray, below: FloatArray, level: float) -> Interval:
    return clustered_share(above, below, level, most=float(below.sum()))


def _told_once(row: IntArray) -> tuple[int, ...]:
    """States without repeats, from the first cutoff in the population on."""
    begun = row[int(np.argmax(row != AWAY)) :]
    return tuple(int(one) for one in begun[np.r_[True, begun[1:] != begun[:-1]]])


def _ends(**figures: Interval) -> dict[str, float]:
    ends = {"": "estimate", ".ci_low": "low", ".ci_high": "high"}
    return {f"{name}{end}": getattr(one, field) for name, one in figures.items() for end, field in ends.items()}

"""Rows to score, so many at a time that memory does not grow with their number."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.ahead import ahead
from pipelines.core.scores import ScoreFigures, ScoresDraft
from pipelines.scoring.cases import Cases

AT_ONCE = 131_072
"""Rows of a batch: 60 MB of 60 features, and about as much again for each of a few steps."""
_BINS, _UNITS = 2**16, 2**32
_QUANTILES = (10, 50, 90)


@dataclass(frozen=True)
class Batches:
    """Rows of one moment, batch by batch.

    Parameters
    ----------
    n_rows : int
        In all.
    digest : str
        Of what they were described from: the same digest is the same rows in the same order.
    read : callable
        Of numbers of batches, ascending, their rows.
    file : Path or None
        Where all of them stand as one Parquet file, each feature as a column; None if they stand nowhere like that.
    """

    n_rows: int
    digest: str
    read: Callable[[Sequence[int]], Iterator[Cases]]
    file: Path | None = None

    def __len__(self) -> int:
        return -(-self.n_rows // AT_ONCE)

    def each(self, change: Callable[[Cases], Cases], digest: str) -> Batches:
        """The same rows with something more about each; ``digest`` is of all that they come from then."""
        return replace(self, read=lambda numbers: map(change, self.read(numbers)), digest=digest, file=None)


def batches_of(cases: Cases, digest: str) -> Batches:
    """Rows that are in memory already."""

    def read(numbers: Sequence[int]) -> Iterator[Cases]:
        for number in numbers:
            yield cases.at(slice(number * AT_ONCE, (number + 1) * AT_ONCE))

    return Batches(len(cases), digest, read)


def written(  # what is written where, how rows are scored, and who is told
    draft: ScoresDraft,
    batches: Batches,
    scored: Callable[[Cases], pd.DataFrame],
    every: Mapping[str, str | float],
    told: Callable[[int], None],
) -> Tally:
    """Write the batches that are lacking: one is scored and written while the next is read.

    Parameters
    ----------
    draft : ScoresDraft
        Where to. Parts that stand there stay.
    batches : Batches
        What is scored.
    scored : callable
        From rows to what is written of them: what names each, ``score``, ``decision``, reasons and ``in_force``.
    every : mapping
        Columns that are the same in all rows.
    told : callable
        Is told after each batch how many are done.

    Returns
    -------
    Tally
        Of all rows, also of those that stood there.
    """
    held = set(draft.held())
    lacking = [number for number in range(len(batches)) if number not in held]

    def one(item: tuple[int, Cases]) -> Tally:
        number, cases = item
        rows = scored(cases)
        draft.write(number, rows, every)
        return Tally.of(rows)

    whole = tallied(draft)
    coming = ahead(zip(lacking, batches.read(lacking), strict=True))
    for n_done, tally in enumerate(map(one, coming), start=len(held) + 1):
        whole += tally
        told(n_done)
    return whole


def tallied(draft: ScoresDraft) -> Tally:
    """What is counted of all parts that stand."""
    return functools.reduce(operator.add, (Tally.of(draft.read(number)) for number in draft.held()), Tally())


@dataclass(frozen=True)
class Tally:
    """What is counted of scored rows; tallies of different rows add up, to the same whatever their order.

    Parameters
    ----------
    n_rows, n_decided, n_in_force, n_contacted : int
        As `ScoreFigures` has them.
    total : int
        Of the scores, each a whole number of 2**-32: sums of floats would depend on the order.
    counts : int array of shape (65,536,)
        Rows by score, in bins of equal width on [0, 1].
    highest : float
        The highest score.
    reasons : tuple of str
        Of the row that has it.
    """

    n_rows: int = 0
    n_decided: int = 0
    n_in_force: int = 0
    n_contacted: int = 0
    total: int = 0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_BINS, np.int64))
    highest: float = -math.inf
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Tally:
        """Of scored rows: ``score``, ``decision``, ``in_force`` and reasons."""
        score, decided, in_force = (rows[name].to_numpy() for name in ("score", "decision", "in_force"))
        place = np.minimum((score * _BINS).astype(np.int64), _BINS - 1)
        top = int(score.argmax())
        return cls(
            n_rows=len(rows),
            n_decided=int(decided.sum()),
            n_in_force=int(in_force.sum()),
            n_contacted=int((decided & in_force).sum()),
            total=int(np.rint(score * _UNITS).astype(np.int64).sum()),
            counts=np.bincount(place, minlength=_BINS),
            highest=float(score[top]),
            reasons=tuple(str(rows[name].iloc[top]) for name in rows.columns if name.startswith("reason_")),
        )

    def __add__(self, other: Tally) -> Tally:
        top = max(self, other, key=lambda one: (one.highest, one.reasons))
        return Tally(
            n_rows=self.n_rows + other.n_rows,
            n_decided=self.n_decided + other.n_decided,
            n_in_force=self.n_in_force + other.n_in_force,
            n_contacted=self.n_contacted + other.n_contacted,
            total=self.total + other.total,
            counts=self.counts + other.counts,
            highest=top.highest,
            reasons=top.reasons,
        )

    @property
    def figures(self) -> ScoreFigures:
        """What is said of all of them.

        Examples
        --------
        >>> rows = pd.DataFrame({"score": [0.25, 0.5], "decision": [False, True], "in_force": [True, True]})
        >>> found = Tally.of(rows).figures
        >>> found.mean, found.n_contacted, round(found.quantiles["q90"], 3)
        (0.375, 1, 0.5)
        """
        below = np.cumsum(self.counts)
        ranks = {level: int(np.ceil(level / 100 * self.n_rows)) for level in _QUANTILES}
        found = {f"q{level}": (int(np.searchsorted(below, rank)) + 0.5) / _BINS for level, rank in ranks.items()}
        mean = self.total / _UNITS / self.n_rows
        return ScoreFigures(
            n_rows=self.n_rows,
            n_decided=self.n_decided,
            n_in_force=self.n_in_force,
            n_contacted=self.n_contacted,
            mean=mean,
            quantiles=found,
            highest=self.highest,
            reasons=self.reasons,
        )

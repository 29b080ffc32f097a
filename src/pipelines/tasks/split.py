"""How rows that are no weekly panel are divided: by time, or where rows have none by a declared draw."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines.core.errors import ConfigError, NotEnoughDataError
from pipelines.core.spec import Days, Spec

BoolArray: TypeAlias = NDArray[np.bool_]
Share = Annotated[float, Field(gt=0, lt=1)]
N_MIN_ROWS = 20
"""Rows of both outcomes together that a part needs: with fewer, nothing is learned and nothing is shown."""


@dataclass(frozen=True)
class Divisible:
    """What a split looks at.

    Parameters
    ----------
    label : int8 array of shape (n_rows,)
        0 or 1.
    subject : object array of shape (n_rows,)
        Whom each row is about, as text.
    moment : datetime64 array of shape (n_rows,) or None
        When, UTC.
    """

    label: NDArray[np.int8]
    subject: NDArray[np.object_]
    moment: NDArray[np.datetime64] | None


@dataclass(frozen=True)
class Division:
    """Masks of shape (n_rows,): what may be learned from, training and validation of each fold in it, test."""

    develop: BoolArray
    folds: tuple[tuple[BoolArray, BoolArray], ...]
    test: BoolArray


class TimeSplit(Spec):
    """The last ``test`` days are the test; each of ``n_folds`` folds before them is judged on ``valid`` days.

    A part begins only when every label before it was known.
    """

    type: Literal["time"] = "time"
    test: Days
    valid: Days
    n_folds: Annotated[int, Field(ge=1)] = 3

    def test_from(self, known_at: datetime, horizon: timedelta) -> datetime:
        """When the test begins."""
        return _midnight(known_at - horizon) - self.test

    def divide(self, rows: Divisible, known_at: datetime | None, horizon: timedelta, seed: int) -> Division:
        """Divide rows whose labels were known at ``known_at``; there is no chance in it, so ``seed`` is not used."""
        if rows.moment is None or known_at is None:
            raise ConfigError(
                "The split is by time, and the rows have none.",
                why="Without times nobody can say what was known when.",
                fix="Map case_time in the source file, or declare split: {type: stratified} or {type: grouped}.",
            )
        moment, ahead = rows.moment, np.timedelta64(horizon)
        begins = _as_numpy(self.test_from(known_at, horizon))
        develop_ends = begins - ahead
        folds = []
        for number in reversed(range(self.n_folds)):
            end = develop_ends - number * np.timedelta64(self.valid)
            start = end - np.timedelta64(self.valid)
            folds.append((moment + ahead <= start, (moment >= start) & (moment < end)))
        test = (moment >= begins) & (moment < begins + np.timedelta64(self.test))
        return _checked(Division(moment + ahead <= begins, tuple(folds), test), rows.label)


class StratifiedSplit(Spec):
    """A drawn ``test_share`` of the rows with the same share of positives; folds are drawn from the rest.

    For tables without a time. Which row is on which side depends on the whole table: when it changes, so do the sides.
    """

    type: Literal["stratified"] = "stratified"
    test_share: Share = 0.2
    n_folds: Annotated[int, Field(ge=2)] = 3

    def divide(self, rows: Divisible, known_at: datetime | None, horizon: timedelta, seed: int) -> Division:
        """Draw by scikit-learn's ``train_test_split`` and ``StratifiedKFold`` with the task's seed."""
        from sklearn.model_selection import StratifiedKFold, train_test_split  # a second that only training waits for

        _require_both(rows.label, "the table")
        places = np.arange(rows.label.size)
        develop, test = train_test_split(
            places, test_size=self.test_share, stratify=rows.label, random_state=seed, shuffle=True
        )
        develop = np.sort(develop)
        drawn = StratifiedKFold(self.n_folds, shuffle=True, random_state=seed).split(develop, rows.label[develop])
        folds = tuple(
            (_mask(develop[train], places.size), _mask(develop[valid], places.size)) for train, valid in drawn
        )
        return _checked(Division(_mask(develop, places.size), folds, _mask(test, places.size)), rows.label)


class GroupedSplit(Spec):
    """All rows of one subject on one side, by a hash of who it is: a subject keeps its side as the table grows.

    About ``test_share`` of the subjects are the test; the others are dealt into ``n_folds`` folds.
    """

    type: Literal["grouped"] = "grouped"
    test_share: Share = 0.2
    n_folds: Annotated[int, Field(ge=2)] = 3

    def divide(self, rows: Divisible, known_at: datetime | None, horizon: timedelta, seed: int) -> Division:
        """Deal subjects by a hash with the task's seed."""
        place = _places(rows.subject, seed)
        test = place < self.test_share
        dealt = np.floor((place - self.test_share) / (1 - self.test_share) * self.n_folds).astype(np.int64)
        folds = tuple((~test & (dealt != number), ~test & (dealt == number)) for number in range(self.n_folds))
        return _checked(Division(~test, folds, test), rows.label)


AnySplit = Annotated[TimeSplit | StratifiedSplit | GroupedSplit, Field(discriminator="type")]


def _places(subject: NDArray[np.object_], seed: int) -> NDArray[np.float64]:
    """Of each subject a number in [0, 1) that only its name and the seed decide."""
    known, codes = np.unique(subject.astype(str), return_inverse=True)
    hashes = [hashlib.blake2b(f"{seed}/{one}".encode(), digest_size=8).digest() for one in known]
    return np.array([int.from_bytes(one) / 2**64 for one in hashes])[codes]


def _mask(places: NDArray[np.int64], n_rows: int) -> BoolArray:
    mask = np.zeros(n_rows, bool)
    mask[places] = True
    return mask


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _as_numpy(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.replace(tzinfo=None), "us")


def _checked(division: Division, label: NDArray[np.int8]) -> Division:
    named = {"the test": division.test, "what may be learned from": division.develop}
    for number, (train, valid) in enumerate(division.folds, start=1):
        named |= {f"training of fold {number}": train, f"validation of fold {number}": valid}
    for name, mask in named.items():
        _require_both(label[mask], name)
    return division


def _require_both(label: NDArray[np.int8], part: str) -> None:
    n_positive = int(label.sum())
    if label.size >= N_MIN_ROWS and 0 < n_positive < label.size:
        return
    raise NotEnoughDataError(
        f"{n_positive:,} of {label.size:,} rows in one part of the split ({part}) are positive.",
        why=f"A model cannot learn, or be judged, from one outcome only, or from fewer than {N_MIN_ROWS} rows.",
        fix="Use more rows, fewer folds or another split, and check which values of the label count as positive.",
    )

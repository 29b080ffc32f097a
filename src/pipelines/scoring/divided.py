"""Labelled rows into parts, by a declared split."""

from __future__ import annotations

from datetime import datetime, timedelta

from pipelines.scoring.cases import LabelledCases, Parts, Times
from pipelines.tasks.split import AnySplit, Divisible, Division


def divided(
    whole: LabelledCases, split: AnySplit, times: Times, known_at: datetime | None, horizon: timedelta, seed: int
) -> Parts:
    """Divide rows as ``split`` says.

    Parameters
    ----------
    whole : LabelledCases
        Every row whose outcome was known at ``known_at``.
    split : Split
        As the task declares it.
    times : Times
        What the split says of time.
    known_at : datetime or None
        The moment of knowledge; None where rows have no time.
    horizon : timedelta
        How long after its moment a row's outcome is known.
    seed : int
        Of whatever is drawn.
    """
    cases = whole.cases
    division = split.divide(Divisible(whole.label, cases.subject_id, cases.moment), known_at, horizon, seed)
    return Parts(
        develop=whole.at(division.develop),
        folds=tuple((whole.at(train), whole.at(valid)) for train, valid in division.folds),
        test=whole.at(division.test),
        times=times,
        words=_words(division, split, times),
    )


def _words(division: Division, split: AnySplit, times: Times) -> str:
    sizes = f"{division.develop.sum():,} rows learned from, {division.test.sum():,} tested, {len(division.folds)} folds"
    if times.tested_from is None:
        return f"A {split.type} split: {sizes}."
    return f"Divided in time: {sizes}; the test begins at {times.tested_from:%Y-%m-%d}."

"""What the score would be, had something gone otherwise: only what a customer or the shop could have changed.

A customer of a panel is described from the log, so it is the log that is changed, and every feature is computed from it
again: a purchase a week ago moves recency, gaps and every window together. Where rows come finished, or from a live
session, the task declares which single columns may be tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ConfigError, nearest
from pipelines.features.calendar import AT_WEEKENDS
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays, IntArray
from pipelines.features.measures import AMOUNT, N_LINES, Measure
from pipelines.features.sequences import DaySequence
from pipelines.scoring.cases import Cases

Changeable = Mapping[str, Sequence[float | str]]
"""Features by name, and the values to try."""
VISITS_AGO = (1, 7)
"""How many days ago the last visit might have been."""
_WEEKDAY_OF_DAY_0, _SATURDAY = 3, 5
"""1970-01-01 was a Thursday; Monday is 0."""


@dataclass(frozen=True)
class Scenario:
    """Some cases as they would be, had something gone otherwise.

    Parameters
    ----------
    said : str
        What would be otherwise, such as ``had the last purchase been 7 days ago instead of 41 days ago``.
    rows : DataFrame of shape (n_rows, n_features), or None
        The same cases in the same order; None if they would not be in the population.
    """

    said: str
    rows: pd.DataFrame | None


@dataclass(frozen=True)
class OtherLog:
    """One customer's days as they would be.

    Parameters
    ----------
    said : str
        What would be otherwise.
    days : CustomerDays
        All that would be known of the customer.
    """

    said: str
    days: CustomerDays


def other_logs(days: CustomerDays, cutoff: int, measures: Sequence[Measure]) -> tuple[OtherLog, ...]:
    """The log of one customer, had the last visit been at another time, or not at all.

    Parameters
    ----------
    days : CustomerDays
        Of one customer.
    cutoff : int
        Days since 1970-01-01 UTC; what lies at or after it is left alone.
    measures : sequence of Measure
        What the days are measured by.

    Returns
    -------
    tuple of OtherLog
        Nothing for a customer who never bought.
    """
    bought = np.flatnonzero((days.activity > 0) & (days.day < cutoff))
    if not bought.size:
        return ()
    last = int(days.day[bought[-1]])
    found = [
        OtherLog(
            f"had the last purchase been {_days_ago(ago)} instead of {_days_ago(cutoff - last)}",
            last_visit_on(days, cutoff - ago, cutoff, measures),
        )
        for ago in VISITS_AGO
        if cutoff - ago != last
    ]
    said = f"had the last purchase, {_days_ago(cutoff - last)}, not been made"
    return (*found, OtherLog(said, _without(days, last, last + 1, measures)))


def last_visit_on(days: CustomerDays, day: int, cutoff: int, measures: Sequence[Measure]) -> CustomerDays:
    """The log of one customer, had the last visit before the cutoff been on that day.

    Later visits did not happen, but contacts that the shop made did. If nothing was bought on that day, the customer's
    usual visit takes place: all of the purchase day whose amount is the median of theirs.

    Parameters
    ----------
    days : CustomerDays
        Of one customer who has bought before the cutoff.
    day, cutoff : int
        Days since 1970-01-01 UTC.
    measures : sequence of Measure
        What the days are measured by.
    """
    usual = usual_day(days, cutoff)
    earlier = _without(days, day + 1, cutoff, measures)
    has_visit = bool(((earlier.day == day) & (earlier.activity > 0)).any())
    return earlier if has_visit else _with_visit(earlier, days, usual, day, measures)


def usual_day(days: CustomerDays, cutoff: int) -> int:
    """The place of the purchase day before the cutoff whose amount is the (lower) median; the newest of equal ones."""
    bought = np.flatnonzero((days.activity > 0) & (days.day < cutoff))
    amounts = days.measures[AMOUNT.name][bought]
    middle = np.sort(amounts)[(bought.size - 1) // 2]
    return int(bought[amounts == middle][-1])


def tried(rows: pd.DataFrame, features: Sequence[Feature], changeable: Changeable) -> tuple[Scenario, ...]:
    """The rows with each declared value in turn, one feature at a time.

    Parameters
    ----------
    rows : DataFrame
        As they come, text included.
    features : sequence of Feature
        Of the model, with its levels.
    changeable : mapping of str to sequence of float or str
        What a person could change, and to what.

    Raises
    ------
    ConfigError
        If a feature, or a level of one, is not the model's.

    Examples
    --------
    >>> fee = Feature("fee", "Fee", "money", "", "never", "table", "fee {value}")
    >>> (found,) = tried(pd.DataFrame({"fee": [20.0]}), [fee], {"fee": [15.0]})
    >>> found.said, found.rows["fee"].tolist()
    ('had fee been 15', [15.0])
    """
    named = {feature.name: feature for feature in features}
    found = []
    for name, values in changeable.items():
        if name not in named:
            raise ConfigError(
                f"'{name}' stands under 'changeable', but the model has no such feature.{nearest(name, named)}",
                why="What the model does not look at cannot change its score.",
                fix=f"Name features of the model: {', '.join(list(named)[:8])} …",
            )
        found += [_changed(rows, named[name], value) for value in values if (rows[name] != value).any()]
    return tuple(found)


def newest_first(cases: Cases) -> Cases:
    """The rows from the newest to the oldest; as they are where they have no times."""
    if cases.moment is None:
        return cases
    order = np.argsort(-cases.moment.astype("datetime64[us]").astype(np.int64), kind="stable")
    return replace(
        cases,
        rows=cases.rows.iloc[order].reset_index(drop=True),
        keys=cases.keys.iloc[order].reset_index(drop=True),
        subject=cases.subject[order],
        moment=cases.moment[order],
        by={name: values[order] for name, values in cases.by.items()},
    )


def _changed(rows: pd.DataFrame, feature: Feature, value: float | str) -> Scenario:
    if bool(feature.levels) != isinstance(value, str) or (feature.levels and value not in feature.levels):
        known = f"one of {', '.join(feature.levels[:8])}" if feature.levels else "a number"
        raise ConfigError(
            f"'changeable' would set '{feature.name}' to {value!r}, which the model has never seen.",
            why="A score of it would be that of an unknown value.",
            fix=f"Give {known}.",
        )
    shown = value if isinstance(value, str) else f"{value:g}"
    said = feature.name.replace("_", " ")
    return Scenario(f"had {said} been {shown}", rows.assign(**{feature.name: value}))


def _days_ago(n_days: int) -> str:
    return "yesterday" if n_days == 1 else f"{n_days} days ago"


def _without(days: CustomerDays, first: int, end: int, measures: Sequence[Measure]) -> CustomerDays:
    """Nothing that the customer did in ``[first, end)``; what the shop did remains."""
    inside = (days.day >= first) & (days.day < end)
    by_shop = {measure.name for measure in measures if measure.table == "contacts"}
    emptied = {name: np.where(inside & (name not in by_shop), 0, values) for name, values in days.measures.items()}
    kept = ~inside | np.any([emptied[name] != 0 for name in emptied], axis=0)
    sequences = {name: _of_rows(one, (one.day < first) | (one.day >= end)) for name, one in days.sequences.items()}
    return _rebuilt(days, days.day[kept], {name: values[kept] for name, values in emptied.items()}, sequences)


def _with_visit(
    earlier: CustomerDays, days: CustomerDays, usual: int, day: int, measures: Sequence[Measure]
) -> CustomerDays:
    """``earlier``, and on ``day`` all that the customer did on the day of ``days`` at the place ``usual``."""
    kinds = {measure.name: measure for measure in measures}
    visit = {
        name: 0 if name in kinds and kinds[name].table == "contacts" else int(values[usual])
        for name, values in days.measures.items()
    }
    if AT_WEEKENDS.name in visit:  # the one measure that follows from the date
        visit[AT_WEEKENDS.name] = visit[N_LINES.name] if (day + _WEEKDAY_OF_DAY_0) % 7 >= _SATURDAY else 0
    place = int(np.searchsorted(earlier.day, day))
    if place < earlier.day.size and earlier.day[place] == day:
        merged = {
            name: _at(values, place, _together(kinds.get(name), int(values[place]), visit[name]))
            for name, values in earlier.measures.items()
        }
        dates = earlier.day
    else:
        merged = {name: np.insert(values, place, visit[name]) for name, values in earlier.measures.items()}
        dates = np.insert(earlier.day, place, day)
    of_day = int(days.day[usual])
    things = {name: _with_things(earlier.sequences[name], one, of_day, day) for name, one in days.sequences.items()}
    return _rebuilt(earlier, dates, merged, things)


def _together(measure: Measure | None, one: int, other: int) -> int:
    """Both on one day."""
    if measure is not None and measure.of_day == "max":
        return max(one, other)
    return min(1, one + other) if measure is not None and measure.of_day == "any" else one + other


def _at(values: IntArray, place: int, value: int) -> IntArray:
    changed = values.copy()
    changed[place] = value
    return changed


def _with_things(earlier: DaySequence, sequence: DaySequence, usual: int, day: int) -> DaySequence:
    """What was bought on the usual day, once more on ``day``; on which nothing was bought."""
    copied = sequence.day == usual
    place = int(np.searchsorted(earlier.day, day))
    return DaySequence(
        np.array([0, earlier.day.size + int(copied.sum())], np.int64),
        np.insert(earlier.day, place, np.full(int(copied.sum()), day)),
        np.insert(earlier.code, place, sequence.code[copied]),
        np.insert(earlier.n_lines, place, sequence.n_lines[copied]),
        sequence.levels,
    )


def _of_rows(sequence: DaySequence, kept: NDArray[np.bool_]) -> DaySequence:
    offsets = np.array([0, int(kept.sum())], np.int64)
    return DaySequence(offsets, sequence.day[kept], sequence.code[kept], sequence.n_lines[kept], sequence.levels)


def _rebuilt(
    days: CustomerDays, day: IntArray, measures: Mapping[str, Any], sequences: Mapping[str, DaySequence]
) -> CustomerDays:
    return replace(
        days,
        offsets=np.array([0, day.size], np.int64),
        day=np.ascontiguousarray(day, np.int64),
        measures={name: np.ascontiguousarray(values, np.int64) for name, values in measures.items()},
        sequences=dict(sequences),
    )

"""What evening out selection rates costs, and whom: ways of deciding the same rows, beside deciding as it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pipelines.core.intervals import Interval, cluster_weights, interval, simultaneous_level
from pipelines.fairness import rates
from pipelines.fairness.pairs import critical_value, largest_difference
from pipelines.fairness.rates import Columns

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
MAX_GROUPS = 20
"""A column that divides customers further holds values, not groups."""
TOO_SMALL = "groups too small to compare"
_RATES = {
    "selection_rate": (("selected", "rows"), 1),
    "true_positive_rate": (("true_selected", "positives"), 2),
    "false_positive_rate": (("false_selected", "negatives"), 2),
}
"""Of each rate what it divides, and among how many rates the chance of an error is shared."""
_BASE = ("rows", "positives", "negatives")
_OF_WAY = ("selected", "reached", "wrongly", "earned")


@dataclass(frozen=True)
class Way:
    """One way of deciding.

    Parameters
    ----------
    method : str
        ``none``, ``group_thresholds``, ``reweighing`` or ``reductions``.
    degree : float
        Its strength, or the bound of a reduction (1 is none); 0 for ``none``.
    decision : bool array of shape (n_rows,)
        Whom it contacts.
    is_chosen : bool
        Whether the shipped model decides so.
    """

    method: str
    degree: float
    decision: BoolArray
    is_chosen: bool = False

    @property
    def is_unbound(self) -> bool:
        """Whether it is the model that the reductions learn without a bound."""
        return self.method == "reductions" and self.degree >= 1

    @property
    def name(self) -> str:
        """As it is said."""
        said = self.method.replace("_", " ")
        if self.method == "none":
            return "none"
        if self.is_unbound:
            return f"{said}, no bound"
        return f"{said}, {'bound' if self.method == 'reductions' else 'strength'} {self.degree:g}"


@dataclass(frozen=True)
class Decidable:
    """The rows on which ways are compared.

    Parameters
    ----------
    label : int8 array of shape (n_rows,)
        0 or 1.
    customer : int array of shape (n_rows,)
        Whose row it is, as any code; resampling draws customers.
    group : object array of shape (n_rows,)
        The value of the sensitive column.
    compared : tuple of str
        The groups that are large enough, two or more.
    earned : float array of shape (n_rows,) or None
        What contacting each row brings, its cost taken off; None where the policy states no costs.
    currency : str
        Of what is earned.
    """

    label: NDArray[np.int8]
    customer: NDArray[np.int64]
    group: NDArray[np.object_]
    compared: tuple[str, ...]
    earned: FloatArray | None
    currency: str

    @property
    def unit(self) -> str:
        """What ways are worth, in words."""
        if self.earned is None:
            return "share of the positives reached"
        return f"profit per row, {self.currency}".rstrip(", ")


@dataclass(frozen=True)
class GroupEffect:
    """What a way means for one group.

    Parameters
    ----------
    group : str
        The value of the column.
    n_rows, n_customers, n_positive : int
        Its size on the test.
    is_compared : bool
        Whether it is large enough to count in the disparity.
    n_contacted, n_reached : int
        Rows that are contacted, and positives among them.
    selection_rate, true_positive_rate, false_positive_rate : Interval
        Simultaneous over the compared groups.
    more_contacted : Interval
        Rows contacted per 1,000 rows of the group, minus those without mitigation; pairs of one resample.
    more_reached : Interval
        Positives reached per 1,000 rows of the group, minus those without.
    more_earned : Interval or None
        Profit per row of the group, minus that without; None where no costs are stated.
    """

    group: str
    n_rows: int
    n_customers: int
    n_positive: int
    is_compared: bool
    n_contacted: int
    n_reached: int
    selection_rate: Interval
    true_positive_rate: Interval
    false_positive_rate: Interval
    more_contacted: Interval
    more_reached: Interval
    more_earned: Interval | None


@dataclass(frozen=True)
class Measured:
    """What a way leaves of the differences, what it is worth, and for whom.

    Parameters
    ----------
    way : Way
        Which.
    n_contacted : int
        Rows.
    disparity : Interval
        The largest difference in selection rate between two compared groups, from simultaneous intervals.
    odds : Interval
        The largest difference in true or false positive rate, likewise; NaN where no two groups have one.
    gap_change : Interval
        Change of the difference between the two groups that are farthest apart without mitigation; paired.
    worth : Interval
        Profit per row, or the share of the positives reached.
    worth_change : Interval
        The same minus that without mitigation; paired.
    groups : tuple of GroupEffect
        In the order of their names.
    """

    way: Way
    n_contacted: int
    disparity: Interval
    odds: Interval
    gap_change: Interval
    worth: Interval
    worth_change: Interval
    groups: tuple[GroupEffect, ...]


def measured(
    rows: Decidable, ways: Sequence[Way], level: float, rng: np.random.Generator, n_resamples: int
) -> tuple[Measured, ...]:
    """Every way on the same rows and the same resamples of customers.

    Parameters
    ----------
    rows : Decidable
        The test.
    ways : sequence of Way
        The first is without mitigation: the others are held against it.
    level : float in (0, 1)
        Of all intervals; those of groups hold for all compared groups at once.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        How many.
    """
    sums = _Sums.of(rows, ways, level, rng, n_resamples)
    return tuple(_measured(sums, place) for place in range(len(ways)))


def _measured(sums: _Sums, place: int) -> Measured:
    rates_of = _rates(sums, place)
    effects = tuple(_effect(sums, place, at, rates_of[at]) for at in range(len(sums.names)))
    compared = [effect for effect in effects if effect.is_compared]
    return Measured(
        way=sums.ways[place],
        n_contacted=int(sums.ways[place].decision.sum()),
        disparity=largest_difference([effect.selection_rate for effect in compared]),
        odds=_odds(compared),
        gap_change=_interval(sums.gap(place) - sums.gap(0), sums.level),
        worth=_interval(sums.worth(place), sums.level),
        worth_change=_interval(sums.worth(place) - sums.worth(0), sums.level),
        groups=effects,
    )


def _effect(sums: _Sums, place: int, at: int, rates_of: Mapping[str, Interval]) -> GroupEffect:
    rows, name = sums.rows, sums.names[at]
    inside = rows.group == name
    label, decided, customer = rows.label[inside], sums.ways[place].decision[inside].astype(int), rows.customer[inside]

    def more(value: str, times: float) -> Interval:
        change = sums.rate(place, at, value, "rows") - sums.rate(0, at, value, "rows")
        return _interval(times * change, sums.level)

    return GroupEffect(
        group=name,
        n_rows=int(inside.sum()),
        n_customers=int(np.unique(customer).size),
        n_positive=int(label.sum()),
        is_compared=name in rows.compared,
        n_contacted=int(decided.sum()),
        n_reached=int(decided[label == 1].sum()),
        **rates_of,
        more_contacted=more("selected", 1_000.0),
        more_reached=more("reached", 1_000.0),
        more_earned=None if rows.earned is None else more("earned", 1.0),
    )


def _rates(sums: _Sums, place: int) -> list[dict[str, Interval]]:
    """Selection rate and the two error rates of each group, with the intervals that findings have."""
    rows, unknown = sums.rows, np.full(sums.rows.label.size, np.nan)
    customer = np.unique(rows.customer, return_inverse=True)[1].astype(np.int64)
    decision = sums.ways[place].decision.astype(np.int64)
    cases = Columns(rows.label.astype(np.int64), decision, customer, unknown, unknown)
    code = np.searchsorted(np.array(sums.names, dtype=object), rows.group.astype(str)).astype(np.int64)
    held, n_compared = rates.sums(cases, code, len(sums.names)), len(rows.compared)
    found = {
        name: rates.rate_intervals(held, of, critical_value(simultaneous_level(sums.level, share), n_compared))
        for name, (of, share) in _RATES.items()
    }
    return [{name: of[at] for name, of in found.items()} for at in range(len(sums.names))]


def _odds(groups: Sequence[GroupEffect]) -> Interval:
    """The larger of the differences in the two error rates, of groups that have them."""
    found = []
    for name in ("true_positive_rate", "false_positive_rate"):
        known = [getattr(group, name) for group in groups if not math.isnan(getattr(group, name).estimate)]
        if len(known) >= 2:
            found.append(largest_difference(known))
    if not found:
        return Interval(math.nan, math.nan, math.nan)
    return Interval(*(max(getattr(one, end) for one in found) for end in ("estimate", "low", "high")))


@dataclass(frozen=True)
class _Sums:
    """Sums by group, on the data (the first row) and on every resample, each of shape (1 + n_resamples, n_groups)."""

    rows: Decidable
    ways: Sequence[Way]
    names: tuple[str, ...]
    level: float
    base: Mapping[str, FloatArray]
    of_way: Sequence[Mapping[str, FloatArray]]

    @classmethod
    def of(
        cls, rows: Decidable, ways: Sequence[Way], level: float, rng: np.random.Generator, n_resamples: int
    ) -> _Sums:
        """From sums per customer within a group: a resample of customers is one matrix product for each group."""
        label = rows.label.astype(np.float64)
        earned = np.zeros(label.size) if rows.earned is None else rows.earned
        columns = [np.ones(label.size), label, 1 - label]
        for way in ways:
            decided = way.decision.astype(np.float64)
            columns += [decided, decided * label, decided * (1 - label), decided * earned]
        names = tuple(sorted(set(rows.group.astype(str))))
        known, customer = np.unique(rows.customer, return_inverse=True)
        code = np.searchsorted(np.array(names, dtype=object), rows.group.astype(str))
        cells, cell = np.unique(code * known.size + customer, return_inverse=True)
        flat = np.stack([np.bincount(cell, one) for one in columns], axis=1)
        inside = [cells // known.size == at for at in range(len(names))]
        weights = chain([np.ones((1, known.size))], cluster_weights(np.arange(known.size), n_resamples, rng))
        drawn = [np.stack([one[:, cells[own] % known.size] @ flat[own] for own in inside], -1) for one in weights]
        sums = np.concatenate(drawn)
        by_way = [
            {name: sums[:, len(_BASE) + len(_OF_WAY) * place + at] for at, name in enumerate(_OF_WAY)}
            for place in range(len(ways))
        ]
        base = {name: sums[:, at] for at, name in enumerate(_BASE)}
        return cls(rows, ways, names, level, base, by_way)

    def rate(self, way: int, group: int, value: str, of: str) -> FloatArray:
        """A value per row, positive or negative of one group; NaN where there are none."""
        return _ratio(self.of_way[way][value][:, group], self.base[of][:, group])

    def worth(self, way: int) -> FloatArray:
        """Of all groups together, those too small to be compared included."""
        value, of = ("reached", "positives") if self.rows.earned is None else ("earned", "rows")
        return _ratio(self.of_way[way][value].sum(axis=1), self.base[of].sum(axis=1))

    def gap(self, way: int) -> FloatArray:
        """The difference between the two groups that are farthest apart in the first way, on the data as they are."""
        places = [self.names.index(name) for name in self.rows.compared]
        rates = [self.rate(0, place, "selected", "rows")[0] for place in places]
        high, low = places[int(np.argmax(rates))], places[int(np.argmin(rates))]
        return self.rate(way, high, "selected", "rows") - self.rate(way, low, "selected", "rows")


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    result: FloatArray = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return result


def _interval(values: FloatArray, level: float) -> Interval:
    """The value on the data stands first, those on resamples follow."""
    if math.isnan(values[0]):
        return Interval(math.nan, math.nan, math.nan)
    return interval(float(values[0]), values[1:], level)

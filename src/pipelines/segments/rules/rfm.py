"""RFM: how recently, how often and for how much customers bought, beside everybody who bought."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal

import ibis
from pydantic import AfterValidator, Field

from pipelines.core.columns import PURCHASE
from pipelines.core.spec import Days, Spec
from pipelines.core.windows import DAY
from pipelines.segments.rules.rule import SEGMENT, Reads, Rule, Said, Text
from pipelines.segments.rules.seen import CUTOFF, MICROS, WHO, Seen, micros
from pipelines.tables.contract import EVENTS
from pipelines.tables.sql_conditions import Condition

SCORES = ("recency", "frequency", "money")
_SPENT, _ORDER = Condition(f"event_type = '{PURCHASE}' AND amount > 0"), "order_id"


def _of_scores(condition: Condition) -> Condition:
    condition.on(ibis.table(dict.fromkeys(SCORES, "int64"), name="scores"))
    return condition


def _ascending(edges: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    if any(low >= high for low, high in pairwise((Decimal(0), *edges))):
        raise ValueError(f"edges must be positive and ascend, got {', '.join(map(str, edges))}")
    return edges


Edges = Annotated[tuple[Decimal, ...], Field(min_length=1, max_length=9), AfterValidator(_ascending)]
Groups = Annotated[int, Field(ge=2, le=10)] | Edges
"""How a measure becomes a score: so many groups of equal size, or edges in its own unit."""


class Cell(Spec):
    """Some of the cells as one segment.

    Parameters
    ----------
    title, says : str
        As of a rule.
    condition : Condition
        Over ``recency``, ``frequency`` and ``money``, such as ``recency >= 4 AND frequency >= 4``.
    """

    title: Text
    says: Text
    condition: Annotated[Condition, AfterValidator(_of_scores)]


class Rfm(Rule):
    """Customers by recency, frequency and money, each a score from 1, the worst.

    Whoever bought in ``[cutoff - last, cutoff)`` has scores; who did not is in no cell. A purchase is a ``purchase``
    event with a positive amount; those without an order are one order a day.

    Parameters
    ----------
    last : duration, optional
        How far back purchases count; by default all do.
    recency : int or list of numbers
        So many groups of equal size, or edges in days: with ``[30, 90]`` the score is 3 up to 30 days after the last
        purchase, 2 up to 90, else 1. Equal values always get the same score, so that groups can be of other sizes.
    frequency, money : int or list of numbers
        The same of the number of orders and of the amount spent; a value at an edge has reached it.
    cells : mapping of name to Cell
        The segments, named ``<rule>_<name>``. Without any, each combination of scores is one: ``<rule>_r5f1m3``.

    References
    ----------
    A. M. Hughes, *Strategic Database Marketing*, 1994, for scores by equal groups.

    Examples
    --------
    >>> cells = {"best": {"title": "Best", "says": "Top in all.", "condition": "recency + frequency + money = 6"}}
    >>> list(Rfm(title="RFM", says="By value.", recency=2, frequency=2, money=2, cells=cells).segments("rfm"))
    ['rfm_best']
    """

    type: Literal["rfm"] = "rfm"
    last: Days | None = None
    recency: Groups = 5
    frequency: Groups = 5
    money: Groups = 5
    cells: Mapping[str, Cell] = Field(default_factory=dict)

    def segments(self, name: str) -> Mapping[str, Said]:
        """One per cell."""
        if self.cells:
            return {f"{name}_{cell}": Said(one.title, one.says) for cell, one in self.cells.items()}
        recency, frequency, money = (range(1, _n_groups(groups) + 1) for groups in self._groups)
        return {
            f"{name}_r{r}f{f}m{m}": Said(
                f"{self.title}: {r}{f}{m}", f"Score {r} of recency, {f} of frequency and {m} of money."
            )
            for r in recency
            for f in frequency
            for m in money
        }

    def reads(self) -> tuple[Reads, ...]:
        """That there is money."""
        return (Reads("type", _SPENT), *super().reads())

    def found(self, seen: Seen, name: str) -> Any:
        """Scores at every cutoff, then the cells."""
        scored = self._scored(seen)
        if not self.cells:
            label = ibis.literal(f"{name}_r") + _text(scored.recency) + "f" + _text(scored.frequency)
            return scored.select((label + "m" + _text(scored.money)).name(SEGMENT), *WHO)
        parts = [
            scored.filter(cell.condition.on(scored)).select(ibis.literal(f"{name}_{one}").name(SEGMENT), *WHO)
            for one, cell in self.cells.items()
        ]
        return parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]

    @property
    def _groups(self) -> tuple[int | tuple[Decimal, ...], ...]:
        return self.recency, self.frequency, self.money

    def _scored(self, seen: Seen) -> Any:
        """One row per customer and cutoff with a purchase in the window, and the scores."""
        bought = self._bought(seen)
        age = seen.cutoffs.of(bought[CUTOFF]) - bought.last_micros
        recency = (
            _in_groups(bought.last_micros, self.recency)
            if isinstance(self.recency, int)
            else _recent(age, self.recency)
        )
        scores = {"frequency": _score(bought.n_orders, self.frequency), "money": _score(bought.spent, self.money)}
        return bought.mutate(recency=recency, **scores)

    def _bought(self, seen: Seen) -> Any:
        """What each customer bought in the window of each cutoff."""
        has_orders = _ORDER in seen.manifest.tables[EVENTS.name].columns
        events = seen.events(("amount", *[_ORDER] * has_orders), self.last)
        if not has_orders:
            events = events.mutate(**{_ORDER: ibis.null("string")})
        paid = events.filter(_SPENT.on(events)).mutate(day=lambda one: one[MICROS] // micros(DAY))
        until = None if self.last is None else paid[MICROS] + micros(self.last)
        rows = seen.beside_cutoffs(paid, paid[MICROS] + 1, until)
        return rows.group_by(*WHO).agg(
            last_micros=lambda one: one[MICROS].max(),
            n_orders=lambda one: (one.order_id.nunique() + one.day.nunique(where=one.order_id.isnull())).cast("int64"),
            spent=lambda one: one.amount.sum(),
        )


def _n_groups(groups: int | tuple[Decimal, ...]) -> int:
    return groups if isinstance(groups, int) else len(groups) + 1


def _score(value: Any, groups: int | tuple[Decimal, ...]) -> Any:
    """From 1, the smallest."""
    if isinstance(groups, int):
        return _in_groups(value, groups)
    reached = [(value >= ibis.literal(edge)).cast("int64") for edge in groups]
    return sum(reached[1:], start=reached[0]) + 1


def _in_groups(value: Any, n_groups: int) -> Any:
    """By how many at the same cutoff have less."""
    n_less = value.rank().over(group_by=CUTOFF, order_by=value)
    n_all = value.count().over(group_by=CUTOFF)
    return (n_less * n_groups // n_all + 1).cast("int64")


def _recent(age: Any, edges: tuple[Decimal, ...]) -> Any:
    """By how many edges, in days, the last purchase is not older than."""
    reached = [(age <= int(edge * micros(DAY))).cast("int64") for edge in edges]
    return sum(reached[1:], start=reached[0]) + 1


def _text(score: Any) -> Any:
    return score.cast("string")

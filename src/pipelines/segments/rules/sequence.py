"""Rules about what followed what, and what did not."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

import ibis
from pydantic import AfterValidator, Field, model_validator

from pipelines.core.columns import CUSTOMER_ID
from pipelines.core.spec import Days
from pipelines.segments.rules.rule import Reads, Rule, in_segment
from pipelines.segments.rules.seen import MICROS, WHO, Seen, micros
from pipelines.tables.sql_conditions import Condition


def _a_second_at_least(length: timedelta) -> timedelta:
    if length < timedelta(seconds=1):
        raise ValueError(f"must be a duration of a second or more, such as PT24H, got {length}")
    return length


class Sequence(Rule):
    """Customers with an event that others followed, or did not follow, within some time.

    It is known at a cutoff as soon as what had to follow has happened, and, where something must be absent, once the
    time for it is over: something that was added to a cart an hour ago is not abandoned yet. Of two events of one
    moment, one follows the other unless it could be first itself.

    Parameters
    ----------
    first : Condition
        Over the columns of an event: which one it begins with.
    then : Condition, optional
        One of these follows.
    absent : Condition, optional
        None of these follows.
    within : duration
        In ``[first, first + within)``.
    same : str, optional
        A column of which all must have the same value, such as ``product_id`` or ``session_id``; events without one do
        not count.
    last : duration, optional
        The first one lies in ``[cutoff - last, cutoff)``; by default at any time before the cutoff.
    at_least : int
        At so many moments; the lines of an order share one.

    Examples
    --------
    >>> Sequence(
    ...     title="Cart abandoners",
    ...     says="Put something into the cart and bought nothing for 24 hours.",
    ...     first="event_type = 'add_to_cart'",
    ...     absent="event_type = 'purchase'",
    ...     within="PT24H",
    ...     last="P28D",
    ... ).within
    datetime.timedelta(days=1)
    """

    type: Literal["sequence"] = "sequence"
    first: Condition
    then: Condition | None = None
    absent: Condition | None = None
    within: Annotated[timedelta, AfterValidator(_a_second_at_least)]
    same: str | None = None
    last: Days | None = None
    at_least: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _something_follows(self) -> Self:
        if self.then is None and self.absent is None:
            raise ValueError("say what follows under 'then', or what does not under 'absent'")
        return self

    def reads(self) -> tuple[Reads, ...]:
        """What comes first, what follows and what does not."""
        given = {"first": self.first, "then": self.then, "absent": self.absent, "same": self._same_is_known}
        return (*(Reads(name, one) for name, one in given.items() if one is not None), *super().reads())

    def found(self, seen: Seen, name: str) -> Any:
        """Each event that comes first, beside the cutoffs by which what followed is known."""
        firsts = self._completed(seen)
        known_micros, until = firsts.known_micros, None
        if self.last is not None:
            until = firsts[MICROS] + micros(self.last)
        found = seen.beside_cutoffs(firsts, known_micros, until).group_by(*WHO).agg(n=lambda one: one[MICROS].nunique())
        return in_segment(found.filter(found.n >= self.at_least), name)

    @property
    def _same_is_known(self) -> Condition | None:
        return None if self.same is None else Condition(f'"{self.same}" IS NOT NULL')

    @property
    def _conditions(self) -> dict[str, Condition]:
        given = {"first": self.first, "then": self.then, "absent": self.absent}
        return {name: condition for name, condition in given.items() if condition is not None}

    @property
    def _by(self) -> list[str]:
        return [CUSTOMER_ID] if self.same is None else [CUSTOMER_ID, self.same]

    def _completed(self, seen: Seen) -> Any:
        """The events that the sequence begins with and that ended as it says, with the moment when that was known."""
        rows = self._marked(seen)
        followed = {f"next_{name}": self._next(rows, f"is_{name}") for name in self._conditions if name != "first"}
        rows = rows.mutate(**followed)
        kept, known = rows.is_first, rows[MICROS]
        if self.absent is not None:
            kept, known = kept & rows.next_absent.isnull(), known + micros(self.within)
        if self.then is not None:
            kept, known = kept & rows.next_then.notnull(), ibis.greatest(known, rows.next_then + 1)
        return rows.filter(kept).mutate(known_micros=known)

    def _marked(self, seen: Seen) -> Any:
        """The events that matter, and what each of them is."""
        columns = [column for condition in self._conditions.values() for column in condition.columns]
        events = seen.events([*columns, *self._by], self.last)
        if self._same_is_known is not None:
            events = events.filter(self._same_is_known.on(events))
        what = {f"is_{name}": condition.on(events) for name, condition in self._conditions.items()}
        marked = events.mutate(**what)
        return marked.filter(ibis.or_(*(marked[name] for name in what))).select(*self._by, MICROS, *what)

    def _next(self, rows: Any, what: str) -> Any:
        """When the next such event follows within the time, in microseconds; null if none does."""
        until, by = micros(self.within) - 1, {"group_by": self._by, "order_by": MICROS}
        moment = rows[what].ifelse(rows[MICROS], ibis.null("int64"))
        of_others = (~rows.is_first).ifelse(moment, ibis.null("int64"))
        at_once = of_others.min().over(ibis.range_window(preceding=0, following=until, **by))
        later = moment.min().over(ibis.range_window(following=(1, until), **by))
        return ibis.coalesce(ibis.least(at_once, later), at_once, later)

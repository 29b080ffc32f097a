"""Rules about what customers did: over all of their events, or within one of their sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from pipelines.core.columns import CUSTOMER_ID
from pipelines.core.spec import Days
from pipelines.core.windows import DAY
from pipelines.segments.rules.rule import Reads, Rule, in_segment
from pipelines.segments.rules.seen import CUTOFF, MICROS, WHO, Seen, micros
from pipelines.tables.sql_conditions import Condition, GroupCondition

SESSION = "session_id"


class OfEvents(Rule):
    """Customers of whose events before the cutoff, all of them together, a condition is true.

    Parameters
    ----------
    condition : GroupCondition
        Such as ``COUNT(DISTINCT session_id) FILTER (WHERE days_ago <= 7) > 5``. ``days_ago`` and ``hours_ago`` say how
        long before the cutoff an event happened, so ``days_ago <= 7`` are those in ``[cutoff - 7 days, cutoff)``.
    """

    type: Literal["events"] = "events"
    condition: GroupCondition

    def reads(self) -> tuple[Reads, ...]:
        """The condition."""
        return (Reads("condition", self.condition), *super().reads())

    def found(self, seen: Seen, name: str) -> Any:
        """Everybody known is asked if the condition can be true of nobody's events."""
        lookback = self.condition.lookback
        events = self.condition.rows(seen.events(self.condition.columns, lookback))
        groups = self.condition.over(seen.as_of(events, lookback), WHO)
        if self.condition.may_hold_of_nothing:
            groups = self.condition.of_nothing(seen.known.left_join(groups, WHO).drop(f"{CUSTOMER_ID}_right"))
        return in_segment(groups.filter(self.condition.holds(groups)), name)


class OfCustomers(Rule):
    """Customers of whom a condition on their columns is true, once they are known: from their first event on."""

    type: Literal["customers"] = "customers"
    customers: Condition

    def found(self, seen: Seen, name: str) -> Any:
        """Everybody known."""
        return in_segment(seen.known, name)


class OfSessions(Rule):
    """Customers with sessions of whose events, each session's by themselves, a condition is true.

    A session counts if it began in ``[cutoff - last, cutoff)`` and has ended by the cutoff: its last event then lies
    ``ended`` back or more. One that still goes on may yet become another. A session is taken to pause for less than a
    day. Events without a session do not count.

    Parameters
    ----------
    condition : GroupCondition
        Such as ``COUNT(*) FILTER (WHERE event_type = 'page_view') > 3``.
    last : duration
        How far back sessions are looked for.
    at_least : int
        So many such sessions.
    ended : duration
        How long nothing must have happened.
    """

    type: Literal["sessions"] = "sessions"
    condition: GroupCondition
    last: Days
    at_least: Annotated[int, Field(ge=1)] = 1
    ended: timedelta = timedelta(minutes=30)

    @field_validator("ended")
    @classmethod
    def _shorter_than_a_day(cls, ended: timedelta) -> timedelta:
        if not timedelta(0) <= ended < DAY:
            raise ValueError(f"must be shorter than a day, such as PT30M, got {ended}")
        return ended

    def reads(self) -> tuple[Reads, ...]:
        """The condition, and that there are sessions."""
        return (Reads("condition", self.condition), Reads("type", _HAS_SESSION), *super().reads())

    def found(self, seen: Seen, name: str) -> Any:
        """Sessions are judged as they were known at each cutoff."""
        lookback = self.last + DAY
        events = seen.events((*self.condition.columns, SESSION), lookback)
        rows = seen.as_of(events.filter(events[SESSION].notnull()), lookback)
        span = {"began": rows[MICROS].min(), "ended": rows[MICROS].max()}
        sessions = self.condition.over(rows, (*WHO, SESSION), **span)
        cutoff = seen.cutoffs.of(sessions[CUTOFF])
        is_whole = (sessions.began >= cutoff - micros(self.last)) & (sessions.ended <= cutoff - micros(self.ended))
        found = sessions.filter(is_whole & self.condition.holds(sessions))
        counted = found.group_by(*WHO).agg(n=lambda one: one.count())
        return in_segment(counted.filter(counted.n >= self.at_least), name)


_HAS_SESSION = Condition(f"{SESSION} IS NOT NULL")

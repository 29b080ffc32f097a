"""What every rule has; a new kind of rule is one class and one line in `any_rule`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import ibis
from pydantic import Field

from pipelines.core.spec import Spec
from pipelines.segments.rules.seen import WHO, Seen
from pipelines.tables.sql_conditions import Condition, GroupCondition

SEGMENT = "segment"
Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class Reads:
    """A condition of a rule, and what it is about.

    Parameters
    ----------
    field : str
        Where it stands in the rule.
    condition : Condition or GroupCondition
        What it says.
    table : str
        ``events``, whose columns it may read with ``days_ago`` and ``hours_ago`` if it is a `GroupCondition`, or
        ``customers``.
    """

    field: str
    condition: Condition | GroupCondition
    table: Literal["events", "customers"] = "events"


@dataclass(frozen=True)
class Said:
    """What people read about a segment."""

    title: str
    says: str


class Rule(Spec, ABC):
    """One or several groups of customers.

    Parameters
    ----------
    title : str
        What people call it.
    says : str
        Who is in it, in one sentence.
    customers : Condition, optional
        Over the columns of ``customers``: who can be in it at all. A customer whom that table lacks cannot.
    """

    title: Text
    says: Text
    customers: Condition | None = None

    def segments(self, name: str) -> Mapping[str, Said]:
        """The segments that it makes, by name; ``name`` is its own."""
        return {name: Said(self.title, self.says)}

    def reads(self) -> tuple[Reads, ...]:
        """Its conditions; those of a class come before the one on customers."""
        return () if self.customers is None else (Reads("customers", self.customers, "customers"),)

    def members(self, seen: Seen, name: str) -> Any:
        """Who is in its segments when.

        Returns
        -------
        ibis.Table
            ``segment``, ``customer_id`` and `CUTOFF`, each combination once.
        """
        found = self.found(seen, name)
        return found if self.customers is None else seen.among(found, self.customers)

    @abstractmethod
    def found(self, seen: Seen, name: str) -> Any:
        """The same, before it is asked who can be in it."""


def in_segment(rows: Any, name: str) -> Any:
    """The customers and cutoffs of ``rows``, which hold each pair once, as members of a segment."""
    return rows.select(ibis.literal(name).name(SEGMENT), *WHO)

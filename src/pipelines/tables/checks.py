"""What every row of a contract table must satisfy. A new check is one `Check` and one line in `CHECKS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis

from pipelines.core.columns import EVENT_TYPES, PURCHASE
from pipelines.tables.contract import TABLES, Table

REASON = "quarantine_reason"


@dataclass(frozen=True)
class Check:
    """One reason to set a row aside: ``is_bad`` maps the table to a boolean Ibis column."""

    table: str
    reason: str
    is_bad: Callable[[Any], Any]


def _missing(column: str) -> Callable[[Any], Any]:
    """Null, or text without a character: neither names anything."""

    def is_missing(table: Any) -> Any:
        value = table[column]
        return value.isnull() | (value.strip() == "") if value.type().is_string() else value.isnull()

    return is_missing


def _repeated(key: tuple[str, ...]) -> Callable[[Any], Any]:
    """All but one row of each key; which one stays does not depend on the order in which rows arrive."""
    return lambda table: ibis.row_number().over(group_by=key, order_by=table.columns) > 0


CHECKS: tuple[Check, ...] = (
    *(
        Check(table.name, f"{column} is missing or unreadable", _missing(column))
        for table in TABLES
        for column in table.required
    ),
    *(
        Check(table.name, f"{', '.join(table.key)} stands in another row too", _repeated(table.key))
        for table in TABLES
        if table.key
    ),
    Check("events", "event_type is not in the contract", lambda events: ~events.event_type.isin(EVENT_TYPES)),
    Check(
        "events",
        "a purchase without a readable amount",
        lambda events: (events.event_type == PURCHASE) & events.amount.isnull(),
    ),
    Check(
        "events",
        "a purchase with a negative amount",
        lambda events: (events.event_type == PURCHASE) & (events.amount < 0),
    ),
)
"""Every check, in the order in which they are asked; the first that a row fails names its reason."""


def judged(table: Table, rows: Any) -> Any:
    """``rows`` with a column that says why a row must be set aside, or null where nothing is wrong.

    Parameters
    ----------
    table : Table
        The contract table that ``rows`` claims to be.
    rows : ibis.Table
        Mapped rows.

    Returns
    -------
    ibis.Table
        The same rows and ``quarantine_reason``.
    """
    asked = [check for check in CHECKS if check.table == table.name]
    branches = [(check.is_bad(rows).fill_null(False), ibis.literal(check.reason)) for check in asked]
    return rows.mutate(**{REASON: ibis.cases(*branches, else_=ibis.null("string"))})

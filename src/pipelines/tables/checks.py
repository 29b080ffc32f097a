"""What every row of a contract table must satisfy. A new check is one `Check` and one line in `CHECKS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import ibis

from pipelines.core.columns import EVENT_TYPES, PURCHASE, RETURN
from pipelines.tables.contract import EVENTS, TABLES, Kind, Table
from pipelines.tables.mapping import PREFER, SET_ASIDE, UNREADABLE
from pipelines.tables.rules import Duplicates
from pipelines.tables.source import BROKEN, FILE, ROW, SourceSpec

CHECK, REASON = "quarantine_check", "quarantine_reason"
DUPLICATE = "duplicate"
"""What `CHECK` holds for a copy or an older version: such rows are counted and left out."""
JUDGING = (CHECK, REASON, FILE, ROW)
"""The columns that a judged table has beside its own."""
EARLIEST, END = "1990-01-01", "2100-01-01"


@dataclass(frozen=True)
class Check:
    """One reason to set a row aside.

    Parameters
    ----------
    table : str
        The contract table that it is about.
    name : str
        What limits and quarantined rows call it.
    reason : str
        The same for people.
    is_bad : callable
        From the mapped table to a boolean Ibis column; null counts as false.
    """

    table: str
    name: str
    reason: str
    is_bad: Callable[[Any, SourceSpec], Any]


def _missing(column: str) -> Callable[[Any, SourceSpec], Any]:
    return lambda rows, _: rows[column].isnull()


def _unreadable(column: str) -> Callable[[Any, SourceSpec], Any]:
    return lambda rows, _: rows[UNREADABLE] == column


def _out_of_range(column: str) -> Callable[[Any, SourceSpec], Any]:
    first, end = (ibis.literal(f"{day} 00:00:00").cast("timestamp(6)") for day in (EARLIEST, END))
    return lambda rows, _: (rows[column] < first) | (rows[column] >= end)


def _after_the_end(rows: Any, source: SourceSpec) -> Any:
    if source.until is None:
        return ibis.literal(False)
    return rows.event_time >= ibis.literal(source.until.replace(tzinfo=None).isoformat(" ")).cast("timestamp(6)")


def _of_type(name: str, is_bad: Callable[[Any], Any]) -> Callable[[Any, SourceSpec], Any]:
    return lambda rows, _: (rows.event_type == name) & is_bad(rows)


CHECKS: tuple[Check, ...] = (
    *(
        Check(
            table.name, f"{column.name}_unreadable", f"{column.name} is given but unreadable", _unreadable(column.name)
        )
        for table in TABLES
        for column in table.columns
    ),
    *(
        Check(table.name, f"{column}_missing", f"{column} is missing", _missing(column))
        for table in TABLES
        for column in table.required
    ),
    *(
        Check(
            table.name,
            f"{column.name}_out_of_range",
            f"{column.name} lies before {EARLIEST} or not before {END}: are seconds and milliseconds mixed up?",
            _out_of_range(column.name),
        )
        for table in TABLES
        for column in table.columns
        if column.kind == Kind.TIME
    ),
    Check(EVENTS.name, "event_after_end", "event_time is not before 'until'", _after_the_end),
    Check(
        EVENTS.name,
        "event_type_unknown",
        "event_type is neither in the contract nor in 'event_types'",
        lambda rows, source: ibis.and_(*(rows.event_type != name for name in (*EVENT_TYPES, *source.event_types))),
    ),
    Check(
        EVENTS.name,
        "purchase_without_amount",
        "a purchase without an amount",
        _of_type(PURCHASE, lambda rows: rows.amount.isnull()),
    ),
    Check(
        EVENTS.name,
        "purchase_amount_negative",
        "a purchase with a negative amount: is it a return?",
        _of_type(PURCHASE, lambda rows: rows.amount < 0),
    ),
    Check(
        EVENTS.name,
        "return_amount_positive",
        "a return with a positive amount: what flows back is negative",
        _of_type(RETURN, lambda rows: rows.amount > 0),
    ),
    Check(
        EVENTS.name,
        "purchase_quantity_negative",
        "a purchase of a negative quantity: is it a return?",
        _of_type(PURCHASE, lambda rows: rows.quantity < 0),
    ),
)
"""Every check of single rows, in the order in which they are asked; the first that a row fails names its reason."""
KEY_REPEATED, BROKEN_LINE, ASIDE = "key_repeated", "line_unreadable", "set_aside"


def checks_of(table: Table, source: SourceSpec) -> tuple[Check, ...]:
    """What is asked of a row: the contract's checks, and whether the source's own columns are readable."""
    own = [column for column in source.columns(table.name) if column not in table.kinds]
    return (
        *(check for check in CHECKS if check.table == table.name),
        *(
            Check(table.name, f"{column}_unreadable", f"{column} is given but unreadable", _unreadable(column))
            for column in own
        ),
    )


def check_names(table: Table, source: SourceSpec) -> tuple[str, ...]:
    """Everything that `CHECK` may hold for a row that is set aside."""
    return (BROKEN_LINE, ASIDE, *(check.name for check in checks_of(table, source)), KEY_REPEATED)


def judged(table: Table, rows: Any, source: SourceSpec) -> Any:
    """``rows`` with the check that each fails and its reason, null where nothing is wrong.

    Copies and older versions are told first, then what the source sets aside, then the checks in their order, then
    rows whose key another good row has.

    Parameters
    ----------
    table : Table
        The contract table that ``rows`` claims to be.
    rows : ibis.Table
        Mapped rows.
    source : SourceSpec
        Its rules and event types.

    Returns
    -------
    ibis.Table
        The columns of the table, and those in `JUDGING`.
    """
    checks = checks_of(table, source)
    failed = ibis.cases(
        (rows[BROKEN].notnull(), ibis.literal(BROKEN_LINE)),
        (rows[SET_ASIDE].notnull(), ibis.literal(ASIDE)),
        *((check.is_bad(rows, source).fill_null(False), ibis.literal(check.name)) for check in checks),
        else_=ibis.null("string"),
    )
    duplicates = source.rules_of(table).duplicates
    if duplicates is not None:
        failed = ibis.ifelse(
            _is_copy(rows, failed, duplicates, source.columns(table.name)), ibis.literal(DUPLICATE), failed
        )
    marked = rows.mutate(**{CHECK: failed})
    if table.key:
        marked = marked.mutate(**{CHECK: _with_repeated_keys(marked, table, source)})
    columns = [*source.columns(table.name), *JUDGING]
    return marked.mutate(**{REASON: _reason(marked, checks, table)}).select(*columns)


def _is_copy(rows: Any, failed: Any, duplicates: Duplicates, columns: Iterable[str]) -> Any:
    """Without a preference a row that fails nothing stays, if there is one."""
    columns = list(columns)
    key = columns if duplicates.key == "row" else list(duplicates.key)
    named = ibis.literal(True) if duplicates.key == "row" else ibis.and_(*(rows[column].notnull() for column in key))
    named &= rows[BROKEN].isnull()
    if duplicates.prefer is not None:
        newest = rows[PREFER].max().over(group_by=[rows[column] for column in key])
        return (named & (rows[PREFER] < newest)).fill_null(False)
    order = [failed.notnull(), *_total_order(rows, columns)]
    place = ibis.row_number().over(group_by=[rows[column] for column in key], order_by=order)
    return named & (place > 0)


def _with_repeated_keys(marked: Any, table: Table, source: SourceSpec) -> Any:
    """All but one of the good rows of each key; which one stays does not depend on the order in which rows arrive."""
    good = marked[CHECK].isnull()
    place = ibis.row_number().over(
        group_by=[*(marked[column] for column in table.key), good],
        order_by=_total_order(marked, list(source.columns(table.name))),
    )
    return ibis.ifelse(good & (place > 0), ibis.literal(KEY_REPEATED), marked[CHECK])


def _total_order(rows: Any, columns: list[str]) -> list[Any]:
    return [rows[column] for column in (*columns, FILE, ROW)]


def _reason(marked: Any, checks: tuple[Check, ...], table: Table) -> Any:
    named = {check.name: check.reason for check in checks}
    named[KEY_REPEATED] = f"{', '.join(table.key)} stands in another row too"
    named[BROKEN_LINE] = "the line has another number of fields than the header"
    named[DUPLICATE] = "a copy or an older version of another row"
    branches = [(marked[CHECK] == name, ibis.literal(reason)) for name, reason in named.items()]
    return ibis.cases((marked[CHECK] == ASIDE, marked[SET_ASIDE]), *branches, else_=ibis.null("string"))

"""What is odd about the tables as a whole. A new finding is one `TableCheck` and one line in `TABLE_CHECKS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.tables.manifest import Finding


@dataclass(frozen=True)
class TableCheck:
    """A question to whole tables.

    Parameters
    ----------
    table : str
        Which one its limit belongs to.
    name : str
        What limits call it.
    says : str
        What it found, for people; follows a number of rows.
    needs : tuple of (str, str)
        Table and column that must be filled for the question to make sense.
    asks : callable
        From the tables to an Ibis table of one row: ``n_rows`` that are odd, ``of`` how many.
    """

    table: str
    name: str
    says: str
    needs: tuple[tuple[str, str], ...]
    asks: Callable[[Mapping[str, Any]], Any]


def _unknown(table: str, column: str, known: str) -> Callable[[Mapping[str, Any]], Any]:
    def ask(tables: Mapping[str, Any]) -> Any:
        named = tables[table].filter(tables[table][column].notnull()).group_by(column).agg(n=lambda rows: rows.count())
        found = tables[known].select(column).distinct().rename(found=column)
        both = named.left_join(found, named[column] == found.found)
        return both.agg(n_rows=both.n.sum(where=both.found.isnull()).fill_null(0), of=both.n.sum().fill_null(0))

    return ask


def _orders(is_odd: Callable[[Any], Any]) -> Callable[[Mapping[str, Any]], Any]:
    def ask(tables: Mapping[str, Any]) -> Any:
        events = tables["events"].filter(tables["events"].order_id.notnull())
        seconds = events.event_time.epoch_seconds()
        orders = events.group_by("order_id").agg(
            n=events.count(),
            first_customer=events.customer_id.min(),
            last_customer=events.customer_id.max(),
            spread=seconds.max(where=events.event_type == "purchase")
            - seconds.min(where=events.event_type == "purchase"),
        )
        return orders.agg(n_rows=orders.n.sum(where=is_odd(orders)).fill_null(0), of=orders.n.sum().fill_null(0))

    return ask


TABLE_CHECKS: tuple[TableCheck, ...] = (
    TableCheck(
        "events",
        "product_unknown",
        "events name a product that is not in products",
        (("events", "product_id"), ("products", "product_id")),
        _unknown("events", "product_id", "products"),
    ),
    TableCheck(
        "events",
        "customer_unknown",
        "events are of a customer who is not in customers",
        (("customers", "customer_id"),),
        _unknown("events", "customer_id", "customers"),
    ),
    TableCheck(
        "contacts",
        "contact_unknown",
        "contacts are of a customer who is not in customers",
        (("contacts", "customer_id"), ("customers", "customer_id")),
        _unknown("contacts", "customer_id", "customers"),
    ),
    TableCheck(
        "events",
        "order_shared",
        "events belong to an order_id that several customers share",
        (("events", "order_id"),),
        _orders(lambda orders: orders.first_customer != orders.last_customer),
    ),
    TableCheck(
        "events",
        "order_spread",
        "events belong to an order whose purchases are more than a day apart",
        (("events", "order_id"),),
        _orders(lambda orders: orders.spread > 86_400),
    ),
)
"""Every question to whole tables."""


def asked(filled: Mapping[str, set[str]]) -> tuple[TableCheck, ...]:
    """The questions that make sense for tables with these filled columns."""
    return tuple(
        check for check in TABLE_CHECKS if all(column in filled.get(table, ()) for table, column in check.needs)
    )


def finding(check: TableCheck, n_rows: int, of: int) -> Finding:
    """What a check found."""
    return Finding(check=check.name, table=check.table, says=check.says, n_rows=n_rows, of=of)

"""The contract tables. A new table is one `Table` and one line in `TABLES`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a column may be used for."""

    FEATURE = "feature"
    SENSITIVE = "sensitive"
    IDENTIFIER = "identifier"
    CONSENT = "consent"
    FREE_TEXT = "free_text"


@dataclass(frozen=True)
class Column:
    """One column of a contract table; ``dtype`` is an Ibis type, ``None`` means decimal at the source's scale."""

    name: str
    dtype: str | None
    required: bool = False
    role: Role = Role.FEATURE


@dataclass(frozen=True)
class Table:
    """One contract table.

    Parameters
    ----------
    name : str
        Its name in the lake.
    subject : str or None
        The column that says whose data a row is, so that erasure can be complete; None if nobody's.
    order : tuple of str
        What a materialised table is ordered by.
    columns : tuple of Column
        The known columns; a source may add its own.
    key : tuple of str
        What names a row; empty where rows have no name (events may repeat).
    """

    name: str
    subject: str | None
    order: tuple[str, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that no row may lack."""
        return tuple(column.name for column in self.columns if column.required)


EVENTS = Table(
    "events",
    subject="customer_id",
    order=("customer_id", "event_time", "event_type", "order_id", "product_id", "amount", "quantity"),
    columns=(
        Column("customer_id", "string", required=True, role=Role.IDENTIFIER),
        Column("event_time", "timestamp(6)", required=True),
        Column("event_type", "string", required=True),
        Column("order_id", "string", role=Role.IDENTIFIER),
        Column("session_id", "string", role=Role.IDENTIFIER),
        Column("product_id", "string"),
        Column("quantity", "int64"),
        Column("amount", None),
    ),
)
CUSTOMERS = Table(
    "customers",
    subject="customer_id",
    order=("customer_id",),
    columns=(Column("customer_id", "string", required=True, role=Role.IDENTIFIER),),
    key=("customer_id",),
)
PRODUCTS = Table(
    "products",
    subject=None,
    order=("product_id",),
    columns=(Column("product_id", "string", required=True), Column("category", "string"), Column("brand", "string")),
    key=("product_id",),
)
TABLES: tuple[Table, ...] = (EVENTS, CUSTOMERS, PRODUCTS)
"""Every contract table; a new one is one line here."""


def table_named(name: str) -> Table:
    """The contract table of that name; `KeyError` if there is none (sources are checked when they are read)."""
    return {table.name: table for table in TABLES}[name]

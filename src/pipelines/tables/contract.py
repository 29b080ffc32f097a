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
    LABEL = "label"


class Kind(StrEnum):
    """How the values of a column are read."""

    TEXT = "text"
    INTEGER = "integer"
    MONEY = "money"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"


@dataclass(frozen=True)
class Column:
    """One column of a contract table."""

    name: str
    kind: Kind
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

    @property
    def kinds(self) -> dict[str, Kind]:
        """How each known column is read."""
        return {column.name: column.kind for column in self.columns}


_CUSTOMER = Column("customer_id", Kind.TEXT, required=True, role=Role.IDENTIFIER)
EVENTS = Table(
    "events",
    subject="customer_id",
    order=("customer_id", "event_time", "event_type", "order_id", "product_id", "amount", "quantity"),
    columns=(
        _CUSTOMER,
        Column("event_time", Kind.TIME, required=True),
        Column("event_type", Kind.TEXT, required=True),
        Column("order_id", Kind.TEXT, role=Role.IDENTIFIER),
        Column("session_id", Kind.TEXT, role=Role.IDENTIFIER),
        Column("product_id", Kind.TEXT),
        Column("quantity", Kind.INTEGER),
        Column("amount", Kind.MONEY),
    ),
)
CUSTOMERS = Table(
    "customers", subject="customer_id", order=("customer_id",), columns=(_CUSTOMER,), key=("customer_id",)
)
PRODUCTS = Table(
    "products",
    subject=None,
    order=("product_id",),
    columns=(
        Column("product_id", Kind.TEXT, required=True),
        Column("category", Kind.TEXT),
        Column("brand", Kind.TEXT),
    ),
    key=("product_id",),
)
CONTACTS = Table(
    "contacts",
    subject="customer_id",
    order=("customer_id", "contact_time", "campaign_id", "channel", "variant"),
    columns=(
        _CUSTOMER,
        Column("contact_time", Kind.TIME, required=True),
        Column("campaign_id", Kind.TEXT, required=True),
        Column("channel", Kind.TEXT),
        Column("variant", Kind.TEXT),
    ),
)
CASES = Table(
    "cases",
    subject="customer_id",
    order=("case_id",),
    columns=(
        Column("case_id", Kind.TEXT, required=True, role=Role.IDENTIFIER),
        Column("customer_id", Kind.TEXT, role=Role.IDENTIFIER),
        Column("case_time", Kind.TIME),
        Column("label", Kind.BOOLEAN, role=Role.LABEL),
    ),
    key=("case_id",),
)
TABLES: tuple[Table, ...] = (EVENTS, CUSTOMERS, PRODUCTS, CONTACTS, CASES)
"""Every contract table; a new one is one line here. ``cases`` is what a finished feature table becomes."""


def table_named(name: str) -> Table:
    """The contract table of that name; `KeyError` if there is none (sources are checked when they are read)."""
    return {table.name: table for table in TABLES}[name]

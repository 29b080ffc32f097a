"""A source: one YAML file that maps somebody's raw tables to the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from pipelines.core.errors import nearest
from pipelines.core.spec import Spec
from pipelines.tables.contract import EVENTS, TABLES, Role, table_named


class RawTable(Spec):
    """A raw table as somebody stores it.

    ``path`` is a Parquet or CSV file, relative to the workspace, absolute, or ``package:<package>/<file>`` for a
    file that an installed Python package ships.
    """

    path: str


class ColumnMap(Spec):
    """How one contract column comes about: copied from a raw column, or one constant for all rows."""

    column: str | None = Field(default=None, alias="from")
    constant: str | None = None
    role: Role | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise ValueError("needs either 'from' or 'constant'")
        return self


def _from_shorthand(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


class TableMap(Spec):
    """How one contract table comes about."""

    raw: str = Field(alias="from")
    columns: dict[str, Annotated[ColumnMap, BeforeValidator(_from_shorthand)]]


class SourceSpec(Spec):
    """Somebody's shop: where its raw tables are and how they become the contract.

    Times without a zone are read as UTC. ``decimals`` is the number of decimals of the currency: money is kept
    as an exact decimal, never as a float.
    """

    name: str
    kind: Literal["log"] = "log"
    title: str
    licence: str
    note: str = ""
    currency: str
    decimals: Annotated[int, Field(ge=0, le=6)] = 2
    raw: dict[str, RawTable]
    tables: dict[str, TableMap]

    @field_validator("tables")
    @classmethod
    def _known_tables(cls, tables: Mapping[str, TableMap]) -> Mapping[str, TableMap]:
        known = [table.name for table in TABLES]
        for name in tables:
            if name not in known:
                raise ValueError(f"no contract table '{name}'; known: {', '.join(known)}.{nearest(name, known)}")
        if EVENTS.name not in tables:
            raise ValueError("the table 'events' is missing: without events there is nothing to learn from")
        return tables

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name, table in self.tables.items():
            if table.raw not in self.raw:
                raise ValueError(f"tables.{name}.from: no raw table '{table.raw}'.{nearest(table.raw, self.raw)}")
            lacking = [column for column in table_named(name).required if column not in table.columns]
            if lacking:
                raise ValueError(f"tables.{name}.columns lacks {', '.join(lacking)}")
        return self

    def roles(self, table: str) -> dict[str, Role]:
        """The role of every mapped column; the contract's own where the source declares none."""
        contract = {column.name: column.role for column in table_named(table).columns}
        columns = self.tables[table].columns if table in self.tables else {}
        return {name: column.role or contract.get(name, Role.FEATURE) for name, column in columns.items()}

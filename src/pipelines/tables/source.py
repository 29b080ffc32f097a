"""A source: one YAML file that maps somebody's raw tables to the contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field, field_validator, model_validator

from pipelines.core.columns import CONTACT
from pipelines.core.errors import nearest
from pipelines.core.spec import Spec
from pipelines.tables.contract import CASES, EVENTS, TABLES, Kind, Role, Table, table_named
from pipelines.tables.raw import RawTable
from pipelines.tables.reading_time import Form
from pipelines.tables.rules import Duplicates, TableRules
from pipelines.tables.sql import Expression

FILE, ROW, BROKEN = "_file", "_row", "_broken"
"""What every raw table has besides its own columns: the file's name, the row's number in it from 1, and the text of a
line that could not be divided into columns, else null."""
ADDED = (FILE, ROW, BROKEN)
ELSE = "*"


def _as_texts(values: Any) -> Any:
    """``{1: purchase}`` and ``{true: a}`` mean the texts that files hold."""
    if not isinstance(values, Mapping):
        return values
    return {str(key).lower() if isinstance(key, bool) else str(key): value for key, value in values.items()}


class ColumnMap(Spec):
    """How one contract column comes about.

    Parameters
    ----------
    from : str
        A raw column.
    constant : str
        One value for all rows.
    sql : Expression
        A SQL expression over raw columns, such as ``quantity * price``.
    as : str
        How the value is read: ``text``, ``integer``, ``money``, ``number``, ``boolean`` or ``time``. By default as
        the contract says, and as text where the contract does not know the column.
    values : mapping of str to str
        Texts that are replaced; ``*`` stands for all others, which stay as they are without it.
    pattern : str
        How a time is written, such as ``%d.%m.%Y %H:%M``; ISO 8601 by default.
    epoch : str
        ``s``, ``ms``, ``us`` or ``ns`` if a time is a number since 1970.
    zone : str
        The zone of times that do not say theirs; by default the source's.
    role : Role
        What the column may be used for.
    as_of_today : bool
        The value is the present one, not that of the moment of the row: it never becomes a feature.
    """

    column: str | None = Field(default=None, alias="from")
    constant: str | None = None
    sql: Expression | None = None
    kind: Kind | None = Field(default=None, alias="as")
    values: Annotated[dict[str, str], BeforeValidator(_as_texts)] = Field(default_factory=dict)
    pattern: str | None = None
    epoch: Literal["s", "ms", "us", "ns"] | None = None
    zone: str | None = None
    role: Role | None = None
    as_of_today: bool = False

    @field_validator("pattern")
    @classmethod
    def _readable_pattern(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            Form.of(pattern)
        return pattern

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        return zone if zone is None else _zone(zone)

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum(origin is not None for origin in (self.column, self.constant, self.sql)) != 1:
            raise ValueError("needs one of from, constant, sql")
        if self.pattern is not None and self.epoch is not None:
            raise ValueError("pattern and epoch exclude each other")
        return self

    @property
    def needs(self) -> tuple[str, ...]:
        """The raw columns without which this one cannot be made."""
        if self.sql is not None:
            return tuple(column for column in self.sql.columns if column not in ADDED)
        return () if self.column is None or self.column in ADDED else (self.column,)


def _zone(name: str) -> str:
    known = available_timezones()
    if name not in known:
        raise ValueError(f"no such time zone.{nearest(name, known)}")
    return name


def _from_shorthand(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


class Lookup(Spec):
    """Columns of another raw table, found by its key; there they are called ``<raw table>.<column>``.

    ``on`` says which column here equals which there. A key that stands there twice is refused: it would multiply rows.
    """

    on: dict[str, str] = Field(min_length=1)


class TableMap(Spec):
    """How one contract table comes about from one raw table.

    Parameters
    ----------
    from : str
        A raw table.
    where : Expression, optional
        Which of its rows belong to this contract table; the others are counted, not read.
    lookup : mapping of raw table to Lookup
        Raw tables whose columns are added by a key.
    columns : mapping of str to ColumnMap
        The contract's columns, and a source's own.
    set_aside : mapping of str to Expression
        Rows that the source does not want, by the reason, such as ``not a product``; they go to quarantine.
    """

    raw: str = Field(alias="from")
    where: Expression | None = None
    lookup: dict[str, Lookup] = Field(default_factory=dict)
    columns: dict[str, Annotated[ColumnMap, BeforeValidator(_from_shorthand)]]
    set_aside: dict[str, Expression] = Field(default_factory=dict)


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


class SourceSpec(Spec):
    """Somebody's shop: where its raw tables are and how they become the contract.

    Parameters
    ----------
    name : str
        Also the name of its folder in the lake.
    kind : str
        ``log``: events and what belongs to them. ``table``: a finished feature table, one row per case.
    engine : str
        What runs the table work: ``duckdb`` in this process, or ``pyspark`` (needs the extra ``spark``).
    title, licence, note : str
        For people.
    currency : str
        ISO 4217.
    decimals : int
        Of the currency: money is kept as an exact decimal, never as a float.
    zone : str
        The zone of times that do not say theirs.
    until : datetime, optional
        Events at or after it are set aside; for logs that hold misdated ones.
    late : str
        ``accept`` or ``refuse`` events of a new file that lie before the end of what was ingested earlier.
    event_types : list of str
        The shop's own types beside the contract's.
    raw, tables, rules : mapping
        Raw tables; contract tables from them (several raw tables may feed one); what is demanded of the results.
    simulation : mapping
        Settings of the simulated shop.
    """

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    kind: Literal["log", "table"] = "log"
    engine: Literal["duckdb", "pyspark"] = "duckdb"
    title: str = ""
    licence: str = "your own"
    note: str = ""
    currency: str
    decimals: Annotated[int, Field(ge=0, le=6)] = 2
    zone: str = "UTC"
    until: datetime | None = None
    late: Literal["accept", "refuse"] = "accept"
    event_types: tuple[str, ...] = ()
    raw: dict[str, RawTable]
    tables: dict[str, Annotated[tuple[TableMap, ...], BeforeValidator(_listed)]]
    rules: dict[str, TableRules] = Field(default_factory=dict)
    simulation: dict[str, Any] = Field(default_factory=dict)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        return _zone(zone)

    @field_validator("event_types")
    @classmethod
    def _own_types(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if CONTACT in names:
            raise ValueError(f"'{CONTACT}' is what rows of the table contacts are called; choose another name")
        return names

    @field_validator("tables", "rules")
    @classmethod
    def _known_tables(cls, tables: Mapping[str, Any]) -> Mapping[str, Any]:
        known = [table.name for table in TABLES]
        for name in tables:
            if name not in known:
                raise ValueError(f"no contract table '{name}'; known: {', '.join(known)}.{nearest(name, known)}")
        return tables

    @model_validator(mode="after")
    def _complete(self) -> Self:
        problems = [*self._of_kind(), *self._of_maps(), *self._of_rules()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _of_kind(self) -> list[str]:
        wanted, other = (EVENTS, CASES) if self.kind == "log" else (CASES, EVENTS)
        if wanted.name not in self.tables:
            return [f"the table '{wanted.name}' is missing: without it there is nothing to learn from"]
        if other.name in self.tables:
            return [f"a source of kind '{self.kind}' has no table '{other.name}'"]
        return []

    def _of_maps(self) -> list[str]:
        return [problem for name, maps in self.tables.items() for how in maps for problem in self._of_map(name, how)]

    def _of_map(self, name: str, how: TableMap) -> list[str]:
        unknown = [raw for raw in (how.raw, *how.lookup) if raw not in self.raw]
        lacking = [column for column in table_named(name).required if column not in how.columns]
        return [
            *(f"tables.{name}: no raw table '{raw}'.{nearest(raw, self.raw)}" for raw in unknown),
            *([f"tables.{name}.columns lacks {', '.join(lacking)}"] if lacking else []),
        ]

    def _of_rules(self) -> list[str]:
        problems = []
        for name, rules in self.rules.items():
            named = rules.duplicates.key if rules.duplicates and rules.duplicates.key != "row" else ()
            known = self.columns(name)
            for column in (*named, *rules.max_missing):
                if column not in known:
                    problems.append(f"rules.{name}: no column '{column}'.{nearest(column, known)}")
        return problems

    def columns(self, table: str) -> dict[str, Kind]:
        """Every column of a contract table as this source fills it: the contract's, then its own."""
        known = dict(table_named(table).kinds)
        for how in self.tables.get(table, ()):
            for name, column in how.columns.items():
                known.setdefault(name, column.kind or Kind.TEXT)
        return known

    def roles(self, table: str) -> dict[str, Role]:
        """The role of every mapped column; the contract's own where the source declares none."""
        contract = {column.name: column.role for column in table_named(table).columns}
        mapped = {name: column for how in self.tables.get(table, ()) for name, column in how.columns.items()}
        return {name: column.role or contract.get(name, Role.FEATURE) for name, column in mapped.items()}

    def as_of_today(self, table: str) -> tuple[str, ...]:
        """The columns whose values are the present ones."""
        mapped = [item for how in self.tables.get(table, ()) for item in how.columns.items()]
        return tuple(sorted({name for name, column in mapped if column.as_of_today}))

    def rules_of(self, table: Table) -> TableRules:
        """What is demanded of a table; of one with a key also that whole rows do not repeat."""
        given = self.rules.get(table.name, TableRules())
        if table.key and given.duplicates is None:
            return given.model_copy(update={"duplicates": Duplicates(key="row")})
        return given

    def meaning(self) -> dict[str, Any]:
        """What decides the tables' content: everything but titles and places."""
        places = {name: {"path", "download", "database", "table"} for name in self.raw}
        return self.model_dump(mode="json", exclude={"title": True, "licence": True, "note": True, "raw": places})

"""Whether an ingested source can answer rules: all problems of all rules at once, each with its place."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ibis

from pipelines.core.columns import EVENT_TYPES
from pipelines.core.errors import ConfigError, nearest
from pipelines.segments.rules.rule import Reads
from pipelines.segments.rules.spec import RuleSegments
from pipelines.tables.contract import EVENTS, PRODUCTS, Role
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import ColumnManifest
from pipelines.tables.reading import as_number
from pipelines.tables.sql_aggregates import AGO
from pipelines.tables.sql_conditions import Condition, GroupCondition, Located

_KEPT_BACK = (Role.SENSITIVE, Role.FREE_TEXT)


def require_answerable(spec: RuleSegments, lake: Lake) -> None:
    """Refuse rules that the source cannot answer.

    Raises
    ------
    ConfigError
        With every problem of every rule: the field, the character at which the problem begins, the known columns and
        the nearest name.
    """
    source = _Source(lake, spec.source)
    problems = [
        f"segments.{name}.{reads.field}: {problem}"
        for name, rule in spec.segments.items()
        for reads in rule.reads()
        for problem in _problems(spec, source, reads)
    ]
    if problems:
        raise ConfigError(
            f"conf/segments/{spec.name}.yaml has {len(problems)} problem{'s' * (len(problems) > 1)} with the source "
            f"'{spec.source}':\n" + "\n".join(f"  - {problem}" for problem in problems) + "\n",
            why="A rule that reads what is not there, or what it may not, would quietly select the wrong customers.",
            fix=f"Mend the fields above, or map what is missing in conf/sources/{spec.source}.yaml and ingest again.",
        )


@dataclass(frozen=True)
class _Table:
    """A table as conditions see it: its name, its rows, and what each column may be used for."""

    name: str
    rows: Any
    columns: dict[str, ColumnManifest]

    def schema(self, condition: Condition | GroupCondition) -> dict[str, Any]:
        """The types of its columns; a condition on a group may ask how long ago things happened, too."""
        ago = dict.fromkeys(AGO, "decimal(18, 6)") if isinstance(condition, GroupCondition) else {}
        return {**{name: self.rows.schema()[name] for name in self.columns}, **ago}


@dataclass(frozen=True)
class _Source:
    """What is asked of the source while rules are checked, each thing once."""

    lake: Lake
    name: str

    def table(self, name: str) -> _Table | None:
        """A table; events have the columns of their products besides, where those have others."""
        tables = self.lake.manifest(self.name).tables
        if name not in tables:
            return None
        rows, columns = self.lake.table(self.name, name), dict(tables[name].columns)
        if name != EVENTS.name or PRODUCTS.name not in tables or "product_id" not in columns:
            return _Table(name, rows, columns)
        products = self.lake.table(self.name, PRODUCTS.name)
        more = {column: known for column, known in tables[PRODUCTS.name].columns.items() if column not in columns}
        return _Table(name, rows.left_join(products.select("product_id", *more), "product_id"), {**columns, **more})

    @functools.cached_property
    def event_types(self) -> tuple[str, ...]:
        """The contract's types and those that the whole log has; nobody's membership depends on it."""
        found = self.lake.columns(self.lake.table(self.name, EVENTS.name).select("event_type").distinct())
        return tuple(dict.fromkeys((*EVENT_TYPES, *sorted(found["event_type"]))))

    def has_numbers(self, table: _Table, column: str) -> bool:
        """Whether any value of a text column is a number, or there is no value."""
        text = table.rows[column]
        counted = table.rows.agg(n=text.count().cast("int64"), n_numbers=as_number(text).count().cast("int64"))
        found = self.lake.columns(counted)
        return bool(found["n"][0] == 0 or found["n_numbers"][0] > 0)


def _problems(spec: RuleSegments, source: _Source, reads: Reads) -> Iterator[str]:
    table = source.table(reads.table)
    if table is None:
        yield f"the source has no table '{reads.table}'"
        return
    schema = table.schema(reads.condition)
    missing = [name for name in reads.condition.columns if name not in schema]
    for name in missing:
        yield f"{_at(reads, name)}no column '{name}'; {table.name} has {', '.join(schema)}.{nearest(name, schema)}"
    for name in reads.condition.columns:
        if name in table.columns and (said := _forbidden(spec, name, table.columns[name])):
            yield f"{_at(reads, name)}{said}"
    if not missing:
        yield from _of_types(reads, schema)
        yield from _of_values(source, table, reads)


def _at(reads: Reads, name: str) -> str:
    return f"at character {reads.condition.column_place(name)}: "


def _forbidden(spec: RuleSegments, name: str, column: ColumnManifest) -> str:
    if column.role in _KEPT_BACK and name not in spec.sensitive:
        return f"'{name}' has the role {column.role.value}; rules read it only if the file says so: sensitive: [{name}]"
    if column.as_of_today and name not in spec.as_of_today:
        return (
            f"'{name}' is known as of today only, so that it says nothing of a past cutoff; rules read it only if the "
            f"file says so: as_of_today: [{name}]"
        )
    return ""


def _of_types(reads: Reads, schema: dict[str, Any]) -> Iterator[str]:
    """What cannot stand together."""
    table = ibis.table(schema, name=reads.table)
    try:
        if isinstance(reads.condition, GroupCondition):
            reads.condition.holds(reads.condition.over(table, ()))
        else:
            reads.condition.on(table)
    except ValueError as error:
        yield str(error)


def _of_values(source: _Source, table: _Table, reads: Reads) -> Iterator[str]:
    """Values that a column can never have: an event type that nobody knows, a number where all is text."""
    schema = table.schema(reads.condition)
    for name in reads.condition.columns:
        literals = reads.condition.compared_with(name)
        numbers = [one for one in literals if not one.is_text]
        if name == "event_type" and literals:
            yield from _unknown_types(source.event_types, literals)
        elif numbers and ibis.dtype(schema[name]).is_string() and not source.has_numbers(table, name):
            yield f"at character {numbers[0].place}: '{name}' is text, and none of it can be read as a number"


def _unknown_types(types: tuple[str, ...], literals: tuple[Located, ...]) -> Iterator[str]:
    for one in literals:
        if one.text not in types:
            listed = f"Known: {', '.join(types)}.{nearest(one.text, types)}"
            yield f"at character {one.place}: no event is of the type '{one.text}'. {listed}"

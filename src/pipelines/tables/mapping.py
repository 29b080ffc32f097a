"""From a raw table to a contract table, as one Ibis expression that runs on any engine.

A mapped table holds the contract's columns and the source's own, typed, and what is needed to judge them: `UNREADABLE`,
`SET_ASIDE`, `PREFER`, and which row of which file each row was.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import ibis

from pipelines.core.errors import ContractError, nearest
from pipelines.tables import reading, reading_time
from pipelines.tables.contract import Kind, table_named
from pipelines.tables.raw import RawTable
from pipelines.tables.source import ADDED, BROKEN, ELSE, FILE, ROW, ColumnMap, Lookup, SourceSpec, TableMap

UNREADABLE, SET_ASIDE, PREFER, SOURCE_ROW = "_unreadable", "_set_aside", "_prefer", "source_row"
_RAW, _FROM = "raw.", "from."
_VALUE = re.compile(r"[-+]?[0-9][0-9.,:/TZ +-]*|.*@.*", re.DOTALL)
_ESCAPED = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))
_CONTROL, _REPLACEMENT = r"[\x00-\x1f]", "\ufffd"  # of what is left then, JSON takes none


def mapped(source: SourceSpec, name: str, how: TableMap, raws: Mapping[str, Any]) -> Any:
    """The contract table ``name`` from one raw table, not judged yet.

    Parameters
    ----------
    source : SourceSpec
        Says how raw columns are read.
    name : str
        A contract table.
    how : TableMap
        Says which raw column becomes which.
    raws : mapping of str to ibis.Table
        The raw table and those it looks columns up in, with ``_file`` and ``_row``.

    Returns
    -------
    ibis.Table
        Of each row that ``how.where`` holds for: every column of the contract and of the source, null where there is
        nothing or nothing readable, and what is needed to judge them.

    Raises
    ------
    ContractError
        If a raw table lacks a column that the source names, or has one of a type that an expression cannot take.
    """
    with _in_our_words(source, name):
        return _mapped(source, name, how, raws)


def _mapped(source: SourceSpec, name: str, how: TableMap, raws: Mapping[str, Any]) -> Any:
    """In steps, each a projection of the one before: what a step computes is computed once."""
    given = _all_given(belonging(source, name, how, raws), source.raw[how.raw])
    named = {column.removeprefix(_RAW): given[column] for column in given.columns}
    written = source.raw[how.raw]
    spoken = {column: _as_sql_reads(value, written) for column, value in named.items()}
    rules = source.rules_of(table_named(name))
    prefer = rules.duplicates.prefer if rules.duplicates else None
    refused = [(condition.on(spoken), reason) for reason, condition in how.set_aside.items()]
    origins = given.select(
        **{_FROM + column: _origin(column_map, named, spoken) for column, column_map in how.columns.items()},
        **({PREFER: _comparable(prefer.on(spoken))} if prefer is not None else {}),
        **{SET_ASIDE: _first(refused), **{column: given[column] for column in ADDED}},
    )
    values = origins.mutate(**_values(source, name, how, origins))
    unread = [(values[_FROM + column].notnull() & values[column].isnull(), column) for column in how.columns]
    kept = [column for column in values.columns if not column.startswith(_FROM)]
    return values.select(*kept, **{UNREADABLE: _first(unread)})


def _as_sql_reads(value: Any, written: RawTable) -> Any:
    """Numbers in texts as SQL writes them, whatever the raw table's marks are."""
    return reading.plain_numbers(value, written.decimal, written.thousands) if value.type().is_string() else value


def _all_given(raw: Any, written: RawTable) -> Any:
    """Every raw column, null where its text stands for nothing, under a name that no contract column has."""
    own = {_RAW + column: _given(raw[column], written) for column in raw.columns if column not in ADDED}
    return raw.select(**own, **{column: raw[column] for column in ADDED})


def _values(source: SourceSpec, name: str, how: TableMap, origins: Any) -> dict[str, Any]:
    """Every column of the contract and of the source, read as its kind."""
    written = source.raw[how.raw]
    return {
        column: _read(origins[_FROM + column], how.columns[column], kind, written, source)
        if column in how.columns
        else ibis.null(_dtype(kind, source.decimals))
        for column, kind in source.columns(name).items()
    }


def source_rows(raw: Any) -> Any:
    """The rows of a raw table as somebody wrote them: file, number, and a JSON object of texts or the broken line."""
    return raw.select(FILE, ROW, **{SOURCE_ROW: raw[BROKEN].fill_null(_as_json(raw))})


def belonging(source: SourceSpec, name: str, how: TableMap, raws: Mapping[str, Any]) -> Any:
    """The rows of a raw table that belong to the contract table ``name``, with the columns they look up."""
    raw = raws[how.raw]
    for other, lookup in how.lookup.items():
        raw = _looked_up(raw, other, raws[other], lookup, source)
    _require_columns(source, name, how, raw)
    if how.where is None:
        return raw
    written = source.raw[how.raw]
    spoken = {column: _as_sql_reads(_given(raw[column], written), written) for column in raw.columns}
    holds = how.where.on(spoken).fill_null(False)
    return raw.filter(holds | raw[BROKEN].notnull())


def _looked_up(raw: Any, other: str, found: Any, lookup: Lookup, source: SourceSpec) -> Any:
    """``raw`` with the columns of another raw table, null where its key is not there."""
    _require(source, other, list(lookup.on.values()), found)
    _require(source, "the raw table with a lookup", list(lookup.on), raw)
    renamed = found.select(**{f"{other}.{column}": found[column] for column in found.columns if column not in ADDED})
    same = [
        reading.as_text(raw[here]) == reading.as_text(renamed[f"{other}.{there}"]) for here, there in lookup.on.items()
    ]
    return raw.left_join(renamed, same)


def _given(value: Any, written: RawTable) -> Any:
    """A raw value; null where its text stands for nothing, or where a float is not a number."""
    if value.type().is_floating():
        # By its text: DuckDB 2.0 takes ``isnan`` of a Parquet column for false, since the file's statistics leave
        # what is not a number out.
        return ibis.cases((value.cast("string").lower() != "nan", value))
    if not value.type().is_string():
        return value
    text = reading.stripped(value)
    nothing = ((text == one, ibis.null("string")) for one in ("", *written.missing))
    return ibis.cases(*nothing, else_=text)  # rather than isin, of which DuckDB makes a join


def _origin(how: ColumnMap, given: Mapping[str, Any], spoken: Mapping[str, Any]) -> Any:
    """What a column is read from: a raw column, a constant or an expression, after its texts were replaced."""
    if how.sql is not None:
        value = how.sql.on(spoken)
    else:
        value = ibis.literal(how.constant) if how.column is None else given[how.column]
    if not how.values:
        return value
    text = reading.as_text(value)
    named = [(text == raw, ibis.literal(new)) for raw, new in how.values.items() if raw != ELSE]
    rest = ibis.cases((text.notnull(), ibis.literal(how.values[ELSE]))) if ELSE in how.values else text
    return ibis.cases(*named, else_=rest) if named else rest


def _read(value: Any, how: ColumnMap, kind: Kind, written: RawTable, source: SourceSpec) -> Any:
    """``value`` as ``kind``, by way of the kind that the source says it is written in."""
    is_plain = how.column not in (None, *ADDED) and not how.values and value.type().is_string()
    if is_plain and kind is Kind.TEXT and how.kind in (None, kind):
        return value  # `_given` has stripped it
    if how.kind is not None and how.kind != kind:
        value = _as(value, how, how.kind, written, source)
    return _as(value, how, kind, written, source)


def _as(value: Any, how: ColumnMap, kind: Kind, written: RawTable, source: SourceSpec) -> Any:
    match kind:
        case Kind.TEXT:
            return reading.as_text(value)
        case Kind.INTEGER:
            return reading.as_integer(value)
        case Kind.MONEY:
            return reading.as_decimal(value, source.decimals, *_marks(how, written))
        case Kind.NUMBER:
            return reading.as_number(value, *_marks(how, written))
        case Kind.BOOLEAN:
            return reading.as_boolean(value)
        case Kind.TIME:
            return reading_time.as_time(value, pattern=how.pattern, epoch=how.epoch, zone=how.zone or source.zone)


def _marks(how: ColumnMap, written: RawTable) -> tuple[reading.Mark, reading.Group]:
    """How numbers are written: an expression has read them already and writes them with a point."""
    return (written.decimal, written.thousands) if how.sql is None else (".", "")


def _dtype(kind: Kind, decimals: int) -> str:
    return {
        Kind.TEXT: "string",
        Kind.INTEGER: "int64",
        Kind.MONEY: f"decimal(18, {decimals})",
        Kind.NUMBER: "float64",
        Kind.BOOLEAN: "boolean",
        Kind.TIME: "timestamp(6)",
    }[kind]


def _comparable(value: Any) -> Any:
    """Numbers and times by their size, everything else by its text."""
    kind = value.type()
    return value if kind.is_numeric() or kind.is_temporal() else reading.as_text(value)


def _first(branches: list[tuple[Any, str]]) -> Any:
    """The name of the first condition that holds, or null."""
    named = [(condition.fill_null(False), ibis.literal(name)) for condition, name in branches]
    return ibis.cases(*named, else_=ibis.null("string")) if named else ibis.null("string")


def _as_json(raw: Any) -> Any:
    """The raw row as a JSON object of texts, null where a value is missing."""
    columns = [column for column in raw.columns if column not in ADDED]
    pairs = [ibis.literal(f'"{_escaped_name(column)}": ') + _json_text(raw[column]) for column in columns]
    return ibis.literal("{") + functools.reduce(lambda one, two: one + ", " + two, pairs) + "}"


def _escaped_name(name: str) -> str:
    return re.sub(_CONTROL, _REPLACEMENT, functools.reduce(lambda text, pair: text.replace(*pair), _ESCAPED, name))


def _json_text(value: Any) -> Any:
    shown = value.cast("timestamp(6)") if value.type().is_timestamp() else value  # engines show zones differently
    text = functools.reduce(lambda text, pair: text.replace(*pair), _ESCAPED, shown.cast("string"))
    plain = text.re_replace(_CONTROL, _REPLACEMENT)
    return ibis.ifelse(value.isnull(), ibis.literal("null"), ibis.literal('"') + plain + ibis.literal('"'))


@contextmanager
def _in_our_words(source: SourceSpec, name: str) -> Iterator[None]:
    """What an expression or a kind cannot do with the columns that are there."""
    try:
        yield
    except ValueError as error:
        raise ContractError(
            f"Source '{source.name}': tables.{name} cannot be made of its raw columns: {error}.",
            why="Their names or types are others than the source expects; nothing was changed.",
            fix=f"Correct tables.{name} in conf/sources/{source.name}.yaml.",
        ) from error


def _require_columns(source: SourceSpec, name: str, how: TableMap, raw: Any) -> None:
    rules = source.rules_of(table_named(name))
    expressions = [*how.set_aside.values(), *([how.where] if how.where else [])]
    if rules.duplicates and rules.duplicates.prefer:
        expressions.append(rules.duplicates.prefer)
    wanted = [column for column_map in how.columns.values() for column in column_map.needs]
    wanted += [column for expression in expressions for column in expression.columns]
    _require(source, f"tables.{name}", list(dict.fromkeys(wanted)), raw)


def _require(source: SourceSpec, place: str, wanted: list[str], raw: Any) -> None:
    lacking = [column for column in wanted if column not in raw.columns]
    if lacking:
        raise ContractError(
            f"Source '{source.name}': {place} needs the raw column{'s' * (len(lacking) > 1)} {', '.join(lacking)}; "
            f"{_known([column for column in raw.columns if column not in ADDED], lacking)}",
            why="A column that is not there cannot be read; nothing was changed.",
            fix=f"Correct conf/sources/{source.name}.yaml, or the raw file's header.",
        )


def _known(columns: list[str], lacking: list[str]) -> str:
    """Which columns there are; a row in the place of the header is not shown, since it is a customer's."""
    if any(_VALUE.fullmatch(column) for column in columns):
        return "the first line of the raw file looks like a row, not like names."
    folded = {column.lower(): column for column in columns}
    alike = {name: folded[name.lower()] for name in lacking if name.lower() in folded}
    hints = [f" Did you mean '{alike[name]}'?" if name in alike else nearest(name, columns) for name in lacking]
    return f"the raw table has {', '.join(columns)}.{''.join(hints)}"

"""Simple expressions: SQL scalars over the columns of one raw table, compiled to Ibis.

The text is parsed, never passed on: only what `_RULES` and `_FUNCTIONS` name is understood, so an expression cannot
read a file or another table. A new function is one line in one of them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, cast

import ibis
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelines.core.errors import nearest
from pipelines.tables import sql_values as values
from pipelines.tables.reading import as_boolean, as_decimal, as_integer, as_number, as_text
from pipelines.tables.reading_time import as_time
from pipelines.tables.sql_text import ReadFromText

_PREFIX = "SELECT "
_FIRST_OF = "FIRST_OF"
_MARKERS = {"safe", "coalesce", "typed", "ignore_nulls", "nested", "quoted", "_type"}  # sqlglot's notes on a dialect


@dataclass(frozen=True)
class Expression(ReadFromText):
    """A scalar of a raw table's columns, written in SQL.

    Understood are column names (``"quoted"`` where they are no plain words), text, numbers, TRUE, FALSE, NULL,
    ``+ - *``, division by 10, 100, … 1000000, comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL, CASE, CAST and
    the functions that a message about an unknown one lists. ``FIRST_OF(a, b)`` is the first of these columns that
    the raw table has.

    Arithmetic is exact: integers stay integers, everything else has six decimals, rounded half away from zero, and is
    null from 10**12 on. Text beside a number is read as a number; what cannot be read is null.

    Parameters
    ----------
    text : str
        The expression.

    Raises
    ------
    ValueError
        If the text cannot be parsed, or uses what is not supported.

    Examples
    --------
    >>> Expression("quantity * price / 100").columns
    ('quantity', 'price')
    >>> Expression("FIRST_OF(total, amount)").optional_columns
    ('total', 'amount')
    """

    said: ClassVar[str] = "an expression"
    text: str
    columns: tuple[str, ...] = field(init=False, compare=False, repr=False)
    optional_columns: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        tree = _parsed(self.text)
        optional = tuple(dict.fromkeys(name for call in _first_ofs(tree) for name in _names(call)))
        inside = {id(column) for call in _first_ofs(tree) for column in call.find_all(exp.Column)}
        named = (column.name for column in tree.find_all(exp.Column, bfs=False) if id(column) not in inside)
        object.__setattr__(self, "columns", tuple(dict.fromkeys(named)))
        object.__setattr__(self, "optional_columns", optional)
        every = ibis.table(dict.fromkeys((*self.columns, *optional), "string") or {"_": "string"}, name="raw")
        _compiled(tree, every)  # so that problems show when a file is read, not when data arrive

    def __str__(self) -> str:
        return self.text

    def on(self, table: Any) -> Any:
        """The value of the expression for every row.

        Parameters
        ----------
        table : ibis.Table, or mapping of column name to Ibis value
            The raw table.

        Returns
        -------
        ibis Value
            As long as the table has rows.

        Raises
        ------
        ValueError
            If the table lacks a column, or the types of its columns cannot stand together.
        """
        return _compiled(_parsed(self.text), table)


def _parsed(text: str) -> exp.Expression:
    """The tree of one expression.

    Raises
    ------
    ValueError
        If ``text`` is anything else.
    """
    try:
        statements = sqlglot.parse(_PREFIX + text, dialect="duckdb")
    except SqlglotError as error:
        raise ValueError(f"'{text}' is not an expression: {_place(error)}") from error
    query = statements[0] if len(statements) == 1 else None
    others = {name for name, part in query.args.items() if part and name != "expressions"} if query else set()
    if not isinstance(query, exp.Select) or len(query.expressions) != 1 or others:
        raise ValueError(f"'{text}' is not one expression but several, or a whole query")
    if any(node.comments for node in query.walk()):
        raise ValueError(f"'{text}' contains a comment; YAML has its own")
    (tree,) = query.expressions
    return cast(exp.Expression, tree)


def _place(error: SqlglotError) -> str:
    if not (found := getattr(error, "errors", None)):
        return "a quote is not closed"
    return f"at character {max(found[0]['col'] - len(_PREFIX), 1)}, near '{found[0]['highlight']}'"


def _first_ofs(tree: exp.Expression) -> list[exp.Anonymous]:
    return [call for call in tree.find_all(exp.Anonymous) if call.name.upper() == _FIRST_OF]


def _names(call: exp.Anonymous) -> list[str]:
    if not call.expressions or not all(_is_column(column) for column in call.expressions):
        raise ValueError(f"FIRST_OF needs column names, got '{call.sql('duckdb')}'")
    return [column.name for column in call.expressions]


def _is_column(node: exp.Expression) -> bool:
    return isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier) and not node.args.get("table")


def _compiled(node: exp.Expression, table: Any) -> Any:
    """The value of ``node``; every kind of node that is not in `_RULES` is refused."""
    rule = _RULES.get(type(node))
    if rule is None:
        raise _unsupported(node)
    spare = {name for name, part in node.args.items() if part} - set(rule.parts) - _MARKERS
    if spare:
        raise ValueError(
            f"'{node.sql('duckdb')}' is written in a way that is not supported ({', '.join(sorted(spare))})"
        )
    return rule.build(node, table)


def _unsupported(node: exp.Expression) -> ValueError:
    name = node.name if isinstance(node, exp.Anonymous) else node.sql_name() if isinstance(node, exp.Func) else ""
    hint = nearest(name.upper(), _FUNCTIONS) if name else ""
    return ValueError(f"'{node.sql('duckdb')}' is not supported. Functions: {', '.join(_FUNCTIONS)}.{hint}")


@dataclass(frozen=True)
class _Rule:
    """How a kind of node becomes a value, and which of its parts that heeds."""

    build: Callable[[Any, Any], Any]
    parts: tuple[str, ...]


def _of_values(build: Callable[..., Any], *parts: str) -> _Rule:
    """``build`` takes the values of the parts."""

    def built(node: Any, table: Any) -> Any:
        given = (_as_list(node.args.get(part)) for part in parts)
        return build(*(_compiled(inner, table) for inners in given for inner in inners))

    return _Rule(built, parts)


def _as_list(part: Any) -> list[Any]:
    return part if isinstance(part, list) else [] if part is None else [part]


def _column(node: Any, table: Any) -> Any:
    if not _is_column(node):
        raise _unsupported(node)
    known = _columns_of(table)
    if node.name not in known:
        raise ValueError(f"no column '{node.name}'; the table has {', '.join(known)}.{nearest(node.name, known)}")
    return table[node.name]


def _columns_of(table: Any) -> tuple[str, ...]:
    return tuple(table) if isinstance(table, Mapping) else tuple(table.columns)


def _anonymous(node: Any, table: Any) -> Any:
    if node.name.upper() != _FIRST_OF:
        raise _unsupported(node)
    names, known = _names(node), _columns_of(table)
    if not (present := [name for name in names if name in known]):
        raise ValueError(f"none of the columns {', '.join(names)} is in the table, which has {', '.join(known)}")
    return table[present[0]]


def _literal(node: Any, table: Any) -> Any:
    return ibis.literal(node.this) if node.is_string else values.number(node.this)


def _text_in(node: Any) -> str:
    """The text of a literal, where no other text will do."""
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise ValueError(f"'{node.sql('duckdb')}' must be a text such as 'x'")
    return str(node.this)


def _count_in(node: Any, least: int, most: int) -> int:
    """The integer of a literal, where no other value will do."""
    if not isinstance(node, exp.Literal) or node.is_string or not node.this.isdigit():
        raise ValueError(f"'{node.sql('duckdb')}' must be a whole number from {least} to {most}")
    if not least <= int(node.this) <= most:
        raise ValueError(f"{node.this} must lie between {least} and {most}")
    return int(node.this)


def _division(node: Any, table: Any) -> Any:
    by = node.expression.this if isinstance(node.expression, exp.Literal) else ""
    if by not in {str(10**power) for power in range(1, values.SCALE + 1)}:
        raise ValueError(
            f"'{node.sql('duckdb')}': a source divides by 10, 100, … 1000000 only, where the result is exact; "
            "divide after the engine, in the features, or multiply by a decimal"
        )
    return values.arithmetic(operator.mul, _compiled(node.this, table), values.number(str(1 / Decimal(by))))


def _compared(operation: Callable[[Any, Any], Any]) -> _Rule:
    return _of_values(lambda left, right: operation(*values.comparable([left, right])), "this", "expression")


def _calculated(operation: Callable[[Any, Any], Any]) -> _Rule:
    return _of_values(lambda left, right: values.arithmetic(operation, left, right), "this", "expression")


def _is(node: Any, table: Any) -> Any:
    if not isinstance(node.expression, exp.Null):
        raise _unsupported(node)
    return values.is_missing(_compiled(node.this, table))


def _like(node: Any, table: Any) -> Any:
    pattern = _text_in(node.expression)
    if "\\" in pattern:
        raise ValueError(
            f"'{node.sql('duckdb')}': engines differ on a backslash in LIKE; use CONTAINS or REGEXP_MATCHES"
        )
    found = values.text_of(_compiled(node.this, table)).like(pattern)
    return ~found if node.args.get("negate") else found


def _case(node: Any, table: Any) -> Any:
    outcomes = [_compiled(branch.args["true"], table) for branch in node.args["ifs"]]
    default = _compiled(node.args["default"], table) if node.args.get("default") else ibis.null()
    conditions = [_compiled(branch.this, table) for branch in node.args["ifs"]]
    if node.this is None:
        tests = [values.truth(condition) for condition in conditions]
    else:
        given, *known = values.comparable([_compiled(node.this, table), *conditions])
        tests = [given == value for value in known]
    *found, default = values.alike([*outcomes, default])
    return ibis.cases(*zip(tests, found, strict=True), else_=default)


def _substring(node: Any, table: Any) -> Any:
    text = values.text_of(_compiled(node.this, table))
    start = _count_in(node.args["start"], 1, 2**31 - 1) - 1
    length = node.args.get("length")
    return text.substr(start) if length is None else text.substr(start, _count_in(length, 0, 2**31 - 1))


def _split_part(node: Any, table: Any) -> Any:
    delimiter = _text_in(node.args["delimiter"])
    if not delimiter:
        raise ValueError(f"'{node.sql('duckdb')}' has an empty separator")
    place = _count_in(node.args["part_index"], 1, 100)
    return values.part_of(values.text_of(_compiled(node.this, table)), delimiter, place)


def _regexp_matches(node: Any, table: Any) -> Any:
    return values.text_of(_compiled(node.this, table)).re_search(values.portable(_text_in(node.expression)))


def _round(node: Any, table: Any) -> Any:
    decimals = _count_in(node.args["decimals"], 0, values.SCALE) if "decimals" in node.args else 0
    return values.rounded(_compiled(node.this, table), decimals)


def _cast(node: Any, table: Any) -> Any:
    value, kind = _compiled(node.this, table), node.args["to"].this
    if kind == exp.DType.DECIMAL:
        sizes = [parameter.this for parameter in node.args["to"].expressions]
        if len(sizes) != 2:
            raise ValueError(f"'{node.sql('duckdb')}': DECIMAL needs digits and decimals, as in DECIMAL(18, 2)")
        scale = _count_in(sizes[1], 0, 18)
        return as_decimal(value, scale).try_cast(f"decimal({_count_in(sizes[0], max(scale, 1), 18)}, {scale})")
    if kind not in _CASTS:
        raise ValueError(
            f"'{node.sql('duckdb')}': can cast to BIGINT, DECIMAL, DOUBLE, TEXT, BOOLEAN, TIMESTAMP and DATE"
        )
    return _CASTS[kind](value)


_CASTS: dict[Any, Callable[[Any], Any]] = {
    exp.DType.INT: as_integer,
    exp.DType.BIGINT: as_integer,
    exp.DType.DOUBLE: as_number,
    exp.DType.TEXT: as_text,
    exp.DType.BOOLEAN: as_boolean,
    exp.DType.TIMESTAMP: as_time,
    exp.DType.TIMESTAMPNTZ: as_time,
    exp.DType.DATE: lambda value: as_time(value).date(),
}
_TEXTS, _LISTED = ("this", "expression"), ("this", "expressions")


def _of_texts(build: Callable[..., Any], *parts: str) -> _Rule:
    return _of_values(lambda *given: build(*map(values.text_of, given)), *parts)


def _of_alike(build: Callable[..., Any], *parts: str) -> _Rule:
    return _of_values(lambda *given: build(*values.alike(given)), *parts)


_FUNCTIONS: dict[str, tuple[type[exp.Expression], _Rule]] = {
    "COALESCE": (exp.Coalesce, _of_alike(ibis.coalesce, *_LISTED)),
    "NULLIF": (exp.Nullif, _of_alike(lambda value, other: value.nullif(other), *_TEXTS)),
    "LOWER": (exp.Lower, _of_texts(values.lower, "this")),
    "UPPER": (exp.Upper, _of_texts(values.upper, "this")),
    "TRIM": (exp.Trim, _of_texts(lambda text: text.strip(), "this")),
    "LENGTH": (exp.Length, _of_texts(lambda text: text.length().cast("int64"), "this")),
    "SUBSTRING": (exp.Substring, _Rule(_substring, ("this", "start", "length"))),
    "REPLACE": (exp.Replace, _of_texts(lambda text, old, new: text.replace(old, new), *_TEXTS, "replacement")),
    "SPLIT_PART": (exp.SplitPart, _Rule(_split_part, ("this", "delimiter", "part_index"))),
    "STARTS_WITH": (exp.StartsWith, _of_texts(lambda text, start: text.startswith(start), *_TEXTS)),
    "ENDS_WITH": (exp.EndsWith, _of_texts(lambda text, end: text.endswith(end), *_TEXTS)),
    "CONTAINS": (exp.Contains, _of_texts(lambda text, part: text.contains(part), *_TEXTS)),
    "REGEXP_MATCHES": (exp.RegexpLike, _Rule(_regexp_matches, _TEXTS)),
    "CONCAT": (exp.Concat, _of_values(values.joined, "expressions")),
    "ABS": (exp.Abs, _of_values(values.size, "this")),
    "ROUND": (exp.Round, _Rule(_round, ("this", "decimals"))),
    "GREATEST": (exp.Greatest, _of_alike(ibis.greatest, *_LISTED)),
    "LEAST": (exp.Least, _of_alike(ibis.least, *_LISTED)),
    "CAST": (exp.Cast, _Rule(_cast, ("this", "to"))),
    "TRY_CAST": (exp.TryCast, _Rule(_cast, ("this", "to"))),
    _FIRST_OF: (exp.Anonymous, _Rule(_anonymous, ("this", "expressions"))),
}
_RULES: dict[type[exp.Expression], _Rule] = {
    exp.Column: _Rule(_column, ("this", "table")),
    exp.Literal: _Rule(_literal, ("this", "is_string")),
    exp.Boolean: _Rule(lambda node, table: ibis.literal(node.this), ("this",)),
    exp.Null: _Rule(lambda node, table: ibis.null(), ()),
    exp.Paren: _of_values(lambda value: value, "this"),
    exp.Add: _calculated(operator.add),
    exp.Sub: _calculated(operator.sub),
    exp.Mul: _calculated(operator.mul),
    exp.Neg: _of_values(lambda value: values.arithmetic(operator.sub, ibis.literal(0, "int64"), value), "this"),
    exp.Div: _Rule(_division, _TEXTS),
    exp.EQ: _compared(operator.eq),
    exp.NEQ: _compared(operator.ne),
    exp.GT: _compared(operator.gt),
    exp.GTE: _compared(operator.ge),
    exp.LT: _compared(operator.lt),
    exp.LTE: _compared(operator.le),
    exp.And: _of_values(lambda left, right: values.truth(left) & values.truth(right), *_TEXTS),
    exp.Or: _of_values(lambda left, right: values.truth(left) | values.truth(right), *_TEXTS),
    exp.Not: _of_values(lambda value: ~values.truth(value), "this"),
    exp.In: _of_values(values.is_in, *_LISTED),
    exp.Between: _of_values(values.is_between, "this", "low", "high"),
    exp.Like: _Rule(_like, (*_TEXTS, "negate")),
    exp.Is: _Rule(_is, _TEXTS),
    exp.Case: _Rule(_case, ("this", "ifs", "default")),
    exp.DPipe: _of_values(values.joined, *_TEXTS),
    **dict(_FUNCTIONS.values()),
}

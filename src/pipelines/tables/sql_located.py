"""Parts of a longer SQL text, compiled by `Expression`, whose errors say where in the text they are.

A part that is wrong is searched for its smallest part that is wrong by itself; the message names the character at
which that begins, counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import ibis
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelines.tables import sql_values as values
from pipelines.tables.sql import Expression

Node = exp.Expression
Hint = Callable[[Node, str], str]
"""From the part that is wrong, and what is wrong with it, to what is said of it."""
_PREFIX, _DIALECT = "SELECT ", "duckdb"


def tree_of(text: str) -> Node:
    """The tree of one expression.

    Raises
    ------
    ValueError
        If ``text`` is anything else.
    """
    try:
        statements = sqlglot.parse(_PREFIX + text, dialect=_DIALECT)
    except SqlglotError:
        statements = []
    query = statements[0] if len(statements) == 1 else None
    if isinstance(query, exp.Select) and not any(node.comments for node in query.walk()):
        others = [name for name, part in query.args.items() if part and name != "expressions"]
        if len(query.expressions) == 1 and not others:
            return cast(Node, query.expressions[0])
    Expression(text)  # says what is wrong with it
    raise ValueError(f"'{text}' is not one expression")


def columns_of(node: Node) -> tuple[str, ...]:
    """The columns that it names, in their order.

    Examples
    --------
    >>> columns_of(tree_of("a > 2 AND b = a"))
    ('a', 'b')
    """
    return tuple(dict.fromkeys(column.name for column in node.find_all(exp.Column, bfs=False)))


def place_of(node: Node) -> int:
    """The character at which it begins, counted from 1.

    Examples
    --------
    >>> place_of(tree_of("a > 2 AND b = a").expression)
    11
    """
    starts = [one.meta["start"] for one in node.walk() if "start" in one.meta]
    return min(starts) - len(_PREFIX) + 1 if starts else 1


def column_at(name: str, place: int) -> Node:
    """A column that is taken to stand at a character."""
    identifier = exp.to_identifier(name)
    identifier.meta["start"] = place + len(_PREFIX) - 1
    return exp.Column(this=identifier)


def wrong(node: Node, said: str) -> ValueError:
    """The error that says where it is."""
    return ValueError(f"at character {place_of(node)}: {said}")


def written(node: Node) -> str:
    """Its text, in one way of writing."""
    return node.sql(_DIALECT)


def unknown(columns: Iterable[str]) -> Any:
    """A table of these columns, of which nothing is known yet: text can be read as anything."""
    return ibis.table(dict.fromkeys(columns, "string") or {"_": "string"}, name="unknown")


def _as_it_is(node: Node, said: str) -> str:
    return said


def value_of(node: Node, table: Any, hint: Hint = _as_it_is) -> Any:
    """The value of a part for every row of a table.

    Raises
    ------
    ValueError
        If it is wrong, and where.
    """
    try:
        return Expression(written(node)).on(table)
    except ValueError as error:
        part, said = _smallest_wrong(node, table, str(error))
        raise wrong(part, hint(part, said)) from error


def truth_of(node: Node, table: Any, hint: Hint = _as_it_is) -> Any:
    """Whether it is true of every row, never null.

    Raises
    ------
    ValueError
        If it is wrong or no condition, and where.
    """
    value = value_of(node, table, hint)
    if not (value.type().is_boolean() or value.type().is_string()):
        raise wrong(node, f"'{written(node)}' is a {values.kind_of(value) or 'null'}, not a condition")
    return values.truth(value).fill_null(False)


def _smallest_wrong(node: Node, table: Any, said: str) -> tuple[Node, str]:
    for part in _parts(node):
        try:
            Expression(written(part)).on(table)
        except ValueError as error:
            return _smallest_wrong(part, table, str(error))
    return node, said


def _parts(node: Node) -> Iterator[Node]:
    for part in node.iter_expressions():
        if isinstance(part, exp.If):  # a branch of CASE
            yield from _parts(part)
        elif not isinstance(part, exp.Identifier | exp.DataType | exp.Star | exp.Distinct | exp.Where | exp.Null):
            yield part

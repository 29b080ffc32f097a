"""What is counted and summed of groups of rows: the aggregates of a SQL text, compiled to Ibis."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import Any

from sqlglot import exp

from pipelines.core.errors import nearest
from pipelines.tables import sql_values as values
from pipelines.tables.sql_located import Node, column_at, columns_of, place_of, truth_of, value_of, written, wrong

AGO: Mapping[str, timedelta] = {"days_ago": timedelta(days=1), "hours_ago": timedelta(hours=1)}
"""Columns that say how long before the cutoff a row happened, and their units."""
_LONGEST = timedelta(days=36_525)  # a limit beyond it is none
_EXACT = f"decimal(18, {values.SCALE})"


@dataclass(frozen=True)
class Aggregate:
    """One ``COUNT``, ``SUM``, ``MIN`` or ``MAX`` of a `GroupCondition`, under the name that its column gets."""

    name: str
    text: str
    function: str
    is_distinct: bool
    value: Node | None
    where: Node | None

    def over(self, table: Any) -> Any:
        """It over all rows of a group: int64 or decimal(18, 6), or for MIN and MAX what they are of."""
        kept = None if self.where is None else truth_of(self.where, table, hint_of_groups)
        if self.value is None:
            return table.count(where=kept).cast("int64")
        value = value_of(self.value, table, hint_of_groups)
        try:
            return _FUNCTIONS[self.function](value, kept, self.is_distinct)
        except ValueError as error:
            raise wrong(self.value, str(error)) from error

    def before_the_cutoff_is_known(self, table: Any) -> Any | None:
        """Which rows it may count at some cutoff; None if it may be any."""
        parts = [part for part in _conjuncts(self.where) if not set(columns_of(part)) & AGO.keys()]
        return reduce(operator.and_, (truth_of(part, table) for part in parts)) if parts else None

    @property
    def lookback(self) -> timedelta | None:
        """How long before the cutoff a row that it counts can lie at most; None if there is no limit."""
        limits = [limit for part in _conjuncts(self.where) if (limit := _limit(part)) is not None]
        return min(limits, default=None)


def _counted(value: Any, kept: Any, is_distinct: bool) -> Any:
    return (value.nunique(where=kept) if is_distinct else value.count(where=kept)).cast("int64")


def _summed(value: Any, kept: Any, is_distinct: bool) -> Any:
    if values.kind_of(value) in {"truth value", "time"}:
        raise ValueError(f"a {values.kind_of(value)} cannot be summed; count rows instead: COUNT(*) FILTER (WHERE …)")
    if values.kind_of(value) == "whole number":
        return value.cast("int64").sum(where=kept).try_cast("int64")
    return values.exact(value).sum(where=kept).try_cast(_EXACT)


_FUNCTIONS: dict[str, Callable[[Any, Any, bool], Any]] = {
    "COUNT": _counted,
    "SUM": _summed,
    "MIN": lambda value, kept, is_distinct: value.min(where=kept),
    "MAX": lambda value, kept, is_distinct: value.max(where=kept),
}
AGGREGATES = "COUNT, SUM, MIN and MAX"
_GUESS = " Did you mean "  # how `nearest` begins
_NODES: dict[type[Node], str] = {exp.Count: "COUNT", exp.Sum: "SUM", exp.Min: "MIN", exp.Max: "MAX"}


def without_aggregates(tree: Node) -> tuple[Node, tuple[Aggregate, ...]]:
    """The tree with a column in the place of each aggregate, and what those columns are."""
    found: dict[str, Aggregate] = {}

    def replaced(node: Node) -> Node:
        call = node.this if isinstance(node, exp.Filter) else node
        if type(call) not in _NODES:
            return node
        name = found.setdefault(written(node), _aggregate(node, f"aggregate_{len(found)}")).name
        return column_at(name, place_of(node))

    outer = tree.copy().transform(replaced)
    return outer, tuple(found.values())


def _aggregate(node: Node, name: str) -> Aggregate:
    call, where = (node.this, node.expression.this) if isinstance(node, exp.Filter) else (node, None)
    function, inner = _NODES[type(call)], call.this
    is_distinct = isinstance(inner, exp.Distinct)
    given = [*(inner.expressions if is_distinct else [inner]), *call.expressions]
    if len(given) != 1 or given[0] is None or (isinstance(given[0], exp.Star) and function != "COUNT"):
        raise wrong(call, f"{function} needs one value, as in {function}(x)")
    if is_distinct and function != "COUNT":
        raise wrong(call, f"'{written(call)}' is not supported; only COUNT takes DISTINCT")
    value = None if isinstance(given[0], exp.Star) else given[0]
    for part in (value, where):
        if part is not None and (within := part.find(*_NODES)):
            raise wrong(within, f"'{written(within)}' stands inside of another aggregate")
    return Aggregate(name, written(node), function, is_distinct, value, where)


def _conjuncts(where: Node | None) -> list[Node]:
    """The conditions that must all hold."""
    if where is None:
        return []
    if isinstance(where, exp.Paren):
        return _conjuncts(where.this)
    if isinstance(where, exp.And):
        return [*_conjuncts(where.this), *_conjuncts(where.expression)]
    return [where]


def _limit(part: Node) -> timedelta | None:
    """How long ago a row can be, if that is what ``part`` says."""
    if isinstance(part, exp.LTE | exp.LT):
        column, most = part.this, part.expression
    elif isinstance(part, exp.GTE | exp.GT):
        column, most = part.expression, part.this
    elif isinstance(part, exp.Between):
        column, most = part.this, part.args["high"]
    else:
        return None
    if not isinstance(column, exp.Column) or column.name not in AGO or not isinstance(most, exp.Literal):
        return None
    units = min(float(most.name), _LONGEST / AGO[column.name])
    return None if units * AGO[column.name] >= _LONGEST else units * AGO[column.name] + timedelta(microseconds=1)


def hint_of_groups(node: Node, said: str) -> str:
    """What is said of a part of a condition on a group that is wrong: if it is a function, what else there is."""
    if isinstance(node, exp.Avg | exp.Div):
        return f"{said.rstrip('.')}. Instead of SUM(x) / COUNT(x) > 3, write SUM(x) > 3 * COUNT(x)"
    if not isinstance(node, exp.Func) or isinstance(node, exp.Connector):
        return said
    name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
    closest = nearest(name.upper(), _FUNCTIONS)
    return f"{said.partition(_GUESS)[0] if closest else said} Of groups: {AGGREGATES}.{closest}"

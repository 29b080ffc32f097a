"""Conditions in SQL: on the rows of a table, or on what is counted and summed of groups of its rows.

Both are made of `Expression`s, so they can do what those can and reach nothing else. What is wrong with one is said
with the character at which the smallest part that is wrong begins.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import reduce
from typing import Any, ClassVar, cast

import ibis
from sqlglot import exp
from sqlglot.optimizer.simplify import simplify

from pipelines.tables.sql_aggregates import AGGREGATES, Aggregate, hint_of_groups, without_aggregates
from pipelines.tables.sql_located import Node, columns_of, place_of, tree_of, truth_of, unknown, wrong
from pipelines.tables.sql_text import ReadFromText

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


@dataclass(frozen=True)
class Located:
    """A literal that stands in a condition: what it says, where it begins, from 1, and whether it is in quotes."""

    text: str
    place: int
    is_text: bool


@dataclass(frozen=True)
class _Sql(ReadFromText):
    """A text that is read as SQL, and written as text."""

    said: ClassVar[str] = "a condition"
    text: str
    columns: tuple[str, ...] = field(init=False, compare=False, repr=False)
    _tree: Node = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tree", tree_of(self.text))
        object.__setattr__(self, "columns", columns_of(self._tree))

    def __str__(self) -> str:
        return self.text

    def column_place(self, name: str) -> int:
        """The character at which a column is first named, counted from 1."""
        return min(place_of(column) for column in self._tree.find_all(exp.Column) if column.name == name)

    def compared_with(self, name: str) -> tuple[Located, ...]:
        """The literals that a column is compared with: by ``=``, ``<>`` and the like, or as members of ``IN``."""
        found = [one for node in _nodes(self._tree) for one in _literals_beside(node, name)]
        return tuple(Located(literal.name, place_of(literal), literal.is_string) for literal in found)


@dataclass(frozen=True)
class Condition(_Sql):
    """What is true or not of a row, in the SQL of `Expression`; null counts as not.

    Parameters
    ----------
    text : str
        The condition.

    Raises
    ------
    ValueError
        If the text cannot be parsed, uses what is not supported, or is no condition.

    Examples
    --------
    >>> Condition("event_type = 'view' AND page IN ('guide', 'blog')").compared_with("event_type")
    (Located(text='view', place=14, is_text=True),)
    >>> Condition("event_type = 'view' AND LOWR(page) = 'blog'")
    Traceback (most recent call last):
        ...
    ValueError: at character 25: 'LOWR(page)' is not supported. Functions: COALESCE, ... Did you mean 'LOWER'?
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.on(unknown(self.columns))

    def on(self, table: Any) -> Any:
        """Whether it is true of each row.

        Parameters
        ----------
        table : ibis.Table
            Has its columns.

        Returns
        -------
        ibis boolean column
            Never null.

        Raises
        ------
        ValueError
            If the table lacks a column, or the types of its columns cannot stand together.
        """
        return truth_of(self._tree, table)


@dataclass(frozen=True)
class GroupCondition(_Sql):
    """What is true or not of a group of rows, such as all events of a customer, in SQL.

    Besides what an `Expression` understands: ``COUNT(*)``, ``COUNT(x)``, ``COUNT(DISTINCT x)``, ``SUM(x)``, ``MIN(x)``
    and ``MAX(x)``, each with ``FILTER (WHERE …)`` after it if not all rows count. As in SQL, a sum of nothing is null,
    and what is compared with null is not true.

    Parameters
    ----------
    text : str
        The condition.

    Raises
    ------
    ValueError
        If the text cannot be parsed, uses what is not supported, names a column outside of an aggregate, or is no
        condition.

    Examples
    --------
    >>> often = GroupCondition("COUNT(DISTINCT session_id) FILTER (WHERE days_ago <= 7) > 5")
    >>> often.columns, often.lookback.days, often.may_hold_of_nothing
    (('session_id', 'days_ago'), 7, False)
    >>> GroupCondition("COUNT(*) FILTER (WHERE event_type = 'purchase') = 0").may_hold_of_nothing
    True
    >>> GroupCondition("COUNT(*) > 3 AND amount > 5")
    Traceback (most recent call last):
        ...
    ValueError: at character 18: the column 'amount' stands outside of COUNT, SUM, MIN and MAX
    """

    aggregates: tuple[Aggregate, ...] = field(init=False, compare=False, repr=False)
    _outer: Node = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        outer, found = without_aggregates(self._tree)
        object.__setattr__(self, "_outer", outer)
        object.__setattr__(self, "aggregates", found)
        groups = self.over(unknown(self.columns), ())
        names = [name for name in columns_of(outer) if name not in groups.columns]
        self.holds(groups.mutate(**dict.fromkeys(names, ibis.literal(""))))
        for column in outer.find_all(exp.Column):
            if column.name in names:
                raise wrong(column, f"the column '{column.name}' stands outside of {AGGREGATES}")
        if not found:
            raise ValueError(f"'{self.text}' says nothing of a group; count or sum with {AGGREGATES}")

    @property
    def lookback(self) -> timedelta | None:
        """How long before the cutoff a row that is counted can lie at most; None if there is no limit."""
        limits = [one.lookback for one in self.aggregates]
        return None if None in limits else max(cast(list[timedelta], limits))

    @property
    def may_hold_of_nothing(self) -> bool:
        """Whether it can be true of a group without rows, as ``COUNT(*) = 0`` is."""
        counts = {one.name for one in self.aggregates if one.function == "COUNT"}
        return _may_hold(self._outer, counts)

    def rows(self, table: Any) -> Any:
        """The rows that count at some cutoff."""
        kept = [one.before_the_cutoff_is_known(table) for one in self.aggregates]
        return table if any(one is None for one in kept) else table.filter(reduce(operator.or_, kept))

    def over(self, table: Any, by: Iterable[str], **more: Any) -> Any:
        """One row per group, with its aggregates as columns.

        Parameters
        ----------
        table : ibis.Table
            Has the columns that are named.
        by : iterable of str
            What groups are told apart by.
        **more : ibis values
            Further aggregates of the same groups.

        Raises
        ------
        ValueError
            If the table lacks a column, or the types of its columns cannot stand together.
        """
        found = {one.name: one.over(table) for one in self.aggregates} | more
        return table.aggregate(found or {"n_rows": table.count()}, by=tuple(by))

    def of_nothing(self, groups: Any) -> Any:
        """Groups that an outer join left without rows: their counts are zero."""
        counts = [one.name for one in self.aggregates if one.function == "COUNT"]
        return groups.mutate(**{name: groups[name].fill_null(0) for name in counts}) if counts else groups

    def holds(self, groups: Any) -> Any:
        """Whether it is true of each group, never null.

        Parameters
        ----------
        groups : ibis.Table
            From `over`.

        Raises
        ------
        ValueError
            If the types of aggregates cannot stand together.
        """
        try:
            return truth_of(self._outer, groups, hint_of_groups)
        except ValueError as error:
            raise ValueError(self._in_their_words(str(error))) from error

    def _in_their_words(self, said: str) -> str:
        """A message with the aggregates as they were written."""
        for one in reversed(self.aggregates):
            said = said.replace(one.name, one.text)
        return said


def _nodes(tree: Node) -> list[Node]:
    return [node for node in tree.walk() if isinstance(node, exp.Expression)]


def _literals_beside(node: Node, name: str) -> list[Node]:
    sides = [*node.iter_expressions()] if isinstance(node, (*_COMPARISONS, exp.In, exp.Between)) else []
    if not any(isinstance(side, exp.Column) and side.name == name for side in sides):
        return []
    return [side for side in sides if isinstance(side, exp.Literal)]


def _may_hold(node: Node, counts: set[str]) -> bool:
    """Whether a condition can be true where every count is zero and all else is null; True if that is hard to tell."""
    if isinstance(node, exp.Paren):
        return _may_hold(node.this, counts)
    if isinstance(node, exp.And):
        return _may_hold(node.this, counts) and _may_hold(node.expression, counts)
    if isinstance(node, exp.Or):
        return _may_hold(node.this, counts) or _may_hold(node.expression, counts)
    if not isinstance(node, (*_COMPARISONS, exp.Between)) or node.find(exp.Func):
        return True
    if not set(columns_of(node)) <= counts:
        return False
    zeros = node.transform(lambda one: exp.Literal.number(0) if isinstance(one, exp.Column) else one)
    found = simplify(zeros)
    return not (isinstance(found, exp.Boolean) and not found.this)

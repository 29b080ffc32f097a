"""Conditions mean what SQL says, reach nothing but their rows, and say where they are wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import ibis
import pytest
from pydantic import BaseModel, ValidationError

from pipelines.tables.sql_conditions import Condition, GroupCondition
from pipelines.tables.sql_located import place_of, tree_of

ROWS = {
    "who": ["a", "a", "a", "b", "b", "c"],
    "kind": ["view", "buy", "buy", "view", None, "view"],
    "thing": ["x", "x", "y", "x", "x", None],
    "n": [1, 2, 3, None, 5, -1],
    "days_ago": [1.5, 7.0, 7.1, 2.0, 3.0, 100.0],
}


def holds(text: str) -> set[str]:
    """Of whom the condition is true."""
    table, condition = ibis.memtable(ROWS), GroupCondition(text)
    groups = condition.over(condition.rows(table), ["who"])
    return set(groups.filter(condition.holds(groups)).to_pandas().who)


@pytest.mark.parametrize(
    ("text", "whom"),
    [
        ("COUNT(*) > 1", {"a", "b"}),
        ("count(*) filter (where kind = 'buy') >= 2", {"a"}),
        ("COUNT(thing) = 2", {"b"}),
        ("COUNT(DISTINCT thing) = 2", {"a"}),
        ("COUNT(DISTINCT thing) FILTER (WHERE kind = 'buy' AND days_ago <= 7) = 1", {"a"}),
        ("SUM(n) = 6", {"a"}),
        ("SUM(n * 2) FILTER (WHERE kind IS NULL) = 10", {"b"}),
        ("SUM(n) FILTER (WHERE kind = 'buy') < 100", {"a"}),
        ("MIN(days_ago) < 2 AND MAX(days_ago) > 7", {"a"}),
        ("SUM(n) > COUNT(*)", {"a", "b"}),
        ("2 * COUNT(*) FILTER (WHERE kind = 'view') = COUNT(*) OR SUM(n) < 0", {"b", "c"}),
        ("COUNT(*) BETWEEN 2 AND 2", {"b"}),
        ("COUNT(*) NOT IN (1, 2)", {"a"}),
        ("CASE WHEN COUNT(*) > 2 THEN TRUE ELSE SUM(n) < 0 END", {"a", "c"}),
        ("NOT COUNT(*) > 1", {"c"}),
    ],
)
def test_a_condition_on_a_group_means_what_sql_says(text, whom):
    assert holds(text) == whom


def test_a_condition_on_a_row_is_never_null():
    found = ibis.memtable(ROWS).mutate(it=lambda table: Condition("kind = 'view' OR n > 4").on(table))

    assert found.to_pandas().it.tolist() == [True, False, False, True, True, True]


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("COUNT(*) > 0", False),
        ("COUNT(*) >= 0", True),
        ("COUNT(*) = 0", True),
        ("SUM(n) < 10", False),
        ("COALESCE(SUM(n), 0) < 10", True),
        ("COUNT(*) = 0 AND SUM(n) < 10", False),
        ("(COUNT(*) > 5) OR SUM(n) IS NULL", True),
        ("COUNT(*) > 3 * COUNT(DISTINCT n)", False),
        ("MAX(n) BETWEEN 1 AND 2", False),
        ("COUNT(*) BETWEEN 0 AND 2", True),
        ("NOT COUNT(*) > 3", True),
    ],
)
def test_whether_it_can_be_true_of_nothing_is_known(text, may):
    assert GroupCondition(text).may_hold_of_nothing == may


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("COUNT(*) FILTER (WHERE days_ago <= 7) > 5", 7),
        ("COUNT(*) FILTER (WHERE n > 3 AND (hours_ago < 36 AND days_ago < 9)) > 5", 1.5),
        ("COUNT(*) FILTER (WHERE 7 >= days_ago) > SUM(n) FILTER (WHERE days_ago BETWEEN 7 AND 14)", 14),
        ("COUNT(*) FILTER (WHERE days_ago <= 7) > COUNT(*)", None),
        ("COUNT(*) FILTER (WHERE days_ago <= 7 OR n > 3) > 5", None),
        ("COUNT(*) FILTER (WHERE NOT days_ago <= 7) > 5", None),
        ("COUNT(*) FILTER (WHERE days_ago > 7) > 5", None),
        ("COUNT(*) FILTER (WHERE days_ago < n) > 5", None),
        ("COUNT(*) FILTER (WHERE days_ago <= 99999999999) > 5", None),
    ],
)
def test_how_far_it_looks_back_is_known(text, days):
    lookback = GroupCondition(text).lookback

    assert lookback == (None if days is None else timedelta(days=days, microseconds=1))


WRONG = [
    ("COUNT(*) > 5 AND (", r"at character 18, near '\('"),
    ("COUNT(*) > 5; DROP TABLE x", "several, or a whole query"),
    ("COUNT(*) > 5 -- many", "contains a comment"),
    ("COUNT(*) > (SELECT 1)", "at character 20: 'SELECT 1'"),
    ("CONUT(*) > 3", r"at character 1: 'CONUT\(\*\)' .* Of groups: COUNT, SUM, MIN and MAX. Did you mean 'COUNT'\?$"),
    (
        "COUNT(*) FILTER (WHERE LOWR(x) = 'a') > 3",
        r"at character 24: 'LOWR\(x\)' is not supported.*'LOWER'\? Of groups",
    ),
    ("AVG(x) > 3", r"at character 1: .*write SUM\(x\) > 3 \* COUNT\(x\)$"),
    ("SUM(x) / COUNT(*) > 3", r"at character 1: 'SUM\(x\) / COUNT\(\*\)': .*write SUM\(x\) > 3"),
    ("COUNT(*) > 3 AND x > 5", "at character 18: the column 'x' stands outside of COUNT, SUM, MIN and MAX"),
    ("SUM(COUNT(*)) > 2", r"at character 5: 'COUNT\(\*\)' stands inside of another aggregate"),
    ("SUM(DISTINCT x) > 1", "only COUNT takes DISTINCT"),
    ("COUNT(DISTINCT a, b) > 1", "COUNT needs one value"),
    ("SUM(*) > 1", "SUM needs one value"),
    ("COUNT(*) OVER () > 3", "is not an expression"),
    ("COUNT(*)", r"'COUNT\(\*\)' is a whole number, not a condition"),
    ("COUNT(*) > 'many'", "at character 1: 'many' stands where a number is needed"),
    ("TRUE", "says nothing of a group"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_wrong_condition_says_where_and_what(text, said):
    with pytest.raises(ValueError, match=said):
        GroupCondition(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a > 3 AND b > ", "at character 13, near '>'"),
        ("a > 3 AND LOWR(b) = 'x'", r"at character 11: 'LOWR\(b\)'.*Did you mean 'LOWER'\?$"),
        ("a > 3 AND COUNT(*) > 2", r"at character 11: 'COUNT\(\*\)' is not supported"),
        ("a > 3 OR CASE WHEN b = 1 THEN FOO(a) ELSE TRUE END", r"at character 31: 'FOO\(a\)'"),
        ("a * 2", "'a \\* 2' is a number, not a condition"),
    ],
)
def test_a_wrong_condition_on_a_row_does_too(text, said):
    with pytest.raises(ValueError, match=said):
        Condition(text)


def test_types_are_checked_against_the_table():
    table = ibis.table({"at": "timestamp", "n": "int64", "is_old": "boolean"}, name="rows")

    with pytest.raises(ValueError, match="at character 11: a time and a whole number cannot stand together"):
        Condition("n > 3 AND at > 5").on(table)
    with pytest.raises(ValueError, match="at character 5: a time cannot be summed"):
        GroupCondition("SUM(at) > 5").over(table, ())
    with pytest.raises(ValueError, match="a time and a whole number"):
        GroupCondition("MAX(at) > 5").holds(GroupCondition("MAX(at) > 5").over(table, ()))
    with pytest.raises(ValueError, match="no column 'm'; the table has at, n, is_old"):
        Condition("n > 3 AND m > 5").on(table)


def test_literals_and_columns_have_places():
    condition = GroupCondition("COUNT(*) FILTER (WHERE kind IN ('a', 'b') OR 'c' <> kind) > SUM(n)")

    assert [(one.text, one.place) for one in condition.compared_with("kind")] == [("a", 33), ("b", 38), ("c", 46)]
    assert condition.column_place("n") == 65
    assert place_of(tree_of("TRUE")) >= 1


class Holder(BaseModel):
    group: GroupCondition
    row: Condition


def test_a_condition_is_read_from_text_and_written_as_text():
    given: dict[str, Any] = {"group": "COUNT(*) > 1", "row": "a = 'x'"}
    held = Holder.model_validate(given)

    assert held.model_dump(mode="json") == given
    assert Holder.model_validate(held.model_dump()) == held
    assert str(held.row) == "a = 'x'"
    with pytest.raises(ValidationError, match="needs a condition, as text"):
        Holder.model_validate({**given, "row": 5})

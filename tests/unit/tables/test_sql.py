"""Simple expressions mean what SQL says, exactly and alike on both engines, and reach nothing but their table."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import ibis
import pyarrow as pa
import pytest
from pydantic import BaseModel, ValidationError

from pipelines.tables.sql import Expression
from pipelines.tables.sql_values import portable

ROWS = [
    ("3", "2.50", "a,b,c", " Tea ", 2, Decimal("1.005"), 1.005, True, datetime(2020, 1, 1, 10)),  # noqa: DTZ001
    ("x", "1e3", "", "Straße", -7, Decimal("-2.500"), float("nan"), False, datetime(2021, 5, 1)),  # noqa: DTZ001
    (None,) * 9,
    ("9" * 12, "9" * 12, "a,b", "a\nb", 2**63 - 1, Decimal("9.999"), 0.1 + 0.2, True, datetime(2019, 1, 1)),  # noqa: DTZ001
]
NAMES = ("q", "p", "s", "n", "i", "d", "f", "b", "t")
TYPES = [*[pa.string()] * 4, pa.int64(), pa.decimal128(10, 3), pa.float64(), pa.bool_(), pa.timestamp("us")]


def raw() -> pa.Table:
    columns = [pa.array(column, dtype) for column, dtype in zip(zip(*ROWS, strict=True), TYPES, strict=True)]
    return pa.table([*columns, pa.array(range(len(ROWS)))], names=[*NAMES, "place"])


@pytest.fixture(scope="module")
def spark_table() -> Iterator[tuple[Any, Any]]:
    if find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("PySpark and Java are not both installed")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "1")
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    session.createDataFrame(raw()).createOrReplaceTempView("raw")
    yield session, ibis.pyspark.connect(session).table("raw")
    session.stop()


@pytest.fixture(params=["duckdb", "pyspark"])
def found(request: pytest.FixtureRequest) -> Callable[[Iterable[str]], dict[str, list[Any]]]:
    """What expressions are for each of `ROWS`, on either engine."""
    session, table = (
        request.getfixturevalue("spark_table") if request.param == "pyspark" else (None, ibis.memtable(raw()))
    )

    def values(texts: Iterable[str]) -> dict[str, list[Any]]:
        named = {f"value_{place}": Expression(text).on(table) for place, text in enumerate(texts)}
        query = table.select("place", **named).order_by("place")
        if session is None:
            columns = query.to_pyarrow().to_pydict()
        else:
            rows = session.sql(ibis.to_sql(query, dialect="pyspark")).collect()
            columns = {name: [row[name] for row in rows] for name in named}
        return {text: columns[name] for text, name in zip(texts, named, strict=True)}

    return values


def decimals(*written: str | None) -> list[Decimal | None]:
    return [None if one is None else Decimal(one).quantize(Decimal("0.000001")) for one in written]


EXACT = {
    "q * p": decimals("7.5", None, None, None),
    "d * d": decimals("1.010025", "6.25", None, "99.980001"),
    "q + p": decimals("5.5", None, None, None),
    "f * 2": decimals("2.01", None, None, "0.6"),
    "q * p * d": decimals("7.5375", None, None, None),
    "p / 100": decimals("0.025", "10", None, "9999999999.99"),
    "1 - d": decimals("-0.005", "3.5", None, "-8.999"),
    "ROUND(d, 2)": decimals("1.01", "-2.5", None, "10"),
    "ABS(d)": decimals("1.005", "2.5", None, "9.999"),
    "COALESCE(q, 0)": decimals("3", "0", "0", "9" * 12),
    "LEAST(d, p)": decimals("1.005", "-2.5", None, "9.999"),
    "CASE WHEN b THEN i ELSE p END": decimals("2", "1000", None, None),
}
INTEGERS = {
    "i * i": [4, 49, None, None],
    "i + 1": [3, -6, None, None],
    "-i": [-2, 7, None, 1 - 2**63],
    "ABS(i)": [2, 7, None, 2**63 - 1],
    "CASE q WHEN 3 THEN 1 ELSE 0 END": [1, 0, 0, 0],
    "LENGTH(n)": [5, 6, None, 3],
    "CAST(q AS INTEGER)": [3, None, None, 10**12 - 1],
}
TRUTHS = {
    "q = 3": [True, None, None, False],
    "q > 2.5 AND b": [True, False, None, True],
    "NOT b OR f > 1": [True, True, None, False],
    "t > '2020-01-01'": [True, True, None, False],
    "t BETWEEN '2020-01-01' AND '2020-12-31'": [True, False, None, False],
    "q IN ('3', 'x')": [True, True, None, False],
    "i NOT IN (2, -7)": [False, False, None, True],
    "n LIKE 'a%b'": [False, False, None, True],
    "n NOT LIKE '%e%'": [False, False, None, True],
    "f IS NULL": [False, True, True, False],
    "q IS NOT NULL": [True, True, False, True],
    "STARTS_WITH(q, 'x') OR ENDS_WITH(s, 'c')": [True, True, None, False],
    "CONTAINS(n, 'e')": [True, True, None, False],
    "REGEXP_MATCHES(n, '^a\\s.$')": [False, False, None, True],
    "CAST(t AS DATE) = '2020-01-01'": [True, False, None, False],
}
TEXTS = {
    "LOWER(TRIM(n))": ["tea", "straße", None, "a\nb"],
    "UPPER(n)": [" TEA ", "STRAẞE", None, "A\nB"],
    "SUBSTRING(n, 2, 2) || '!'": ["Te!", "tr!", None, "\nb!"],
    "REPLACE(s, ',', ';')": ["a;b;c", "", None, "a;b"],
    "SPLIT_PART(s, ',', 2)": ["b", "", None, "b"],
    "SPLIT_PART(s, ',b', 1)": ["a", "", None, "a"],
    "CONCAT(i, d, b)": ["21.005true", "-7-2.500false", None, "92233720368547758079.999true"],
    "NULLIF(q, 'x')": ["3", None, None, "9" * 12],
    "FIRST_OF(absent, q)": ["3", "x", None, "9" * 12],
    "'it''s \\ ok'": ["it's \\ ok"] * 4,
    "CASE WHEN i > 0 THEN 'in' WHEN i < 0 THEN 'out' END": ["in", "out", None, "in"],
}
OTHERS = {
    "TRY_CAST(p AS DOUBLE)": [2.5, 1000.0, None, 1e12 - 1],
    "CAST(p AS DECIMAL(10, 1))": [Decimal("2.5"), Decimal("1000.0"), None, None],
    "CAST(t AS DATE)": [date(2020, 1, 1), date(2021, 5, 1), None, date(2019, 1, 1)],
    "TIMESTAMP '2020-01-01 10:00'": [datetime(2020, 1, 1, 10)] * 4,  # noqa: DTZ001
}


@pytest.mark.parametrize("known", [EXACT, INTEGERS, TRUTHS, TEXTS, OTHERS])
def test_expressions_mean_what_they_say(found, known):
    assert {text: repr(value) for text, value in found(known).items()} == {
        text: repr(one) for text, one in known.items()
    }


REFUSED = {
    "q / 3": "a source divides by 10, 100, … 1000000 only",
    "LOWR(q)": "Did you mean 'LOWER'?",
    "read_csv('/etc/passwd')": "is not supported. Functions: COALESCE",
    "(SELECT 1)": "is not supported",
    "q IN (SELECT 1)": "is written in a way that is not supported (query)",
    "SUM(q) OVER ()": "is not supported",
    "q -> 1": "is not supported",
    "?": "is not supported",
    "*": "is not supported",
    "a.b": "is not supported",
    "now()": "is not supported",
    "q, p": "is not one expression but several",
    "q FROM t": "or a whole query",
    "q; SELECT 1": "is not one expression",
    "": "is not one expression",
    "q -- why": "contains a comment",
    "q +": "is not an expression: at character 3, near '+'",
    "'q": "a quote is not closed",
    "q = NULL": "use IS NULL",
    "1 = 'abc'": "'abc' stands where a number is needed",
    "TRUE < 1": "a truth value and a whole number cannot stand together",
    "TRUE + 1": "a truth value cannot be computed with",
    "1.1234567": "has too many digits",
    "q LIKE p": "'p' must be a text",
    "q LIKE 'a\\%'": "engines differ on a backslash",
    "SUBSTRING(q, 0)": "0 must lie between 1 and",
    "SPLIT_PART(q, '', 1)": "has an empty separator",
    "CAST(q AS INT[])": "can cast to BIGINT",
    "CAST(q AS DECIMAL(38, 2))": "38 must lie between 2 and 18",
    "FIRST_OF(LOWER(q))": "FIRST_OF needs column names",
    "REGEXP_MATCHES(q, 'a', 'i')": "not supported (flag)",
}


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_refused_when_it_is_read(text):
    with pytest.raises(ValueError, match=re.escape(REFUSED[text])):
        Expression(text)


@pytest.mark.parametrize("pattern", ["(?i)a", "(a)\\1", "a++", "(?=a)", "\\bq", "[a&&b]", "[[:alpha:]]", "[\\S]"])
def test_regular_expression_that_engines_read_differently_is_refused(pattern):
    with pytest.raises(ValueError, match="does not mean the same on every engine"):
        portable(pattern)


def test_columns_are_named_once_in_order_and_with_their_case():
    expression = Expression('CASE WHEN Total > "unit price" THEN Total ELSE FIRST_OF(a, "B c") END')

    assert (expression.columns, expression.optional_columns) == (("Total", "unit price"), ("a", "B c"))


def test_missing_column_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=re.escape("no column 'pric'; the table has price. Did you mean 'price'?")):
        Expression("pric * 2").on({"price": ibis.literal(1)})
    with pytest.raises(ValueError, match="none of the columns a, b is in the table, which has price"):
        Expression("FIRST_OF(a, b)").on({"price": ibis.literal(1)})


class Holder(BaseModel):
    made_from: Expression


def test_expression_in_a_file_is_text_that_is_checked_when_it_is_read():
    holder = Holder.model_validate_json('{"made_from": "q * 2"}')

    assert holder.made_from == Expression("q * 2")
    assert Holder.model_validate(holder.model_dump()) == Holder(made_from=holder.made_from) == holder
    assert holder.model_dump_json() == '{"made_from":"q * 2"}'
    with pytest.raises(ValidationError, match="is not an expression"):
        Holder.model_validate({"made_from": "q *"})
    with pytest.raises(ValidationError, match="needs an expression, as text"):
        Holder.model_validate({"made_from": 1})

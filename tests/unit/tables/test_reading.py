"""Values are read into the same types, to the last digit, by both engines; Python's own types are the oracle."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from importlib.util import find_spec
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines.tables.reading import as_boolean, as_decimal, as_integer, as_number, as_text
from pipelines.tables.reading_time import Form, as_time, clock_of

Read = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    if find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("PySpark and Java are not both installed")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "1")
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def on_duckdb(function: Callable[[Any], Any], values: list[Any], dtype: pa.DataType) -> list[Any]:
    table = ibis.memtable(pa.table({"place": range(len(values)), "value": pa.array(values, dtype)}))
    return table.select("place", read=function(table.value)).order_by("place").to_pyarrow()["read"].to_pylist()


def on_pyspark(session: Any, function: Callable[[Any], Any], values: list[Any], dtype: pa.DataType) -> list[Any]:
    rows = pa.table({"place": range(len(values)), "value": pa.array(values, dtype)})
    session.createDataFrame(rows).createOrReplaceTempView("raw")
    table = ibis.pyspark.connect(session).table("raw")
    sql = ibis.to_sql(table.select("place", read=function(table.value)), dialect="pyspark")
    return [row["read"] for row in session.sql(sql).orderBy("place").collect()]


@pytest.fixture(params=["duckdb", "pyspark"])
def read(request: pytest.FixtureRequest) -> Read:
    """What a function of reading makes of values of a raw type, on either engine."""
    session = request.getfixturevalue("spark") if request.param == "pyspark" else None

    def values_read(function: Callable[[Any], Any], values: list[Any], dtype: pa.DataType | None = None) -> list[Any]:
        dtype = dtype or pa.string()
        if session is None:
            return on_duckdb(function, values, dtype)
        return on_pyspark(session, function, values, dtype)

    return values_read


def expected(read: Read, function: Callable[[Any], Any], wanted: dict[Any, Any], dtype: Any = None) -> None:
    found = read(function, list(wanted), dtype)

    assert dict(zip(wanted, map(repr, found), strict=True)) == {value: repr(one) for value, one in wanted.items()}


def test_text_is_stripped_and_empty_text_is_null(read):
    expected(read, as_text, {" a b\t": "a b", "": None, " \n": None, "0012": "0012"})


def test_text_of_floats_has_no_needless_decimals(read):
    wanted = {12345.0: "12345", -0.0: "0", 7.5: "7.5", 1e-6: "0.000001", 1e-7: None, 0.1 + 0.2: None, 2.0**53: None}

    expected(read, as_text, wanted | {math.inf: None}, pa.float64())


def test_text_of_other_types(read):
    expected(read, as_text, {12: "12", -3: "-3"}, pa.int64())
    expected(read, as_text, {True: "true", False: "false"}, pa.bool_())
    expected(read, as_text, {Decimal("12.000"): "12", Decimal("7.500"): "7.500"}, pa.decimal128(20, 3))
    expected(read, as_text, {date(2020, 1, 31): "2020-01-31"}, pa.date32())
    expected(read, as_text, {datetime(2020, 1, 31, 10): "2020-01-31 10:00:00"}, pa.timestamp("us"))  # noqa: DTZ001


def test_integers_are_read_and_nothing_is_rounded(read):
    written = {"12": 12, "+12": 12, " 12 ": 12, "12.00": 12, "12.": 12, "-0": 0, "1.5": None, "1e3": None, "abc": None}
    extreme = {str(2**63 - 1): 2**63 - 1, str(-(2**63)): -(2**63), str(2**63): None, "": None, "1\u2028": None}

    expected(read, as_integer, written | extreme | {"0" * 40 + "7": 7, "\u0661": None, "1_000": None, ".": None})


def test_integers_of_other_types(read):
    expected(
        read, as_integer, {12.0: 12, 1.5: None, 2.0**53 - 1: 2**53 - 1, 9.3e18: None, math.inf: None}, pa.float64()
    )
    expected(read, as_integer, {Decimal("12.000"): 12, Decimal("12.500"): None}, pa.decimal128(20, 3))
    expected(read, as_integer, {True: 1, False: 0}, pa.bool_())
    expected(read, as_integer, {date(2020, 1, 1): None}, pa.date32())


def test_decimal_with_another_mark_is_null_and_never_a_part_of_the_number(read):
    plain = {"1,234.50": None, "12,50": None, "12.50": Decimal("12.50"), "$5": None, "1.2.3": None, "NaN": None}
    exponents = {"1e3": Decimal("1000.00"), "1.5E-2": Decimal("0.02"), "1e99": None, "1e": None}

    expected(read, lambda value: as_decimal(value, 2), plain | exponents)


def test_decimals_in_the_notation_that_a_source_declares(read):
    german = {"1.234,50": Decimal("1234.50"), "12,50": Decimal("12.50"), "1.23,4": None, "12.5": None}
    french = {"1 234,50": Decimal("1234.50"), "1\u202f234": Decimal("1234.00"), "12 34": None}

    expected(read, lambda value: as_decimal(value, 2, ",", "."), german)
    expected(read, lambda value: as_decimal(value, 2, ",", " "), french)
    expected(read, lambda value: as_number(value, ".", "'"), {"1'234.5": 1234.5, "1\u2019234": 1234.0, "1,5": None})


def test_decimals_round_half_away_from_zero_and_end_at_18_digits(read):
    wanted = {"1.005": "1.01", "-1.005": "-1.01", "0.00499999999999999999999": "0.00", "9" * 16: "9" * 16 + ".00"}
    known = {text: Decimal(number) for text, number in wanted.items()}

    expected(read, lambda value: as_decimal(value, 2), known | {"9999999999999999.995": None, "1" + "0" * 16: None})


def test_decimals_of_other_types(read):
    def in_cents(value):
        return as_decimal(value, 2)

    floats = {0.1 + 0.2: "0.30", -0.125: "-0.13", 9007199254740992.0: "9007199254740992.00", 1e17: None}

    expected(read, in_cents, {one: text and Decimal(text) for one, text in floats.items()}, pa.float64())
    expected(read, in_cents, {math.inf: None, math.nan: None}, pa.float64())
    expected(read, in_cents, {Decimal("-7.005"): Decimal("-7.01")}, pa.decimal128(20, 3))
    expected(read, in_cents, {5: Decimal("5.00"), 2**62: None}, pa.int64())


def test_numbers_are_finite(read):
    wanted = {
        "1e400": None,
        "1e-400": 0.0,
        "4.9e-324": 5e-324,
        "inf": None,
        "1.7976931348623157e308": 1.7976931348623157e308,
    }

    expected(read, as_number, wanted)
    expected(read, as_number, {math.inf: None, 0.1: 0.1, 1.7976931348623157e308: 1.7976931348623157e308}, pa.float64())
    expected(read, as_number, {Decimal("99999999999999999.999"): 1e17, Decimal("0.100"): 0.1}, pa.decimal128(20, 3))


def test_truth_values_in_any_case(read):
    words = {"TRUE": True, "t": True, "Yes": True, " y ": True, "1": True, "No": False, "F": False, "0": False}

    expected(read, as_boolean, words | {"2": None, "on": None, "": None})
    expected(read, as_boolean, {1.0: True, 0.0: False, 0.5: None}, pa.float64())


@pytest.mark.parametrize(("mark", "group"), [(";", ""), (",", ","), (".", "_")])
def test_unknown_notation_is_refused(mark, group):
    with pytest.raises(ValueError, match=re.escape(f"got mark {mark!r} and group {group!r}")):
        as_decimal(ibis.literal("1"), 2, mark, group)


@pytest.mark.parametrize("function", [as_text, as_integer, as_number, as_boolean, as_time])
def test_type_from_which_nothing_is_read_is_refused(function):
    with pytest.raises(ValueError, match="a raw column of type array<int8> cannot be read"):
        function(ibis.literal([1]))


def stamps(known: dict[str, str | None]) -> dict[str, datetime | None]:
    return {text: moment and datetime.fromisoformat(moment) for text, moment in known.items()}


def test_moments_in_iso_8601_with_offsets_row_by_row(read):
    written = {
        "2020-01-31": "2020-01-31",
        " 2020-01-31T10:00 ": "2020-01-31T10:00",
        "2020-01-31 10:00:00.123456789": "2020-01-31T10:00:00.123456",
        "2020-01-31T10:00Z": "2020-01-31T10:00",
        "2020-01-31 10:00:00 UTC": "2020-01-31T10:00",
        "2020-01-31 10:00:00+01:30": "2020-01-31T08:30",
        "2020-01-31 10:00:00.5-0130": "2020-01-31T11:30:00.5",
        "2020-01-31 00:10 +01": "2020-01-30T23:10",
        "2020-01-31 00:10-00:30": "2020-01-31T00:40",
    }

    expected(read, as_time, stamps(written))


def test_moments_that_do_not_exist_are_null(read):
    texts = [
        "2020-02-30",
        "2020-01-31 24:00",
        "2020-01-31 10:60",
        "2020-13-01",
        "9999-12-31",
        "1899-12-31",
        "31.1.2020",
    ]

    expected(read, as_time, dict.fromkeys(texts))
    expected(read, as_time, {20200131: None}, pa.int64())
    expected(read, as_time, {date(9999, 12, 31): None, date(2020, 1, 1): datetime(2020, 1, 1)}, pa.date32())  # noqa: DTZ001


PATTERNS = {
    "%d.%m.%Y": {"31.1.2020": "2020-01-31", "30.02.2020": None, "31/1/2020": None},
    "%m/%d/%y %I:%M %p": {"1/31/20 12:05 am": "2020-01-31T00:05", "12/1/69 12:00 PM": "1969-12-01T12:00"},
    "%d %b %Y, %H:%M:%S.%f": {"3 JAN 2020, 4:05:06.7": "2020-01-03T04:05:06.7", "3 Foo 2020, 4:05:06.7": None},
    "%B %d, %Y": {"August 3, 2020": "2020-08-03", "Augu\u017ft 3, 2020": None},
    "%d/%b/%Y:%H:%M:%S %z": {"10/Oct/2000:13:55:36 -0700": "2000-10-10T20:55:36"},
    "%Y%m%d%H%M%S%z": {"20200131100000Z": "2020-01-31T10:00", "20200131100000": None},
    "100%% (%Y)[%m]%d": {"100% (2020)[1]2": "2020-01-02"},
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_moments_in_the_pattern_that_a_source_declares(read, pattern):
    expected(read, lambda value: as_time(value, pattern=pattern), stamps(PATTERNS[pattern]))


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("%d.%m.%Y %j", "'%j' in the pattern '%d.%m.%Y %j' is not supported; supported: %Y, %y, %m"),
        ("%d %m %m %Y", "'%m' stands more than once"),
        ("%d.%m.", "needs exactly one of %Y, %y"),
        ("%d.%m.%Y %I", "needs either %H, or %I together with %p"),
        ("%d.%m.%Y %", "'%' in the pattern '%d.%m.%Y %' is not supported"),
    ],
)
def test_pattern_that_cannot_be_followed_is_refused(pattern, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        Form.of(pattern)


def test_moments_counted_since_1970(read):
    by_unit = {
        "s": {1580465400: "2020-01-31T10:10", -5: "1969-12-31T23:59:55", 10**12: None},
        "ms": {1580465400123: "2020-01-31T10:10:00.123"},
        "us": {-1: "1969-12-31T23:59:59.999999"},
        "ns": {1580465400123456789: "2020-01-31T10:10:00.123456", 7: "1970-01-01", -1001: "1969-12-31T23:59:59.999999"},
    }
    for unit, known in by_unit.items():
        expected(read, lambda value, unit=unit: as_time(value, epoch=unit), stamps(known), pa.int64())
    expected(read, lambda value: as_time(value, epoch="s"), stamps({"60.0": "1970-01-01T00:01", "1.5": None}))


def changes_of(zone: str) -> list[int]:
    clock = clock_of(zone)
    return [at for by_year in clock.changes for at in by_year if at < 2**40]


@pytest.mark.parametrize(
    "zone", ["Europe/London", "America/New_York", "Africa/Casablanca", "Asia/Kolkata", "Etc/GMT+5"]
)
def test_clocks_of_a_zone_are_read_as_python_reads_them(read, zone):
    around = [-3601, -3600, -1, 0, 1, 3600]
    start = datetime(1970, 1, 1)  # noqa: DTZ001
    every = [at + step for at in changes_of(zone) for step in around] + list(range(-(2**31), 2**32, 10**7))
    moments = [start + timedelta(seconds=second) for second in every]
    wanted = [moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None) for moment in moments]

    assert read(lambda value: as_time(value, zone=zone), [str(moment) for moment in moments]) == wanted
    assert read(lambda value: as_time(value, zone=zone), moments[:50], pa.timestamp("us")) == wanted[:50]


def test_zone_does_not_touch_what_has_an_offset(read):
    known = {"2020-07-01 10:00": "2020-07-01T09:00", "2020-07-01 10:00Z": "2020-07-01T10:00"}

    expected(read, lambda value: as_time(value, zone="Europe/London"), stamps(known))


def test_unknown_zone_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=re.escape("no time zone 'Europe/Londn'; ")) as error:
        clock_of("Europe/Londn")

    assert str(error.value).endswith("Did you mean 'Europe/London'?")


def test_pattern_and_epoch_exclude_each_other():
    with pytest.raises(ValueError, match="needs either a pattern or an epoch, not both"):
        as_time(ibis.literal("1"), pattern="%Y%m%d", epoch="s")


NUMBERS = st.one_of(
    st.from_regex(re.compile(r"[+-]?[0-9]{0,20}[.,]?[0-9]{0,12}([eE][+-]?[0-9]{1,3})?", re.ASCII), fullmatch=True),
    st.integers(-(2**70), 2**70).map(str),
    st.text(alphabet="0123456789.,+-eE _'x\u00a0", max_size=8),
)


BATCHES = settings(
    max_examples=5,
    phases=[Phase.generate],  # one of hundreds fails: nothing is gained by fewer
    suppress_health_check=[HealthCheck.large_base_example, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def integer_of(text: str) -> int | None:
    text = text.strip(" ")
    found = re.fullmatch(r"([+-]?[0-9]+)(\.0*)?", text)
    return int(found[1]) if found and -(2**63) <= int(found[1]) < 2**63 else None


def decimal_of(text: str) -> Decimal | None:
    text = text.strip(" ")
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        return None
    if "e" in text.lower() and len(re.match(r"[+-]?([0-9]*)", text)[1]) > 18:
        return None
    try:
        found = Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return abs(found) if not found else found if abs(found) < 10**16 else None


@BATCHES
@given(texts=st.lists(NUMBERS, min_size=100, max_size=200))
def test_numbers_are_read_as_python_reads_them(texts):
    assert on_duckdb(as_integer, texts, pa.string()) == [integer_of(text) for text in texts]
    assert on_duckdb(lambda value: as_decimal(value, 2), texts, pa.string()) == [decimal_of(text) for text in texts]


MOMENTS = st.builds(
    lambda moment, form, offset: form.format(moment) + offset,
    st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30)),  # noqa: DTZ001
    st.sampled_from(["{:%Y-%m-%d %H:%M:%S.%f}", "{:%Y-%m-%dT%H:%M}", "{:%Y-%m-%d %H:%M:%S}", "{:%Y-%m-3%d %H:%M}"]),
    st.sampled_from(["", "Z", "+01:00", "-0930", "+14", " UTC", "+25:00"]),
)


def moment_of(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace(" UTC", "Z"))
    except ValueError:
        return None
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


@BATCHES
@given(texts=st.lists(MOMENTS, min_size=100, max_size=200))
def test_moments_are_read_as_python_reads_them(texts):
    assert on_duckdb(as_time, texts, pa.string()) == [moment_of(text) for text in texts]

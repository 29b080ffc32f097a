from __future__ import annotations

import pytest

from pipelines.core.errors import ConfigError
from pipelines.tables.raw import MISSING, RawTable, format_of


def refusal(**fields):
    with pytest.raises(ConfigError) as error:
        RawTable.read(fields, "raw")
    return str(error.value)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"path": []},
        {"path": "a.csv", "simulated": "events"},
        {"path": "a.csv", "database": "SHOP_URL", "table": "sales"},
    ],
)
def test_raw_table_has_one_place(fields):
    assert "needs one of path, database, simulated" in refusal(**fields)


@pytest.mark.parametrize("fields", [{"database": "SHOP_URL"}, {"path": "a.csv", "table": "sales"}])
def test_database_and_table_belong_together(fields):
    assert "database and table belong together" in refusal(**fields)


def test_url_of_a_database_is_no_place_for_a_source():
    assert "database: String should match pattern" in refusal(database="postgres://u:secret@host/shop", table="sales")


def test_one_path_is_a_list_of_one():
    assert RawTable(path="a.csv") == RawTable(path=["a.csv"])
    assert RawTable(path=["a.csv", "b.csv"]).path == ("a.csv", "b.csv")


@pytest.mark.parametrize("name", ["utf-8", "cp1252", "latin-1", "utf-16"])
def test_encodings_that_python_knows_are_taken(name):
    assert RawTable(path="a.csv", encoding=name).encoding == name


def test_unknown_encoding_is_refused_with_common_ones():
    assert "encoding: no such encoding; common ones are utf-8, cp1252" in refusal(path="a.csv", encoding="utf8000")


def test_decimal_and_thousands_are_told_apart():
    assert "decimal and thousands are both ','" in refusal(path="a.csv", decimal=",", thousands=",")


@pytest.mark.parametrize("field", ["delimiter", "quote"])
def test_marks_are_single_characters(field):
    assert f"{field}: String should have at most 1 character" in refusal(path="a.csv", **{field: "||"})


@pytest.mark.parametrize("url", ["http://example.org/a.csv", "file:///etc/passwd", "https:/a"])
def test_downloads_come_over_https(url):
    assert "download.url: String should match pattern" in refusal(path="a.csv", download={"url": url})


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("a.parquet", "parquet"),
        ("a.PQ", "parquet"),
        ("2019-11.csv.gz", "csv"),
        ("a.tsv", "csv"),
        ("a.txt", "csv"),
        ("Sales.XLSX", "workbook"),
        ("a.xls", "workbook"),
        ("a.json", None),
        ("csv", None),
    ],
)
def test_format_is_told_by_the_suffix(name, known):
    assert format_of(name) == known


def test_na_is_a_text_like_any_other():
    assert "NA" not in MISSING

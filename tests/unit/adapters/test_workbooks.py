from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from pipelines.adapters import workbooks
from pipelines.core.errors import ContractError
from support.workbook import Day, write_workbook


@pytest.fixture
def read(tmp_path):
    """The rows that a workbook becomes, as tuples."""

    def rows(**sheets):
        write_workbook(tmp_path / "sales.xlsx", sheets)
        workbooks.to_parquet(tmp_path / "sales.xlsx", tmp_path / "staged.parquet")
        return [tuple(row.values()) for row in pq.read_table(tmp_path / "staged.parquet").to_pylist()]

    return rows


def test_sheets_of_the_same_header_stand_below_each_other(read):
    found = read(May=[["id", "paid"], ["a", 1.5]], Notes=[], June=[[], [], ["id", " paid "], ["b", 2], ["c"]])

    assert found == [
        ("a", "1.5", "sales.xlsx#May", 2, None),
        ("b", "2", "sales.xlsx#June", 4, None),
        ("c", None, "sales.xlsx#June", 5, None),
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (17850, "17850"),
        (17850.0, "17850"),
        ("007", "007"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e20, "1e+20"),
        (Day(43466), "2019-01-01"),
        (Day(43466.5), "2019-01-01T12:00:00"),
        (True, "True"),
        (" x ", " x "),
        ("", None),
        (None, None),
    ],
)
def test_cells_become_texts(read, cell, text):
    assert read(Sheet=[["id", "cell"], ["a", cell]])[0][1] == text


def test_empty_rows_are_left_out_and_the_others_keep_their_numbers(read):
    found = read(Sheet=[["id"], ["a"], [], [""], ["b"], []])

    assert [(row[0], row[2]) for row in found] == [("a", 2), ("b", 5)]


def test_row_wider_than_the_header_is_a_broken_line(read):
    found = read(Sheet=[["id", "paid", None], ["a", 1, None], ["b", 2, "?"]])

    assert found == [("a", "1", "sales.xlsx#Sheet", 2, None), (None, None, "sales.xlsx#Sheet", 3, "b\t2\t?")]


def test_long_sheets_are_written_in_pieces(read, monkeypatch):
    monkeypatch.setattr(workbooks, "_CHUNK", 3)
    found = read(Sheet=[["id"], *([number] for number in range(10))])

    assert [(row[0], row[2]) for row in found] == [(str(number), number + 2) for number in range(10)]


def test_header_alone_is_a_table_without_rows(read):
    assert read(Sheet=[["id", "paid"]]) == []


def test_sheet_of_another_header_is_refused(read):
    with pytest.raises(ContractError) as error:
        read(May=[["id", "paid"], ["a", 1]], June=[["id", "price"], ["b", 2]])

    assert str(error.value) == (
        "sales.xlsx: the sheet 'June' has the columns id, price, those before it id, paid. Sheets are read below each "
        "other. Fix: Save the sheets as separate CSV files and map each as its own raw table."
    )


def test_workbook_without_a_header_is_refused(read):
    with pytest.raises(ContractError, match=r"sales\.xlsx has no sheet with a header\."):
        read(May=[], June=[[None], [""]])


def test_names_that_are_the_same_are_refused(read):
    with pytest.raises(ContractError, match=r"sales\.xlsx names ID, id more than once in its header\."):
        read(May=[["id", "ID"]])


@pytest.mark.parametrize("content", [b"", b"id,paid\n", b"PK\x03\x04 and no more", None])
def test_what_is_no_workbook_is_refused(tmp_path, content):
    write_workbook(tmp_path / "sales.xlsx", {"May": [["id"], *([number] for number in range(999))]})
    whole = (tmp_path / "sales.xlsx").read_bytes()
    (tmp_path / "sales.xlsx").write_bytes(whole[: len(whole) // 2] if content is None else content)

    with pytest.raises(ContractError, match=r"sales\.xlsx cannot be read as a workbook \((Calamine|Zip)Error\)"):
        workbooks.to_parquet(tmp_path / "sales.xlsx", tmp_path / "staged.parquet")

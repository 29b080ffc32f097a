from __future__ import annotations

import gzip
import hashlib

import pyarrow.parquet as pq
import pytest

from pipelines.adapters import csv_files
from pipelines.core.errors import ContractError
from pipelines.tables.raw import RawTable


@pytest.fixture
def read(tmp_path):
    """The rows that a CSV file becomes."""

    def rows(content, name="sales.csv", **written):
        path, target = tmp_path / name, tmp_path / "staged.parquet"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        csv_files.to_parquet(path, RawTable(path=name, **written), target)
        return pq.read_table(target)

    return rows


def listed(table):
    """Rows as tuples, in the order of the file."""
    return sorted((tuple(row.values()) for row in table.to_pylist()), key=lambda row: row[-2])


TWO = [("1", "ä", 1, None), ("2", "b", 2, None)]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-8-sig", "UTF8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("cp1252", "cp1252"),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_encodings_line_ends_and_gzip_give_the_same_rows(read, encoding, declared, ends, is_packed):
    content = ends.join(["id,name", "1,ä", "2,b", ""]).encode(encoding)
    name = "SALES.CSV.GZ" if is_packed else "SALES.CSV"
    table = read(gzip.compress(content) if is_packed else content, name, encoding=declared)

    assert table.column_names == ["id", "name", "_row", "_broken"]
    assert listed(table) == TWO


def test_last_line_needs_no_line_end(read):
    assert listed(read("id,name\n1,ä\n2,b")) == TWO


def test_empty_lines_are_no_rows(read):
    assert listed(read("\n\n,\nid,name\n\n1,ä\n\n\n2,b\n\n")) == TWO


@pytest.mark.parametrize("name", ["sales.tsv", "sales.TSV", "sales.tsv.gz"])
def test_a_tab_divides_tsv_files(read, name):
    content = "id\tname\n1\tä\n2\tb\n".encode()

    assert listed(read(gzip.compress(content) if name.endswith("gz") else content, name)) == TWO


def test_line_ends_delimiters_and_doubled_quotes_stand_within_quotes(read):
    found = read('id,name\r\n1,"a\r\nb, ""c"""\r\n2,\r\n3,""\r\n')

    assert listed(found) == [("1", 'a\r\nb, "c"', 1, None), ("2", "", 2, None), ("3", "", 3, None)]


def test_header_may_run_over_lines(read):
    assert read('"customer\nid",name\n1,a\n').column_names[:2] == ["customer\nid", "name"]


def test_lines_of_another_number_of_fields_keep_their_text_and_number(read):
    found = read('id,name\n1,a\n2\n\n3,"b\nc"\n4,x,y\n5,e\n6,f,\n')

    assert listed(found) == [
        ("1", "a", 1, None),
        (None, None, 2, "2"),
        ("3", "b\nc", 3, None),
        (None, None, 4, "4,x,y"),
        ("5", "e", 5, None),
        (None, None, 6, "6,f,"),
    ]


def test_numbers_go_on_from_block_to_block(read, monkeypatch):
    monkeypatch.setattr(csv_files, "_BLOCK", 64)
    lines = [f"{number}" if number % 7 in (0, 1) else f"{number},x" for number in range(1, 301)]
    rows = listed(read("id,name\n" + "\n".join(lines) + "\n"))

    assert [row[2] for row in rows] == list(range(1, 301))
    assert [row[0] or row[3] for row in rows] == [str(number) for number in range(1, 301)]


def test_file_of_nothing_but_broken_lines_has_them_all(read, monkeypatch):
    monkeypatch.setattr(csv_files, "_BLOCK", 64)
    rows = listed(read("id,name\n" + "1,2,3\n" * 100))

    assert rows == [(None, None, number, "1,2,3") for number in range(1, 101)]


@pytest.mark.parametrize("content", ["id,name", "id,name\n", "\ufeffid,name\r\n\r\n"])
def test_header_alone_is_a_table_without_rows(read, content):
    found = read(content)

    assert (found.num_rows, found.column_names) == (0, ["id", "name", "_row", "_broken"])


@pytest.mark.parametrize("content", ["", "\ufeff", "\n\n", " , \n"])
def test_file_without_a_header_is_refused(read, content):
    with pytest.raises(ContractError, match=r"sales\.csv is empty: it has no header\."):
        read(content)


def test_blanks_around_names_are_cut_and_columns_without_one_get_one(read):
    assert read(" id ,\tname,\n1,a,x\n").column_names[:3] == ["id", "name", "column_3"]


@pytest.mark.parametrize("header", ["id,id", "id,ID", "id,_row", ",column_1", " id,id"])
def test_names_that_are_the_same_are_refused(read, header):
    with pytest.raises(ContractError, match=r"sales\.csv names .* more than once in its header\."):
        read(f"{header}\n1,2\n")


def test_other_delimiter_is_told(read):
    with pytest.raises(ContractError) as error:
        read("id\tname\n1\ta\n", "sales.txt")

    assert str(error.value) == (
        "sales.txt has one column with the delimiter ',', and '\\t' stands in its header. "
        "Its lines would not be divided into columns. Fix: Declare delimiter: \"\\t\" under 'raw' in the source file, "
        "if all its files have it."
    )
    assert listed(read("id\tname\n1\tä\n2\tb\n", "sales.txt", delimiter="\t")) == TWO


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('id,name\n1,"a\n2,b\n3,c\n', 2),
        ('id,name\n1,a\n2,"b', 3),
        ('id,name\n1,"a\n2,"b"\n3,"c"\n', 2),
        ('id,name\n1,5" nail\n2,"b\n3,"c"\n', 3),
        ('id,name\n1,"a\n' + "2,b\n" * 100_000, 2),
    ],
)
def test_quotation_mark_that_is_not_closed_is_refused_with_its_line(read, content, line):
    with pytest.raises(ContractError, match=rf"sales\.csv: a quotation mark in line {line} is opened and not closed"):
        read(content)


def test_quotation_mark_that_is_not_closed_for_megabytes_is_refused(read, monkeypatch):
    monkeypatch.setattr(csv_files, "_BLOCK", 1 << 16)
    with pytest.raises(ContractError, match="a quotation mark in line 2 is opened"):
        read('id,name\n1,"a\n' + "2,b\n" * 100_000)


def test_header_that_is_not_closed_is_refused(read):
    with pytest.raises(ContractError, match=r"sales\.csv cannot be read as CSV \(Error\)"):
        read('id,"name\n1,2\n')


def test_marks_within_a_line_are_taken_as_they_stand(read):
    found = read('id,name\n1,5" nail\n2,"so "called" b"\n3,"c"\n')

    assert listed(found) == [("1", '5" nail', 1, None), ("2", 'so called" b"', 2, None), ("3", "c", 3, None)]


def test_other_quote_can_be_declared(read):
    assert listed(read("id,name\n1,'a,b'\n2,5\"\n", quote="'")) == [("1", "a,b", 1, None), ("2", '5"', 2, None)]


@pytest.mark.parametrize("marks", [{"delimiter": "¦"}, {"quote": "«"}])
def test_marks_beyond_ascii_are_refused(read, marks):
    with pytest.raises(ContractError, match="The delimiter or the quote is not an ASCII character"):
        read("id,name\n", **marks)


@pytest.mark.parametrize("ahead", [0, (1 << 20) - 1, 1 << 20, 3 << 20])
def test_bytes_that_the_encoding_does_not_know_are_told_with_their_place(read, ahead):
    start = b"id\n" + b"x" * (ahead - 4) + b"\n" if ahead else b""
    with pytest.raises(ContractError, match=rf"sales\.csv is not utf-8: the byte at position {ahead:,} cannot"):
        read(start + b"\xe4\n")


def test_text_that_ends_within_a_character_is_refused(read):
    with pytest.raises(ContractError, match=r"is not utf-8: the byte at position 4 cannot be decoded"):
        read("id\n1ä".encode()[:-1])


def test_utf16_without_a_mark_is_told(read):
    with pytest.raises(ContractError, match=r"has NUL bytes in its header\. .* Declare encoding: utf-16-le"):
        read("id,name\n1,a\n".encode("utf-16-le"))


def test_nul_bytes_within_values_stay(read):
    assert listed(read("id,name\n1,a\0b\n")) == [("1", "a\0b", 1, None)]


def test_long_lines_are_read_up_to_a_limit(read):
    assert read("id,name\n1," + "x" * 3_000_000 + "\n")["name"][0].as_py() == "x" * 3_000_000
    with pytest.raises(ContractError, match="or has a line of 4 MB or more"):
        read("id,name\n1," + "x" * 9_000_000 + "\n2,b\n")


@pytest.mark.parametrize("keep", [0.3, 0.99])
def test_gzip_that_is_cut_off_is_refused(read, keep):
    packed = gzip.compress("\n".join(["id,name", *(f"{i},{i * 7919 % 1009}" for i in range(100_000))]).encode())
    with pytest.raises(ContractError, match=r"sales\.csv\.gz cannot be read as CSV \(EOFError\)"):
        read(packed[: int(len(packed) * keep)], "sales.csv.gz")


def test_file_that_only_claims_to_be_gzip_is_refused(read):
    with pytest.raises(ContractError, match=r"sales\.csv\.gz cannot be read as CSV \(BadGzipFile\)"):
        read("id\n1\n", "sales.csv.gz")


def test_gzip_that_is_damaged_is_refused(read):
    packed = bytearray(gzip.compress(b"id\n" + b"".join(b"%d\n" % (i * 7919 % 1009) for i in range(9_999))))
    packed[500:600] = bytes(100)
    with pytest.raises(ContractError, match=r"sales\.csv\.gz cannot be read as CSV \((error|BadGzipFile)\)"):
        read(bytes(packed), "sales.csv.gz")


def test_digest_is_that_of_the_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"one")

    assert csv_files.digest_of(tmp_path / "x") == hashlib.sha256(b"one").hexdigest()

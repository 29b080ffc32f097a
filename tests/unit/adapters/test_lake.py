from __future__ import annotations

import ibis
import pandas as pd
import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.core.errors import BusyError, ConfigError, ContractError, NotEnoughDataError
from pipelines.core.windows import day_moment
from support.tables import manifest, source

OLD, NEW = "1" * 64, "2" * 64


def table(*values):
    return ibis.memtable({"x": list(values)})


@pytest.fixture
def lake(tmp_path):
    return FileLake(tmp_path / "data", tmp_path, DuckDBEngine())


@pytest.fixture
def stored(lake):
    """A lake that holds one published version."""
    lake.store("shop", OLD, {"events": table(1, 2)})
    lake.publish(manifest(OLD))
    return lake


def values(lake):
    return lake.columns(lake.table("shop", "events"))["x"].tolist()


def folders(tmp_path):
    return sorted(path.name for path in (tmp_path / "data" / "lake" / "shop").iterdir() if path.is_dir())


def test_published_table_can_be_read(stored):
    assert values(stored) == [1, 2]
    assert stored.manifest("shop") == stored.find_manifest("shop") == manifest(OLD)


def test_store_says_how_many_rows_each_table_has(lake):
    assert lake.store("shop", OLD, {"events": table(1, 2), "customers": table(1)}) == {"events": 2, "customers": 1}


def test_stored_tables_are_not_seen_before_they_are_published(stored):
    stored.store("shop", NEW, {"events": table(3)})

    assert (values(stored), stored.manifest("shop").data_digest) == ([1, 2], OLD)


def test_publishing_swaps_the_tables_and_clears_the_old_ones(stored, tmp_path):
    stored.store("shop", NEW, {"events": table(3)})
    stored.publish(manifest(NEW))

    assert (values(stored), stored.manifest("shop").data_digest) == ([3], NEW)
    assert folders(tmp_path) == [NEW[:16]]


def test_failure_while_storing_leaves_the_old_tables_as_they_were(stored, tmp_path):
    broken = ibis.memtable({"x": ["not a number"]}).select(x=ibis._.x.cast("int64"))
    with pytest.raises(ContractError, match=r"The engine could not read a table \(ConversionException\)"):
        stored.store("shop", NEW, {"events": table(3), "products": broken})

    assert (values(stored), stored.manifest("shop").data_digest) == ([1, 2], OLD)
    assert not (tmp_path / "data" / "lake" / "shop" / NEW[:16]).exists()


def test_store_can_be_tried_again_after_a_failure(stored, tmp_path):
    broken = ibis.memtable({"x": ["not a number"]}).select(x=ibis._.x.cast("int64"))
    with pytest.raises(ContractError, match=r"The engine could not read a table \(ConversionException\)"):
        stored.store("shop", NEW, {"products": broken})
    stored.store("shop", NEW, {"events": table(3)})
    stored.publish(manifest(NEW))

    assert values(stored) == [3]
    assert folders(tmp_path) == [NEW[:16]]


def test_failure_while_publishing_leaves_the_old_tables_as_they_were(stored, monkeypatch):
    stored.store("shop", NEW, {"events": table(3)})
    monkeypatch.setattr("pathlib.Path.replace", _full_disk)
    with pytest.raises(OSError, match="disk is full"):
        stored.publish(manifest(NEW))

    assert (values(stored), stored.manifest("shop").data_digest) == ([1, 2], OLD)


def _full_disk(*_):
    raise OSError("disk is full")


def test_what_a_killed_process_left_is_cleared_by_the_next_publication(stored, tmp_path):
    home = tmp_path / "data" / "lake" / "shop"
    (home / "draft-4711-abc").mkdir()
    (home / "manifest.4711.json").write_text("{", encoding="utf-8")
    stored.publish(manifest(OLD))

    assert folders(tmp_path) == [OLD[:16]]
    assert not (home / "manifest.4711.json").exists()


def test_two_cannot_write_one_source_at_once(lake):
    with lake.writing("shop"), pytest.raises(BusyError) as error, lake.writing("shop"):
        pass

    assert "Another process is ingesting 'shop'." in str(error.value)
    with lake.writing("shop"):
        pass  # free again once the first has ended


def test_a_manifest_of_another_version_is_refused_in_words(lake, tmp_path):
    home = tmp_path / "data" / "lake" / "shop"
    home.mkdir(parents=True)
    (home / "manifest.json").write_text('{"source": "shop"}', encoding="utf-8")

    with pytest.raises(ConfigError, match="manifest.json has .* problems"):
        lake.find_manifest("shop")


def test_source_that_was_not_ingested_says_what_to_run(lake):
    with pytest.raises(NotEnoughDataError) as error:
        lake.manifest("shop")

    assert str(error.value) == (
        "The source 'shop' has not been ingested yet. There is no log to learn from. "
        "Fix: Run: regulars ingest --source shop"
    )
    assert lake.find_manifest("shop") is None


def test_scores_of_a_cutoff_are_replaced_and_those_of_others_kept(lake, tmp_path):
    for day, score in ((3, 0.1), (4, 0.2), (3, 0.3)):
        lake.write_scores("churn", day_moment(day), pd.DataFrame({"score": [score]}))
    folder = tmp_path / "data" / "scores" / "churn"
    found = {file.name: pd.read_parquet(file)["score"].tolist() for file in folder.iterdir()}

    assert found == {"cutoff=1970-01-04.parquet": [0.3], "cutoff=1970-01-05.parquet": [0.2]}


def test_failure_while_writing_scores_leaves_the_old_ones(lake):
    path = lake.write_scores("churn", day_moment(3), pd.DataFrame({"score": [0.1]}))
    mixed = pd.DataFrame({"score": [0.2, "high"]})
    with pytest.raises(Exception, match="Conversion failed for column score"):
        lake.write_scores("churn", day_moment(3), mixed)

    assert pd.read_parquet(path)["score"].tolist() == [0.1]
    assert [file for file in path.parent.glob("*.parquet") if not file.name.startswith(".")] == [path]


def test_missing_raw_file_is_refused_with_its_place(lake):
    with pytest.raises(ContractError) as error:
        lake.raw(source())

    assert str(error.value) == (
        "Source 'shop': the raw table 'sales' is not at sales.parquet. There is nothing to ingest. "
        "Fix: Install the package or correct raw.sales.path in conf/sources/shop.yaml."
    )


@pytest.mark.parametrize(
    "path",
    [
        "package:no_such_package/x.parquet",
        "package:pandas/no_such_file.parquet",
        "package:/x",
        "package:no_such.inner/x",
    ],
)
def test_missing_file_of_a_package_is_refused(lake, path):
    with pytest.raises(ContractError, match="the raw table 'sales' is not at package:"):
        lake.raw_digests(source(raw={"sales": {"path": path}}))


@pytest.mark.parametrize("content", [b"", b"this is not parquet", b"PAR1 and no more"])
def test_raw_file_that_is_not_parquet_is_refused(lake, tmp_path, content):
    (tmp_path / "sales.parquet").write_bytes(content)

    with pytest.raises(ContractError, match=r"Source 'shop': sales\.parquet cannot be read \(") as error:
        lake.raw(source())
    assert str(error.value).endswith("It is the raw table 'sales'. Fix: Give a whole Parquet or CSV file.")


def test_raw_file_that_was_cut_off_is_refused(lake, tmp_path):
    pd.DataFrame({"x": range(1_000)}).to_parquet(tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "sales.parquet").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ContractError, match=r"sales\.parquet cannot be read"):
        lake.raw(source())


@pytest.mark.parametrize("name", ["sales.csv", "sales.parquet"])
def test_raw_files_are_read_by_their_suffix(lake, tmp_path, name):
    frame = pd.DataFrame({"who": ["a", "b"], "paid": [1.5, 2.0]})
    frame.to_csv(tmp_path / name, index=False) if name.endswith("csv") else frame.to_parquet(tmp_path / name)
    columns = lake.columns(lake.raw(source(raw={"sales": {"path": name}}))["sales"])

    as_read = {key: column.astype(str).tolist() for key, column in columns.items()}  # CSV stays text: no guesses
    assert as_read == {"who": ["a", "b"], "paid": ["1.5", "2.0"]}


def test_raw_digest_changes_with_the_file(lake, tmp_path):
    (tmp_path / "sales.parquet").write_bytes(b"one")
    one = lake.raw_digests(source())
    (tmp_path / "sales.parquet").write_bytes(b"two")

    assert one != lake.raw_digests(source())
    assert one == {"sales": "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"}


def test_table_is_written_in_the_order_of_its_expression(lake):
    shuffled = ibis.memtable({"x": [3, 1, 2]})
    lake.store("shop", OLD, {"events": shuffled.order_by("x")})
    lake.publish(manifest(OLD))

    assert values(lake) == [1, 2, 3]

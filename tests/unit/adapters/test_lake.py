from __future__ import annotations

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.core.errors import BusyError, ConfigError, ContractError, NotEnoughDataError
from pipelines.core.windows import day_moment
from pipelines.tables.contract import EVENTS
from pipelines.tables.parts import Part
from support.tables import held, manifest, source
from support.tables import part as part_manifest

OLD, NEW, NEWEST = "1" * 64, "2" * 64, "3" * 64
BROKEN = ibis.memtable({"x": ["no number"]}).select(x=ibis._.x.cast("int64"))


def table(*values):
    return ibis.memtable({"x": list(values)})


def part(digest):
    return Part(EVENTS, (), digest)


@pytest.fixture
def lake(tmp_path):
    return FileLake(tmp_path / "data", tmp_path, DuckDBEngine())


@pytest.fixture
def home(tmp_path):
    return tmp_path / "data/lake/shop"


def write(lake, digest, *values, left_out=()):
    """A part of the table of events."""
    written = part_manifest(digest, n_read=len(values), n_accepted=len(values))
    with lake.draft("shop", part(digest)) as draft:
        draft.write("judged", table(*values))
        draft.write("accepted", table(*values))
        if not isinstance(left_out, tuple):
            draft.write("quarantine", left_out if isinstance(left_out, ibis.Table) else table(*left_out))
        draft.finish(written)
    return written


def publish(lake, *digests):
    """The parts with these digests as the present table of events."""
    known = manifest("".join(digests)[:64], events=held(*(part_manifest(digest) for digest in digests)))
    lake.publish(known)
    return known


def values(found):
    return found.to_pyarrow()["x"].to_pylist()


def parts_in(home):
    return sorted(path.name[0] for path in (home / "parts").iterdir())


def test_published_parts_are_one_table(lake):
    write(lake, OLD, 1, 2)
    write(lake, NEW, 3)
    known = publish(lake, OLD, NEW)

    assert values(lake.table("shop", "events")) == [1, 2, 3]
    assert lake.manifest("shop") == lake.find_manifest("shop") == known


def test_a_draft_hands_back_what_it_wrote_in_its_order(lake):
    with lake.draft("shop", part(OLD)) as draft:
        written = draft.write("accepted", table(3, 1, 2).order_by("x"))

        assert values(written) == [1, 2, 3]


def test_parts_can_be_read_before_they_are_published_and_are_not_the_present_table(lake):
    write(lake, OLD, 1)
    publish(lake, OLD)
    write(lake, NEW, 2)

    assert (values(lake.parts("shop", (NEW,))), values(lake.table("shop", "events"))) == ([2], [1])


def test_a_part_is_found_with_what_it_holds(lake, home):
    written = write(lake, OLD, 1, left_out=[2])

    assert lake.find_part("shop", part(OLD)) == written
    assert lake.find_part("shop", part(NEW)) is None
    assert sorted(path.name for path in (home / "parts" / OLD[:16]).iterdir()) == [
        "accepted.parquet",
        "part.json",
        "quarantine.parquet",
    ]


def test_a_part_of_another_release_is_not_found(lake, home):
    write(lake, OLD, 1)
    (home / "parts" / OLD[:16] / "part.json").write_text('{"n_rows": 1}', encoding="utf-8")

    assert lake.find_part("shop", part(OLD)) is None


def test_failure_while_drafting_leaves_nothing(lake, home):
    with pytest.raises(ContractError, match=r"The engine could not read a table \(ConversionException\)"):
        write(lake, OLD, 1, left_out=BROKEN)

    assert list((home / "parts").iterdir()) == []
    assert lake.find_part("shop", part(OLD)) is None


def test_a_part_can_be_drafted_again(lake):
    write(lake, OLD, 1)
    write(lake, OLD, 2)

    assert values(lake.parts("shop", (OLD,))) == [2]


def test_publishing_keeps_the_parts_of_the_manifest_before_and_clears_older_ones(lake, home):
    for digest in (OLD, NEW, NEWEST):
        write(lake, digest, int(digest[0]))
        before = lake.table("shop", "events") if digest != OLD else table(0)
        publish(lake, digest)

        assert values(before) == [int(digest[0]) - 1]  # whoever began with it can end
    assert values(lake.table("shop", "events")) == [3]
    assert parts_in(home) == ["2", "3"]


def test_publishing_clears_what_a_killed_process_left(lake, home):
    write(lake, OLD, 1)
    for left in ("draft-4711-manifest.json", "parts/draft-4711-abc/accepted.parquet", "staged/draft-1-x.parquet"):
        (home / left).parent.mkdir(parents=True, exist_ok=True)
        (home / left).write_text("{", encoding="utf-8")
    publish(lake, OLD)

    assert sorted(path.name for path in home.iterdir()) == ["manifest.json", "parts"]
    assert parts_in(home) == ["1"]


def test_failure_while_publishing_leaves_the_old_table_as_it_was(lake, monkeypatch):
    write(lake, OLD, 1)
    publish(lake, OLD)
    write(lake, NEW, 2)
    monkeypatch.setattr("pathlib.Path.replace", _full_disk)
    with pytest.raises(OSError, match="disk is full"):
        publish(lake, NEW)
    monkeypatch.undo()

    assert values(lake.table("shop", "events")) == [1]
    publish(lake, NEW)
    assert values(lake.table("shop", "events")) == [2]


def _full_disk(*_):
    raise OSError("disk is full")


def test_quarantine_is_that_of_all_present_parts(lake):
    write(lake, OLD, 1, left_out=[7])
    write(lake, NEW, 2)
    write(lake, NEWEST, 3, left_out=[8, 9])
    publish(lake, OLD, NEW, NEWEST)

    assert values(lake.quarantine("shop", "events")) == [7, 8, 9]


def test_quarantine_without_rows_is_none(lake):
    write(lake, OLD, 1)
    publish(lake, OLD)

    assert lake.quarantine("shop", "events") is None


def test_manifest_whose_tables_are_gone_counts_for_nothing(lake, home):
    write(lake, OLD, 1)
    publish(lake, OLD)
    (home / "parts" / OLD[:16] / "accepted.parquet").unlink()

    assert lake.find_manifest("shop") is None


def test_a_manifest_of_another_release_is_refused_in_words_and_can_be_replaced(lake, home):
    home.mkdir(parents=True)
    (home / "manifest.json").write_text('{"source": "shop"}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"manifest\.json has .* problems"):
        lake.find_manifest("shop")
    write(lake, OLD, 1)
    publish(lake, OLD)

    assert values(lake.table("shop", "events")) == [1]


def test_source_that_was_not_ingested_says_what_to_run(lake):
    with pytest.raises(NotEnoughDataError) as error:
        lake.manifest("shop")

    assert str(error.value) == (
        "The source 'shop' has not been ingested yet. There is no log to learn from. "
        "Fix: Run: regulars ingest --source shop"
    )
    assert lake.find_manifest("shop") is None


def test_two_cannot_write_one_source_at_once(lake):
    with lake.writing("shop"), pytest.raises(BusyError) as error, lake.writing("shop"):
        pass

    assert "Another process is ingesting 'shop'." in str(error.value)
    with lake.writing("shop"), lake.writing("other"):
        pass  # free again once the first has ended


def test_scores_of_a_cutoff_are_replaced_and_those_of_others_kept(lake, tmp_path):
    for day, score in ((3, 0.1), (4, 0.2), (3, 0.3)):
        lake.write_scores("churn", day_moment(day), pd.DataFrame({"score": [score]}))
    folder = tmp_path / "data" / "scores" / "churn"
    found = {file.name: pd.read_parquet(file)["score"].tolist() for file in folder.iterdir()}

    assert found == {"cutoff=1970-01-04.parquet": [0.3], "cutoff=1970-01-05.parquet": [0.2]}


def test_failure_while_writing_scores_leaves_the_old_ones(lake):
    path = lake.write_scores("churn", day_moment(3), pd.DataFrame({"score": [0.1]}))
    mixed = pd.DataFrame({"score": [0.2, "high"]})
    with pytest.raises(pa.ArrowInvalid, match="Could not convert 'high'"):
        lake.write_scores("churn", day_moment(3), mixed)

    assert pd.read_parquet(path)["score"].tolist() == [0.1]
    assert list(path.parent.iterdir()) == [path]


def raw_rows(lake, shop):
    """Every raw row with file, number and broken line, file by file."""
    files = lake.files(shop)["sales"]
    return [row for file in files for row in lake.raw(shop, file).order_by("_row").to_pyarrow().to_pylist()]


@pytest.mark.parametrize("name", ["sales.csv", "sales.parquet"])
def test_raw_rows_say_where_they_came_from(lake, tmp_path, name):
    frame = pd.DataFrame({"who": ["a", "b"]})
    frame.to_csv(tmp_path / name, index=False) if name.endswith("csv") else frame.to_parquet(tmp_path / name)

    assert raw_rows(lake, source(raw={"sales": {"path": name}})) == [
        {"who": "a", "_row": 1, "_file": name, "_broken": None},
        {"who": "b", "_row": 2, "_file": name, "_broken": None},
    ]


def test_rows_of_parquet_files_are_numbered_across_row_groups(lake, tmp_path):
    pq.write_table(pa.table({"x": range(5_000)}), tmp_path / "sales.parquet", row_group_size=700)
    rows = raw_rows(lake, source())

    assert [row["_row"] for row in rows] == [row["x"] + 1 for row in rows]


def test_files_of_the_same_name_are_told_apart(lake, tmp_path):
    for year in ("2019", "2020"):
        (tmp_path / "in" / year).mkdir(parents=True)
        pd.DataFrame({"year": [year]}).to_csv(tmp_path / "in" / year / "sales.csv", index=False)
    rows = raw_rows(lake, source(raw={"sales": {"path": "in"}}))

    assert [(row["year"], row["_file"]) for row in rows] == [("2019", "2019/sales.csv"), ("2020", "2020/sales.csv")]


@pytest.mark.parametrize("content", [b"", b"this is not parquet", b"PAR1 and no more", None])
def test_raw_file_that_is_not_parquet_or_was_cut_off_is_refused_by_name(lake, tmp_path, content):
    (tmp_path / "in").mkdir()
    for name in ("good.parquet", "bad.parquet"):
        pd.DataFrame({"x": range(1_000)}).to_parquet(tmp_path / "in" / name)
    whole = (tmp_path / "in/bad.parquet").read_bytes()
    (tmp_path / "in/bad.parquet").write_bytes(whole[: len(whole) // 2] if content is None else content)

    with pytest.raises(ContractError, match=r"bad\.parquet cannot be read \(") as error:
        raw_rows(lake, source(raw={"sales": {"path": "in"}}))
    assert str(error.value).endswith(
        "It is a file of the raw table 'sales'; the tables ingested before stay as they are. "
        "Fix: Give a whole Parquet file, or take it away."
    )


def test_raw_files_have_the_digest_of_their_bytes(lake, tmp_path):
    (tmp_path / "sales.parquet").write_bytes(b"one")
    ((one,),) = lake.files(source()).values()
    (tmp_path / "sales.parquet").write_bytes(b"two")
    ((two,),) = lake.files(source()).values()

    assert one.sha256 == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed" != two.sha256

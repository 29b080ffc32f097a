"""Scores on disk: whole or not there, gone on with after a kill, replaced in one step."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipelines.adapters import scores as adapter
from pipelines.adapters.scores import FileScores
from pipelines.core.errors import BusyError
from pipelines.core.scores import Scoring
from pipelines.scoring.batches import Tally

CUTOFF = datetime(2020, 3, 2, tzinfo=UTC)
SCORING = Scoring("churn", "3", CUTOFF, "champion", 0.0, "", "model", "policy", "data", "code", 1)
EVERY = {"model_version": "3", "share": 0.0, "run_id": "run"}


def rows(number: int, score: float = 0.5) -> pd.DataFrame:
    ids = [f"c{number}{one}" for one in range(4)]
    told = {"decision": True, "reason_1": "why", "in_force": True}
    return pd.DataFrame({"customer_id": ids, "cutoff": np.datetime64("2020-03-02", "us"), "score": score, **told})


def put(store: FileScores, *scorings: Scoring, score: float = 0.5):
    with store.writing("churn", scorings[0].cutoff) as writing:
        finished = []
        for scoring in scorings:
            draft = writing.draft(scoring)
            for number in set(range(3)) - set(draft.held()):
                draft.write(number, rows(number, score), {**EVERY, "model_version": scoring.version})
            finished.append(draft.finish(Tally.of(rows(0, score)).figures, "run"))
        return writing.publish(finished)


@pytest.fixture
def store(tmp_path: Path) -> FileScores:
    return FileScores(tmp_path)


def test_what_is_kept_comes_back(store):
    (kept,) = put(store, SCORING)

    assert store.find("churn", CUTOFF, "3") == kept
    assert store.find("churn", CUTOFF, "4") is None
    assert store.kept("churn") == (kept,)
    assert [len(part) for part in store.read(kept, ["score"])] == [4, 4, 4]
    assert kept.figures.reasons == ("why",)


@pytest.mark.parametrize("below", ["", "as_of=2020-03-02", "as_of=2020-03-02/version=3"])
def test_pandas_and_duckdb_read_a_version_a_cutoff_and_a_task(store, tmp_path, below):
    put(store, SCORING)
    folder = tmp_path / "scores/churn" / below

    found = pd.read_parquet(folder)

    assert len(found) == 12
    assert found["cutoff"].unique().tolist() == [pd.Timestamp("2020-03-02")]
    assert duckdb.sql(f"SELECT count(*) FROM read_parquet('{folder}/**/*.parquet')").fetchall() == [(12,)]


def test_a_table_without_times_has_a_place_too(store, tmp_path):
    (kept,) = put(store, replace(SCORING, cutoff=None))

    assert kept.path == tmp_path / "scores/churn/as_of=none/version=3"
    assert store.find("churn", None, "3") == kept


def test_parts_that_a_killed_process_left_are_gone_on_with(store):
    with store.writing("churn", CUTOFF) as writing:
        writing.draft(SCORING).write(1, rows(1, 0.25), EVERY)
    assert store.find("churn", CUTOFF, "3") is None

    with store.writing("churn", CUTOFF) as writing:
        assert writing.draft(SCORING).held() == (1,)
    (kept,) = put(store, SCORING)

    assert [part["score"].iloc[0] for part in store.read(kept)] == [0.5, 0.25, 0.5]


def test_parts_of_another_key_are_not(store):
    with store.writing("churn", CUTOFF) as writing:
        writing.draft(SCORING).write(1, rows(1), EVERY)
        assert writing.draft(replace(SCORING, policy_digest="another")).held() == ()


def test_the_same_scoring_has_the_same_bytes(tmp_path):
    (one,), (other,) = (put(FileScores(tmp_path / name), SCORING) for name in "ab")

    assert one.parts == other.parts
    assert len({part.sha256 for part in one.parts}) == 3


def test_all_versions_of_a_cutoff_are_replaced_in_one_step(store, tmp_path):
    shadow = replace(SCORING, version="4", role="shadow")
    put(store, SCORING, shadow)
    again = replace(SCORING, version="5")
    put(store, again, score=0.75)

    assert [one.scoring.version for one in store.kept("churn")] == ["5"]
    assert pd.read_parquet(tmp_path / "scores/churn")["score"].tolist() == [0.75] * 12
    assert [path.name for path in (tmp_path / "scores/.unfinished/churn").iterdir()] == ["as_of=2020-03-02.lock"]


def test_a_version_that_stands_stays_beside_a_new_one_bytes_and_all(store):
    (kept,) = put(store, SCORING)
    with store.writing("churn", CUTOFF) as writing:
        draft = writing.draft(replace(SCORING, version="4"))
        draft.write(0, rows(0), EVERY)
        found = writing.publish([kept, draft.finish(kept.figures, "other")])

    assert [one.scoring.version for one in store.kept("churn")] == ["3", "4"]
    assert found[0] == kept == store.find("churn", CUTOFF, "3")


@pytest.mark.parametrize("exchanges", [True, False])
def test_systems_that_cannot_exchange_folders_replace_them_too(store, monkeypatch, exchanges):
    if not exchanges:
        monkeypatch.setattr(adapter, "_exchanged", lambda one, other: False)
    put(store, SCORING)
    (kept,) = put(store, replace(SCORING, data_digest="new"), score=0.75)

    assert store.find("churn", CUTOFF, "3") == kept


def test_a_reader_meanwhile_sees_the_old_or_the_new_and_never_some_of_both(store):
    put(store, SCORING)
    seen, done = set(), threading.Event()

    def read() -> None:
        while not done.is_set():
            kept = store.find("churn", CUTOFF, "3")
            assert kept is not None, "there is always a scoring"
            try:
                seen.add((kept.scoring.data_digest, sum(len(part) for part in store.read(kept))))
            except BusyError:
                continue  # it was replaced while it was read, which is said

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(30):
        put(store, replace(SCORING, data_digest=f"data {number}"))
    done.set()
    reader.join()

    assert {n_rows for _, n_rows in seen} == {12}


def test_two_cannot_write_one_cutoff_at_once(store):
    with (
        store.writing("churn", CUTOFF),
        pytest.raises(BusyError, match="is scoring 'churn'"),
        store.writing("churn", CUTOFF),
    ):
        pass
    with store.writing("churn", CUTOFF), store.writing("churn", None):
        pass


def test_a_part_that_was_cut_counts_as_no_scoring(store):
    (kept,) = put(store, SCORING)
    (kept.path / kept.parts[0].name).write_bytes(b"PAR1")

    assert store.find("churn", CUTOFF, "3") is None


def test_a_note_of_another_release_counts_as_no_scoring(store):
    (kept,) = put(store, SCORING)
    (kept.path / "_scores.json").write_text(json.dumps({"scores": 3}), encoding="utf-8")

    assert store.find("churn", CUTOFF, "3") is None
    assert store.kept("churn") == ()


def test_the_file_of_an_earlier_release_gives_way(store, tmp_path):
    old = store.write_table("churn", CUTOFF, rows(0))
    put(store, SCORING)

    assert not old.exists()
    assert len(pd.read_parquet(tmp_path / "scores/churn")) == 12


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from pipelines.adapters import scores as adapter
from unit_scores import SCORING, put, replace
moment, root = sys.argv[1], Path(sys.argv[2])
def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)
store = adapter.FileScores(root)
if moment == "link":
    adapter._link = kill
elif moment == "exchange":
    adapter._exchanged = kill
elif moment == "clear":
    done = adapter._exchanged
    adapter._exchanged = lambda one, other: done(one, other) and kill()
else:
    adapter.FileScoresDraft.finish = kill
put(store, replace(SCORING, data_digest="new"), score=0.75)
"""


@pytest.mark.parametrize(("moment", "stands"), [("finish", 0.5), ("link", 0.5), ("exchange", 0.5), ("clear", 0.75)])
def test_killed_between_any_two_writes_a_whole_scoring_stands_and_the_next_one_ends_it(tmp_path, moment, stands):
    store = FileScores(tmp_path / "data")
    put(store, SCORING)
    (tmp_path / "unit_scores.py").write_bytes(Path(__file__).read_bytes())
    code = KILLED.format(paths=[str(tmp_path), *sys.path])

    ended = subprocess.run(
        [sys.executable, "-c", code, moment, str(tmp_path / "data")], capture_output=True, check=False
    )

    assert ended.returncode == -9, ended.stderr.decode()
    kept = store.find("churn", CUTOFF, "3")
    assert kept is not None
    assert {part["score"].iloc[0] for part in store.read(kept)} == {stands}
    put(store, replace(SCORING, data_digest="new"), score=0.75)
    assert pd.read_parquet(tmp_path / "data/scores/churn")["score"].tolist() == [0.75] * 12
    assert [path.name for path in (tmp_path / "data/scores/.unfinished/churn").iterdir()] == ["as_of=2020-03-02.lock"]

"""Scoring is bounded, goes on where it ended, does nothing twice, and says who is decided about by whom."""

from __future__ import annotations

import hashlib
import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from pipelines.cli.summary import Place, of_scores
from pipelines.core.errors import ModelError
from pipelines.core.protocols import CHAMPION, SHADOW
from pipelines.core.windows import DAY
from pipelines.flows.outcome import Outcome
from pipelines.flows.score import rollout_of, score, scorer_of
from pipelines.policy.rollout import in_rollout
from pipelines.policy.top_share import Threshold
from pipelines.scoring import batches, panel_kind
from pipelines.scoring.kinds import kind_of
from support.beside import Beside
from support.memory import MemoryRun

ROWS = 50


@pytest.fixture
def models(loop) -> Beside:
    """The loop's registry; a test may put a shadow beside its champion without others seeing it."""
    return Beside(loop.models)


@pytest.fixture
def small(monkeypatch):
    """So few rows of a batch that the tiny shop has several."""
    monkeypatch.setattr(batches, "AT_ONCE", ROWS)
    monkeypatch.setattr(panel_kind, "AT_ONCE", ROWS)


@pytest.fixture
def cutoff(loop):
    """A cutoff that only these tests score; what an earlier one of them scored is cleared away."""
    found = loop.finished.scored.cutoff - 7 * DAY
    shutil.rmtree(loop.finished.scored.path.parents[1] / f"as_of={found:%Y-%m-%d}", ignore_errors=True)
    return found


def with_shadow(models: Beside, share: float = 0.0) -> None:
    models.put_shadow(Threshold(at_least=0.2))
    models.share = share


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_batches_say_what_all_rows_at_once_say(loop, models, small, cutoff):
    lake, task = loop.shop.lake, loop.shop.task
    whole = kind_of(task).current(task, lake, cutoff)
    scorer = scorer_of(models, models.find(task.name, CHAMPION))

    scored = score(task, lake, models, MemoryRun(), cutoff)

    found = pd.read_parquet(scored.path)
    assert len(list(scored.path.glob("part-*"))) == -(-len(whole) // ROWS) > 3
    assert found["customer_id"].tolist() == whole.subject_id.tolist()
    wanted = scorer.score(whole.rows).reset_index(drop=True)
    pd.testing.assert_frame_equal(found[wanted.columns.tolist()], wanted)
    assert scored.figures.n_rows == len(whole)
    assert scored.figures.n_decided == scored.n_contacted == wanted["decision"].sum()
    assert scored.figures.mean == pytest.approx(wanted["score"].mean())
    tops = wanted[wanted["score"] == wanted["score"].max()]
    assert scored.figures.highest == wanted["score"].max()
    assert scored.figures.reasons in set(tops[["reason_1", "reason_2", "reason_3"]].itertuples(index=False, name=None))


def test_every_row_says_what_it_comes_from(loop, models, cutoff):
    run = MemoryRun()
    scored = score(loop.shop.task, loop.shop.lake, models, run, cutoff, n_reasons=1)
    found = pd.read_parquet(scored.path)
    champion = models.find("tiny_churn", CHAMPION)

    said = {name: found[name].unique().tolist() for name in found.columns[5:]}
    assert found.columns[:5].tolist() == ["customer_id", "cutoff", "score", "decision", "reason_1"]
    assert said == {
        "in_force": [True],
        "model_version": [champion.version],
        "policy_digest": [scorer_of(models, champion).policy.digest()],
        "role": ["champion"],
        "share": [0.0],
        "run_id": [run.run_id],
    }
    assert found["cutoff"].unique().tolist() == [pd.Timestamp(cutoff.replace(tzinfo=None))]


def test_scoring_again_scores_nothing_and_changes_no_byte(loop, models, cutoff):
    first = score(loop.shop.task, loop.shop.lake, models, MemoryRun(), cutoff, n_reasons=2)
    before = digests(first.path)
    run = MemoryRun()

    again = score(loop.shop.task, loop.shop.lake, models, run, cutoff, n_reasons=2)

    assert again.outcome == Outcome.UNCHANGED
    assert run.logged_tags["outcome"] == "unchanged"
    assert again.figures == first.figures
    assert digests(again.path) == before
    assert run.metrics["score.n_rows"] == first.figures.n_rows


def test_what_a_killed_process_scored_is_not_scored_again(loop, models, small, cutoff, monkeypatch):
    lake, task, first = loop.shop.lake, loop.shop.task, MemoryRun("first")
    n_asked: list[int] = []
    scorer_class = type(scorer_of(models, models.find(task.name, CHAMPION)))
    real = scorer_class.score

    def dying(self, rows, n_reasons=None):
        n_asked.append(len(rows))
        if len(n_asked) == 4:
            raise KeyboardInterrupt
        return real(self, rows, n_reasons)

    monkeypatch.setattr(scorer_class, "score", dying)
    with pytest.raises(KeyboardInterrupt):
        score(task, lake, models, first, cutoff)
    n_before, second = len(n_asked), MemoryRun("second")
    scored = score(task, lake, models, second, cutoff)

    found = pd.read_parquet(scored.path)
    assert set(found["run_id"]) == {first.run_id, second.run_id}
    assert len(n_asked) - n_before < len(list(scored.path.glob("part-*")))
    assert found["customer_id"].is_unique
    assert scored.figures.n_rows == len(found)


def test_another_policy_or_shadow_is_scored_anew(loop, models, cutoff):
    lake, task = loop.shop.lake, loop.shop.task
    score(task, lake, models, MemoryRun(), cutoff)
    with_shadow(models)
    beside = score(task, lake, models, MemoryRun(), cutoff)
    models.share = 0.5
    more = score(task, lake, models, MemoryRun(), cutoff)

    assert beside.outcome == more.outcome == Outcome.DONE
    assert pd.read_parquet(more.path)["share"].unique().tolist() == [0.5]


def test_every_customer_is_decided_about_by_one_version(loop, models, small, cutoff):
    with_shadow(models, 0.3)
    scored = score(loop.shop.task, loop.shop.lake, models, MemoryRun(), cutoff)

    found = pd.read_parquet(scored.path.parent)
    in_force = found[found["in_force"]]
    assert len(found) == 2 * len(in_force)
    assert in_force["customer_id"].is_unique
    shadow = models.find("tiny_churn", SHADOW)
    reached = in_rollout(in_force["customer_id"], rollout_of("tiny_churn", shadow), 0.3)
    assert (in_force["role"] == "shadow").tolist() == reached.tolist()
    assert 0.2 < reached.mean() < 0.4
    assert scored.n_contacted == in_force["decision"].sum()
    assert scored.shadow.figures.n_in_force == reached.sum()


def test_a_shadow_without_a_share_decides_nothing(loop, models, cutoff):
    with_shadow(models)
    scored = score(loop.shop.task, loop.shop.lake, models, MemoryRun(), cutoff)

    assert scored.shadow.figures.n_in_force == 0
    assert scored.figures.n_in_force == scored.figures.n_rows


def test_a_stopped_shadow_leaves_the_cutoff(loop, models, cutoff):
    with_shadow(models, 0.3)
    score(loop.shop.task, loop.shop.lake, models, MemoryRun(), cutoff)
    models.shadow = None
    scored = score(loop.shop.task, loop.shop.lake, models, MemoryRun(), cutoff)

    found = pd.read_parquet(scored.path.parent)
    assert scored.shadow is None
    assert found["in_force"].all()
    assert found["customer_id"].is_unique


def test_without_reasons_nothing_is_explained(loop, models, cutoff, monkeypatch):
    from pipelines.scoring import scorer as module

    with_reasons = pd.read_parquet(score(loop.shop.task, loop.shop.lake, models, MemoryRun(), cutoff).path)

    def explained(trees, rows):
        raise AssertionError("explained")

    monkeypatch.setattr(module, "explained", explained)
    scored = score(loop.shop.task, loop.shop.lake, models, MemoryRun(), cutoff, n_reasons=0)

    found = pd.read_parquet(scored.path)
    assert not [name for name in found if name.startswith("reason_")]
    assert np.array_equal(found["score"], with_reasons["score"])
    assert scored.figures.reasons == ()


def test_a_score_that_is_none_publishes_nothing(loop, models, cutoff, monkeypatch):
    scored = score(loop.shop.task, loop.shop.lake, models, MemoryRun(), cutoff, n_reasons=0)
    before = digests(scored.path)
    kind = type(scorer_of(models, models.find("tiny_churn", CHAMPION)))
    real = kind.score
    monkeypatch.setattr(kind, "score", lambda *asked: real(*asked).assign(score=np.nan))

    with pytest.raises(ModelError, match="scores of version 1 are missing or outside"):
        score(loop.shop.task, loop.shop.lake, models, MemoryRun(), cutoff, n_reasons=1)
    assert digests(scored.path) == before


def test_a_shadow_of_another_question_decides_about_nobody(loop, models, cutoff):
    with_shadow(models, 0.1)
    config = loop.shop.task.model_copy(update={"source": "another_shop"}).model_dump_json()
    models.shadow = replace(models.shadow, config=config)

    with pytest.raises(ModelError, match="trained for different labels"):
        score(loop.shop.task, loop.shop.lake, models, MemoryRun(), cutoff)


def test_no_customer_stands_in_what_is_logged(loop, models, cutoff):
    with_shadow(models, 0.3)
    run = MemoryRun()
    score(loop.shop.task, loop.shop.lake, models, run, cutoff)

    logged = str([run.metrics, run.artifacts, run.logged_params, run.logged_tags, run.progress.said])
    assert "client-0" not in logged


@pytest.mark.parametrize("share", [None, 0.3])
def test_the_console_says_where_scores_are_and_names_nobody(loop, models, cutoff, share):
    if share is not None:
        with_shadow(models, share)
    said = []
    for _ in range(2):
        scored = score(loop.shop.task, loop.shop.lake, models, MemoryRun(), cutoff)
        console = Console(file=io.StringIO(), width=200)
        of_scores(scored, Place(console, "sqlite:///x"))
        said.append(console.file.getvalue())

    assert f"{scored.figures.n_rows:,} rows at {cutoff:%Y-%m-%d}" in said[0]
    assert str(scored.path) in said[0].replace("\n", "")
    assert ("Shadow" in said[0]) == (share is not None)
    assert "as scored before" in said[1]
    assert "as scored before" not in said[0]
    assert "client-0" not in "".join(said)

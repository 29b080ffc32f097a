"""Live sessions of a simulated shop through the whole loop."""

from __future__ import annotations

import pandas as pd
import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.config.files import load_source
from pipelines.core.errors import ConfigError
from pipelines.flows.main import main
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import prepare
from pipelines.tasks.any_task import read_task
from support.memory import MemoryModels, MemoryRun
from support.project import PROJECT
from support.sessions import SESSIONS


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    root = tmp_path_factory.mktemp("sessions")
    source = load_source(PROJECT / "conf", "simulated_shop", "simulation.n_customers=1000")
    return read_task(SESSIONS, "test"), source, FileLake(root / "data", root, DuckDBEngine())


@pytest.fixture(scope="module")
def loop(shop):
    task, source, lake = shop
    models, run = MemoryModels(), MemoryRun()
    return models, run, main(task, source, lake, models, run)


def test_sessions_go_through_the_whole_loop(loop):
    *_, finished = loop

    assert finished.outcome == Outcome.PROMOTED, finished.promotion.rulings
    assert finished.trained.evaluation.model["roc_auc"].low > 0.55
    assert finished.checked is not None


def test_figures_are_told_by_depth(loop):
    _, run, finished = loop

    assert [one.level for one in finished.trained.judged.slices] == [
        "after 1 events",
        "after 3 events",
        "after 5 events",
    ]
    assert "report/by_depth.png" in run.named("train").artifacts


def test_rows_of_the_test_come_after_every_outcome_that_was_learned_from(shop, loop):
    task, _, lake = shop
    parts = prepare(task, lake, None).parts

    assert parts.develop.cases.moment.max() + task.horizon <= parts.test.cases.moment.min()


def test_scored_are_sessions_of_the_last_day_whose_end_is_not_known(loop):
    *_, finished = loop
    scores = pd.read_parquet(finished.scored.path)

    assert {"customer_id", "session", "moment", "score"} <= set(scores.columns)
    assert (scores["moment"] > finished.scored.cutoff.replace(tzinfo=None) - pd.Timedelta(days=1)).all()


def test_source_without_sessions_is_refused_with_the_way_out(shop):
    from pipelines.scoring.kinds import kind_of

    task, _, lake = shop
    manifest = lake.manifest("simulated_shop")
    events = manifest.tables["events"]
    bare = {name: known for name, known in events.columns.items() if name != "session_id"}
    without = manifest.model_copy(update={"tables": {"events": events.model_copy(update={"columns": bare})}})

    with pytest.raises(ConfigError, match=r"has no session_id.*gap: PT30M"):
        kind_of(task).fitted(task, without)

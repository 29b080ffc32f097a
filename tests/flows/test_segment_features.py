"""Segments as features of a task: by what was fitted at or before each row's cutoff, and chosen before the test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ConfigError
from pipelines.core.windows import DAY, day_number
from pipelines.flows.explain import explain
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import Outcome
from pipelines.flows.score import score
from pipelines.flows.segment import segment
from pipelines.flows.train import train
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.segment_history import SegmentHistory
from pipelines.tasks.panel_task import PanelTask
from support.memory import MemoryModels, MemoryRun
from support.segments import GroupedShop, grouped_sales, make_grouped_shop
from support.shop import write_sales

CHOSEN = datetime(2020, 8, 24, tzinfo=UTC)
NAME = "tiny_segments"


@dataclass(frozen=True)
class Ready:
    made: GroupedShop
    task: PanelTask
    history: SegmentHistory


def chosen(root, sales=None):
    made = make_grouped_shop(root, sales)
    ingest(made.shop.source, made.shop.lake, MemoryRun())
    found = segment(made.spec, made.shop.lake, MemoryModels(), MemoryRun(), CHOSEN)
    assert found.outcome == Outcome.PROMOTED
    task = made.shop.task.model_copy(update={"segments": (NAME,)})
    return Ready(made, task, SegmentHistory.from_json(made.shop.lake.kept_segments(NAME)[CHOSEN]))


@pytest.fixture(scope="module")
def ready(tmp_path_factory) -> Ready:
    return chosen(tmp_path_factory.mktemp("features"))


def test_rows_before_the_first_refit_have_no_segment_and_later_ones_that_of_their_refit(ready):
    parts = kind_of(ready.task).parts(ready.task, ready.made.shop.lake, None)
    cases = parts.develop.cases
    days = cases.moment.astype("datetime64[D]").astype(np.int64)
    first = day_number(ready.history.refits[0][0])
    told = cases.rows[NAME]

    assert told[days < first].isna().all()
    assert told[days >= first].notna().all()
    assert set(told.dropna()) <= set(ready.history.feature.levels)
    assert parts.features[-1].levels == ready.history.feature.levels
    assert f"were chosen at 2020-08-24 (digest {ready.history.digest[:12]})" in parts.words


def test_the_future_changes_no_segment_of_the_past(ready, tmp_path):
    bought = grouped_sales()
    later = bought[bought["at"] >= np.datetime64("2020-08-24")]
    others = later.assign(paid=later["paid"].to_numpy()[::-1] * 50)
    made = make_grouped_shop(tmp_path, bought)
    write_sales(made.shop.root, bought[bought["at"] < np.datetime64("2020-08-24")]._append(others))
    ingest(made.shop.source, made.shop.lake, MemoryRun())
    segment(made.spec, made.shop.lake, MemoryModels(), MemoryRun(), CHOSEN)

    told = []
    for lake in (ready.made.shop.lake, made.shop.lake):
        cases = kind_of(ready.task).parts(ready.task, lake, None).develop.cases
        past = cases.moment <= np.datetime64("2020-08-24")
        told.append(cases.rows.loc[past, NAME].tolist())

    assert told[0] == told[1]
    assert len(set(told[0])) > 2


def test_a_task_trains_scores_and_explains_with_segments(ready):
    lake, models, run = ready.made.shop.lake, MemoryModels(), MemoryRun()

    trained = train(ready.task, lake, models, run, None)
    models.crown(trained.version)
    scored = score(ready.task, lake, models, MemoryRun(), None)
    scores = pd.read_parquet(scored.path)
    one = scores["customer_id"].iloc[0]
    told = explain(ready.task, lake, models, None, one, {})

    assert trained.fitted.scorer.names[-1] == NAME
    assert len(scores) == scored.figures.n_rows > 100
    assert NAME in told.page()


def test_one_customer_has_the_segment_that_everybody_together_gives(ready):
    kind, lake = kind_of(ready.task), ready.made.shop.lake
    together = kind.current(ready.task, lake, None)
    whose = together.subject_id[3]

    alone = kind.subject(ready.task, lake, None, whose)

    assert alone.rows.iloc[0].equals(together.rows.iloc[3])


def test_a_segmentation_that_was_chosen_within_the_test_is_refused(ready):
    moment = CHOSEN + 7 * DAY

    with pytest.raises(ConfigError) as error:
        kind_of(ready.task).parts(ready.task, ready.made.shop.lake, moment)

    assert "of which none was chosen by" in str(error.value)
    assert "(there are: 2020-08-24)" in str(error.value)
    assert "regulars segment --segments tiny_segments --cutoff" in str(error.value)


def test_a_segmentation_that_there_is_none_of_is_named(ready):
    task = ready.task.model_copy(update={"segments": ("segments_of_nobody",)})

    with pytest.raises(ConfigError, match="'segments_of_nobody', of which none was chosen by .* \\(there are: none\\)"):
        kind_of(task).current(task, ready.made.shop.lake, None)

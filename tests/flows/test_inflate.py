"""The usual mistakes on a small table and a small shop: claimed beside worth, and nothing left out silently."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
import yaml
from rich.console import Console

from pipelines.cli.inflate_summary import of_inflated
from pipelines.cli.summary import Place
from pipelines.core.windows import DAY
from pipelines.flows.inflate import inflate
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import prepare
from pipelines.scoring.history import history
from pipelines.scoring.mistakes import MISTAKES
from pipelines.scoring.panel import panel
from pipelines.scoring.peeking import peek
from pipelines.tasks.session_task import SessionTask
from support.cases import SOURCE, make_cases, rows
from support.feeds import CHURN, END, Growing, log
from support.memory import MemoryRun

NAMES = {mistake.name for mistake in MISTAKES}
QUICK = {"n_bags": 4, "max_rounds": 40, "early_stopping": 10}
STRATIFIED = {"type": "stratified", "test_share": 0.3, "n_folds": 2}


def inflated(root, source=None, **changed):
    shop = make_cases(root, rows(), source, **{"model": QUICK, **changed})
    ingest(shop.source, shop.lake, MemoryRun())
    run = MemoryRun()
    return inflate(shop.task, shop.lake, run, None), run


@pytest.fixture(scope="module")
def of_table(tmp_path_factory):
    return inflated(tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Growing(tmp_path_factory.mktemp("shop")).add(log(120), "all")


@pytest.fixture(scope="module")
def of_panel(shop):
    run = MemoryRun()
    return inflate(CHURN, shop.lake, run, END), run


def test_every_mistake_is_measured_and_published(of_table):
    found, run = of_table

    assert set(found.benchmark.mistakes) == NAMES
    assert found.benchmark.left_out == {}
    assert {f"inflate.{name}.{side}.roc_auc" for name in NAMES for side in ("claimed", "worth")} <= set(run.metrics)
    assert {"inflate.json", "inflate/inflate.png"} == set(run.artifacts)
    assert json.loads(json.dumps(run.artifacts["inflate.json"]))["honest"]["n_rows"] == found.benchmark.n_rows
    assert (run.logged_tags["outcome"], found.outcome) == ("done", Outcome.DONE)


def test_proxies_and_everything_together_claim_what_the_models_are_not_worth(of_table):
    found, _ = of_table
    honest = found.benchmark.honest["roc_auc"]

    for name in ("proxies", "all_together"):
        one = found.benchmark.mistakes[name]
        assert one.claimed["roc_auc"].low > honest.high
        assert one.over_worth["roc_auc"].low > 0
        assert one.worth["roc_auc"].estimate < honest.estimate


def test_worth_of_a_random_split_is_the_honest_figure(of_table):
    found, _ = of_table

    assert found.benchmark.mistakes["random_split"].worth["roc_auc"].estimate == pytest.approx(
        found.benchmark.honest["roc_auc"].estimate
    )


def test_page_tells_what_was_done_and_names_nobody(of_table):
    found, run = of_table
    told = run.description + json.dumps(run.artifacts["inflate.json"])

    assert "the middle of the search space (num_leaves 6) at " in run.description
    assert "one booster" in run.description
    assert "- **proxies**: The columns as of today that the source declares are features: known_later;" in told
    assert found.split in run.description
    assert not [name for name in ("case-0", "person-0") if name in told]


def test_console_shows_the_table_eighty_columns_wide(of_table, capsys):
    found, _ = of_table
    of_inflated(found, Place(Console(highlight=False, soft_wrap=True), "sqlite:///x.db"))
    shown = capsys.readouterr().out

    assert max(len(line) for line in shown.splitlines()) <= 80
    assert "…" not in shown
    for name in NAMES:
        assert name.replace("_", " ") in shown
    assert f"{found.benchmark.honest['roc_auc'].low:.3f}" in shown


def test_the_same_table_gives_the_same_figures(of_table, tmp_path):
    assert inflated(tmp_path)[1].metrics == of_table[1].metrics


def test_mistakes_that_a_table_cannot_make_are_left_out_with_the_reason(tmp_path):
    columns = {**SOURCE["tables"]["cases"]["columns"], "known_later": {"from": "later", "as": "number"}}
    source = {**SOURCE, "tables": {"cases": {"from": "rows", "columns": columns}}}
    found, run = inflated(tmp_path, source, split=STRATIFIED)

    assert found.benchmark.left_out == {
        "random_split": "the task's own split draws rows at random already, since they have neither a time nor a group",
        "proxies": "the source 'tiny_cases' declares no column as of today",
    }
    assert "- **proxies** is left out: the source 'tiny_cases' declares no column as of today." in run.description


def test_task_that_takes_the_proxy_itself_is_told_so(tmp_path):
    found, _ = inflated(tmp_path, features={"even_so": ["known_later"]})

    assert found.benchmark.left_out == {"proxies": "the task itself already takes known_later"}


def test_panel_is_described_by_an_export_of_a_later_day(of_panel):
    found, run = of_panel

    assert set(found.benchmark.mistakes) == NAMES
    assert "an export made 10 days after the cutoff, inside the outcome window" in run.description
    assert found.benchmark.mistakes["proxies"].over_worth["roc_auc"].low > 0


def test_late_export_is_the_panel_of_the_later_day_and_keeps_rows_and_labels(shop):
    prepared = prepare(CHURN, shop.lake, END)
    sides, late = peek(CHURN, shop.lake, END, prepared.parts).sides, timedelta(days=10)
    test = prepared.parts.test
    days = history(shop.lake, CHURN.source, END, CHURN.features)
    cutoffs = tuple(pd.Timestamp(moment, tz="UTC").to_pydatetime() + late for moment in np.unique(test.cases.moment))
    later = panel(CHURN, days, cutoffs)
    keys = pd.MultiIndex.from_arrays([later.customer_id, later.cutoff - np.timedelta64(late // DAY, "D")])
    ours = sides.test.values.set_axis(pd.MultiIndex.from_arrays([test.cases.subject_id, test.cases.moment]))
    common = ours.index.intersection(keys)

    assert len(common) > 50
    pd.testing.assert_frame_equal(ours.loc[common], later.rows.set_axis(keys).loc[common], check_index_type=False)
    assert sides.test.label.tolist() == test.label.tolist()
    assert sides.known.values.equals(test.cases.encoded)
    assert not sides.test.values.equals(sides.known.values)


def test_horizon_of_a_day_leaves_no_later_export(shop):
    prepared = prepare(CHURN, shop.lake, END)
    short = CHURN.model_copy(update={"outcome": CHURN.outcome.model_copy(update={"horizon": DAY})})
    found = peek(short, shop.lake, END, prepared.parts)

    assert (found.sides, found.said) == (None, "half a horizon is less than a day")


def test_live_sessions_have_nothing_to_peek_at(shop, request):
    content = yaml.safe_load((request.config.rootpath / "conf/tasks/session_intent.yaml").read_text(encoding="utf-8"))
    found = peek(SessionTask.read(content, "test"), shop.lake, END, None)

    assert found.sides is None
    assert "no column is of today" in found.said

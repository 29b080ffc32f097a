"""A finished feature table through the whole loop, and what it must not do."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ConfigError, ModelError, NotEnoughDataError
from pipelines.core.protocols import CHALLENGER
from pipelines.flows.ingest import ingest
from pipelines.flows.main import main
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import prepare
from pipelines.flows.promote import promote
from pipelines.flows.score import score
from pipelines.flows.train import train
from pipelines.scoring.kinds import kind_of
from support.cases import SOURCE, make_cases, rows
from support.memory import MemoryModels, MemoryRun


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    shop = make_cases(tmp_path_factory.mktemp("cases"), rows(2_500))
    models, run = MemoryModels(), MemoryRun()
    return shop, models, run, main(shop.task, shop.source, shop.lake, models, run)


def prepared(tmp_path, table=None, **task):
    shop = make_cases(tmp_path, table, **task)
    ingest(shop.source, shop.lake, MemoryRun())
    return shop, prepare(shop.task, shop.lake, None)


def test_a_table_goes_through_the_whole_loop(loop):
    *_, finished = loop

    assert finished.outcome == Outcome.PROMOTED
    assert finished.trained.evaluation.model["roc_auc"].low > 0.6
    assert finished.checked.outcome == Outcome.OK


def test_again_on_the_same_table_nothing_changes(loop):
    shop, models, _, finished = loop
    again = main(shop.task, shop.source, shop.lake, models, MemoryRun())

    assert again.outcome == Outcome.UNCHANGED
    assert again.trained.version.digest == finished.trained.version.digest


def test_features_are_the_columns_that_the_source_allows(loop):
    shop, _, run, _ = loop
    features = run.named("train").artifacts["report/features.json"]

    parts = prepare(shop.task, shop.lake, None).parts
    assert [one.name for one in parts.features] == ["fee", "months", "plan"]
    assert {one.name: one.levels for one in parts.features}["plan"] == ("free", "monthly", "yearly")
    assert "known_later is left out: it is known as of today only" in features["left_out"]
    assert "band is left out: it has the role sensitive" in features["left_out"]


def test_a_column_of_today_is_used_only_if_the_task_names_it(tmp_path):
    _shop, found = prepared(tmp_path, features={"even_so": ["known_later"]})

    assert "known_later" in [one.name for one in found.parts.features]


def test_scores_carry_the_case_and_what_is_logged_does_not(loop):
    _, _, run, finished = loop
    scores = pd.read_parquet(finished.scored.path)
    logged = json.dumps([run.named("train").logged_tags, run.named("train").description])
    reference = run.named("train").artifacts["reference.parquet"]

    assert scores["case_id"].is_unique
    assert scores["score"].between(0, 1).all()
    assert "cutoff" not in scores.columns
    assert not [name for name in ("case-0", "person-0") if name in logged + reference.to_csv()]


def test_cases_without_a_label_are_those_that_are_scored(tmp_path):
    table = rows()
    table.loc[:99, "left"] = None
    shop, found = prepared(tmp_path, table)
    models = MemoryModels()
    train(shop.task, shop.lake, models, MemoryRun(), None)
    promote(shop.task, shop.lake, models, MemoryRun())

    scored = score(shop.task, shop.lake, models, MemoryRun(), None)

    assert pd.read_parquet(scored.path)["case_id"].tolist() == table["id"][:100].tolist()
    assert len(found.parts.develop) + len(found.parts.test) == 800


def test_two_rows_of_one_person_are_never_on_both_sides(tmp_path):
    _, found = prepared(tmp_path)

    assert not set(found.parts.develop.cases.subject_id) & set(found.parts.test.cases.subject_id)


def test_level_that_training_never_saw_is_scored_as_null(loop):
    _, models, _, finished = loop
    scorer = models.load(finished.trained.version).scorer
    seen = pd.DataFrame({"months": [3.0], "fee": [9.0], "plan": ["weekly"]})

    assert scorer.score(seen)["score"].tolist() == scorer.score(seen.assign(plan=None))["score"].tolist()
    assert scorer.score(seen)["score"].tolist() != scorer.score(seen.assign(plan="monthly"))["score"].tolist()


@pytest.mark.parametrize(("yes", "no"), [("Yes", "No"), ("1", "0"), ("True", "False"), ("true", "false"), ("y", "n")])
def test_labels_as_people_write_them(tmp_path, yes, no):
    table = rows()
    table["left"] = table["left"].map({"Yes": yes, "No": no})
    _, found = prepared(tmp_path, table)

    assert found.parts.develop.label.sum() + found.parts.test.label.sum() == (rows()["left"] == "Yes").sum()


def test_label_with_one_class_is_refused(tmp_path):
    with pytest.raises(NotEnoughDataError, match="0 of .* rows in one part of the split"):
        prepared(tmp_path, rows().assign(left="No"))


def test_thirty_rows_are_refused(tmp_path):
    with pytest.raises(NotEnoughDataError, match="fewer than 20 rows"):
        prepared(tmp_path, rows(30))


def test_text_that_names_every_case_is_refused_with_the_way_out(tmp_path):
    table = rows(2_500)
    with pytest.raises(ConfigError, match=r"'plan' has 1,\d+ different texts .*leave_out: \[plan\]"):
        prepared(tmp_path, table.assign(plan=table["id"]))


def test_column_that_is_always_missing_is_left_out_and_said(tmp_path):
    shop = make_cases(tmp_path, rows().assign(fee=None))
    ingest(shop.source, shop.lake, MemoryRun())
    task, left_out = kind_of(shop.task).fitted(shop.task, shop.lake.manifest("tiny_cases"))

    assert task.features.only == ("months", "plan")
    assert "fee is left out: it is always missing" in left_out


def test_column_that_the_source_does_not_have_is_named_with_the_nearest(tmp_path):
    with pytest.raises(ConfigError, match=r"no column 'month'\..*months"):
        prepared(tmp_path, features={"leave_out": ["month"]})


def test_split_in_time_needs_a_time(tmp_path):
    with pytest.raises(ConfigError, match="The split is by time, and the rows have none"):
        prepared(tmp_path, split={"type": "time", "test": "P28D", "valid": "P14D"})


def test_table_with_a_time_is_divided_by_it(tmp_path):
    table = rows(3_000)
    table["at"] = (pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(3_000) % 200, "D")).strftime("%Y-%m-%d")
    source = json.loads(json.dumps(SOURCE))
    source["tables"]["cases"]["columns"]["case_time"] = "at"
    split = {"type": "time", "test": "P28D", "valid": "P28D", "n_folds": 2}
    shop = make_cases(tmp_path, table, source, split=split, label_after="P7D")
    ingest(shop.source, shop.lake, MemoryRun())
    parts = prepare(shop.task, shop.lake, None).parts

    assert parts.develop.cases.moment.max() + np.timedelta64(7, "D") <= parts.test.cases.moment.min()
    assert parts.times.tested_from.isoformat().startswith(str(parts.test.cases.moment.min())[:10])
    trained = train(shop.task, shop.lake, MemoryModels(), MemoryRun(), None)
    assert trained.version.known_at is not None


def test_stratified_challenger_is_not_judged_on_another_table(tmp_path):
    shop, _ = prepared(tmp_path, split={"type": "stratified", "test_share": 0.3, "n_folds": 3})
    models = MemoryModels()
    train(shop.task, shop.lake, models, MemoryRun(), None)
    rows(1_000, seed=2).to_csv(shop.root / "raw/rows.csv", index=False)
    ingest(shop.source, shop.lake, MemoryRun())
    promotion = promote(shop.task, shop.lake, models, MemoryRun())

    assert promotion.outcome == Outcome.REFUSED
    assert "The table has changed since version 1 was trained" in promotion.rulings[1].reason


def test_stratified_champion_of_another_table_is_not_compared(tmp_path):
    shop, _ = prepared(tmp_path, split={"type": "stratified", "test_share": 0.3, "n_folds": 3})
    models = MemoryModels()
    train(shop.task, shop.lake, models, MemoryRun(), None)
    assert promote(shop.task, shop.lake, models, MemoryRun()).outcome == Outcome.PROMOTED
    rows(1_000, seed=2).to_csv(shop.root / "raw/rows.csv", index=False)
    ingest(shop.source, shop.lake, MemoryRun())
    train(shop.task, shop.lake, models, MemoryRun(), None)
    promotion = promote(shop.task, shop.lake, models, MemoryRun())

    assert promotion.outcome == Outcome.REFUSED
    assert any("may have learned from rows" in ruling.reason for ruling in promotion.rulings)


def test_grouped_champion_is_compared_when_the_table_grows(loop, tmp_path):
    shop, _ = prepared(tmp_path)
    models = MemoryModels()
    train(shop.task, shop.lake, models, MemoryRun(), None)
    promote(shop.task, shop.lake, models, MemoryRun())
    rows(1_400).to_csv(shop.root / "raw/rows.csv", index=False)
    ingest(shop.source, shop.lake, MemoryRun())
    train(shop.task, shop.lake, models, MemoryRun(), None)
    promotion = promote(shop.task, shop.lake, models, MemoryRun())

    assert "champion in roc_auc" in {one.gate: one.reason for one in promotion.rulings}["beats_champion"]
    assert models.find("tiny_leavers", CHALLENGER) is None or promotion.outcome == Outcome.REFUSED


def test_cutoff_for_a_table_without_times_is_refused(loop):
    shop, *_ = loop
    from pipelines.core.windows import parse_cutoff

    with pytest.raises(NotEnoughDataError, match="has no times"):
        prepare(shop.task, shop.lake, parse_cutoff("2024-01-01"))


def test_task_over_a_log_is_told_that_it_is_no_table(loop, tmp_path):
    from support.shop import make_shop

    log = make_shop(tmp_path)
    ingest(log.source, log.lake, MemoryRun())
    shop, *_ = loop
    task = shop.task.model_copy(update={"source": "tiny_shop"})

    with pytest.raises(ConfigError, match="has no table of cases"):
        prepare(task, log.lake, None)


def test_infinite_values_are_learned_from_as_far_ahead_as_numbers_go(tmp_path):
    _shop, found = prepared(tmp_path)
    table = found.parts.develop
    table.cases.rows.loc[:5, "fee"] = np.inf

    assert np.isinf(table.dataset.rows["fee"]).sum() == 6


def test_model_is_refused_if_it_lacks_what_the_champion_was_described_by(loop):
    _, models, _, finished = loop
    with pytest.raises(ModelError, match="feature columns are missing"):
        models.load(finished.trained.version).scorer.score(pd.DataFrame({"months": [1.0]}))


def test_values_that_are_no_numbers_or_infinite_go_to_quarantine_with_the_reason(tmp_path):
    table = rows()
    table["months"] = table["months"].astype(object)
    table.loc[:2, "months"] = ["inf", "-inf", "NaN"]
    shop = make_cases(tmp_path, table)
    ingest(shop.source, shop.lake, MemoryRun())
    held = shop.lake.manifest("tiny_cases").tables["cases"]

    assert held.n_accepted + sum(held.quarantined.values()) == 900
    assert sum(held.quarantined.values()) >= 2
    assert not np.isinf(prepare(shop.task, shop.lake, None).parts.develop.cases.rows["months"]).any()

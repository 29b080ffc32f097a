"""What a task chooses against differences is what is shipped, and a sensitive column never reaches a model."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ConfigError, ModelError
from pipelines.core.protocols import OUT_OF_FOLD, REFERENCE
from pipelines.core.randomness import seed_for
from pipelines.fairness.mitigation import METHODS
from pipelines.flows.drift_check import Retraining, drift_check
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import Outcome
from pipelines.flows.policy import policy
from pipelines.flows.prepare import prepare
from pipelines.flows.promote import _is_the_same, promote
from pipelines.flows.score import score
from pipelines.flows.train import Trained, train
from pipelines.policy.expected_profit import ExpectedProfit
from pipelines.policy.group_thresholds import GroupThresholds
from pipelines.policy.top_share import TopShare
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.mitigation import group_of, with_needed
from pipelines.scoring.parity import parity
from pipelines.tasks.panel_task import PanelTask
from support.cases import make_cases
from support.memory import MemoryModels, MemoryRun
from support.shop import TASK

CHOICES = {
    "none": {"type": "none"},
    "group_thresholds": {"type": "group_thresholds"},
    "reweighing": {"type": "reweighing"},
}


def task_with(choose, methods=("group_thresholds",), **more):
    mitigation = {"column": "band", "methods": list(methods), "choose": CHOICES[choose]}
    return PanelTask.read(
        {**TASK, "policy": {"type": "top_share", "share": 0.2}, "mitigation": mitigation, **more}, "test"
    )


@dataclass(frozen=True)
class Shipped:
    task: PanelTask
    trained: Trained
    models: MemoryModels
    run: MemoryRun

    @property
    def scorer(self):
        return self.models.load(self.trained.version).scorer


@pytest.fixture(scope="module")
def shipped(loop):
    """One model for each choice, trained and promoted."""

    def ship(choose):
        task, models, run = task_with(choose), MemoryModels(), MemoryRun()
        trained = train(task, loop.shop.lake, models, run, None)
        assert promote(task, loop.shop.lake, models, MemoryRun()).outcome == Outcome.PROMOTED
        return Shipped(task, trained, models, run)

    return {choose: ship(choose) for choose in CHOICES}


def test_nothing_is_done_where_nothing_is_chosen(loop, shipped):
    first = loop.models.load(loop.finished.trained.version).scorer

    assert shipped["none"].scorer.digest() == first.digest()
    assert shipped["none"].scorer.policy.type == "threshold"


def test_thresholds_by_group_are_shipped_over_the_same_trees(shipped):
    settled = shipped["group_thresholds"].scorer.policy

    assert isinstance(settled, GroupThresholds)
    assert set(settled.at_least) <= {"young", "old", "unknown"}
    assert settled.common == shipped["none"].scorer.policy
    assert shipped["group_thresholds"].scorer.digest() == shipped["none"].scorer.digest()


def test_they_even_out_the_rates_on_the_rows_that_they_were_settled_on(loop, shipped):
    one = shipped["group_thresholds"]
    found, rows = one.trained.fitted.out_of_fold, one.trained.fitted.out_of_fold.to_score
    probability = one.scorer.calibration.probability(found.raw)
    common, by_group = one.scorer.policy.common.decide(probability, rows), one.scorer.policy.decide(probability, rows)

    assert by_group.sum() == pytest.approx(common.sum(), abs=3)
    assert by_group.mean() > 0.15
    rates = pd.Series(by_group).groupby(rows["band"]).mean()
    assert rates.max() - rates.min() < 0.01 < np.ptp(pd.Series(common).groupby(rows["band"]).mean())


def test_reweighing_ships_other_trees_and_one_threshold(shipped):
    one = shipped["reweighing"].scorer

    assert one.digest() != shipped["none"].scorer.digest()
    assert one.policy.type == "threshold"


@pytest.mark.parametrize("choose", CHOICES)
def test_the_sensitive_column_is_no_feature_and_stands_in_nothing_that_is_kept(shipped, choose):
    one = shipped[choose]
    prepared = one.trained.prepared
    example = one.models.versions[one.trained.version.version][2]

    assert "band" not in one.scorer.names
    assert "band" not in prepared.parts.develop.dataset.rows
    assert "band" not in one.run.artifacts[REFERENCE]
    assert "band" not in one.run.artifacts[OUT_OF_FOLD]
    assert set(example.columns) - set(one.scorer.names) == ({"band"} if choose == "group_thresholds" else set())
    assert set(example.get("band", pd.Series(["unknown"]))) == {"unknown"}, "not even an example tells a person's value"


@pytest.mark.parametrize("choose", CHOICES)
def test_another_value_of_the_sensitive_column_changes_no_score_and_no_reason(loop, shipped, choose):
    one = shipped[choose]
    rows = with_needed(one.task, loop.shop.lake, one.trained.prepared.parts.test.cases).to_score
    rows = rows.assign(band=group_of(one.task, loop.shop.lake, one.trained.prepared.parts.test.cases))
    shuffled = rows.assign(band=np.random.default_rng(1).permutation(rows["band"]))

    was, now = one.scorer.score(rows), one.scorer.score(shuffled)

    pd.testing.assert_frame_equal(was.drop(columns="decision"), now.drop(columns="decision"))
    assert (was["decision"] != now["decision"]).any() == (choose == "group_thresholds")


def test_rows_without_the_column_are_refused_and_others_are_not(shipped):
    rows = shipped["none"].trained.prepared.parts.test.cases.rows

    assert len(shipped["reweighing"].scorer.score(rows)) == len(rows)
    with pytest.raises(ModelError, match="band"):
        shipped["group_thresholds"].scorer.score(rows)


@pytest.mark.parametrize("choose", CHOICES)
def test_scoring_and_drift_checks_go_on(loop, shipped, choose):
    one = shipped[choose]
    scored = score(one.task, loop.shop.lake, one.models, MemoryRun(), None)
    checked = drift_check(one.task, loop.shop.lake, one.models, MemoryRun(), None, Retraining.NEVER)

    assert 0 < scored.figures.n_decided < scored.figures.n_rows
    assert "band" not in pd.read_parquet(scored.path)
    assert checked.outcome == Outcome.TOO_FEW_ROWS, "it looked at the rows and found 405 of them"


def test_everybody_scored_is_decided_by_the_threshold_of_their_group(loop, shipped):
    one = shipped["group_thresholds"]
    scored = pd.read_parquet(score(one.task, loop.shop.lake, one.models, MemoryRun(), None).path)
    current = kind_of(one.task).current(one.task, loop.shop.lake, None)
    settled = one.scorer.policy
    wanted = [
        value >= settled.at_least.get(band, settled.otherwise)
        for value, band in zip(scored["score"], group_of(one.task, loop.shop.lake, current), strict=True)
    ]

    assert scored["decision"].tolist() == wanted


def test_another_choice_over_the_same_trees_is_news(shipped):
    none, by_group = (shipped[choose].trained.version for choose in ("none", "group_thresholds"))

    assert none.digest == by_group.digest
    assert _is_the_same(none, none)
    assert not _is_the_same(by_group, none)


@pytest.mark.parametrize(("trained", "asked"), [("group_thresholds", "none"), ("none", "group_thresholds")])
def test_thresholds_by_group_cannot_be_settled_from_what_was_kept(loop, shipped, trained, asked):
    with pytest.raises(ModelError, match=r"cannot be settled anew.*do not carry it, on purpose.*regulars train"):
        policy(task_with(asked), loop.shop.lake, shipped[trained].models, MemoryRun())


def test_other_weights_are_another_model_and_no_policy(loop, shipped):
    with pytest.raises(ModelError, match="was trained with mitigation.choose reweighing; the task says none"):
        policy(task_with("none"), loop.shop.lake, shipped["reweighing"].models, MemoryRun())


def test_a_policy_is_settled_on_a_reweighed_model(loop, shipped):
    one = shipped["reweighing"]
    task = one.task.model_copy(update={"policy": TopShare(share=0.3)})

    assert policy(task, loop.shop.lake, one.models, MemoryRun()).now.share_contacted.estimate > 0.2


def test_only_rows_that_are_learned_from_are_weighed(shipped):
    parts = shipped["reweighing"].trained.prepared.parts

    assert parts.develop.weight.mean() == pytest.approx(1)
    assert all(train.weight is not None and valid.weight is None for train, valid in parts.folds)
    assert parts.test.weight is None


def test_the_curve_is_logged_where_it_is_declared_and_only_there(loop, shipped):
    run = shipped["none"].run
    first = loop.run.named("train")

    assert {"fairness/mitigation/curve.png", "fairness/mitigation/who.png"} <= set(run.artifacts)
    assert {"fairness/mitigation/ways.parquet", "fairness/mitigation/summary.md"} <= set(run.artifacts)
    assert run.metrics["mitigation.band.group_thresholds_1.disparity"] < run.metrics["mitigation.band.none.disparity"]
    assert json.dumps(run.artifacts["fairness/mitigation/curve.json"])
    assert not any(name.startswith("fairness/mitigation") for name in first.artifacts)


def test_the_chosen_way_is_marked_and_is_what_the_shipped_model_decides(loop, shipped):
    for choose in ("group_thresholds", "reweighing"):
        one = shipped[choose]
        table = one.run.artifacts["fairness/mitigation/ways.parquet"]
        (chosen,) = table[table["is_chosen"] & table["group"].isna()].itertuples()
        rows = one.trained.prepared.parts.test.cases.to_score

        assert chosen.method == choose
        assert chosen.n_contacted == one.scorer.decisions(rows).sum()


def with_policy(fitted, policy):
    probability = fitted.scorer.calibration.probability(fitted.out_of_fold.raw)
    settled = policy.settle(probability, fitted.out_of_fold.to_score)
    return replace(fitted, scorer=replace(fitted.scorer, policy=settled))


def test_every_method_is_measured_and_profit_is_told_where_the_policy_states_it(loop, shipped):
    one, earns = shipped["none"].trained, ExpectedProfit(cost=1.0, value=20.0, response_rate=0.3)
    task = task_with("none", METHODS).model_copy(update={"policy": earns})
    fitted, test = with_policy(one.fitted, earns), one.prepared.parts.test
    found = parity(task, loop.shop.lake, one.prepared.parts, fitted, "EUR")
    decided = fitted.scorer.decisions(test.cases.rows)
    stakes = fitted.scorer.policy.earned(test.label.astype(float), test.cases.rows)

    assert {way.way.method for way in found.ways} == {"none", *METHODS}
    assert found.unit == "profit per row, EUR"
    assert found.ways[0].worth.estimate == pytest.approx((stakes * decided).mean())
    assert all(group.more_earned is not None for way in found.ways for group in way.groups)
    assert {way.n_contacted for way in found.ways if way.way.method == "reductions"} == {decided.sum()}


def test_a_reweighed_model_is_held_against_one_that_learned_without_weights(loop, shipped):
    one = shipped["reweighing"].trained
    table = shipped["reweighing"].run.artifacts["fairness/mitigation/ways.parquet"]
    none, chosen = (table[(table["method"] == name) & table["group"].isna()].iloc[0] for name in ("none", "reweighing"))
    parts = one.prepared.parts
    plain = replace(parts, develop=replace(parts.develop, weight=None))
    trees = shipped["reweighing"].task.model.fit(plain.develop.dataset, *one.fitted.tuned, seed_for(7, "fit"))

    assert not none["is_chosen"]
    assert chosen["is_chosen"]
    assert none["n_contacted"] != chosen["n_contacted"] or none["worth"] != chosen["worth"]
    assert trees.digest() != one.fitted.scorer.trees.digest()


def test_groups_that_are_too_small_are_said_and_nothing_ends(loop, shipped):
    one = shipped["none"].trained
    task = task_with("none", fairness={"min_group": 5_000})
    found = parity(task, loop.shop.lake, one.prepared.parts, one.fitted, "EUR")

    assert found.ways == ()
    assert "'band' has 0 groups of 5000 customers or more" in found.as_markdown()


def test_a_finished_table_with_text_is_evened_out_too(tmp_path):
    shop = make_cases(
        tmp_path,
        policy={"type": "top_share", "share": 0.3},
        mitigation={"column": "band", "methods": list(METHODS), "choose": {"type": "group_thresholds"}},
        gates=[{"type": "has_signature"}],
    )
    ingest(shop.source, shop.lake, MemoryRun())
    models, run = MemoryModels(), MemoryRun()
    trained = train(shop.task, shop.lake, models, run, None)

    assert promote(shop.task, shop.lake, models, MemoryRun()).outcome == Outcome.PROMOTED
    assert "band" not in trained.fitted.scorer.names
    assert set(run.artifacts["fairness/mitigation/ways.parquet"]["method"]) == {"none", *METHODS}
    scored = score(shop.task, shop.lake, models, MemoryRun(), None).figures
    assert scored.n_decided / scored.n_rows == pytest.approx(0.3, abs=0.1)


def test_proxies_are_measured_wherever_columns_are_sensitive(loop, shipped):
    run = shipped["none"].run

    assert 0.3 < run.metrics["proxy.band.roc_auc"] < 0.7, "bands are drawn by lot"
    assert "Chance may tell 'old'" in run.artifacts["fairness/proxies.md"]
    assert "fairness/proxies.png" in run.artifacts


def test_a_sensitive_column_cannot_be_named_as_a_feature(loop):
    lake = loop.shop.lake
    asked = [*TASK["features"], {"type": "attributes", "levels": {"band": ["young", "old"]}}]
    task = PanelTask.read({**TASK, "features": asked}, "test")
    run = MemoryRun()
    trained = train(task, lake, MemoryModels(), run, None)

    assert not [name for name in trained.fitted.scorer.names if "band" in name]
    assert "band of customers has the role sensitive" in str(run.artifacts["report/features.json"]["left_out"])


def test_a_sensitive_column_cannot_be_named_as_a_slice(loop):
    task = PanelTask.read({**TASK, "slices": ["band"]}, "test")
    with pytest.raises(ConfigError, match="'slices' names 'band', which is no feature"):
        train(task, loop.shop.lake, MemoryModels(), MemoryRun(), None)


def test_a_policy_cannot_be_worth_a_sensitive_column(loop):
    value = {"feature": "band", "times": 1.0}
    wanted = {"type": "expected_profit", "cost": 1.0, "value": value, "response_rate": 0.5}
    with pytest.raises(ModelError, match="reads the feature 'band', which the rows lack"):
        train(PanelTask.read({**TASK, "policy": wanted}, "test"), loop.shop.lake, MemoryModels(), MemoryRun(), None)


def test_mitigation_of_a_column_that_is_not_sensitive_is_refused():
    with pytest.raises(ConfigError, match=r"mitigation.column must be one of 'sensitive' \(band\), got 'colour'"):
        PanelTask.read({**TASK, "mitigation": {"column": "colour"}}, "test")


def test_preparing_twice_weighs_alike(loop):
    parts = [prepare(task_with("reweighing"), loop.shop.lake, None).parts for _ in range(2)]

    assert np.array_equal(parts[0].develop.weight, parts[1].develop.weight)

"""The recipe under another seed, and what it looks at through time."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pipelines.core.randomness import generator_for
from pipelines.flows.ingest import ingest
from pipelines.scoring.explaining import explanation_of, interactions_of, overview_of
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.steadiness import reseeded, steadiness
from pipelines.scoring.training import Tuned, calibrated, out_of_fold, scorer
from support.cases import make_cases, rows
from support.memory import MemoryRun
from support.shop import make_shop

TUNED = Tuned({"learning_rate": 0.2, "num_leaves": 6.0, "bagging_fraction": 0.6, "feature_fraction": 0.5}, 20)


def trained(task, source, lake):
    ingest(source, lake, MemoryRun())
    task, _ = kind_of(task).fitted(task, lake.manifest(task.source))
    parts = kind_of(task).parts(task, lake, None)
    found = out_of_fold(task, parts, TUNED)
    return task, parts, found, scorer(task, parts, TUNED, found, calibrated(task, found)[0], 2)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = make_shop(tmp_path_factory.mktemp("steady"))
    return trained(made.task, made.source, made.lake)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    made = make_cases(tmp_path_factory.mktemp("steady_table"), rows())
    return trained(made.task, made.source, made.lake)


def test_another_seed_is_another_model_of_the_same_recipe(shop):
    task, parts, _, shipped = shop
    one, two = (reseeded(task, parts, TUNED, 2, number) for number in (1, 2))

    assert len({one.digest(), two.digest(), shipped.trees.digest()}) == 3
    assert one.digest() == reseeded(task, parts, TUNED, 2, 1).digest()
    assert len(one.boosters) == 2


def test_reasons_and_ranks_are_reported_with_intervals_and_words(shop):
    task, parts, found, shipped = shop
    steady = steadiness(task, parts, TUNED, found, shipped)
    report = steady.report()

    for name in ("same_first_reason", "first_reason_among_first_three", "rank_correlation_seeds"):
        low, middle, high = (report.metrics[f"explain.{name}{end}"] for end in (".ci_low", "", ".ci_high"))
        assert low <= middle <= high
    assert report.metrics["explain.same_first_reason"] <= report.metrics["explain.first_reason_among_first_three"]
    assert json.loads(json.dumps(report.artifacts["explain/steadiness.json"]))["words"] == list(steady.words())
    assert "the same first reason" in steady.words()[0]
    report.artifacts["explain/ranks.png"].canvas.draw()


def test_moments_are_the_folds_and_every_cutoff_of_the_test(shop):
    task, parts, found, shipped = shop
    steady = steadiness(task, parts, TUNED, found, shipped)
    cutoffs = sorted(set(parts.test.cases.by["cutoff"]))

    assert steady.over_time.columns.tolist() == ["fold 1", "fold 2", *cutoffs]
    assert (np.sort(steady.ranks().to_numpy(), axis=0)[:, 0] == np.arange(1, len(steady.over_time) + 1)).all()
    assert set(steady.time_correlations()) == {"fold 1", "fold 2", *cutoffs[:-1]}


def test_a_table_without_times_has_folds_and_a_test(table):
    task, parts, found, shipped = table
    steady = steadiness(task, parts, TUNED, found, shipped)

    assert steady.over_time.columns.tolist() == ["fold 1", "fold 2", "fold 3", "test"]
    assert steady.words()


def test_interactions_add_up_to_the_shap_values(shop):
    *_, parts, _, shipped = shop
    cases = parts.test.cases
    explanation = explanation_of(shipped.trees, cases)
    found = interactions_of(shipped.trees, cases, n_most=50)

    assert len(found.rows) == 50
    sums = explanation_of(shipped.trees, cases.at(np.isin(np.arange(len(cases)), found.rows.index))).values
    assert sums.shape[1] == explanation.values.shape[1]
    np.testing.assert_allclose(found.values, found.values.transpose(0, 2, 1), atol=1e-5)


def test_a_model_with_levels_is_told_without_crash(table):
    task, parts, _, shipped = table
    cases = parts.test.cases
    explanation = explanation_of(shipped.trees, cases)
    found = overview_of(shipped, explanation, cases, 100, generator_for(task.seed, "overview"))

    assert "plan" in {one.feature.name for one in found.top}
    assert found.report().artifacts["explain/dependence.png"]
    assert len(found.words()) == 2

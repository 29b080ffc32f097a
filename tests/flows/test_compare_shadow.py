"""Champion and shadow are compared on outcomes that both could not know, customer by customer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ModelError, RegistryError
from pipelines.core.windows import DAY
from pipelines.flows import compare_shadow as flow
from pipelines.flows.compare_shadow import compare_shadow, in_words
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import Outcome
from pipelines.flows.score import score
from pipelines.models.calibration_maps import SigmoidMap
from pipelines.policy.top_share import Threshold
from pipelines.scoring.stored import read_labelled
from support.beside import Beside
from support.memory import MemoryRun
from support.shop import make_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The loop's log in a lake of its own."""
    made = make_shop(tmp_path_factory.mktemp("shadow"))
    ingest(made.source, made.lake, MemoryRun())
    return made


@pytest.fixture(scope="module")
def end(loop):
    return loop.finished.scored.cutoff


@pytest.fixture(scope="module")
def models(loop, end):
    """Both were trained five weeks before the end, as they say; the shadow's probabilities are too small by far."""
    made = Beside(loop.models, known_at=end - 35 * DAY)
    made.put_shadow(Threshold(at_least=0.05), calibration=SigmoidMap(slope=1.0, intercept=-4.0))
    return made


@pytest.fixture(scope="module")
def found(shop, models, end):
    for days in (42, 35, 28, 21, 14, 0):
        models.share = 0.2 if days == 35 else 0.4
        score(shop.task, shop.lake, models, MemoryRun(), end - days * DAY, n_reasons=0)
    run = MemoryRun()
    return run, compare_shadow(shop.task, shop.lake, models, run, end)


def test_cutoffs_are_told_apart_by_what_is_known_of_them(found, end):
    _, one = found

    assert one.cutoffs.learned == (end - 42 * DAY,)
    assert one.cutoffs.compared == tuple(end - days * DAY for days in (35, 28, 21))
    assert one.cutoffs.open == (end - 14 * DAY, end)
    assert one.cutoffs.alone == ()


def test_labels_are_those_of_the_task(found, shop, end):
    _, one = found
    labelled = read_labelled(shop.task, shop.lake, end, one.cutoffs.compared)

    assert one.outcome == Outcome.DONE
    assert one.n_rows == len(labelled.label)
    assert one.evaluation.prevalence == labelled.label.mean()
    assert one.n_customers == len(np.unique(labelled.panel.spine.customer))


def test_what_is_worse_is_said_to_be_worse_and_what_is_the_same_the_same(found):
    run, one = found
    over = one.evaluation.over_champion

    assert over["brier"].low > 0, "the shadow's probabilities are far too small"
    assert over["roc_auc"].low <= 0 <= over["roc_auc"].high, "but they rank alike"
    assert "Brier score: shadow minus champion" in run.description
    assert run.description == in_words(one)
    assert "worse" in run.description
    assert run.metrics["difference.champion.brier"] == over["brier"].estimate
    assert run.logged_tags["outcome"] == "done"


def test_customers_are_counted_by_who_decided_about_them_at_the_present_share(found, shop):
    run, one = found
    parts = [pd.read_parquet(shop.root / f"data/scores/tiny_churn/as_of={at:%Y-%m-%d}") for at in one.cutoffs.compared]
    rows = pd.concat(parts)
    decided = rows[rows["in_force"] & (rows["share"] == 0.4)]

    assert one.arms.shadow.n_rows == (decided["role"] == "shadow").sum()
    assert one.arms.champion.n_rows == (decided["role"] == "champion").sum()
    shares = decided.groupby("role")["decision"].mean()
    assert one.arms.contacted.estimate == pytest.approx(shares["shadow"] - shares["champion"])
    assert -0.15 < one.arms.positive.low < one.arms.positive.high < 0.15, "nobody was contacted"
    assert run.metrics["shadow.arms.contacted"] == one.arms.contacted.estimate


def test_of_many_customers_some_are_drawn_by_their_hash(found, shop, models, end, monkeypatch):
    monkeypatch.setattr(flow, "_MOST", 200)
    fewer = compare_shadow(shop.task, shop.lake, models, MemoryRun(), end)

    assert 150 < fewer.n_customers < 280 < found[1].n_customers


def test_nothing_is_said_before_outcomes_are_known(found, shop, models, end):
    run = MemoryRun()
    early = compare_shadow(shop.task, shop.lake, models, run, end - 21 * DAY)

    assert early.outcome == Outcome.TOO_FEW_ROWS
    assert early.evaluation is None
    assert "outcomes are not known yet" in run.description
    assert "too few" in run.description


def test_without_a_shadow_there_is_nothing_to_compare(shop, loop):
    with pytest.raises(RegistryError, match="has no shadow"):
        compare_shadow(shop.task, shop.lake, Beside(loop.models), MemoryRun(), None)


def test_models_of_different_labels_are_not_compared(shop, models):
    config = shop.task.model_copy(update={"source": "another_shop"}).model_dump_json()
    other = dataclasses.replace(models, shadow=dataclasses.replace(models.shadow, config=config))

    with pytest.raises(ModelError, match="trained for different labels"):
        compare_shadow(shop.task, shop.lake, other, MemoryRun(), None)


def test_no_customer_stands_in_what_is_logged(found):
    run, _ = found

    assert "client-0" not in str([run.metrics, run.artifacts, run.description, run.logged_params, run.logged_tags])

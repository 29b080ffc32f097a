"""A verdict, and what follows from it."""

from datetime import timedelta

import pytest

from pipelines.core.protocols import CHAMPION
from pipelines.core.windows import parse_cutoff
from pipelines.flows.drift_check import Retraining, drift_check
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import Outcome
from pipelines.flows.train import train
from support.memory import MemoryModels, MemoryRun
from support.shop import make_shop, sales

EARLY = parse_cutoff("2020-08-24")


@pytest.fixture
def watched(tmp_path_factory):
    """A shop with a champion trained early, given what was bought."""

    def make(bought, **limits):
        shop = make_shop(tmp_path_factory.mktemp("shop"), bought)
        task = shop.task.model_copy(update={"drift": shop.task.drift.model_copy(update={"min_rows": 60, **limits})})
        ingest(shop.source, shop.lake, MemoryRun())
        models = MemoryModels()
        models.crown(train(task, shop.lake, models, MemoryRun(), EARLY).version)  # whatever its gates would say
        return shop, task, models

    return make


def test_customers_who_slowed_down_call_for_a_retrain_that_goes_through_the_gates(watched):
    shop, task, models = watched(sales(slower=2.5), min_volume=0.1)
    before, run = models.find("tiny_churn", CHAMPION), MemoryRun()

    checked = drift_check(task, shop.lake, models, run, None, Retraining.AUTO)

    assert checked.verdict.kind == "retrain"
    assert checked.outcome in {Outcome.RETRAINED, Outcome.RETRAIN_REFUSED}
    assert [child.name for child in run.children] == ["retrain"]
    assert run.named("promote").artifacts["gates.json"]["champion_before"] == before.version


def test_with_retraining_off_the_verdict_stands_and_nothing_is_trained(watched):
    shop, task, models = watched(sales(slower=2.5), min_volume=0.1)

    checked = drift_check(task, shop.lake, models, run := MemoryRun(), None, Retraining.NEVER)

    assert checked.outcome == Outcome.RETRAIN
    assert run.children == []


def test_a_feed_that_fell_to_a_trickle_is_broken_data_and_never_retrains(watched):
    bought = sales()
    trickle = bought.index % 10 == 0
    shop, task, models = watched(bought[(bought["at"] < "2020-10-01") | trickle])

    checked = drift_check(task, shop.lake, models, run := MemoryRun(), parse_cutoff("2020-10-19"), Retraining.AUTO)

    assert checked.outcome == Outcome.BROKEN_DATA
    assert run.children == []


def test_a_handful_of_customers_is_its_own_verdict(watched):
    shop, task, models = watched(sales())
    task = task.model_copy(update={"drift": task.drift.model_copy(update={"min_rows": 5_000})})

    checked = drift_check(task, shop.lake, models, MemoryRun(), None, Retraining.AUTO)

    assert checked.outcome == Outcome.TOO_FEW_ROWS


def test_what_was_just_learned_cannot_be_learned_again(watched):
    shop, task, models = watched(sales(slower=4.0, slow_from=212), min_volume=0.05)

    checked = drift_check(task, shop.lake, models, run := MemoryRun(), EARLY, Retraining.AUTO)

    assert checked.outcome == Outcome.WATCH
    assert "there is nothing newer to learn" in checked.verdict.reasons[-1]
    assert run.children == []


def test_the_verdict_and_the_page_are_logged(watched):
    shop, task, models = watched(sales())

    drift_check(task, shop.lake, models, run := MemoryRun(), None, Retraining.NEVER)

    assert run.artifacts["drift/verdict.json"]["kind"] == run.logged_tags["verdict"]
    assert "<html" in run.artifacts["drift/report.html"].lower()


def test_a_retrain_that_changes_nothing_is_not_called_one(watched):
    shop, task, models = watched(sales(slower=4.0, slow_from=212), min_volume=0.05)
    later = EARLY + timedelta(days=1)  # no further Monday has matured

    checked = drift_check(task, shop.lake, models, run := MemoryRun(), later, Retraining.AUTO)

    assert checked.outcome == Outcome.WATCH
    assert run.children == []

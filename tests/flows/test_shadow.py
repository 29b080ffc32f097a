"""A version beside the champion: looked at freely, trusted with customers only through the gates."""

from __future__ import annotations

import pytest

from pipelines.core.errors import RegistryError, UsageError
from pipelines.core.ledger import chained
from pipelines.core.windows import parse_cutoff
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import Outcome
from pipelines.flows.promote import promote
from pipelines.flows.shadow import shadow, stop_shadow
from pipelines.flows.train import train
from pipelines.gates.gates import Calibrated
from support.memory import MemoryModels, MemoryRun
from support.shop import make_shop

EARLY, LATE = parse_cutoff("2020-08-24"), parse_cutoff("2020-10-19")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A champion, and a challenger that knows more."""
    shop, models = make_shop(tmp_path_factory.mktemp("shop")), MemoryModels()
    ingest(shop.source, shop.lake, MemoryRun())
    for cutoff in (EARLY, LATE):
        train(shop.task, shop.lake, models, MemoryRun(), cutoff)
        if cutoff == EARLY:
            assert promote(shop.task, shop.lake, models, MemoryRun()).outcome == Outcome.PROMOTED
    return shop, models


@pytest.fixture
def beside(trained):
    """The same two, with nobody beside the champion."""
    shop, models = trained
    yield shop, models
    if "shadow" in models.aliases("tiny_churn"):
        stop_shadow("tiny_churn", models, MemoryRun())


def strict(task):
    return task.model_copy(update={"gates": (Calibrated(max_ece=1e-6),)})


def test_looking_at_a_version_asks_no_gate(beside):
    shop, models = beside

    found = shadow(strict(shop.task), shop.lake, models, MemoryRun(), "challenger", 0.0)

    assert (found.outcome, found.rulings, found.share) == (Outcome.DONE, (), 0.0)
    assert models.aliases("tiny_churn") == {"champion": "1", "challenger": "2", "shadow": "2"}


def test_a_share_of_the_customers_takes_every_gate(beside):
    shop, models = beside
    run = MemoryRun()

    found = shadow(shop.task, shop.lake, models, run, "challenger", 0.2)

    assert all(ruling.passed for ruling in found.rulings)
    assert next(ruling["gate"] for ruling in run.artifacts["gates.json"]["rulings"]) == "asks_the_same"
    chain = chained(models.ledger.read("tiny_churn"))
    assert (chain.standing.shadow, chain.standing.share) == ("2", 0.2)
    assert chain.entries[-1].report_digest


def test_what_a_gate_refuses_decides_about_nobody_and_the_refusal_is_recorded(beside):
    shop, models = beside

    found = shadow(strict(shop.task), shop.lake, models, MemoryRun(), "challenger", 0.2)

    assert found.outcome == Outcome.REFUSED
    standing = chained(models.ledger.read("tiny_churn")).standing
    assert (standing.shadow, standing.share) == (None, 0.0)
    assert found.entry.reason == "to decide about 20%: refused by calibrated"


def test_the_rollout_ends_in_one_step_and_the_champion_was_never_touched(beside):
    shop, models = beside
    shadow(shop.task, shop.lake, models, MemoryRun(), "challenger", 0.2)

    stop_shadow("tiny_churn", models, MemoryRun())

    assert models.aliases("tiny_churn") == {"champion": "1", "challenger": "2"}
    with pytest.raises(RegistryError, match="has no version 'shadow'"):
        stop_shadow("tiny_churn", models, MemoryRun())


@pytest.mark.parametrize("share", [-0.1, 1.0, 2.0])
def test_a_share_that_is_none_is_refused(beside, share):
    shop, models = beside

    with pytest.raises(UsageError, match="is no share of the customers below 1"):
        shadow(shop.task, shop.lake, models, MemoryRun(), "challenger", share)


def test_the_champion_is_no_shadow_of_itself(beside):
    shop, models = beside

    with pytest.raises(RegistryError, match="Version 1 of 'tiny_churn' is the champion"):
        shadow(shop.task, shop.lake, models, MemoryRun(), "champion", 0.0)


def test_without_a_champion_there_is_nothing_to_stand_beside(trained):
    shop, models = trained
    alone = MemoryModels(versions=models.versions, loaders=models.loaders, held={("tiny_churn", "challenger"): "2"})

    with pytest.raises(RegistryError, match="has no champion to be scored beside"):
        shadow(shop.task, shop.lake, alone, MemoryRun(), "challenger", 0.0)

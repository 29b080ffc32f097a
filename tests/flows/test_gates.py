"""The gates on models that were really trained, and on what saboteurs make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from pipelines.core.ledger import Chain, Entry, Event, Standing
from pipelines.core.protocols import OUT_OF_FOLD, LoadedModel, ModelVersion
from pipelines.core.windows import parse_cutoff
from pipelines.flows.gating import judged
from pipelines.flows.ingest import ingest
from pipelines.flows.prepare import fitted
from pipelines.flows.train import train
from pipelines.gates.gates import Approval, Earns
from pipelines.policy.expected_profit import ExpectedProfit
from pipelines.scoring.scorer import Scorer
from pipelines.tasks.panel_task import PanelTask
from support.memory import MemoryModels, MemoryRun
from support.shop import Shop, make_shop

EARLY, LATE = parse_cutoff("2020-08-24"), parse_cutoff("2020-10-19")


@dataclass(frozen=True)
class Judging:
    """A shop with two trained models, and the registry that holds them."""

    shop: Shop
    task: PanelTask
    models: MemoryModels
    old: ModelVersion
    new: ModelVersion

    def said(self, challenger=None, champion=None, models=None, task=None, chain=Chain()):  # noqa: B008  # frozen
        challenger, task, models = challenger or self.new, task or self.task, models or self.models
        rulings = judged(task, self.shop.lake, models, challenger, champion, chain)
        return {ruling.gate: (ruling.passed, ruling.reason) for ruling in rulings}

    def refused(self, **asked):
        return [gate for gate, (passed, _) in self.said(**asked).items() if not passed]


@pytest.fixture(scope="module")
def judging(tmp_path_factory):
    shop = make_shop(tmp_path_factory.mktemp("gates"))
    ingest(shop.source, shop.lake, MemoryRun())
    models = MemoryModels()
    old, new = (train(shop.task, shop.lake, models, MemoryRun(), at).version for at in (EARLY, LATE))
    task, _ = fitted(shop.task, shop.lake.manifest(shop.task.source))
    return Judging(shop, task, models, old, new)


@dataclass
class Counting:
    """A registry that counts what it is asked for, and gives out what a saboteur made of a version."""

    held: MemoryModels
    saboteur: type[Scorer] | None = None
    loads: int = 0
    probes: int = 0
    version_number: str = ""

    def load(self, version):
        self.loads += 1
        found = self.held.load(version)
        if self.saboteur is None or version.version != self.version_number:
            return found
        return LoadedModel(self.saboteur(**vars(found.scorer)), found.input_names, found.has_example)

    def probe(self, version, asked):
        self.probes += 1
        return self.held.probe(version, asked)

    def table(self, version, name):
        return self.held.table(version, name)

    def provenance(self, version):
        return self.held.provenance(version)


def test_an_honest_model_passes_every_gate_alone_and_against_an_older_champion(judging):
    alone, against = judging.said(), judging.said(champion=judging.old)

    assert [gate for gate, (passed, _) in alone.items() if not passed] == []
    assert [gate for gate, (passed, _) in against.items() if not passed] == []
    assert list(alone) == ["asks_the_same", *(gate.type for gate in judging.task.gates)]
    assert "the champion in roc_auc within the margin" in against["beats_champion"][1]
    assert against["not_older"][1].startswith("is as new as the champion: ")


def test_one_promotion_loads_both_once_and_probes_once(judging):
    models = Counting(judging.models)
    judging.said(champion=judging.old, models=models)

    assert (models.loads, models.probes) == (2, 1)


def test_the_same_promotion_says_the_same_twice(judging):
    quiet = [gate for gate in judging.task.gates if gate.type != "fast_enough"]
    task = judging.task.model_copy(update={"gates": tuple(quiet)})

    assert judging.said(champion=judging.old, task=task) == judging.said(champion=judging.old, task=task)


def test_a_challenger_that_knows_less_than_the_champion_is_older_and_cannot_be_compared(judging):
    found = judging.said(challenger=judging.old, champion=judging.new)

    assert [gate for gate, (passed, _) in found.items() if not passed] == ["beats_champion", "not_older"]
    assert "It has seen outcomes of the rows they would be compared on." in found["beats_champion"][1]


def test_a_champion_that_saw_part_of_the_test_is_compared_on_the_rest(judging):
    short = judging.shop.task.model_copy(
        update={"timeline": judging.shop.task.timeline.model_copy(update={"n_test": 1})}
    )
    champion = train(short, judging.shop.lake, judging.models, MemoryRun(), LATE).version

    passed, reason = judging.said(champion=champion)["beats_champion"]

    assert passed
    assert "431 rows of 431 customers, without 1,326 that the champion may have learned from" in reason


class Everybody(Scorer):
    """Contacts all."""

    def score(self, rows):
        return super().score(rows).assign(decision=True)


class Nobody(Scorer):
    """Contacts none."""

    def score(self, rows):
        return super().score(rows).assign(decision=False)


class AtRandom(Scorer):
    """Contacts every tenth row, whoever it is."""

    def score(self, rows):
        return super().score(rows).assign(decision=np.arange(len(rows)) % 10 == 0)


class Crooked(Scorer):
    """Explains another score than it gives."""

    def contributions(self, rows):
        return super().contributions(rows) * 1.01


class SaysOther(Scorer):
    """Shows the gates one thing and customers another."""

    def score(self, rows):
        return super().score(rows).assign(score=0.25)


@pytest.mark.parametrize(
    ("saboteur", "gates"),
    [
        (Everybody, ["earns"]),
        (Nobody, ["earns"]),
        (AtRandom, ["earns"]),
        (Crooked, ["additive"]),
        (
            SaysOther,
            ["beats_baselines", "calibrated", "earns", "fair", "stable_over_time", "no_leakage"],
        ),
    ],
)
def test_a_saboteur_is_refused_by_the_gate_for_its_fault(judging, saboteur, gates):
    models = Counting(judging.models, saboteur, version_number=judging.new.version)

    assert judging.refused(models=models) == gates


def test_a_model_that_is_another_than_was_registered_is_refused(judging):
    swapped = replace(judging.new, digest=judging.old.digest)

    found = judging.said(challenger=swapped)

    assert [gate for gate, (passed, _) in found.items() if not passed] == ["traceable"]
    assert found["traceable"][1].startswith("what the registry gives out is not the model that was registered")


def test_a_configuration_that_was_edited_after_training_is_refused(judging):
    edited = replace(judging.new, config=judging.new.config.replace('"seed":7', '"seed":8'))

    assert judging.refused(challenger=edited) == ["traceable"]


def test_a_run_without_a_data_digest_is_refused(judging):
    bare = replace(judging.models, tags={number: {**tags} for number, tags in judging.models.tags.items()})
    del bare.tags[judging.new.version]["data_digest"]

    assert judging.refused(models=bare) == ["traceable"]


def test_a_test_that_beats_the_folds_of_training_is_refused(judging):
    """What a model that was trained on its test looks like beside them."""
    version, folder, example, kept = judging.models.versions[judging.new.version]
    noise = np.random.default_rng(0).normal(0, 4, len(kept[OUT_OF_FOLD]))
    worse = {**kept, OUT_OF_FOLD: kept[OUT_OF_FOLD].assign(raw=kept[OUT_OF_FOLD]["raw"] + noise)}
    held = {**judging.models.versions, judging.new.version: (version, folder, example, worse)}

    found = judging.said(models=replace(judging.models, versions=held))

    assert [gate for gate, (passed, _) in found.items() if not passed] == ["no_leakage"]
    assert found["no_leakage"][1].startswith("the test is clearly better than the folds of training")


def test_without_the_folds_of_training_nobody_can_tell_a_leak(judging):
    version, folder, example, kept = judging.models.versions[judging.new.version]
    without = {name: value for name, value in kept.items() if name != OUT_OF_FOLD}
    held = {**judging.models.versions, judging.new.version: (version, folder, example, without)}

    assert judging.refused(models=replace(judging.models, versions=held)) == ["no_leakage"]


def entry(number, event, actor, version):
    at = MemoryRun().began
    return Entry(
        number, "tiny_churn", event, at, actor, "seen", version.version, version.digest, "", "", Standing(), ""
    )


def test_an_approval_counts_from_the_ledger_and_by_another(judging):
    task = judging.task.model_copy(update={"gates": (Approval(),)})
    made = entry(1, Event.REGISTERED, "ada", judging.new)
    chains = {
        "nobody": Chain((made,)),
        "herself": Chain((made, entry(2, Event.APPROVED, "ada", judging.new))),
        "another": Chain((made, entry(2, Event.APPROVED, "grace", judging.new))),
        "of the old one": Chain((made, entry(2, Event.APPROVED, "grace", judging.old))),
        "taken back": Chain(
            (made, entry(2, Event.APPROVED, "grace", judging.new), entry(3, Event.REJECTED, "linus", judging.new))
        ),
    }
    passed = {name: judging.said(task=task, chain=chain)["approval"][0] for name, chain in chains.items()}

    assert passed == {"nobody": False, "herself": False, "another": True, "of the old one": False, "taken back": False}


def test_with_costs_the_decisions_must_earn_beside_those_of_the_champion(judging):
    policy = ExpectedProfit(cost=1.0, value=40.0, response_rate=0.25)
    task = judging.task.model_copy(update={"gates": (Earns(),), "policy": policy})

    passed, reason = judging.said(task=task, champion=judging.old)["earns"]

    assert passed
    assert "profit per row +" in reason
    assert "beyond contacting everybody " in reason
    assert "beyond the champion " in reason


def test_a_price_at_which_no_contact_pays_is_refused(judging):
    policy = ExpectedProfit(cost=30.0, value=40.0, response_rate=0.25)
    task = judging.task.model_copy(update={"gates": (Earns(),), "policy": policy})

    passed, reason = judging.said(task=task)["earns"]

    assert not passed
    assert reason.startswith("does not clearly earn more than contacting nobody: ")

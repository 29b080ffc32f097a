"""Who becomes champion, and who must not."""

import pandas as pd
import pytest

from pipelines.config.files import load_task
from pipelines.core.errors import RegistryError
from pipelines.core.protocols import CHALLENGER, CHAMPION, PREVIOUS
from pipelines.core.windows import parse_cutoff
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import Outcome
from pipelines.flows.promote import promote
from pipelines.flows.rollback import rollback
from pipelines.flows.score import score
from pipelines.flows.train import train
from pipelines.scoring.scorer import Scorer
from support.memory import MemoryModels, MemoryRun

EARLY, LATE = parse_cutoff("2020-08-24"), parse_cutoff("2020-10-19")


@pytest.fixture
def ready(shop):
    ingest(shop.source, shop.lake, MemoryRun())
    return shop


def test_without_a_challenger_the_error_says_what_to_run(ready):
    with pytest.raises(RegistryError, match="has no challenger.*regulars train --task tiny_churn"):
        promote(ready.task, ready.lake, MemoryModels(), MemoryRun())


def test_a_refusal_shows_every_reason_and_leaves_the_champion(ready):
    models, run = MemoryModels(), MemoryRun()
    task = ready.task.model_copy(update={"gates": tuple(_strict(gate) for gate in ready.task.gates)})
    train(task, ready.lake, models, MemoryRun(), LATE)

    promotion = promote(task, ready.lake, models, run)

    assert promotion.outcome == Outcome.REFUSED
    assert [ruling.gate for ruling in promotion.rulings] == ["asks_the_same", *(gate.type for gate in task.gates)]
    assert not {ruling.gate: ruling.passed for ruling in promotion.rulings}["calibrated"]
    assert models.find("tiny_churn", CHAMPION) is None
    assert models.find("tiny_churn", CHALLENGER) is not None
    assert run.artifacts["gates.json"]["outcome"] == "refused"
    assert "Refused on 2026-01-02 03:04 UTC by ada" in models.descriptions[promotion.challenger.version]


def test_a_challenger_without_a_card_does_not_become_champion(ready):
    models, training = MemoryModels(), MemoryRun()
    train(ready.task, ready.lake, models, training, LATE)
    models.versions["1"][3].pop("report/model_card.json")

    with pytest.raises(RegistryError, match="lacks report/model_card.json"):
        promote(ready.task, ready.lake, models, MemoryRun())

    assert models.find("tiny_churn", CHAMPION) is None


def test_a_champion_is_followed_and_comes_back_by_rollback(ready):
    models = MemoryModels()
    first = _promoted(ready, models, EARLY)
    second = _promoted(ready, models, LATE)
    assert (models.find("tiny_churn", CHAMPION), models.find("tiny_churn", PREVIOUS)) == (second, first)

    rolled = rollback(ready.task.name, models, MemoryRun())

    assert (rolled.before, rolled.champion) == (second, first)
    assert models.find("tiny_churn", PREVIOUS) == second


def test_champion_and_challenger_are_compared_on_the_same_rows_scored_now(ready):
    models, run = MemoryModels(), MemoryRun()
    _promoted(ready, models, EARLY)
    train(ready.task, ready.lake, models, MemoryRun(), LATE)

    promotion = promote(ready.task, ready.lake, models, run)

    reason = {ruling.gate: ruling.reason for ruling in promotion.rulings}["beats_champion"]
    assert "the champion in roc_auc" in reason
    assert "margin 0.08" in reason


def test_a_challenger_that_knows_less_than_the_champion_is_refused(ready):
    models = MemoryModels()
    _promoted(ready, models, LATE)
    train(ready.task, ready.lake, models, MemoryRun(), EARLY)

    promotion = promote(ready.task, ready.lake, models, MemoryRun())

    ruling = {ruling.gate: ruling for ruling in promotion.rulings}["beats_champion"]
    assert not ruling.passed
    assert "It has seen outcomes of the rows they would be compared on." in ruling.reason


def test_an_inverted_model_is_refused_by_the_baselines(ready):
    models = MemoryModels()
    trained = train(ready.task, ready.lake, models, MemoryRun(), LATE)
    _sabotage(models, trained.version.version, Inverted)

    promotion = promote(ready.task, ready.lake, models, MemoryRun())

    failed = {ruling.gate: ruling.reason for ruling in promotion.rulings if not ruling.passed}
    assert "does not clearly beat prevalence, recency_rule" in failed["beats_baselines"]


def test_a_model_that_cannot_be_loaded_is_refused_not_promoted(ready):
    models = MemoryModels()
    trained = train(ready.task, ready.lake, models, MemoryRun(), LATE)
    for file in models.versions[trained.version.version][1].glob("trees_*"):
        file.unlink()

    promotion = promote(ready.task, ready.lake, models, MemoryRun())

    assert promotion.outcome == Outcome.REFUSED
    without_it = {"asks_the_same", "beats_champion", "not_older"}
    judged = [ruling for ruling in promotion.rulings if ruling.gate not in without_it]
    assert all("could not be judged: ModelError" in ruling.reason for ruling in judged)


def test_a_model_without_a_signature_is_refused(ready):
    models = MemoryModels()
    trained = train(ready.task, ready.lake, models, MemoryRun(), LATE)
    models.unsigned.add(trained.version.version)

    promotion = promote(ready.task, ready.lake, models, MemoryRun())

    assert [r.gate for r in promotion.rulings if not r.passed] == ["has_signature"]


def test_a_challenger_trained_for_another_question_is_refused(ready):
    models = MemoryModels()
    other = load_task(ready.root / "conf", "tiny_churn", "outcome.horizon=P14D")
    train(other, ready.lake, models, MemoryRun(), LATE)

    promotion = promote(ready.task, ready.lake, models, MemoryRun())

    assert promotion.outcome == Outcome.REFUSED
    assert [r.gate for r in promotion.rulings if not r.passed] == ["asks_the_same"]


def test_fewer_baselines_at_training_do_not_spare_the_comparison(ready):
    models = MemoryModels()
    fewer = ready.task.model_copy(update={"baselines": ready.task.baselines[:1]})
    train(fewer, ready.lake, models, MemoryRun(), LATE)

    promotion = promote(ready.task, ready.lake, models, MemoryRun())

    assert "recency_rule" in {r.gate: r.reason for r in promotion.rulings}["beats_baselines"]


def test_a_champion_with_other_features_is_compared_on_rows_of_its_own(ready):
    models = MemoryModels()
    fewer = ready.task.model_copy(update={"features": ready.task.features[:2]})
    models.crown(train(fewer, ready.lake, models, MemoryRun(), EARLY).version)
    train(ready.task, ready.lake, models, MemoryRun(), LATE)

    promotion = promote(ready.task, ready.lake, models, MemoryRun())

    reason = {r.gate: r.reason for r in promotion.rulings}["beats_champion"]
    assert "the champion in roc_auc" in reason


def test_a_champion_that_was_fitted_on_part_of_the_test_is_compared_on_the_rest(ready):
    models = MemoryModels()
    short = ready.task.model_copy(update={"timeline": ready.task.timeline.model_copy(update={"n_test": 1})})
    models.crown(train(short, ready.lake, models, MemoryRun(), LATE).version)
    train(ready.task, ready.lake, models, MemoryRun(), LATE)

    promotion = promote(ready.task, ready.lake, models, MemoryRun())

    assert "that the champion may have learned from" in {r.gate: r.reason for r in promotion.rulings}["beats_champion"]


def test_a_new_policy_ships_though_the_digest_is_the_same(ready):
    models = MemoryModels()
    first = _promoted(ready, models, LATE)
    wider = load_task(ready.root / "conf", "tiny_churn", "policy.type=top_share policy.share=0.3")
    second = train(wider, ready.lake, models, MemoryRun(), LATE).version

    promotion = promote(wider, ready.lake, models, MemoryRun())

    assert first.digest == second.digest
    assert promotion.outcome != Outcome.UNCHANGED


def test_scoring_without_a_champion_says_what_to_run(ready):
    with pytest.raises(RegistryError, match="has no champion.*regulars train --task tiny_churn"):
        score(ready.task, ready.lake, MemoryModels(), MemoryRun(), None)


class Inverted(Scorer):
    def raw(self, rows: pd.DataFrame):
        return -super().raw(rows)

    def score(self, rows: pd.DataFrame):
        return super().score(rows).assign(score=self.probability(rows))


def _strict(gate):
    return gate.model_copy(update={"max_ece": 1e-6}) if gate.type == "calibrated" else gate


def _promoted(shop, models, cutoff):
    version = train(shop.task, shop.lake, models, MemoryRun(), cutoff).version
    outcome = promote(shop.task, shop.lake, models, MemoryRun()).outcome
    assert outcome == Outcome.PROMOTED
    return version


def _sabotage(models, number, kind):
    load = models.load

    def loaded(version):
        found = load(version)
        if version.version != number:
            return found
        bad = kind(**{name: getattr(found.scorer, name) for name in found.scorer.__dataclass_fields__})
        return type(found)(bad, found.input_names, found.has_example)

    models.load = loaded

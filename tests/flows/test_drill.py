"""The saboteur drill: every bad model is refused by exactly the gate named beforehand, the honest better one is not."""

from __future__ import annotations

import re

import pytest

from pipelines.core.errors import RegistryError
from pipelines.core.ledger import Event, chained
from pipelines.core.protocols import CHAMPION, NewVersion
from pipelines.flows import drill as flow
from pipelines.flows.drill import drill, in_words
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import EXIT_STATUS, Outcome
from pipelines.flows.register import register
from pipelines.sabotage.saboteurs import SABOTEURS
from pipelines.sabotage.verdicts import Verdict
from pipelines.tasks.panel_task import PanelTask
from support.drills import EVERY_GATE, with_gates
from support.memory import MemoryModels, MemoryRun
from support.shop import make_shop


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    made = make_shop(tmp_path_factory.mktemp("drill"))
    ingest(made.source, made.lake, MemoryRun())
    return made


@pytest.fixture(scope="module")
def models():
    return MemoryModels()


@pytest.fixture(scope="module")
def run():
    return MemoryRun()


@pytest.fixture(scope="module")
def drilled(ready, models, run):
    return drill(with_gates(ready.task, *EVERY_GATE), ready.lake, models, run, None)


def only(monkeypatch, *names):
    monkeypatch.setattr(flow, "SABOTEURS", tuple(one for one in SABOTEURS if one.name in names))


def verdicts(found):
    return {one.saboteur.name: one.verdict for one in found.tried}


@pytest.mark.parametrize("name", [one.name for one in SABOTEURS if one.gate])
def test_a_saboteur_is_refused_by_exactly_the_gate_named_beforehand(drilled, name):
    (one,) = [one for one in drilled.tried if one.saboteur.name == name]

    assert one.refused_by == (one.saboteur.gate,), one.reason


def test_the_honest_better_model_is_promoted(drilled):
    assert verdicts(drilled)["honest"] == Verdict.PROMOTED


def test_all_gates_ruled_on_everybody(drilled):
    judged = {tuple(ruling.gate for ruling in one.rulings) for one in drilled.tried}

    assert judged == {("asks_the_same", *(gate["type"] for gate in EVERY_GATE))}


def test_the_drill_is_done(drilled, run):
    assert drilled.outcome == Outcome.DONE
    assert run.logged_tags["outcome"] == "done"
    assert run.metrics["drill.n_let_pass"] == 0.0
    assert run.metrics["drill.n_as_it_should_be"] == run.metrics["drill.n_tried"] == len(SABOTEURS)


def test_no_registered_model_is_left_and_every_run_is(drilled, models, run):
    assert models.versions == {}
    assert models.ledger.records == models.ledger.heads == models.held == {}
    names = [child.name for child in run.children]
    assert {f"saboteur {one.name}" for one in SABOTEURS} | {f"promote {one.name}" for one in SABOTEURS} < set(names)


def test_every_ruling_is_written_down(drilled, run):
    content = run.artifacts["drill.json"]

    assert [one["saboteur"] for one in content["saboteurs"]] == [one.name for one in SABOTEURS]
    assert {one["verdict"] for one in content["saboteurs"]} == {"right", "promoted"}
    assert all(len(one["rulings"]) == len(EVERY_GATE) + 1 for one in content["saboteurs"])


def test_the_page_shows_everybody_and_loads_nothing(drilled, run):
    page = run.artifacts["drill.html"]

    assert all(one.name.replace("_", " ") in page for one in SABOTEURS)
    assert not re.search(r"<script|src=\"(?!data:)|href=\"(?!#)", page)


def test_everybody_has_a_line(drilled, run):
    finding, _, *lines = in_words(drilled)

    assert finding.startswith("25 of 25 saboteurs were refused by exactly the gate named beforehand.")
    assert len(lines) == len(SABOTEURS)
    assert all(one.name in run.description for one in SABOTEURS)


def test_a_gate_that_is_not_declared_is_named_and_ends_the_drill_with_status_3(ready, monkeypatch):
    only(monkeypatch, "misexplained", "never_predicts")
    run = MemoryRun()
    found = drill(with_gates(ready.task, {"type": "has_signature"}), ready.lake, MemoryModels(), run, None)

    assert set(verdicts(found).values()) == {Verdict.UNCOVERED}
    assert EXIT_STATUS[found.outcome] == 3
    assert "Promoted, and must not be: never_predicts, misexplained." in in_words(found)[0]
    assert "Not declared by the task: additive, earns." in in_words(found)[0]
    assert run.logged_tags["outcome"] == "fell_short"


def test_who_is_let_pass_does_not_stay_champion(ready, monkeypatch):
    """The second would otherwise stand against the first."""
    only(monkeypatch, "misexplained", "never_predicts")
    gates = ({"type": "has_signature"}, {"type": "beats_champion"})
    found = drill(with_gates(ready.task, *gates), ready.lake, MemoryModels(), MemoryRun(), None)

    reasons = {ruling.gate: ruling.reason for ruling in found.tried[-1].rulings}
    assert reasons["beats_champion"] == "there is no champion yet"


def test_what_others_refuse_is_told_apart(ready, monkeypatch):
    only(monkeypatch, "biased", "inverted")
    gates = ({"type": "calibrated", "max_ece": 1e-6},)
    found = drill(with_gates(ready.task, *gates), ready.lake, MemoryModels(), MemoryRun(), None)

    assert set(verdicts(found).values()) == {Verdict.CAUGHT}
    assert "refused by others; the gate named is not declared (fair): calibrated" in in_words(found)[-1]


def test_gates_that_nobody_can_pass_are_too_strict(ready, monkeypatch):
    only(monkeypatch, "honest")
    gates = ({"type": "calibrated", "max_ece": 1e-6},)
    found = drill(with_gates(ready.task, *gates), ready.lake, MemoryModels(), MemoryRun(), None)

    assert verdicts(found) == {"honest": Verdict.TOO_STRICT}
    assert "The honest better model was refused by calibrated." in in_words(found)[0]


def test_signatures_are_asked_for_only_where_the_task_does(ready):
    named = {one.gate for one in flow.drilled_by(with_gates(ready.task, {"type": "has_signature"}))}

    assert "approval" not in named
    assert "approval" in {one.gate for one in flow.drilled_by(with_gates(ready.task, {"type": "approval"}))}


def test_who_cannot_be_made_is_said_and_does_not_count(ready, monkeypatch):
    only(monkeypatch, "biased")
    task = with_gates(ready.task, {"type": "has_signature"}).model_copy(update={"sensitive": ()})
    found = drill(task, ready.lake, MemoryModels(), MemoryRun(), None)

    assert verdicts(found) == {"biased": Verdict.ABSENT}
    assert found.outcome == Outcome.DONE
    assert in_words(found)[-1] == "biased  does not apply: the task names no sensitive column"


def test_a_promotion_that_ends_with_an_error_is_no_refusal(ready, monkeypatch):
    only(monkeypatch, "never_predicts")

    def fails(*_):
        raise RegistryError("The store is gone.", why="Nobody knows.", fix="Try again.")

    monkeypatch.setattr(flow, "promote", fails)
    models = MemoryModels()
    found = drill(with_gates(ready.task, {"type": "earns"}), ready.lake, models, MemoryRun(), None)

    assert verdicts(found) == {"never_predicts": Verdict.FAILED}
    assert found.outcome == Outcome.FELL_SHORT
    assert models.versions == {}


def test_models_go_even_if_the_drill_ends_with_an_error(ready, monkeypatch):
    only(monkeypatch, "never_predicts")
    monkeypatch.setattr(flow, "promote", lambda *_: 1 / 0)
    models = MemoryModels()

    with pytest.raises(ZeroDivisionError):
        drill(with_gates(ready.task, {"type": "earns"}), ready.lake, models, MemoryRun(), None)

    assert models.versions == {}


def test_what_a_killed_drill_left_is_cleared_away(ready, monkeypatch):
    only(monkeypatch, "never_predicts")
    models, task = MemoryModels(), with_gates(ready.task, {"type": "earns"})
    monkeypatch.setattr(models, "forget", lambda name: None)  # killed before it could
    drill(task, ready.lake, models, MemoryRun(), None)
    assert models.versions

    monkeypatch.undo()
    only(monkeypatch, "never_predicts")
    assert drill(task, ready.lake, models, MemoryRun(), None).outcome == Outcome.DONE
    assert models.versions == {}


def test_the_models_of_a_task_that_happens_to_have_that_name_stay(ready):
    models = MemoryModels()
    theirs = PanelTask.model_validate({**ready.task.model_dump(mode="json"), "name": "tiny_churn_drill"})
    _registered(models, theirs)

    with pytest.raises(RegistryError, match="'tiny_churn_drill' is not the drill's: version 1 is of another task"):
        drill(ready.task, ready.lake, models, MemoryRun(), None)

    assert len(models.versions) == 1


def test_the_task_s_own_champion_is_not_touched(ready, monkeypatch):
    only(monkeypatch, "never_predicts", "honest")
    models = MemoryModels()
    models.crown(_registered(models, ready.task))
    before = models.ledger.read("tiny_churn")

    drill(with_gates(ready.task, {"type": "earns"}), ready.lake, models, MemoryRun(), None)

    assert models.find("tiny_churn", CHAMPION).version == "1"
    assert models.ledger.read("tiny_churn") == before
    assert [entry.event for entry in chained(before).entries] == [Event.REGISTERED, Event.PROMOTED]


def test_an_evil_title_is_escaped(ready, monkeypatch):
    only(monkeypatch, "never_predicts")
    run = MemoryRun()
    task = with_gates(ready.task, {"type": "earns"}).model_copy(update={"title": "<script>alert(1)</script>"})
    drill(task, ready.lake, MemoryModels(), run, None)

    assert "<script" not in run.artifacts["drill.html"]


def _registered(models, task):
    class Model:
        def digest(self):
            return "d" * 64

        def score(self, rows):
            return rows

        def save(self, folder):
            (folder / "nothing.txt").write_text("", encoding="utf-8")

    return register(models, MemoryRun(), NewVersion(task.name, Model(), None, None, "", task.model_dump_json(), ""))

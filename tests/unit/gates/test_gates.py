"""What all gates promise: they fail closed, whatever is missing, broken or raised."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from pipelines.config.files import load_task
from pipelines.core.errors import ConfigError, ModelError
from pipelines.core.intervals import Interval
from pipelines.core.protocols import Probe
from pipelines.evaluation.decisions import Worth
from pipelines.evaluation.over_time import Period
from pipelines.evaluation.suspicion import Suspicion
from pipelines.fairness.findings import Finding, Outcome
from pipelines.gates.evidence import TYPICAL, Additivity, OverChampion
from pipelines.gates.gates import AnyGate, judge_all
from support.evidence import GOOD, answer, findings_of, said

KINDS = get_args(get_args(AnyGate)[0])
ALL = tuple(kind() for kind in KINDS)
NAN = Interval(math.nan, math.nan, math.nan)
HALF = Interval(0.05, math.nan, math.nan)


def test_every_gate_of_the_list_has_the_name_that_task_files_use():
    assert [gate.type for gate in ALL] == [
        "beats_baselines",
        "beats_champion",
        "calibrated",
        "earns",
        "fair",
        "stable_over_time",
        "no_leakage",
        "has_signature",
        "survives_edges",
        "fast_enough",
        "additive",
        "traceable",
        "not_older",
        "approval",
    ]


def test_good_challenger_passes_every_gate():
    rulings = [(ruling.gate, ruling.passed) for ruling in judge_all(ALL, GOOD)]

    assert rulings == [("asks_the_same", True), *((gate.type, True) for gate in ALL)]


def test_a_gate_that_nobody_wrote_is_refused_when_the_file_is_read():
    with pytest.raises(ValidationError, match="beats_everything"):
        TypeAdapter(AnyGate).validate_python({"type": "beats_everything"})


def test_a_misspelt_limit_is_refused_when_the_file_is_read(shop_conf):
    with pytest.raises(ConfigError, match="max_drp"):
        load_task(shop_conf, "tiny_churn")


class Broken:
    """Everything that is asked of it fails with one error."""

    def __init__(self, error):
        self.error = error

    def __getattr__(self, name):
        raise self.error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError("client-00042 bought something"), "could not be judged: OSError"),
        (MemoryError(), "could not be judged: MemoryError"),
        (
            ModelError("The champion knew more.", why="It may have learned from these rows.", fix="Train later."),
            "could not be judged: ModelError: The champion knew more. It may have learned from these rows. "
            "Fix: Train later.",
        ),
    ],
)
def test_gate_that_errors_refuses_without_telling_what_may_be_personal_and_the_others_are_still_judged(error, told):
    assert [(ruling.passed, ruling.reason) for ruling in judge_all(ALL, Broken(error))] == [
        (False, told) for _ in range(len(ALL) + 1)
    ]


def test_evidence_that_lacks_a_method_refuses():
    assert [ruling.passed for ruling in judge_all(ALL, object())] == [False] * (len(ALL) + 1)


@pytest.mark.parametrize("gate", [gate for gate in ALL if gate.type != "fair"], ids=lambda gate: gate.type)
def test_evidence_that_is_nothing_at_all_refuses(gate):
    evidence = replace(GOOD, **{one.name: () for one in fields(GOOD)})

    assert said(gate, evidence)[0] is False


def test_no_gates_at_all_refuse():
    (ruling,) = judge_all([], GOOD)

    assert (ruling.passed, ruling.reason) == (False, "the task declares no gates")


def test_ruling_of_a_gate_is_a_plain_boolean():
    assert {type(ruling.passed) for ruling in judge_all(ALL, GOOD)} == {bool}


def test_a_model_trained_for_another_question_is_refused_whatever_the_task_declares():
    rulings = judge_all([ALL[2]], replace(GOOD, same=False))

    assert [(ruling.gate, ruling.passed) for ruling in rulings] == [("asks_the_same", False), ("calibrated", True)]
    assert "trained with another source, population, outcome" in rulings[0].reason


@pytest.mark.parametrize(
    ("gate", "spoilt"),
    [
        ("beats_baselines", {"baselines": {"prevalence": {"roc_auc": HALF}}}),
        ("beats_baselines", {"baselines": {"prevalence": {}}}),
        ("beats_champion", {"champion": OverChampion({"roc_auc": NAN}, 10, 10)}),
        ("beats_champion", {"champion": OverChampion({}, 10, 10)}),
        ("calibrated", {"metrics": {"ece": HALF}}),
        ("calibrated", {"metrics": {}}),
        ("earns", {"decided": Worth(10, 5, 0.1, NAN)}),
        ("earns", {"decided": Worth(10, 5, math.nan, Interval(0.3, 0.2, 0.4))}),
        ("earns", {"decided": Worth(10, 5, 0.1, Interval(0.3, 0.2, 0.4), HALF)}),
        ("earns", {"decided": Worth(10, 5, 0.1, Interval(0.3, 0.2, 0.4), Interval(1, 0.5, 1.5), NAN)}),
        ("stable_over_time", {"weeks": (Period("a", 50, 0.8, HALF), Period("b", 50, 0.8, HALF))}),
        (
            "no_leakage",
            {"suspect": Suspicion(math.nan, "x", 0.6, 0.8, Interval(0.0, -0.1, 0.1), Interval(0.0, -0.1, 0.1))},
        ),
        (
            "no_leakage",
            {"suspect": Suspicion(0.8, "x", math.nan, 0.8, Interval(0.0, -0.1, 0.1), Interval(0.0, -0.1, 0.1))},
        ),
        ("no_leakage", {"suspect": Suspicion(0.8, "x", 0.6, 0.8, HALF, Interval(0.0, -0.1, 0.1))}),
        ("no_leakage", {"suspect": Suspicion(0.8, "x", 0.6, 0.8, Interval(0.0, -0.1, 0.1), NAN)}),
        ("fast_enough", {"probed": Probe("", {TYPICAL: answer(10, seconds=math.nan)}, 1.0)}),
        ("fast_enough", {"probed": Probe("", {TYPICAL: answer(10)}, math.nan)}),
        ("additive", {"off": Additivity(10, math.nan)}),
        (
            "fair",
            {"columns": (replace(findings_of(), findings=(Finding("x", HALF, 0.1, Outcome.INCONCLUSIVE),)),)},
        ),
    ],
)
def test_figure_that_is_missing_or_not_a_number_refuses(gate, spoilt):
    passed, reason = said(next(one for one in ALL if one.type == gate), replace(GOOD, **spoilt))

    assert not passed
    assert reason.startswith("could not be judged: ModelError: The ")
    assert reason.endswith("is missing. What is not known cannot pass. Fix: Train again.")


@pytest.fixture
def shop_conf(shop):
    path = shop.root / "conf/tasks/tiny_churn.yaml"
    path.write_text(path.read_text().replace("gates:\n", "gates:\n- {type: stable_over_time, max_drp: 0.1}\n"))
    return shop.root / "conf"


@pytest.fixture
def shop(tmp_path):
    from support.shop import make_shop

    return make_shop(tmp_path)

"""The tests of a gate are saboteurs: evidence that must be refused, with the reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import pytest

from pipelines.core.errors import ModelError
from pipelines.core.intervals import Interval
from pipelines.gates.gates import BeatsBaselines, BeatsChampion, Calibrated, HasSignature, judge_all

CLEAR = Interval(0.05, 0.02, 0.08)
BETTER = {"roc_auc": CLEAR, "brier": Interval(-0.02, -0.03, -0.01)}
UNKNOWN = Interval(0.05, math.nan, math.nan)
ALL = (BeatsBaselines(), BeatsChampion(), Calibrated(max_ece=0.03), HasSignature())


@dataclass(frozen=True)
class FakeEvidence:
    """Evidence that every gate passes; each test spoils one part."""

    ours: dict = field(default_factory=lambda: {"ece": Interval(0.01, 0.0, 0.02)})
    baselines: dict = field(default_factory=lambda: {"prevalence": BETTER, "recency_rule": BETTER})
    champion: dict | None = field(default_factory=lambda: BETTER)
    names: tuple | None = ("recency_days", "n_orders_28d")
    example: bool = True
    same: bool = True
    wanted: tuple = ("recency_days", "n_orders_28d")

    def challenger(self):
        return self.ours

    def over_baselines(self):
        return self.baselines

    def over_champion(self):
        return self.champion

    def asks_the_same(self):
        return self.same

    def signature(self):
        return self.names

    def has_example(self):
        return self.example

    def feature_names(self):
        return self.wanted


GOOD = FakeEvidence()


def said(gate, evidence):
    """Whether one gate passed, and its reason."""
    _, ruling = judge_all([gate], evidence)
    assert ruling.gate == gate.type
    return ruling.passed, ruling.reason


def test_good_challenger_passes_every_gate():
    rulings = [(ruling.gate, ruling.passed) for ruling in judge_all(ALL, GOOD)]

    assert rulings == [("asks_the_same", True), *((gate.type, True) for gate in ALL)]


def test_challenger_that_beats_every_baseline_is_told_by_how_much():
    assert said(BeatsBaselines(), GOOD) == (
        True,
        "beats every baseline in roc_auc: prevalence +0.0500 [+0.0200, +0.0800], "
        "recency_rule +0.0500 [+0.0200, +0.0800]",
    )


@pytest.mark.parametrize("low", [-0.01, 0.0])
def test_interval_that_touches_zero_does_not_beat_a_baseline(low):
    evidence = replace(GOOD, baselines={"prevalence": BETTER, "recency_rule": {"roc_auc": Interval(0.03, low, 0.07)}})
    passed, reason = said(BeatsBaselines(), evidence)

    assert not passed
    assert reason.startswith("does not clearly beat recency_rule in roc_auc: prevalence +0.0500")


def test_challenger_without_baselines_is_refused():
    assert said(BeatsBaselines(), replace(GOOD, baselines={})) == (False, "there is no baseline to compare with")


@pytest.mark.parametrize(
    ("difference", "passed"), [(Interval(-0.02, -0.03, -0.01), True), (Interval(0.02, 0.01, 0.03), False)]
)
def test_smaller_brier_score_is_better(difference, passed):
    evidence = replace(GOOD, baselines={"prevalence": {"brier": difference}})

    assert said(BeatsBaselines(metric="brier"), evidence)[0] is passed


def test_first_model_has_no_champion_to_beat():
    assert said(BeatsChampion(), replace(GOOD, champion=None)) == (True, "there is no champion yet")


@pytest.mark.parametrize(
    ("gain", "passed", "verb"),
    [
        (Interval(0.0, -0.004, 0.004), True, "does not lose to the champion"),
        (Interval(0.0, -0.005, 0.004), False, "may lose to the champion"),
        (Interval(0.01, -0.02, 0.04), False, "may lose to the champion"),
        (Interval(-0.02, -0.03, -0.01), False, "loses to the champion"),
    ],
)
def test_challenger_must_be_shown_to_be_no_worse_than_the_margin(gain, passed, verb):
    found = said(BeatsChampion(margin=0.005), replace(GOOD, champion={"roc_auc": gain}))

    assert found[0] is passed
    assert found[1].startswith(f"{verb} in roc_auc: ")
    assert found[1].endswith("margin 0.005")


@pytest.mark.parametrize(("high", "passed"), [(0.029, True), (0.03, True), (0.031, False)])
def test_calibration_error_has_a_limit_for_the_upper_end_of_its_interval(high, passed):
    found = said(Calibrated(max_ece=0.03), replace(GOOD, ours={"ece": Interval(0.01, 0.0, high)}))

    assert found == (passed, f"calibration error 0.010 [0.000, {high:.3f}], limit 0.03")


def test_model_without_a_signature_is_refused():
    assert said(HasSignature(), replace(GOOD, names=None)) == (False, "the model was logged without a signature")


def test_model_without_an_example_is_refused():
    assert said(HasSignature(), replace(GOOD, example=False)) == (
        False,
        "the model was logged without an input example",
    )


@pytest.mark.parametrize(
    ("names", "differs"),
    [
        (("recency_days",), "n_orders_28d"),
        (("recency_days", "n_orders_28d", "customer_id"), "customer_id"),
        (("n_orders_28d", "recency_days"), "the order of the columns"),
        ((), "n_orders_28d, recency_days"),
    ],
)
def test_signature_that_names_other_columns_is_refused(names, differs):
    assert said(HasSignature(), replace(GOOD, names=names)) == (
        False,
        f"the signature differs from the task's features in {differs}",
    )


@pytest.mark.parametrize(
    ("gate", "evidence"),
    [
        (BeatsBaselines(), replace(GOOD, baselines={"prevalence": BETTER, "recency_rule": {}})),
        (BeatsChampion(), replace(GOOD, champion={})),
        (Calibrated(), replace(GOOD, ours={})),
    ],
)
def test_missing_metric_refuses(gate, evidence):
    passed, reason = said(gate, evidence)

    assert not passed
    assert reason.startswith("could not be judged: ModelError: The metric ")


@pytest.mark.parametrize("broken", [UNKNOWN, Interval(math.nan, 0.02, 0.08), Interval(math.nan, math.nan, math.nan)])
def test_metric_that_is_not_a_number_refuses(broken):
    evidence = replace(
        GOOD, ours={"ece": broken}, baselines={"prevalence": {"roc_auc": broken}}, champion={"roc_auc": broken}
    )

    assert [ruling.passed for ruling in judge_all(ALL, evidence)] == [True, False, False, False, True]


@dataclass(frozen=True)
class BrokenEvidence(FakeEvidence):
    """Everything that is asked fails, each in its own way."""

    def challenger(self):
        raise ZeroDivisionError("no rows")

    def over_baselines(self):
        raise MemoryError

    def over_champion(self):
        raise ModelError("The champion knew more.", why="It may have learned from these rows.", fix="Train later.")

    def asks_the_same(self):
        raise OSError("client-00042 bought something")

    def signature(self):
        raise KeyError("signature")


def test_gate_that_errors_refuses_with_the_error_and_the_others_are_still_judged():
    assert [(ruling.passed, ruling.reason) for ruling in judge_all(ALL, BrokenEvidence())] == [
        (False, "could not be judged: OSError"),
        (False, "could not be judged: MemoryError"),
        (
            False,
            "could not be judged: ModelError: The champion knew more. It may have learned from these rows. "
            "Fix: Train later.",
        ),
        (False, "could not be judged: ZeroDivisionError"),
        (False, "could not be judged: KeyError"),
    ]


def test_evidence_that_lacks_a_method_refuses():
    assert [ruling.passed for ruling in judge_all(ALL, object())] == [False] * 5


def test_no_gates_at_all_refuse():
    (ruling,) = judge_all([], GOOD)

    assert (ruling.passed, ruling.reason) == (False, "the task declares no gates")


def test_ruling_of_a_gate_is_a_plain_boolean():
    assert {type(ruling.passed) for ruling in judge_all(ALL, GOOD)} == {bool}


def test_a_model_trained_for_another_question_is_refused_whatever_the_task_declares():
    rulings = judge_all([Calibrated()], replace(GOOD, same=False))

    assert [(ruling.gate, ruling.passed) for ruling in rulings] == [("asks_the_same", False), ("calibrated", True)]
    assert "trained with another source, population, outcome" in rulings[0].reason

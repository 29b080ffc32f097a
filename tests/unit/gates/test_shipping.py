"""Gates of what is shipped: signatures, rows at the edges, speed, size, explanations, and leaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines.core.intervals import Interval
from pipelines.core.protocols import Probe
from pipelines.evaluation.suspicion import Suspicion
from pipelines.gates.evidence import TYPICAL, Additivity
from pipelines.gates.gates import Additive, FastEnough, HasSignature, NoLeakage, SurvivesEdges
from support.evidence import GOOD, answer, said


def probed(size_mb=2.0, **answers):
    named = {TYPICAL: answer(5_000, seconds=0.5), **{name.replace("_", " "): one for name, one in answers.items()}}
    return replace(GOOD, probed=Probe("", named, size_mb))


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


def test_a_model_that_answers_everything_passes():
    assert said(SurvivesEdges(), GOOD) == (
        True,
        "loads in a clean process and answers typical rows (5,000), one row (1), no rows (0)",
    )


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (answer(200, error="ValueError", n_answered=0), "rows of nulls: fails with ValueError"),
        (answer(200, n_answered=199), "rows of nulls: answers 199 of 200 rows"),
        (answer(0, n_answered=1), "rows of nulls: answers 1 of 0 rows"),
        (answer(200, n_bad=3), "rows of nulls: 3 of 200 scores are no probabilities"),
    ],
)
def test_a_model_that_stumbles_over_odd_rows_is_refused(bad, told):
    assert said(SurvivesEdges(), probed(rows_of_nulls=bad)) == (False, told)


def test_a_probe_that_asked_about_no_edge_refuses():
    assert said(SurvivesEdges(), probed()) == (False, "asked about typical rows only")


@pytest.mark.parametrize("gate", [SurvivesEdges(), FastEnough()])
def test_a_model_that_does_not_load_in_a_clean_process_is_refused(gate):
    passed, reason = said(gate, replace(GOOD, probed=Probe("ImportError", {}, 1.0)))

    assert not passed
    assert "The model does not load in a clean process (ImportError)." in reason


@pytest.mark.parametrize(
    ("seconds", "size_mb", "passed", "told"),
    [
        (5.0, 2.0, True, "fast and small enough: 1,000 rows a second with reasons, of 5,000 (at least 1,000); 2.0 MB"),
        (5.1, 2.0, False, "too slow: 980 rows a second"),
        (0.5, 101.0, False, "too large: "),
        (50.0, 101.0, False, "too slow and too large: "),
    ],
)
def test_speed_and_size_have_limits(seconds, size_mb, passed, told):
    asked = {TYPICAL: answer(5_000, seconds=seconds)}
    found = said(FastEnough(), replace(GOOD, probed=Probe("", asked, size_mb)))

    assert found[0] is passed
    assert found[1].startswith(told)


@pytest.mark.parametrize("answers", [{}, {TYPICAL: answer(5_000, error="OSError", n_answered=0)}, {TYPICAL: answer(0)}])
def test_a_speed_that_nobody_measured_refuses(answers):
    passed, reason = said(FastEnough(), replace(GOOD, probed=Probe("", answers, 1.0)))

    assert not passed
    assert reason.startswith("nobody knows how fast it is: ")


@pytest.mark.parametrize(("largest", "passed"), [(1e-6, True), (1.1e-6, False)])
def test_explanations_must_add_up(largest, passed):
    found = said(Additive(), replace(GOOD, off=Additivity(200, largest)))

    assert found[0] is passed
    assert found[1].endswith(f"off by at most {largest:.1e} log-odds on 200 rows, limit 1e-06")


def test_no_row_that_was_explained_refuses():
    assert said(Additive(), replace(GOOD, off=Additivity(0, 0.0))) == (False, "no row was explained")


EASIER = Interval(0.01, -0.01, 0.03)


def suspected(roc_auc=0.86, alone=0.75, excess=EASIER, lead=EASIER):
    found = Suspicion(roc_auc, "refunded_later", alone, roc_auc - excess.estimate, excess, lead)
    return replace(GOOD, suspect=found)


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        (suspected(roc_auc=0.981), "the test is too good to be true: ROC-AUC 0.9810 on the test (limit 0.98)"),
        (suspected(alone=0.951), "refunded_later knows the outcome: ROC-AUC 0.8600"),
        (
            suspected(excess=Interval(0.09, 0.051, 0.13)),
            "the test is clearly better than the folds of training: ROC-AUC 0.8600",
        ),
        (
            suspected(lead=Interval(0.03, 0.016, 0.04)),
            "the test is too easy for the model alone: ROC-AUC 0.8600",
        ),
    ],
)
def test_what_only_a_leak_explains_is_refused(evidence, told):
    passed, reason = said(NoLeakage(), evidence)

    assert not passed
    assert reason.startswith(told)


def test_a_test_that_may_just_be_easier_passes():
    passed, reason = said(NoLeakage(), suspected(excess=Interval(0.09, 0.049, 0.13)))

    assert passed
    assert reason.startswith("nothing looks like a leak: ROC-AUC 0.8600 on the test (limit 0.98); refunded_later alone")

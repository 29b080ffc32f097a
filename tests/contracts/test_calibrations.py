"""What every calibration promises. A new way gets one line in `SPECS`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from scipy.special import expit

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.evaluation.metrics import brier, log_loss
from pipelines.models.calibration import MIN_ROWS, Beta, Isotonic, Sigmoid, VennAbers
from pipelines.models.calibration_choice import WAYS, AnyCalibration, Chosen
from pipelines.models.calibration_maps import AnyMap

SPECS = (Sigmoid(), Isotonic(), Beta(), VennAbers(), Chosen())
each_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
EXTREMES = np.array([-1e6, -800.0, -40.0, 0.0, 40.0, 800.0, 1e6])


def rows(n_rows=2_000, seed=0, slope=0.6, intercept=-1.0):
    rng = np.random.default_rng(seed)
    raw = rng.normal(-0.5, 2, n_rows)
    label = (rng.random(n_rows) < expit(slope * raw + intercept)).astype(np.int8)
    return raw, label, np.arange(n_rows) * 3 // n_rows


def test_every_way_is_tried_here():
    assert {type(spec) for spec in SPECS} == set(get_args(get_args(AnyCalibration)[0]))
    assert set(WAYS) == {spec.type for spec in SPECS} - {"chosen"}
    maps = {type(spec.fit(*rows())) for spec in SPECS}
    assert maps == set(get_args(get_args(AnyMap)[0]))


@each_spec
def test_probabilities_are_inside_zero_and_one_on_its_own_rows(spec):
    raw, label, period = rows(n_rows=300)
    probability = spec.fit(raw, label, period).probability(raw)

    assert probability.shape == raw.shape
    assert ((probability > 0) & (probability < 1)).all()


@each_spec
@settings(max_examples=30)
@given(seed=st.integers(0, 1_000), n_rows=st.integers(60, 300))
def test_map_never_falls(spec, seed, n_rows):
    fitted = spec.fit(*rows(n_rows, seed, slope=2.0))
    scores = np.sort(np.concatenate([EXTREMES, np.random.default_rng(seed).normal(0, 3, 200)]))
    probability = fitted.probability(scores)

    assert (np.diff(probability) >= 0).all()
    assert ((probability >= 0) & (probability <= 1)).all()


@pytest.mark.parametrize("spec", [Isotonic(), VennAbers()], ids=lambda spec: spec.type)
def test_step_at_which_the_labels_separate_is_no_certainty(spec):
    raw = np.arange(60.0)
    probability = spec.fit(raw, (raw >= 30).astype(np.int8)).probability(np.concatenate([EXTREMES, raw]))

    assert 1 / 70 < probability.min() < 1 / 20
    assert 1 - 1 / 20 < probability.max() < 1 - 1 / 70


@each_spec
def test_calibrated_beats_uncalibrated_on_new_rows(spec):
    fitted = spec.fit(*rows(10_000))
    raw, label, _ = rows(10_000, seed=1)

    for metric in (log_loss, brier):
        assert metric(label, fitted.probability(raw)) < metric(label, expit(raw))
        assert metric(label, fitted.probability(raw)) < metric(label, expit(0.6 * raw - 1.0)) + 0.003


@each_spec
def test_map_says_the_same_after_json(spec):
    raw, label, period = rows()
    fitted = spec.fit(raw, label, period)
    again = TypeAdapter(AnyMap).validate_json(fitted.model_dump_json())

    assert again == fitted
    assert np.array_equal(again.probability(raw), fitted.probability(raw))
    assert len(json.dumps(fitted.model_dump(mode="json"))) < 20_000


@each_spec
def test_spec_is_read_by_its_type(spec):
    assert TypeAdapter(AnyCalibration).validate_python(spec.model_dump()) == spec


@each_spec
def test_probability_of_a_row_does_not_depend_on_the_others(spec):
    raw, label, period = rows()
    fitted = spec.fit(raw, label, period)

    assert np.array_equal(fitted.probability(raw)[7:8], fitted.probability(raw[7:8]))
    assert fitted.probability(np.empty(0)).shape == (0,)


@each_spec
def test_noise_of_the_last_digits_does_not_change_the_map(spec):
    raw, label, period = rows()
    noisy = raw + 1e-13 * np.random.default_rng(0).normal(size=raw.size)
    at = np.linspace(-6, 6, 101)

    np.testing.assert_allclose(
        spec.fit(noisy, label, period).probability(at), spec.fit(raw, label, period).probability(at), atol=1e-8
    )


@each_spec
def test_fitting_leaves_the_rows_as_they_were(spec):
    raw, label, period = rows()
    before = raw.copy(), label.copy(), period.copy()
    spec.fit(raw, label, period)

    assert all(np.array_equal(*pair) for pair in zip(before, (raw, label, period), strict=True))


@each_spec
def test_scores_that_fall_with_the_labels_are_refused(spec):
    raw, label, period = rows(slope=-1.0)

    with pytest.raises(ModelError, match="scores do not rise with the labels"):
        spec.fit(raw, label, period)


@each_spec
def test_scores_that_are_all_alike_are_refused(spec):
    _, label, period = rows()

    with pytest.raises(ModelError, match="scores do not rise with the labels"):
        spec.fit(np.zeros(label.size), label, period)


@each_spec
@pytest.mark.parametrize("value", [0, 1])
def test_labels_of_one_kind_are_not_enough(spec, value):
    raw, label, period = rows()

    with pytest.raises(NotEnoughDataError, match="from one outcome only"):
        spec.fit(raw, np.full_like(label, value), period)


@each_spec
def test_few_rows_are_not_enough(spec):
    raw, label, period = (part[: MIN_ROWS - 1] for part in rows())

    with pytest.raises(NotEnoughDataError, match="29 out-of-fold rows"):
        spec.fit(raw, label, period)


@each_spec
def test_score_that_is_no_number_is_refused(spec):
    raw, label, period = rows()
    raw[3] = np.nan

    with pytest.raises(ModelError, match="1 of 2,000 out-of-fold scores are not finite"):
        spec.fit(raw, label, period)


def test_maps_are_read_without_scikit_learn():
    code = "import sys, pipelines.models.calibration_choice; sys.exit('sklearn' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=False)

    assert done.returncode == 0

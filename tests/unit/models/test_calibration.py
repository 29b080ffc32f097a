from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.special import expit

from pipelines.core.errors import ModelError
from pipelines.models.calibration import Sigmoid, SigmoidMap


def distorted(slope, intercept, n_rows=40_000):
    """Log-odds that are wrong by a known sigmoid, and labels drawn from the true probabilities."""
    rng = np.random.default_rng(1)
    raw = rng.normal(-1, 1.5, n_rows)
    return raw, (rng.random(n_rows) < expit(slope * raw + intercept)).astype(np.int8)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, 1.0), (2.0, -1.5)])
def test_sigmoid_recovers_a_known_distortion(slope, intercept):
    fitted = Sigmoid().fit(*distorted(slope, intercept))

    assert fitted.slope == pytest.approx(slope, rel=0.05)
    assert fitted.intercept == pytest.approx(intercept, abs=0.06)


def test_mean_probability_is_the_prevalence():
    raw, label = distorted(0.5, 1.0, n_rows=5_000)

    assert Sigmoid().fit(raw, label).probability(raw).mean() == pytest.approx(label.mean(), abs=1e-4)


@given(
    slope=st.floats(0.05, 5),
    intercept=st.floats(-3, 3),
    raw=st.lists(st.integers(-600, 600), min_size=2, max_size=20, unique=True),
)
def test_map_is_strictly_increasing(slope, intercept, raw):
    scores = np.array(sorted(raw)) / 100

    assert (np.diff(SigmoidMap(slope=slope, intercept=intercept).probability(scores)) > 0).all()


def test_scores_that_rank_the_wrong_way_are_refused_not_turned_round():
    raw, label = distorted(-1.0, 0.0, n_rows=2_000)

    with pytest.raises(ModelError) as error:
        Sigmoid().fit(raw, label)

    assert str(error.value).startswith("The out-of-fold scores do not rise with the labels (slope -")


def test_map_that_falls_cannot_be_made():
    with pytest.raises(ValidationError, match="slope"):
        SigmoidMap(slope=-1.0, intercept=0.0)


def test_same_scores_give_the_same_map():
    raw, label = distorted(0.5, 1.0, n_rows=500)

    assert Sigmoid().fit(raw, label) == Sigmoid().fit(raw, label)

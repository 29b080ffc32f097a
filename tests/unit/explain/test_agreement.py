"""Two models that tell the same rows the same reasons, or do not."""

import numpy as np
import pytest

from pipelines.core.errors import ModelError
from pipelines.explain.agreement import agreement, correlation, leads
from pipelines.explain.reasons import strongest
from pipelines.features.catalogue import Feature

IDEAS = ("orders", "orders", "recency", "tenure")
FEATURES = tuple(Feature(f"f{place}", "", "", "", "never", "test", "", idea=idea) for place, idea in enumerate(IDEAS))


def values(n_rows=300, seed=0):
    return np.random.default_rng(seed).normal(0, [0.5, 0.5, 1.0, 0.3], (n_rows, 4))


def of(one, other, subject=None):
    subject = np.arange(len(one)) if subject is None else subject
    return agreement(one, other, FEATURES, subject, 200, np.random.default_rng(0))


def test_a_model_agrees_with_itself():
    found = of(values(), values())

    assert found.same_first.estimate == found.first_among_first.estimate == 1.0
    assert found.ideas.correlation.estimate == found.features.overlap.estimate == 1.0
    assert found.same_first.low < 1.0


def test_unrelated_models_agree_as_often_as_chance():
    rng = np.random.default_rng(5)
    found = of(rng.normal(size=(3_000, 4)) * [0.7, 0.7, 1, 1], rng.normal(size=(3_000, 4)) * [0.7, 0.7, 1, 1])

    assert found.same_first.low < 1 / 3 < found.same_first.high
    assert found.first_among_first.estimate == 1.0


def test_windows_of_one_idea_are_one_reason():
    one = values()
    swapped = one[:, [1, 0, 2, 3]]

    assert of(one, swapped).same_first.estimate == 1.0
    assert (strongest(one, 1) != strongest(swapped, 1)).any()


def test_close_calls_change_and_clear_ones_stay():
    rng = np.random.default_rng(2)
    one = values(2_000)
    found = of(one, one + rng.normal(0, 0.1, one.shape))

    assert 0.8 < found.same_first.estimate < 1.0
    assert found.same_first_if_clear.low > found.same_first.high


def test_the_interval_is_that_of_customers_and_wider_than_that_of_rows():
    one, other = values(400, seed=1), values(400, seed=2)
    repeated = [np.repeat(array[:40], 10, axis=0) for array in (one, other)]
    by_customer = of(*repeated, subject=np.repeat(np.arange(40), 10)).same_first
    by_row = of(*repeated).same_first

    assert by_customer.estimate == by_row.estimate
    assert by_customer.high - by_customer.low > 2 * (by_row.high - by_row.low)


def test_rankings_upside_down_are_told():
    assert correlation(np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])) == -1.0
    assert np.isnan(correlation(np.array([1.0]), np.array([1.0])))


def test_a_row_that_nothing_moves_has_no_lead():
    assert leads(np.array([[0.0, 0.0], [2.0, -1.0]])).tolist() == [0.0, 0.5]
    assert leads(np.array([[3.0]])).tolist() == [1.0]


def test_values_of_other_rows_are_refused():
    with pytest.raises(ModelError, match="same rows"):
        of(values(10), values(9))


def test_one_customer_has_no_interval_of_ranks():
    found = of(values(5), values(5, seed=1), subject=np.zeros(5, np.int64))

    assert np.isnan(found.ideas.correlation.low)
    assert np.isfinite(found.ideas.correlation.estimate)

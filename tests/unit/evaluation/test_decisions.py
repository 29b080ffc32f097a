"""What decisions are worth: checked by hand, and against the coverage they promise."""

import math

import numpy as np
import pytest

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.evaluation.decisions import enrichment, mean_per_row


def rng():
    return np.random.default_rng(0)


def test_enrichment_is_the_share_among_the_contacted_minus_that_among_all():
    label, decision = np.array([1, 1, 0, 0, 0, 1, 0, 0]), np.array([1, 1, 1, 0, 0, 0, 0, 0], dtype=bool)

    found = enrichment(label, np.arange(8), decision, rng(), 200)

    assert found.estimate == pytest.approx(2 / 3 - 3 / 8)
    assert found.low < found.estimate < found.high


def test_decisions_that_know_nothing_are_not_shown_to_be_right():
    draws = np.random.default_rng(1)
    label, decision = draws.random(2_000) < 0.2, draws.random(2_000) < 0.1

    found = enrichment(label, np.arange(2_000), decision, rng(), 500)

    assert found.low < 0 < found.high


def test_nobody_contacted_is_undefined():
    found = enrichment(np.array([1, 0, 1]), np.arange(3), np.zeros(3, dtype=bool), rng(), 50)

    assert math.isnan(found.estimate)
    assert math.isnan(found.low)


def test_a_customer_with_many_rows_is_one_customer():
    values = np.random.default_rng(1).normal(size=50)
    once = mean_per_row(values, np.arange(50), rng(), 2_000)
    often = mean_per_row(np.repeat(values, 20), np.repeat(np.arange(50), 20), rng(), 2_000)

    assert often.estimate == pytest.approx(once.estimate)
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


def test_the_interval_of_a_mean_holds_the_truth_as_often_as_it_says():
    draws, held = np.random.default_rng(3), 0
    for _ in range(200):
        stays = draws.normal(size=200)
        values = np.repeat(stays, 3) + draws.normal(size=600)
        found = mean_per_row(values, np.repeat(np.arange(200), 3), draws, 400)
        held += found.low <= 0 <= found.high

    assert 182 <= held <= 198  # of 200 at 95 %; a binomial leaves these in 1 of 400 runs, and the seed is fixed


def test_columns_of_other_rows_are_refused():
    with pytest.raises(ModelError, match="4 customers' rows and 3 values"):
        mean_per_row(np.ones(3), np.arange(4), rng())


def test_one_customer_says_nothing_of_others():
    with pytest.raises(NotEnoughDataError, match="1 customer"):
        mean_per_row(np.ones(3), np.zeros(3, dtype=int), rng())

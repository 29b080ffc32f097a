"""Ageing: a loss that was planted is found, and nothing is claimed that the rows do not show."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.evaluation.ageing import Aged, ageing
from pipelines.evaluation.words import ageing_words


def probability(raw):
    return 1 / (1 + np.exp(-raw))


def make_aged(noise_per_week, n_weeks=8, n_customers=600, origin=1, *, with_probability=False):
    """A model whose scores blur with age, beside one whose scores stay true."""
    rng = np.random.default_rng(origin)
    weeks = np.repeat(np.arange(n_weeks), n_customers)
    customer = np.tile(np.arange(n_customers), n_weeks)
    raw = np.tile(rng.normal(-1, 1.5, n_customers), n_weeks) + rng.normal(0, 0.2, weeks.size)
    label = (rng.random(weeks.size) < probability(raw)).astype(int)
    old = raw + noise_per_week * weeks * rng.normal(size=weeks.size)
    both = (probability(old), probability(raw)) if with_probability else (None, None)
    return Aged(datetime(2017, origin, 1, tzinfo=UTC), weeks, label, customer, old, raw, *both)


def seeded():
    return np.random.default_rng(0)


def test_a_model_that_blurs_has_a_useful_life_and_a_trend():
    found = ageing([make_aged(0.35), make_aged(0.35, origin=2)], 0.01, seeded(), 200)

    assert 1 <= found.useful_weeks <= 3
    assert found.safe_weeks < found.useful_weeks
    assert found.trend.low > 0
    assert all(age.loss.low > 0.01 for age in found.ages if age.n_weeks >= found.useful_weeks)
    assert f"From {found.useful_weeks} weeks after its training on" in ageing_words(found)[0]
    assert found.metrics()["ageing.useful_weeks"] == found.useful_weeks


def test_a_model_that_does_not_age_loses_exactly_nothing():
    found = ageing([make_aged(0.0)], 0.01, seeded(), 50)

    assert all((age.loss.estimate, age.loss.low, age.loss.high) == (0.0, 0.0, 0.0) for age in found.ages)
    assert (found.useful_weeks, found.safe_weeks) == (None, 7)
    assert (found.trend.low, found.trend.high) == (0.0, 0.0)
    words = " ".join(ageing_words(found))
    assert "of use for at least 7 weeks, the longest age seen" in words
    assert "one model at one moment" in words
    assert "ageing.useful_weeks" not in found.metrics()


def test_wide_intervals_are_no_proof_of_use():
    found = ageing([make_aged(0.12, n_customers=210)], 0.001, seeded(), 200)

    assert found.useful_weeks is None
    assert found.safe_weeks < 7
    assert "the data cannot rule it out" in ageing_words(found)[0]


def test_the_loss_of_one_origin_is_the_difference_of_its_metrics():
    from pipelines.evaluation.metrics import log_loss, roc_auc

    aged = make_aged(0.3, with_probability=True)
    found, rows = ageing([aged], 0.01, seeded(), 30), aged.n_weeks == 5
    age = found.ages[5]

    expected = roc_auc(aged.label[rows], aged.fresh[rows]) - roc_auc(aged.label[rows], aged.raw[rows])
    assert age.loss.estimate == pytest.approx(expected)
    worse = log_loss(aged.label[rows], aged.probability[rows]) - log_loss(
        aged.label[rows], aged.fresh_probability[rows]
    )
    assert age.log_loss.estimate == pytest.approx(worse)
    assert age.log_loss.low <= age.log_loss.estimate <= age.log_loss.high


def test_origins_are_averaged_by_their_rows():
    one, other = make_aged(0.3), make_aged(0.3, n_customers=300, origin=2)
    pooled = ageing([one, other], 0.01, seeded(), 30).ages[4]
    alone = [ageing([each], 0.01, seeded(), 30).ages[4].loss.estimate for each in (one, other)]

    assert pooled.loss.estimate == pytest.approx((2 * alone[0] + alone[1]) / 3)
    assert (pooled.n_rows, pooled.n_origins) == (900, 2)


def test_the_line_is_numpys():
    found = ageing([make_aged(0.3)], 0.01, seeded(), 30)
    slope = np.polyfit([age.n_weeks for age in found.ages], [age.loss.estimate for age in found.ages], 1)[0]

    assert found.trend.estimate == pytest.approx(4 * slope)


def test_an_age_of_too_few_rows_is_listed_without_figures():
    aged = make_aged(0.3)
    keep = (aged.n_weeks != 3) | (aged.customer < 50)
    arrays = {name: getattr(aged, name)[keep] for name in ("n_weeks", "label", "customer", "raw", "fresh")}
    found = ageing([replace(aged, **arrays)], 0.01, seeded(), 30)

    assert (found.ages[3].n_rows, found.ages[3].loss) == (50, None)
    assert np.isnan(found.table().loc[3, "loss"])
    assert "Too few rows to say at 3 weeks." in ageing_words(found)


def test_without_enough_rows_at_any_age_it_says_so():
    found = ageing([make_aged(0.3, n_customers=30)], 0.01, seeded(), 30)

    assert (found.useful_weeks, found.safe_weeks, found.trend, found.metrics()) == (None, None, None, {})
    assert ageing_words(found) == ("No age has enough rows to say how the model ages.",)


def test_nothing_and_rows_that_do_not_fit_are_refused():
    with pytest.raises(NotEnoughDataError, match="Ageing was asked of 0 models and no rows"):
        ageing([], 0.01, seeded(), 10)
    aged = make_aged(0.0)
    with pytest.raises(ModelError, match=r"The model of 2017-01-01 comes with arrays of \[4799, 4800\] rows"):
        ageing([replace(aged, fresh=aged.fresh[:-1])], 0.01, seeded(), 10)

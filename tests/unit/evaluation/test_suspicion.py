"""Leaks that must show, and honest data that must not."""

import numpy as np
import pytest

from pipelines.core.errors import NotEnoughDataError
from pipelines.evaluation.suspicion import Ranked, alone, best_alone, excess
from support.scored import make_rows


def drawn(n=600, seed=0):
    rng = np.random.default_rng(seed)
    return rng, (rng.random(n) < 0.2).astype(int), (rng.random(n) < 0.2).astype(int)


def test_a_feature_that_knows_the_outcome_is_found_among_honest_ones():
    rng, learned, tested = drawn()
    columns = [{"honest": rng.normal(size=600) + label, "leak": label * 5.0} for label in (learned, tested)]

    assert best_alone(columns[0], learned, columns[1], tested) == ("leak", 1.0)


@pytest.mark.parametrize(
    "leak",
    [
        lambda label, rng: -3.0 * label,
        lambda label, rng: np.where(label == 1, np.nan, rng.normal(size=label.size)),
        lambda label, rng: np.where(label == 1, rng.normal(size=label.size), np.nan),
        lambda label, rng: np.where(label == 1, 0.0, rng.choice([-1.0, 1.0], label.size)),
        lambda label, rng: np.where(label == 1, 1.0, rng.choice([0.0, 2.0, 3.0], label.size)),
        lambda label, rng: np.where(label == 1, np.inf, 1.0),
    ],
    ids=["downwards", "null if positive", "null if negative", "in the middle", "one level of a text", "infinite"],
)
def test_a_leak_shows_in_whatever_shape_it_comes(leak):
    rng, learned, tested = drawn()

    assert alone(leak(learned, rng), learned, leak(tested, rng), tested) > 0.99


def test_a_feature_of_noise_is_worth_nothing():
    rng, learned, tested = drawn(4_000)

    assert alone(rng.normal(size=4_000), learned, rng.normal(size=4_000), tested) == pytest.approx(0.5, abs=0.04)


def test_a_constant_and_a_null_feature_are_worth_nothing():
    _, learned, tested = drawn()

    assert alone(np.ones(600), learned, np.ones(600), tested) == 0.5
    assert alone(np.full(600, np.nan), learned, np.full(600, np.nan), tested) == 0.5


def test_no_features_at_all_cannot_be_examined():
    with pytest.raises(NotEnoughDataError, match="no feature"):
        best_alone({}, np.array([0, 1]), {}, np.array([0, 1]))


def ranked(seed, noise):
    label, customer, raw = make_rows(400, 3, seed)
    return Ranked(label, customer, raw + np.random.default_rng(seed).normal(0, noise, raw.size))


def test_a_test_that_was_learned_from_beats_the_folds_clearly():
    label, customer, raw = make_rows(400, 3, 1)
    known = Ranked(label, customer, raw + 3.0 * label)

    assert excess(known, (ranked(2, 0.1), ranked(3, 0.1)), np.random.default_rng(0), 300).low > 0.05


def test_a_test_like_the_folds_does_not():
    found = excess(ranked(1, 0.1), (ranked(2, 0.1), ranked(3, 0.1)), np.random.default_rng(0), 300)

    assert found.low < 0.05
    assert found.low < found.estimate < found.high


def test_folds_count_by_their_rows():
    one, other = ranked(2, 0.1), ranked(3, 4.0)
    twice = Ranked(*(np.tile(part, 3) for part in (other.label, other.customer, other.score)))
    found = [
        excess(ranked(1, 0.1), folds, np.random.default_rng(0), 50).estimate for folds in ((one, other), (one, twice))
    ]

    assert found[1] > found[0]


def test_without_folds_nothing_says_what_to_expect():
    with pytest.raises(NotEnoughDataError, match="There is no fold"):
        excess(ranked(1, 0.1), (), np.random.default_rng(0), 50)


def test_a_test_that_is_easier_for_every_model_has_no_larger_lead():
    """The test is easy: less noise for the model and the yardstick alike."""

    def beside(seed, noise):
        label, customer, raw = make_rows(2_000, 3, seed)
        drawn = np.random.default_rng(seed)
        seen = raw + drawn.normal(0, noise, raw.size)
        return Ranked(label, customer, seen, seen + drawn.normal(0, 0.3, raw.size))

    test, folds = beside(1, 0.1), (beside(2, 1.5), beside(3, 1.5))
    alone = [Ranked(one.label, one.customer, one.score) for one in (test, *folds)]

    assert excess(alone[0], tuple(alone[1:]), np.random.default_rng(0), 300).low > 0.02
    assert excess(test, folds, np.random.default_rng(0), 300).low < 0.015


def test_what_the_model_alone_has_learned_of_the_test_shows_in_its_lead():
    def beside(seed, known):
        label, customer, raw = make_rows(1_000, 3, seed)
        return Ranked(label, customer, raw + known * label, raw)

    folds = (beside(2, 0.0), beside(3, 0.0))

    assert excess(beside(1, 0.5), folds, np.random.default_rng(0), 300).low > 0.015

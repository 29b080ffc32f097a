"""Effects ask for ranks only, look at nulls on their own, and hold all at once."""

import math

import numpy as np
import pytest

from pipelines.segments.effects import cliffs_delta, effect_table, effects, surely
from support.segmented import make_described

FEW = np.array([1.0, 1, 2, 5])
MANY = np.array([1.0, 2, 2, 3, 8])


def by_hand(inside, outside):
    return float(np.mean(np.sign(inside[:, None] - outside[None, :])))


def test_delta_counts_pairs():
    assert cliffs_delta(FEW, MANY, 0.95).estimate == pytest.approx(by_hand(FEW, MANY))


def test_delta_is_the_same_under_a_logarithm_and_without_the_outlier():
    plain, logged = cliffs_delta(FEW, MANY, 0.95), cliffs_delta(np.log(FEW), np.log(MANY), 0.95)

    assert plain == logged
    assert cliffs_delta(FEW, np.where(MANY == 8, 8e9, MANY), 0.95) == plain


def test_delta_turns_over_with_its_samples():
    one, other = cliffs_delta(FEW, MANY, 0.95), cliffs_delta(MANY, FEW, 0.95)

    assert (one.estimate, one.low, one.high) == pytest.approx((-other.estimate, -other.high, -other.low))


def test_samples_that_do_not_overlap_have_the_interval_of_feng_and_cliff():
    found = cliffs_delta(np.arange(10.0, 20), np.arange(8.0), 0.95)
    square = 1.959964**2

    assert found.estimate == 1.0
    assert found.low == pytest.approx((8 - square) / (8 + square), abs=1e-5)


def test_equal_values_do_not_differ_for_certain():
    found = cliffs_delta(np.ones(30), np.ones(50), 0.95)

    assert found.estimate == 0
    assert surely(found) == 0


@pytest.mark.parametrize(("n", "m"), [(30, 300), (200, 200)])
def test_intervals_hold_zero_inflated_counts_as_often_as_stated(n, m):
    rng = np.random.default_rng(3)

    def drawn(share, size):
        return (rng.random(size) < share) * rng.geometric(0.2, size).astype(float)

    many, few = np.sort(drawn(0.1, 400_000)), drawn(0.25, 400_000)
    less, more = np.searchsorted(many, few, "left").mean(), np.searchsorted(many, few, "right").mean()
    truth = (less + more) / many.size - 1
    found = [cliffs_delta(drawn(0.25, n), drawn(0.1, m), 0.95) for _ in range(600)]

    assert 0.92 <= np.mean([one.low <= truth <= one.high for one in found]) <= 0.99


def test_every_segment_has_every_feature_in_order():
    described = make_described()
    found = effects(described, 0.95)

    assert [one.segment for one in found] == [1] * 3 + [2] * 3 + [3] * 3 + [0] * 3
    assert [one.feature.name for one in found[:3]] == [one.name for one in described.features]


def test_effects_are_those_of_the_segment_against_all_others_with_known_values():
    described = make_described()
    one = effects(described, 0.95)[4]
    values, inside = described.rows["order_value_mean_112d"].to_numpy(), described.segment == 2
    known = ~np.isnan(values)

    assert one.delta.estimate == pytest.approx(by_hand(values[inside & known], values[~inside & known]))
    assert one.inside.estimate == np.median(values[inside & known])
    assert one.null_share == np.isnan(values[inside]).mean()


def test_being_null_is_an_effect_of_its_own():
    described = make_described()
    rows = described.rows.assign(recency_days=np.where(described.segment == 3, np.nan, described.rows["recency_days"]))
    found = {one.segment: one for one in effects(make_described(rows=rows), 0.95) if one.feature.name == "recency_days"}

    assert math.isnan(found[3].delta.estimate)
    assert found[3].null_gap.estimate == 1
    assert surely(found[3].null_gap) > 0.9


def test_one_segment_has_nobody_to_differ_from():
    found = effects(make_described(60, segment=np.ones(60, np.int64), history=()), 0.95)

    assert all(math.isnan(one.delta.estimate) for one in found)


def test_row_order_changes_nothing():
    described = make_described()
    order = np.random.default_rng(1).permutation(len(described))
    shuffled = make_described(
        rows=described.rows.iloc[order].reset_index(drop=True), segment=described.segment[order], history=()
    )
    names = dict.fromkeys(described.ids, "")

    assert effect_table(effects(shuffled, 0.95), names).equals(effect_table(effects(described, 0.95), names))

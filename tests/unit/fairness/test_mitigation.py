from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.fairness.mitigation import Mitigation, Reweighing, Unmitigated, choice


def drawn(seed, n=400):
    rng = np.random.default_rng(seed)
    group = np.array(["a", "b", "c"], dtype=object)[rng.integers(0, 3, n)]
    label = (rng.random(n) < np.where(group == "a", 0.5, 0.15)).astype(np.int8)
    return label, group


@given(st.integers(0, 10_000))
def test_weighed_groups_have_the_same_share_of_positives(seed):
    label, group = drawn(seed)
    weight = Reweighing().weights(label, group, ("a", "b", "c"))
    shares = [np.average(label[group == name], weights=weight[group == name]) for name in "abc"]

    assert shares == pytest.approx([label.mean()] * 3)
    assert weight.sum() == pytest.approx(label.size)


@given(st.integers(0, 10_000), st.floats(0.1, 1))
def test_the_rows_of_each_label_keep_their_sum(seed, strength):
    label, group = drawn(seed)
    weight = Reweighing(strength=strength).weights(label, group, ("a", "b"))

    assert (weight > 0).all()
    assert weight[label == 1].sum() == pytest.approx((label == 1).sum())
    assert (weight[group == "c"] == 1).all()


def test_half_the_strength_goes_part_of_the_way():
    label, group = drawn(1)
    shares = [
        np.ptp(
            pd.Series(label * weight).groupby(group).sum().to_numpy()
            / pd.Series(weight).groupby(group).sum().to_numpy()
        )
        for weight in (Reweighing(strength=one).weights(label, group, ("a", "b", "c")) for one in (0.01, 0.5, 1.0))
    ]

    assert shares[0] > shares[1] > shares[2] == pytest.approx(0)


@pytest.mark.parametrize("label", [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]])
def test_a_group_without_positives_or_negatives_has_weights_too(label):
    weight = Reweighing().weights(np.array(label, np.int8), np.array(list("aabb"), dtype=object), ("a", "b"))

    assert np.isfinite(weight).all()
    assert (weight > 0).all()


def test_no_group_to_compare_leaves_all_rows_alike():
    assert (Reweighing().weights(*drawn(1), ()) == 1).all()


def test_nothing_is_chosen_unless_a_task_says_so():
    assert choice(None) == choice(Mitigation(column="age")) == Unmitigated()
    assert choice(Mitigation(column="age", choose={"type": "reweighing", "strength": 0.5})) == Reweighing(strength=0.5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"methods": ["prayer"]},
        {"methods": []},
        {"choose": {"type": "group_thresholds", "strength": 0}},
        {"choose": {"type": "reductions"}},
        {"bounds": [1.5]},
        {"strenghts": [0.5]},
    ],
)
def test_what_cannot_be_done_is_refused(wrong):
    with pytest.raises(ValidationError):
        Mitigation(column="age", **wrong)

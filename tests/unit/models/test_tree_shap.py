"""WOODELF tells the same SHAP values as LightGBM, whatever the trees and the rows are like."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.errors import ModelError
from pipelines.models import tree_shap
from pipelines.models.lightgbm import Trees

CATEGORICAL = (4, 5)
QUIET = {"objective": "binary", "verbosity": -1, "num_threads": 1, "deterministic": True, "min_data_in_leaf": 3}
SPLITS_ON_LEVELS = {"min_data_per_group": 3, "cat_smooth": 1, "cat_l2": 0.1}


def made(n_rows, n_features=6, *, seed=0, null_share=0.1):
    """Numbers, counts with ties at 0, codes of levels; nulls in half of the columns."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_rows, n_features)).round(2)
    rows[:, 2::3] = np.abs(rows[:, 2::3]).round(0)
    codes = [place for place in CATEGORICAL if place < n_features]
    rows[:, codes] = rng.integers(0, 40, (n_rows, len(codes)))
    holes = rng.random(rows.shape) < null_share
    holes[:, ::2] = False
    rows[holes] = np.nan
    return rows


def fitted(rows, n_rounds=10, *, n_bags=1, seed=0, categorical=(), **parameters):
    rng = np.random.default_rng(seed)
    known = np.nan_to_num(rows)
    score = known @ rng.normal(size=rows.shape[1]) / 3 + known[:, 0] * known[:, -1] + (known[:, -1] % 7 == 3)
    label = (score + rng.normal(size=len(rows)) > np.median(score)).astype(int)
    texts = []
    for bag in range(n_bags):
        data = lgb.Dataset(rows, label, categorical_feature=list(categorical), params={"verbosity": -1})
        booster = lgb.train(
            {**QUIET, **SPLITS_ON_LEVELS, **parameters, "seed": bag, "bagging_seed": bag}, data, n_rounds
        )
        texts.append(booster.model_to_string())
    return Trees.from_texts(texts)


def odd(rows):
    """Rows as training never saw them: nulls, zeros, negative, huge and broken codes everywhere."""
    other = rows.copy()
    values = (np.nan, 0.0, -0.5, -7.0, 1e9, 39.9, -np.inf, np.inf, 1e-36)
    for place, value in enumerate(values):
        other[place :: len(values) + 1] = value
    return np.vstack([rows, other])


def assert_same(trees, rows):
    frame = pd.DataFrame(rows)
    found = tree_shap.contributions(trees, frame)

    assert np.abs(found - trees.contributions(frame)).max(initial=0) < 1e-10
    assert np.abs(found.sum(axis=1) - trees.raw(frame)).max(initial=0) < 1e-10


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_leaves=st.integers(2, 60),
    max_depth=st.sampled_from([-1, 1, 2, 5]),
    n_features=st.integers(1, 12),
    has_categories=st.booleans(),
    max_one_hot=st.sampled_from([1, 50]),
    n_bags=st.integers(1, 3),
)
def test_values_are_those_of_lightgbm(seed, n_leaves, max_depth, n_features, has_categories, max_one_hot, n_bags):
    rows = made(300, n_features, seed=seed)
    categorical = [place for place in CATEGORICAL if place < n_features and has_categories]
    shape = {"num_leaves": n_leaves, "max_depth": max_depth, "max_cat_to_onehot": max_one_hot}
    shape |= {"bagging_fraction": 0.7, "bagging_freq": 1}
    trees = fitted(rows, 5, n_bags=n_bags, seed=seed, categorical=categorical, **shape)

    assert_same(trees, odd(rows))


@pytest.mark.parametrize("parameters", [{"zero_as_missing": True}, {"use_missing": False}, {"extra_trees": True}])
def test_what_counts_as_missing_is_what_the_trees_learned(parameters):
    rows = made(400)

    assert_same(fitted(rows, **parameters), odd(rows))


def test_paths_with_more_features_than_a_table_holds_are_explained_row_by_row(monkeypatch):
    rows = made(3_000, 30)
    trees = fitted(rows, 3, num_leaves=120, learning_rate=0.5)
    monkeypatch.setattr(tree_shap, "_BITS", range(4, 5))

    assert_same(trees, odd(rows[:200]))


def test_rows_of_several_blocks_are_those_of_one(monkeypatch):
    rows = made(500)
    trees = fitted(rows, n_bags=2)
    whole = tree_shap.contributions(trees, pd.DataFrame(rows))
    monkeypatch.setattr(tree_shap, "_BLOCK", 64)

    assert np.array_equal(whole, tree_shap.contributions(trees, pd.DataFrame(rows)))


def test_trees_without_a_split_have_a_base_value_only():
    rows = made(40)
    trees = fitted(rows, 3, min_data_in_leaf=40)

    assert_same(trees, rows)
    assert not tree_shap.contributions(trees, pd.DataFrame(rows))[:, :-1].any()


def test_no_rows_have_no_values():
    trees = fitted(made(100))

    assert tree_shap.contributions(trees, pd.DataFrame(made(0))).shape == (0, 7)
    assert tree_shap.interactions(trees, pd.DataFrame(made(0))).shape == (0, 6, 6)


@pytest.mark.parametrize("parameters", [{"linear_tree": True}, {"boosting": "rf", "bagging_fraction": 0.5}])
def test_a_score_that_is_no_sum_of_leaves_is_refused(parameters):
    rows = np.nan_to_num(made(300))
    trees = fitted(rows, bagging_freq=1, **parameters)

    assert not tree_shap.can_explain(trees)
    with pytest.raises(ModelError, match="The trees are no plain sum"):
        tree_shap.contributions(trees, pd.DataFrame(rows))


@pytest.mark.parametrize("n_bags", [1, 2])
def test_interactions_add_up_to_shap_values_and_are_symmetric(n_bags):
    rows = made(200)
    trees = fitted(rows, n_bags=n_bags, categorical=CATEGORICAL, num_leaves=12)
    found = tree_shap.interactions(trees, pd.DataFrame(odd(rows)))

    assert np.abs(found.sum(axis=2) - trees.contributions(pd.DataFrame(odd(rows)))[:, :-1]).max() < 1e-10
    assert np.array_equal(found, found.transpose(0, 2, 1))
    assert np.abs(found[:, 0, 5]).max() > 0.001
    assert "\ncat_threshold=" in trees.texts[0]


def test_interactions_are_those_of_shap():
    from shap import TreeExplainer

    rows = made(150)
    trees = fitted(rows, num_leaves=10)
    expected = TreeExplainer(trees.boosters[0]).shap_interaction_values(pd.DataFrame(rows))

    assert np.abs(tree_shap.interactions(trees, pd.DataFrame(rows)) - expected).max() < 1e-6


def test_features_that_never_meet_on_a_path_do_not_interact():
    rows = made(300, 3)
    trees = fitted(rows, max_depth=1, num_leaves=2)
    found = tree_shap.interactions(trees, pd.DataFrame(rows))

    assert np.abs(found[:, [0, 0, 1], [1, 2, 2]]).max() < 1e-12

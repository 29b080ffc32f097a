from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import shap

from pipelines.core.errors import ConfigError, ModelError
from pipelines.models.classifier import probability
from pipelines.models.lightgbm import LightGBM, Trees
from support.models import NAMES, TUNED, learnable, small_trees

ROWS = learnable(seed=2).rows


def test_same_seed_gives_the_same_digest():
    assert small_trees(seed=1).digest() == small_trees(seed=1).digest()


def test_other_seed_gives_another_digest():
    assert small_trees(seed=1).digest() != small_trees(seed=2).digest()


def test_digest_does_not_depend_on_the_echo_of_parameters():
    trees = small_trees()
    echoed = [text.replace("[num_threads: 2]", "[num_threads: 7]") for text in trees.texts]

    assert echoed != list(trees.texts)
    assert Trees.from_texts(echoed).digest() == trees.digest()


def test_digest_changes_with_one_leaf():
    trees = small_trees()
    changed = [re.sub(r"leaf_value=\S+", "leaf_value=0.5", trees.texts[0], count=1), *trees.texts[1:]]

    assert "".join(changed) != "".join(trees.texts)
    assert trees.digest() != Trees(tuple(changed), trees.boosters).digest()


def test_contributions_add_up_to_the_raw_score():
    trees = small_trees()

    assert np.abs(trees.contributions(ROWS).sum(axis=1) - trees.raw(ROWS)).max() < 1e-6


def test_contributions_are_those_of_the_shap_library():
    trees = small_trees(n_bags=1)
    explained = shap.TreeExplainer(trees.boosters[0])(ROWS)
    found = trees.contributions(ROWS)

    assert np.abs(found[:, :-1] - explained.values).max() < 1e-6
    assert np.abs(found[:, -1] - explained.base_values).max() < 1e-6


def test_bag_is_the_mean_of_log_odds_not_of_probabilities():
    trees = small_trees(n_bags=3)
    parts = [Trees.from_texts([text]).raw(ROWS) for text in trees.texts]

    assert len(trees.texts) == 3
    assert np.allclose(np.mean(parts, axis=0), trees.raw(ROWS), atol=1e-12)
    assert not np.allclose(np.mean([probability(part) for part in parts], axis=0), probability(trees.raw(ROWS)))


def test_bag_of_a_longer_bag_begins_with_the_same_trees():
    assert small_trees(n_bags=1).texts == small_trees(n_bags=2).texts[:1]


def test_no_rows_give_no_scores_and_no_contributions():
    trees, none = small_trees(), ROWS.iloc[:0]

    assert (trees.raw(none).shape, trees.contributions(none).shape) == ((0,), (0, len(NAMES) + 1))


def test_many_rows_score_as_one_by_one():
    trees = small_trees()
    many = pd.concat([ROWS] * 5, ignore_index=True)

    assert np.array_equal(np.tile(trees.raw(ROWS), 5), trees.raw(many))


def test_saved_trees_come_back_the_same(tmp_path):
    trees = small_trees(n_bags=2)
    trees.save(tmp_path)
    loaded = Trees.load(tmp_path)

    assert sorted(file.name for file in tmp_path.iterdir()) == ["trees_000.txt", "trees_001.txt"]
    assert loaded.digest() == trees.digest()
    assert np.array_equal(loaded.raw(ROWS), trees.raw(ROWS))


def test_folder_without_trees_is_refused(tmp_path):
    with pytest.raises(ModelError) as error:
        Trees.load(tmp_path / "model")

    assert str(error.value) == "No trees in model. The model cannot score. Fix: Train and register it again."


def test_nulls_are_scored():
    assert np.isfinite(small_trees().raw(pd.DataFrame({name: [np.nan] for name in NAMES}))).all()


def test_fold_returns_scores_of_its_validation_rows_at_the_best_round():
    fold = LightGBM(max_rounds=60, early_stopping=5).fold(learnable(seed=1), learnable(seed=2))
    raw, n_rounds = fold.fit(TUNED, seed=1)
    label = learnable(seed=2).label

    assert raw.shape == (300,)
    assert 1 <= n_rounds < 60
    assert raw[label == 1].mean() > raw[label == 0].mean() + 1


def test_fold_can_be_fitted_again_and_again_with_the_same_result():
    fold = LightGBM(max_rounds=10).fold(learnable(seed=1), learnable(seed=2))
    first, _ = fold.fit(TUNED, seed=1)
    fold.fit({**TUNED, "min_data_in_leaf": 50.0, "num_leaves": 3.0}, seed=1)
    again, _ = fold.fit(TUNED, seed=1)

    assert np.array_equal(first, again)


def test_misspelt_field_of_the_model_is_refused():
    with pytest.raises(ConfigError, match=r"n_bag: no such field. Did you mean 'n_bags'\?"):
        LightGBM.read({"n_bag": 2}, "task")

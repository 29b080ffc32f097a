from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import shap
from lightgbm import LGBMClassifier

from pipelines.core.errors import ConfigError, ModelError, NotEnoughDataError
from pipelines.evaluation.metrics import log_loss
from pipelines.models.calibration import Sigmoid
from pipelines.models.classifier import Dataset, probability
from pipelines.models.lightgbm import TUNABLE, LightGBM, Trees, check_names
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


def fold_of(model=None, n_train=300, n_valid=300):
    return (model or LightGBM(max_rounds=60, early_stopping=5)).fold(learnable(n_train), learnable(n_valid, seed=2))


def test_fold_gives_the_loss_at_the_best_round():
    judged = fold_of().judge(TUNED, seed=1)
    model = LightGBM(n_bags=1).fit(learnable(), TUNED, judged.n_rounds, seed=1)

    assert 1 <= judged.n_rounds < 60
    assert judged.loss == pytest.approx(log_loss(learnable(seed=2).label, probability(model.raw(ROWS))), abs=1e-9)


def test_fold_can_be_fitted_again_and_again_with_the_same_result():
    fold = fold_of()
    first = fold.judge(TUNED, seed=1)
    fold.judge({**TUNED, "min_data_in_leaf": 50.0, "num_leaves": 3.0}, seed=1)

    assert fold.judge(TUNED, seed=1) == first


def test_number_of_threads_changes_nothing():
    fold = fold_of(n_train=5_000, n_valid=3_000)

    assert len({fold.judge(TUNED, seed=1, n_threads=n_threads) for n_threads in (1, 2, 3)}) == 1


def test_fit_that_lies_above_the_bar_is_given_up():
    fold = fold_of()
    whole = fold.judge(TUNED, seed=1)
    beaten = fold.judge(TUNED, seed=1, bar=[0.0] * 9)

    assert (beaten.gave_up, len(beaten.curve), whole.gave_up) == (True, 1, False)
    assert beaten.curve == whole.curve[:1]
    assert fold.judge(TUNED, seed=1, bar=whole.curve) == whole


def test_saved_fold_is_judged_as_the_fold_itself(tmp_path):
    model = LightGBM(max_rounds=60, class_weight="balanced", monotone={"amount_28d": "increasing"})
    fold = model.fold(levels(seed=1), levels(seed=2))
    fold.save(tmp_path)

    assert model.saved_fold(tmp_path).judge(TUNED, seed=1) == fold.judge(TUNED, seed=1)


def levels(seed=1, n_rows=600):
    """A level that decides the label, in no order of its codes; a tenth is null."""
    rng = np.random.default_rng(seed)
    shop = rng.integers(0, 12, n_rows).astype(float)
    positive = np.isin(shop, [1, 4, 6, 9, 11]) ^ (rng.random(n_rows) < 0.1)
    shop[rng.random(n_rows) < 0.1] = np.nan
    rows = pd.DataFrame({"shop": shop, "amount_28d": rng.gamma(2.0, 10.0, n_rows)})
    return Dataset(rows, positive.astype(np.int8), ("shop",))


def test_levels_are_split_as_a_set_not_by_their_order():
    stump = {
        "num_leaves": 2.0,
        "learning_rate": 1.0,
        "min_data_per_group": 5.0,
        "max_cat_to_onehot": 1.0,
        "cat_smooth": 1.0,
    }
    known = levels()
    native = LightGBM(n_bags=1).fit(known, stump, 1, seed=1)
    ordered = LightGBM(n_bags=1).fit(Dataset(known.rows, known.label), stump, 1, seed=1)
    losses = [log_loss(levels(2).label, probability(one.raw(levels(2).rows))) for one in (native, ordered)]

    assert losses[0] < losses[1] - 0.1


def test_unseen_level_and_null_are_scored():
    rows = pd.DataFrame({"shop": [np.nan, 99.0], "amount_28d": [1.0, 1.0]})

    assert np.isfinite(LightGBM(n_bags=1).fit(levels(), TUNED, 8, seed=1).raw(rows)).all()


def test_contributions_of_levels_add_up_too():
    trees = LightGBM(n_bags=2).fit(levels(), TUNED, 8, seed=1)

    assert np.abs(trees.contributions(levels(2).rows).sum(axis=1) - trees.raw(levels(2).rows)).max() < 1e-6


@pytest.mark.parametrize("value", [-1.0, 0.5])
def test_codes_of_levels_are_whole(value):
    rows = levels().rows.assign(shop=value)
    with pytest.raises(ModelError, match="'shop' of the training rows holds values that are not 0, 1, 2"):
        LightGBM().fit(Dataset(rows, levels().label, ("shop",)), TUNED, 2, seed=1)


def test_categorical_name_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(ModelError, match=r"'shp' is not among the training rows. Did you mean 'shop'\?"):
        LightGBM().fit(Dataset(levels().rows, levels().label, ("shp",)), TUNED, 2, seed=1)


@pytest.mark.parametrize("direction", ["increasing", "decreasing"])
def test_score_moves_with_a_monotone_feature_in_its_direction_only(direction):
    free, bound = LightGBM(n_bags=1), LightGBM(n_bags=1, monotone={"recency_days": direction})
    grid = np.linspace(0, 80, 50)
    for seed in range(5):
        data = learnable(400, seed)
        bent = Dataset(data.rows, (np.sin(data.rows["recency_days"] / 8) > 0).to_numpy().astype(np.int8))
        steps = []
        for model in (free, bound):
            trees = model.fit(
                bent, {"num_leaves": 15.0, "min_data_in_leaf": 3.0, "extra_trees": float(seed % 2)}, 30, seed
            )
            asked = [data.rows.iloc[[i] * 50].assign(recency_days=grid) for i in range(10)]
            steps.append(np.concatenate([np.diff(trees.raw(one)) for one in asked]))
        sign = 1 if direction == "increasing" else -1

        assert (sign * steps[0]).min() < 0
        assert (sign * steps[1]).min() >= 0


@pytest.mark.parametrize(
    ("name", "said"),
    [("amount_28", "which is no feature. Did you mean 'amount_28d'?"), ("shop", "which is categorical.")],
)
def test_monotone_feature_must_be_a_number_that_is_there(name, said):
    with pytest.raises(ModelError) as error:
        LightGBM(monotone={name: "increasing"}).fit(levels(), TUNED, 2, seed=1)

    assert f"model.monotone names '{name}', {said}" in str(error.value)


def rare(seed=1, n_rows=4_000):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"x": rng.normal(size=n_rows), "z": rng.normal(size=n_rows)})
    return Dataset(rows, (rng.random(n_rows) < probability(rows["x"].to_numpy() - 3)).astype(np.int8))


def test_weight_of_positives_shifts_the_raw_score_and_calibration_takes_it_back():
    weighed = LightGBM(n_bags=1, class_weight="balanced").fit(rare(), TUNED, 25, seed=1)
    raw, label = weighed.raw(rare(2).rows), rare(2).label
    calibrated = Sigmoid().fit(raw, label).probability(raw)

    assert probability(raw).mean() > 0.3
    assert calibrated.mean() == pytest.approx(label.mean(), abs=1e-3)


def test_losses_of_folds_are_those_without_the_weight():
    judged = [LightGBM(class_weight=how).fold(rare(), rare(2)).judge(TUNED, seed=1) for how in ("none", "balanced")]

    assert abs(judged[0].loss - judged[1].loss) < 0.01
    assert judged[1].loss < log_loss(rare(2).label, np.full(4_000, rare(2).label.mean()))


def test_names_with_characters_of_json_are_learned_from():
    names = ['a[0]{"x": 1}', "b,c", "d:e", "f g"]
    data = learnable()
    named = Dataset(data.rows.set_axis(names, axis=1), data.label)

    assert LightGBM(n_bags=1).fit(named, TUNED, 8, seed=1).digest() == small_trees(n_bags=1).digest()


def test_features_that_share_a_name_are_refused():
    rows = pd.concat([ROWS, ROWS[["amount_28d"]]], axis=1)
    with pytest.raises(ModelError, match="1 features of the training rows share their name with another: amount_28d"):
        LightGBM().fit(Dataset(rows, learnable(seed=2).label), TUNED, 2, seed=1)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_values_are_refused(value):
    rows = ROWS.copy()
    rows.iloc[3, 2] = value
    with pytest.raises(ModelError, match="1 features of the validation rows hold infinite values: amount_28d"):
        LightGBM().fold(learnable(), Dataset(rows, learnable(seed=2).label))


def test_constant_and_empty_features_change_nothing():
    data = learnable()
    more = Dataset(data.rows.assign(constant=3.0, empty=np.nan), data.label)
    wide = LightGBM(n_bags=1).fit(more, {"num_leaves": 5.0}, 8, seed=1)

    assert np.array_equal(
        wide.raw(more.rows), LightGBM(n_bags=1).fit(data, {"num_leaves": 5.0}, 8, seed=1).raw(data.rows)
    )


def test_rows_without_anything_to_split_on_give_the_prevalence():
    label = learnable().label
    nothing = Dataset(pd.DataFrame({"a": np.full(300, 1.0), "b": np.nan}), label)
    raw = LightGBM(n_bags=1).fit(nothing, TUNED, 5, seed=1).raw(nothing.rows)

    assert probability(raw) == pytest.approx(label.mean(), abs=0.02)
    assert np.isfinite(LightGBM().fold(nothing, nothing).judge(TUNED, seed=1).loss)


def test_thirty_rows_are_enough_to_fit():
    data = learnable(30)

    assert np.isfinite(LightGBM().fit(data, {}, 5, seed=1).raw(data.rows)).all()
    assert np.isfinite(LightGBM().fold(data, learnable(30, seed=2)).judge({}, seed=1).loss)


@pytest.mark.parametrize("of", [0, 1])
def test_label_of_one_class_is_refused(of):
    data = Dataset(ROWS, np.full(300, of, np.int8))
    with pytest.raises(NotEnoughDataError, match=f"{300 * of} of 300 training rows are positive"):
        LightGBM().fit(data, TUNED, 2, seed=1)


def test_fold_of_rows_with_other_columns_is_refused():
    with pytest.raises(ModelError, match="different columns"):
        LightGBM().fold(learnable(), Dataset(ROWS[list(reversed(NAMES))], learnable(seed=2).label))


def test_value_out_of_range_is_told_with_lightgbms_reason():
    with pytest.raises(ModelError, match=r"LightGBM refuses: .*num_leaves"):
        LightGBM().fit(learnable(), {"num_leaves": 1.0}, 2, seed=1)


@pytest.mark.parametrize("name", TUNABLE)
def test_every_tunable_name_is_lightgbms(name):
    value = True if name == "extra_trees" else 1 if "fraction" in name else 2
    main = LGBMClassifier(**{name: value}, verbosity=-1, n_estimators=1).fit(ROWS, learnable(seed=2).label)

    assert f"[{name}: {int(value)}]" in main.booster_.model_to_string()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("num_leafs", "Did you mean 'num_leaves'?"),
        ("eta", "'eta' is LightGBM's other name for 'learning_rate': write that"),
        ("objective", "'objective' is not a learning parameter of LightGBM; known: learning_rate, num_leaves"),
    ],
)
def test_unknown_parameters_are_refused_with_the_nearest(name, said):
    with pytest.raises(ConfigError) as error:
        LightGBM.read({"parameters": {name: 1.0}}, "task")
    with pytest.raises(ValueError, match=re.escape(said)):
        check_names([name])

    assert said in str(error.value)


def test_misspelt_field_of_the_model_is_refused():
    with pytest.raises(ConfigError, match=r"n_bag: no such field. Did you mean 'n_bags'\?"):
        LightGBM.read({"n_bag": 2}, "task")


def weighed(weight):
    data = learnable()
    return Dataset(data.rows, data.label, (), weight)


def test_rows_that_weigh_alike_are_learned_from_as_if_they_had_no_weight():
    once, alike = (LightGBM().fit(one, TUNED, 8, seed=1) for one in (learnable(), weighed(np.ones(300))))

    assert once.raw(learnable().rows) == pytest.approx(alike.raw(learnable().rows), abs=1e-9)


def test_a_row_that_weighs_twice_is_learned_from_as_two():
    rows = pd.DataFrame({"x": np.arange(300) % 10.0})
    label = (np.random.default_rng(1).random(300) < rows["x"] / 10).to_numpy().astype(np.int8)
    heavy, twice = np.where(np.arange(300) < 100, 2.0, 1.0), np.append(np.arange(300), np.arange(100))
    stumps = LightGBM(n_bags=1, parameters={"num_leaves": 2, "min_data_in_leaf": 1})

    weighed_rows = stumps.fit(Dataset(rows, label, (), heavy), {}, 3, seed=1).raw(rows)
    repeated = stumps.fit(Dataset(rows.iloc[twice], label[twice]), {}, 3, seed=1).raw(rows)
    assert weighed_rows == pytest.approx(repeated, abs=1e-6)
    assert weighed_rows.mean() != pytest.approx(stumps.fit(Dataset(rows, label), {}, 3, seed=1).raw(rows).mean())


def test_weights_are_kept_with_a_fold(tmp_path):
    fold = LightGBM().fold(weighed(np.linspace(0.5, 2, 300)), learnable(seed=2))
    fold.save(tmp_path)
    again, plain = LightGBM().saved_fold(tmp_path), LightGBM().fold(learnable(), learnable(seed=2))

    assert again.judge(TUNED, 1) == fold.judge(TUNED, 1) != plain.judge(TUNED, 1)


@pytest.mark.parametrize("weight", [np.ones(299), np.zeros(300), np.full(300, np.nan), np.full(300, -1.0)])
def test_what_is_no_weight_is_refused(weight):
    with pytest.raises(ModelError, match="weights of 300 training rows are not one positive number for each"):
        LightGBM().fit(weighed(weight), TUNED, 2, seed=1)

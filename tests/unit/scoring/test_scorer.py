from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ModelError
from pipelines.models.calibration import SigmoidMap
from pipelines.models.classifier import probability
from pipelines.policy.expected_profit import FeatureValue, ProfitThreshold
from pipelines.policy.top_share import Threshold
from pipelines.scoring import scorer as module
from pipelines.scoring.scorer import Scorer
from support.models import FEATURES, NAMES, learnable, small_trees

ROWS = learnable(seed=2).rows.iloc[:40]


@pytest.fixture(scope="module")
def scorer():
    return Scorer(
        trees=small_trees(),
        calibration=SigmoidMap(slope=0.8, intercept=-0.1),
        policy=Threshold(at_least=0.6),
        features=FEATURES,
        n_reasons=2,
        feature_digest="abc",
        typical={"recency_days": 17.0},
    )


def test_score_is_the_calibrated_probability_and_the_decision_follows_it(scorer):
    scored = scorer.score(ROWS)

    assert list(scored.columns) == ["score", "decision", "reason_1", "reason_2"]
    assert np.allclose(probability(0.8 * scorer.trees.raw(ROWS) - 0.1), scored["score"])
    assert (scored["decision"] == (scored["score"] >= 0.6)).all()
    assert scored["decision"].nunique() == 2


def test_first_reason_is_the_feature_that_moved_the_score_most(scorer):
    values = scorer.contributions(ROWS)[:, :-1]
    strongest = [NAMES[column] for column in np.abs(values).argmax(axis=1)]

    assert strongest == [reason.split(" of ")[0] for reason in scorer.score(ROWS)["reason_1"]]


@pytest.mark.parametrize("n_reasons", [0, 1, 3])
def test_as_many_reasons_as_are_asked_for_and_the_same_score(scorer, n_reasons):
    usual, asked = scorer.score(ROWS), scorer.score(ROWS, n_reasons)

    assert list(asked.columns) == ["score", "decision", *(f"reason_{rank + 1}" for rank in range(n_reasons))]
    shared = [name for name in asked.columns if name in usual.columns]
    pd.testing.assert_frame_equal(asked[shared], usual[shared], check_exact=True)


def test_fewer_than_no_reasons_are_refused(scorer):
    with pytest.raises(ModelError, match="-1 reasons were asked for"):
        scorer.score(ROWS, -1)


def test_scores_keep_the_index_of_the_rows(scorer):
    assert scorer.score(ROWS.iloc[[7, 3]]).index.tolist() == [7, 3]


def test_order_of_columns_and_columns_of_others_change_nothing(scorer):
    other = ROWS[list(reversed(NAMES))].assign(customer_id="c1", note=1.0)

    pd.testing.assert_frame_equal(scorer.score(ROWS), scorer.score(other))


def test_missing_column_is_refused_with_the_nearest_name(scorer):
    with pytest.raises(ModelError) as error:
        scorer.score(ROWS.rename(columns={"recency_days": "recency_day"}))

    assert str(error.value).startswith(
        "1 of 4 feature columns are missing: recency_days. Did you mean 'recency_day'? "
        "Without them the score would be about somebody else. Fix: "
    )


@pytest.mark.parametrize("ask", ["raw", "probability", "contributions", "score"])
def test_missing_column_is_refused_whatever_is_asked(scorer, ask):
    with pytest.raises(ModelError, match="4 of 4 feature columns are missing"):
        getattr(scorer, ask)(pd.DataFrame({"x": [1.0]}))


def test_column_that_stands_twice_is_refused(scorer):
    twice = pd.concat([ROWS, ROWS[["recency_days"]]], axis=1)

    with pytest.raises(ModelError, match="Feature columns stand more than once: recency_days"):
        scorer.score(twice)


def test_text_is_refused(scorer):
    with pytest.raises(ModelError) as error:
        scorer.score(ROWS.assign(recency_days="long ago"))

    assert str(error.value).startswith(
        "The feature 'recency_days' is not a number. The model would read something else"
    )


def test_moment_in_place_of_a_number_is_refused(scorer):
    with pytest.raises(ModelError, match="is not a number"):
        scorer.score(ROWS.assign(recency_days=pd.Timestamp("2017-01-01")))


def test_message_about_text_does_not_repeat_it(scorer):
    with pytest.raises(ModelError) as error:
        scorer.score(ROWS.assign(recency_days="Jane Doe"))

    assert "Jane" not in str(error.value)


@pytest.mark.parametrize("nulls", [[np.nan] * 40, [None] * 40, pd.array([pd.NA] * 40, dtype="Float64")])
def test_nulls_are_scored_and_called_unknown(scorer, nulls):
    scored = scorer.score(ROWS.assign(recency_days=nulls))

    assert scored["score"].between(0, 1).all()
    assert scored[["reason_1", "reason_2"]].apply(lambda said: said.str.contains("recency_days of unknown")).any().any()


def test_whole_numbers_score_as_floats_do(scorer):
    whole = ROWS.fillna(0).round().astype("int32")

    pd.testing.assert_frame_equal(scorer.score(whole.astype(float)), scorer.score(whole))


def test_no_rows_give_an_empty_frame_with_every_column(scorer):
    scored = scorer.score(ROWS.iloc[:0])

    assert list(scored.columns) == ["score", "decision", "reason_1", "reason_2"]
    assert len(scored) == 0
    assert (scored["score"].dtype, scored["decision"].dtype) == (float, bool)


def test_rows_are_left_as_they_were(scorer):
    rows = ROWS.copy()
    scorer.score(rows)

    pd.testing.assert_frame_equal(ROWS, rows)


def test_saved_scorer_comes_back_the_same(scorer, tmp_path):
    scorer.save(tmp_path)
    loaded = Scorer.load(tmp_path)

    assert loaded.digest() == scorer.digest()
    assert loaded.features == scorer.features
    assert loaded.typical == {"recency_days": 17.0}
    pd.testing.assert_frame_equal(scorer.score(ROWS), loaded.score(ROWS))


def test_saved_scorer_is_plain_data(scorer, tmp_path):
    scorer.save(tmp_path)

    assert {file.suffix for file in tmp_path.iterdir()} == {".txt", ".json"}
    assert all(file.read_text(encoding="utf-8") for file in tmp_path.iterdir())


@pytest.mark.parametrize(
    "change",
    [
        {"calibration": SigmoidMap(slope=0.9, intercept=-0.1)},
        {"trees": small_trees(seed=3)},
        {"feature_digest": "abd"},
        {"features": FEATURES[::-1]},
    ],
)
def test_digest_covers_trees_features_and_calibration(scorer, change):
    assert scorer.digest() != replace(scorer, **change).digest()


@pytest.mark.parametrize("change", [{"policy": Threshold(at_least=0.9)}, {"n_reasons": 5}, {"typical": {}}])
def test_digest_does_not_cover_what_may_change_without_retraining(scorer, change):
    assert scorer.digest() == replace(scorer, **change).digest()


def test_reasons_tell_what_is_typical_of_others(scorer):
    said = scorer.score(ROWS)[["reason_1", "reason_2"]].stack()

    assert said[said.str.startswith("recency_days")].str.contains(r"; others typically 17 \(|17, as is typical").all()


def test_policy_may_read_a_column_that_is_no_feature(scorer):
    policy = ProfitThreshold(cost=1.0, value=FeatureValue(feature="margin"), response_rate=0.5)
    rows = ROWS.assign(margin=np.where(np.arange(40) < 20, 1_000.0, 0.0), region="north")
    decided = replace(scorer, policy=policy).score(rows)["decision"]

    assert decided.tolist() == [True] * 20 + [False] * 20
    assert decided.tolist() == replace(scorer, policy=policy).decisions(rows).tolist()


@pytest.mark.parametrize("ask", ["score", "decisions"])
def test_column_that_the_policy_lacks_is_named(scorer, ask):
    policy = ProfitThreshold(cost=1.0, value=FeatureValue(feature="margin"), response_rate=0.5)

    with pytest.raises(ModelError) as error:
        getattr(replace(scorer, policy=policy), ask)(ROWS.assign(margins=1.0))

    assert str(error.value).startswith("The policy reads margin, which the rows lack. Did you mean 'margins'?")


def test_engine_says_what_explains_so_many_rows(scorer):
    assert scorer.engine(1).startswith("LightGBM pred_contrib: fewer than")
    assert scorer.engine(1_000_000) == "WOODELF"


def test_rows_are_scored_alike_in_pieces(scorer, monkeypatch):
    rows = learnable(5_000, seed=3).rows.set_axis(range(100, 5_100))
    whole = scorer.score(rows)
    monkeypatch.setattr(module, "_CHUNK", 2_100)

    pd.testing.assert_frame_equal(whole, scorer.score(rows))
    assert scorer.engine(2_100) == "WOODELF"

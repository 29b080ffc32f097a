import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.segments.transforms import FeatureTransform, FittedTransforms, Transforms


def rows(n_rows=500, seed=0):
    rng = np.random.default_rng(seed)
    amount = rng.lognormal(3, 1.2, n_rows)
    amount[::7] = np.nan
    return pd.DataFrame(
        {
            "n_orders": rng.poisson(3, n_rows).astype(float),
            "amount": amount,
            "balance": rng.normal(0, 50, n_rows),
            "is_member": (rng.random(n_rows) < 0.02).astype(float),
        }
    )


ROWS = rows()
each_shape = pytest.mark.parametrize("shape", ["log", "quantile", "none"])
each_scale = pytest.mark.parametrize("scale", ["standard", "robust", "none"])


@each_shape
@each_scale
@pytest.mark.parametrize("winsorise", [0.0, 0.01])
def test_points_are_finite_and_the_same_after_json(shape, scale, winsorise):
    fitted = Transforms(shape=shape, scale=scale, winsorise=winsorise).fit(ROWS)
    points = fitted.apply(ROWS)

    assert points.shape == (500, 4)
    assert np.isfinite(points).all()
    assert np.array_equal(FittedTransforms.model_validate_json(fitted.model_dump_json()).apply(ROWS), points)


@each_shape
def test_standard_scale_has_mean_zero_and_deviation_one(shape):
    points = Transforms(shape=shape).fit(ROWS).apply(ROWS)

    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(points.std(axis=0), 1, atol=1e-9)


@each_shape
@each_scale
def test_points_come_back_in_units(shape, scale):
    fitted = Transforms(shape=shape, scale=scale).fit(ROWS[["amount", "balance"]].dropna())
    inner = (
        ROWS[["amount", "balance"]]
        .dropna()
        .clip(*ROWS.quantile([0.01, 0.99])[["amount", "balance"]].to_numpy(), axis=1)
    )
    again = fitted.to_units(fitted.apply(inner))

    assert list(again.columns) == ["amount", "balance"]
    np.testing.assert_allclose(again, inner, rtol=1e-6 if shape != "quantile" else 1e-4, atol=1e-6)


@pytest.mark.parametrize("shape", ["log", "none"])
@settings(max_examples=30)
@given(value=st.floats(-1e6, 1e6))
def test_shape_never_reorders(shape, value):
    fitted = Transforms(shape=shape).fit(ROWS[["balance"]])
    low, high = fitted.apply(pd.DataFrame({"balance": [value, value + 1.0]})).ravel()

    assert low < high


def test_order_of_columns_and_further_columns_do_not_matter():
    fitted = Transforms().fit(ROWS)
    mixed = ROWS[["balance", "is_member", "amount", "n_orders"]].assign(other=1.0)

    assert fitted.names == tuple(ROWS.columns)
    assert np.array_equal(fitted.apply(mixed), fitted.apply(ROWS))


def test_point_of_a_row_does_not_depend_on_the_others():
    fitted = Transforms(shape="quantile", winsorise=0.02).fit(ROWS)

    assert np.array_equal(fitted.apply(ROWS.iloc[3:4]), fitted.apply(ROWS)[3:4])


def test_missing_value_becomes_the_median_or_zero():
    one = pd.DataFrame({name: [np.nan] for name in ROWS})
    of = {missing: Transforms(missing=missing).fit(ROWS) for missing in ("median", "zero")}
    medians = of["median"].to_units(of["median"].apply(one))

    np.testing.assert_allclose(medians.iloc[0], ROWS.median(), atol=1e-9)
    np.testing.assert_allclose(of["zero"].to_units(of["zero"].apply(one)).iloc[0], 0, atol=1e-9)


def test_winsorised_value_counts_as_the_limit():
    fitted = Transforms(shape="none", winsorise=0.05).fit(ROWS[["balance"]])
    low, high = ROWS["balance"].quantile([0.05, 0.95])

    back = fitted.to_units(fitted.apply(pd.DataFrame({"balance": [-1e9, 1e9]})))["balance"]
    np.testing.assert_allclose(back, [low, high])


def test_rare_indicator_is_not_winsorised_away():
    fitted = Transforms(winsorise=0.05).fit(ROWS[["is_member"]])

    assert fitted.features[0].low is None
    assert len(np.unique(fitted.apply(ROWS))) == 2


def test_outlier_stretches_a_standard_scale_and_not_a_robust_one():
    far = pd.DataFrame({"x": [*np.arange(100.0), 1e6]})
    spread = {
        scale: Transforms(shape="none", scale=scale).fit(far).features[0].spread for scale in ("standard", "robust")
    }

    assert spread["standard"] > 1e4
    assert 20 < spread["robust"] < 60


@pytest.mark.parametrize("value", [0.0, 7.3, np.nan])
@each_shape
@each_scale
def test_feature_that_never_varies_is_the_same_for_all(value, shape, scale):
    fitted = Transforms(shape=shape, scale=scale).fit(pd.DataFrame({"x": [value] * 50}))
    points = fitted.apply(pd.DataFrame({"x": [value] * 3}))

    assert np.isfinite(points).all()
    assert np.ptp(points) == 0


def test_ranks_of_tied_values_are_in_the_middle():
    fitted = Transforms(shape="quantile", scale="none").fit(pd.DataFrame({"x": [0.0] * 60 + [1.0] * 40}))
    points = fitted.apply(pd.DataFrame({"x": [0.0, 1.0]})).ravel()

    np.testing.assert_allclose(points, [-0.524, 0.842], atol=0.02)  # normal scores of 0.3 and 0.8


def test_exception_changes_one_feature():
    own = {"balance": FeatureTransform(shape="none", scale="none", weight=3.0)}
    points = Transforms(by_feature=own).fit(ROWS).apply(ROWS)

    np.testing.assert_allclose(points[:, 2], 3 * ROWS["balance"])
    assert np.array_equal(points[:, 0], Transforms().fit(ROWS).apply(ROWS)[:, 0])


def test_exception_for_a_feature_that_there_is_not_is_refused():
    with pytest.raises(ModelError, match="no feature balanse among .* Did you mean 'balance'"):
        Transforms(by_feature={"balanse": FeatureTransform(weight=2.0)}).fit(ROWS)


def test_missing_feature_is_refused():
    with pytest.raises(ModelError, match="no feature n_orders among amount, balance, is_member"):
        Transforms().fit(ROWS).apply(ROWS.drop(columns="n_orders"))


def test_infinite_value_is_refused():
    with pytest.raises(ModelError, match="1 of 500 values of balance are infinite"):
        Transforms().fit(ROWS.assign(balance=ROWS["balance"].where(ROWS.index != 4, np.inf)))


@pytest.mark.parametrize("empty", [ROWS.iloc[:0], ROWS[[]]])
def test_nothing_is_not_enough(empty):
    with pytest.raises(NotEnoughDataError, match="rows of .* features to segment"):
        Transforms().fit(empty)


@pytest.mark.parametrize(
    "wrong", [{"winsorise": 0.5}, {"shape": "cube"}, {"by_feature": {"x": {"weight": 0}}}, {"n": 1}]
)
def test_what_makes_no_sense_is_not_read(wrong):
    with pytest.raises(ValidationError):
        Transforms.model_validate(wrong)


def test_fitting_leaves_the_rows_as_they_were():
    before = ROWS.copy()
    Transforms(shape="quantile", winsorise=0.01).fit(ROWS).apply(ROWS)

    pd.testing.assert_frame_equal(ROWS, before)

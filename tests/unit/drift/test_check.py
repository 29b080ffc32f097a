"""One verdict: broken data, too few rows, retrain, watch, ok."""

import json

import numpy as np
import pandas as pd
import pytest

from pipelines.drift.check import Side, check
from pipelines.drift.health import Volume
from pipelines.drift.report import drift_report
from pipelines.drift.verdict import DriftSpec, Kind
from pipelines.features.catalogue import Feature

NAMES = [f"feature_{number}" for number in range(10)]
STEADY = Volume(reference_per_day=1_000.0, current_per_day=960.0, days_since_last_event=0)


def feature(name, *, calendar=False):
    return Feature(name, "", "", "P28D", "never", "block", "{value}", grows_with_calendar=calendar)


FEATURES = [feature(name) for name in NAMES] + [feature("tenure_days", calendar=True)]


def side(seed, n_customers=1_000, rows_each=1, moved=(), by=1.0):
    """Customers whose rows are nearly alike; the columns in ``moved`` shift by so many standard deviations."""
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(n_customers), rows_each)
    own = rng.normal(size=(n_customers, 11))[customer]
    values = 0.95 * own + np.sqrt(1 - 0.95**2) * rng.normal(size=own.shape)
    rows = pd.DataFrame(values, columns=[*NAMES, "tenure_days"])
    rows = rows.assign(feature_1=np.floor(np.exp(rows["feature_1"])))
    rows = rows.assign(**{name: rows[name] + by for name in moved})
    return Side(rows, customer, 1 / (1 + np.exp(-rows["feature_0"].to_numpy())))


def verdict(reference, current, volume=STEADY, **changes):
    return check(reference, current, FEATURES, volume, DriftSpec(**changes), np.random.default_rng(7))


def changed(current, **columns):
    return Side(current.rows.assign(**columns), current.customer, current.score)


@pytest.mark.parametrize("seed", range(6))
def test_the_same_distribution_is_ok_although_rows_repeat_customers(seed):
    found = verdict(side(seed, 500, 8), side(seed + 100, 700))

    assert (found.kind, found.reasons) == (Kind.OK, ())
    assert not any(one.shifted for one in found.features)


@pytest.mark.parametrize("seed", range(3))
def test_few_customers_with_many_rows_are_no_drift_either(seed):
    found = verdict(side(seed, 120, 30), side(seed + 100, 120, 5))

    assert found.kind == Kind.OK


def test_half_the_features_moved_by_a_standard_deviation_call_for_a_retrain():
    found = verdict(side(1, 800, 4), side(2, moved=NAMES[2:7]))

    assert found.kind == Kind.RETRAIN
    assert {one.name for one in found.shifted} == set(NAMES[2:7])
    assert found.share_shifted == 0.5
    assert "5 features moved" in found.reasons[0]


def test_one_feature_that_moved_is_watched():
    found = verdict(side(1, 800, 4), side(2, moved=["feature_3"]))

    assert found.kind == Kind.WATCH
    assert "'feature_3'" in found.reasons[0]


def test_a_score_that_moved_alone_is_watched():
    current = side(2)
    found = verdict(side(1), Side(current.rows, current.customer, current.score**3))

    assert found.kind == Kind.WATCH
    assert "The score moved" in found.reasons[0]


def test_a_feature_that_grows_with_the_calendar_is_reported_and_does_not_vote():
    found = verdict(side(1), side(2, moved=["tenure_days"], by=4.0))

    assert found.kind == Kind.OK
    assert found.features[-1].shifted
    assert found.shifted == ()


def test_importance_weighs_the_votes():
    reference, current = side(1), side(2, moved=["feature_3"])
    weights = dict.fromkeys(NAMES, 0.01) | {"feature_3": 1.0}
    found = check(reference, current, FEATURES, STEADY, DriftSpec(), np.random.default_rng(7), weights)

    assert found.kind == Kind.RETRAIN
    assert found.share_shifted == pytest.approx(1.0 / 1.09)


@pytest.mark.parametrize(("by", "expected"), [(0.0, Kind.OK), (0.15, Kind.OK), (0.9, Kind.RETRAIN)])
def test_the_verdict_is_the_same_with_ten_times_the_rows(by, expected):
    for n_customers in (600, 6_000):
        found = verdict(side(1, n_customers), side(2, n_customers, moved=NAMES[3:8], by=by))

        assert found.kind == expected


def test_repeating_every_row_makes_no_shift_more_certain():
    reference, current = side(1, 300), side(2, 300, moved=["feature_3"], by=0.5)
    often = Side(current.rows.loc[current.rows.index.repeat(10)], current.customer.repeat(10), current.score.repeat(10))

    once, many = (verdict(reference, one, min_rows=100).features[3].effect for one in (current, often))

    assert once == many


def test_a_drop_in_volume_is_broken_data_even_where_features_moved():
    found = verdict(side(1), side(2, moved=NAMES), Volume(1_000.0, 300.0, 0))

    assert found.kind == Kind.BROKEN_DATA
    assert "300.0 per day, 30% of the reference's 1,000.0" in found.reasons[0]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(None, id="all-null"),
        pytest.param("abc", id="text"),
        pytest.param(np.inf, id="infinite"),
        pytest.param(0.0, id="constant"),
        pytest.param(pd.Timestamp("2020-01-01"), id="dates"),
    ],
)
def test_a_dead_column_is_broken_data_and_the_report_comes_out_whole(column):
    found = verdict(side(1), changed(side(2, moved=NAMES[5:]), feature_2=column))

    assert found.kind == Kind.BROKEN_DATA
    assert len(found.reasons) == 1
    assert "'feature_2'" in found.reasons[0]
    assert [one.name for one in found.features] == [*NAMES, "tenure_days"]
    json.dumps(drift_report(found, "").artifacts["drift/verdict.json"], allow_nan=False)
    drift_report(found, "").artifacts["drift/shifts.png"].canvas.draw()


def test_a_missing_column_is_broken_data():
    current = side(2)
    found = verdict(side(1), Side(current.rows.drop(columns="feature_2"), current.customer, current.score))

    assert found.kind == Kind.BROKEN_DATA
    assert found.reasons == ("'feature_2' is missing from the current rows",)
    assert found.features[2].effect is None


def test_everything_broken_at_once_names_everything():
    current = side(2)
    rows = current.rows.assign(feature_0=None, feature_1="x").drop(columns=NAMES[2:])
    found = verdict(side(1), Side(rows, current.customer, np.full(len(rows), np.nan)), Volume(10.0, 0.0, 30))

    assert found.kind == Kind.BROKEN_DATA
    assert len(found.reasons) == 2 + 10 + 1
    assert found.score_shift is None
    json.dumps(found.as_dict(), allow_nan=False)


def test_a_hundred_rows_are_too_few():
    found = verdict(side(1), side(2, 100, moved=NAMES))

    assert found.kind == Kind.TOO_FEW_ROWS
    assert found.reasons == ("100 current rows; a verdict needs 500",)


def test_a_broken_feed_is_named_even_where_rows_are_too_few():
    found = verdict(side(1), side(2, 100), Volume(1_000.0, 90.0, 0))

    assert found.kind == Kind.BROKEN_DATA


def test_many_rows_of_a_few_customers_are_too_few():
    assert verdict(side(1), side(2, 10, 100)).kind == Kind.TOO_FEW_ROWS


@pytest.mark.parametrize("n_customers", [0, 1, 2])
def test_hardly_any_customers_are_no_crash(n_customers):
    found = verdict(side(1), side(2, n_customers))

    assert found.kind == Kind.TOO_FEW_ROWS
    json.dumps(found.as_dict(), allow_nan=False)
    drift_report(found, "").artifacts["drift/shifts.png"].canvas.draw()


def test_a_handful_of_equal_rows_is_not_called_broken():
    found = verdict(side(1), changed(side(2, 5), feature_2=0.0))

    assert found.kind == Kind.TOO_FEW_ROWS


def test_too_small_a_reference_is_too_few_rows():
    assert verdict(side(1, 200), side(2)).reasons == ("200 reference rows; a verdict needs 500",)


def test_text_that_changed_its_levels_has_shifted():
    rng = np.random.default_rng(0)
    before, after = (rng.choice(list("abc"), 1_000, p=p) for p in ([0.7, 0.2, 0.1], [0.2, 0.2, 0.6]))
    found = verdict(changed(side(1), feature_2=before), changed(side(2), feature_2=after))

    assert found.kind == Kind.WATCH
    assert found.features[2].shifted
    assert found.features[2].effect.estimate == pytest.approx(0.5, abs=0.05)


def test_what_the_champion_already_knows_is_no_reason_to_retrain():
    moved = verdict(side(1), side(2, moved=NAMES))
    known_at = pd.Timestamp("2020-10-19", tz="UTC").to_pydatetime()

    known = moved.without_news(known_at)

    assert known.kind == Kind.WATCH
    assert known.reasons[:-1] == moved.reasons
    assert "2020-10-19" in known.reasons[-1]


def test_without_news_leaves_any_other_verdict_alone():
    fine = verdict(side(1), side(2))

    assert fine.without_news(pd.Timestamp("2020-10-19", tz="UTC").to_pydatetime()) is fine


def test_the_same_generator_gives_the_same_verdict():
    assert verdict(side(1), side(2)).as_dict() == verdict(side(1), side(2)).as_dict()


def test_the_report_carries_metrics_a_page_and_a_figure():
    report = drift_report(verdict(side(1), side(2, moved=NAMES[3:8])), "<html></html>")

    assert report.metrics["drift.n_shifted"] == 5.0
    assert report.metrics["drift.share_shifted"] == 0.5
    assert report.metrics["drift.n_rows"] == 1_000.0
    assert report.metrics["drift.score_shift.ci_low"] <= report.metrics["drift.score_shift"]
    assert report.artifacts["drift/report.html"] == "<html></html>"
    axes = report.artifacts["drift/shifts.png"].axes[0]
    assert "retrain: 5 of 10 features moved" in axes.get_title(loc="left")
    assert len(axes.get_yticks()) == 12

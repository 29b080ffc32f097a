"""Slices: each level is measured as if it were alone, and what is too small says so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ModelError
from pipelines.evaluation.evaluate import Predictions, evaluate
from pipelines.evaluation.slices import SLICE_METRICS, slice_table, sliced
from support.scored import as_predictions, make_rows


def seeded(seed=0):
    return np.random.default_rng(seed)


def test_a_level_is_measured_as_if_its_rows_were_all():
    label, customer, raw = make_rows()
    half = np.where(customer < 100, "first", "second")
    found = sliced(label, customer, as_predictions(raw), {"half": half}, seeded(1), 60)

    rows = half == "first"
    alone = evaluate(label[rows], customer[rows], as_predictions(raw[rows]), seeded(1), 60)
    assert {name: found[0].metrics[name] for name in alone} == alone
    assert (found[0].column, found[0].level, found[0].n_rows, found[0].n_customers) == ("half", "first", 400, 100)


def test_the_calibration_gap_is_the_mean_probability_minus_the_observed_share():
    label, customer, raw = make_rows()
    off = Predictions(raw, np.minimum(1.0, as_predictions(raw).probability + 0.2))
    (found,) = sliced(label, customer, off, {"all": np.zeros(label.size)}, seeded(), 60)

    assert found.metrics["calibration_gap"].estimate == pytest.approx(off.probability.mean() - label.mean())
    assert found.misses("calibration_gap", 0.0)


@pytest.mark.parametrize(
    ("rows", "label", "note"),
    [
        (slice(0, 30), None, "30 rows, fewer than 200"),
        (slice(0, 400), 0, "0 positive rows, fewer than 10"),
        (slice(0, 400), 1, "0 negative rows, fewer than 10"),
    ],
)
def test_a_level_that_is_too_small_or_of_one_label_is_listed_without_figures(rows, label, note):
    labels, customer, raw = make_rows()
    chosen = np.zeros(labels.size, dtype=bool)
    chosen[rows] = True
    if label is not None:
        labels = np.where(chosen, label, labels)
    level = np.where(chosen, "a", "b")
    small, _ = sliced(labels, customer, as_predictions(raw), {"part": level}, seeded(), 20)

    assert (small.note, small.metrics) == (note, {})


def test_a_level_of_one_customer_is_listed_without_figures():
    label, raw = np.tile([0, 1], 150), np.tile([0.0, 1.0, 0.5], 100)
    (found,) = sliced(label, np.zeros(300, dtype=int), as_predictions(raw), {"all": np.zeros(300)}, seeded(), 10)

    assert found.note == "rows of one customer only"


def test_of_a_thousand_levels_the_largest_are_measured_and_the_others_counted():
    label, customer, raw = make_rows(n_customers=1500)
    level = np.where(customer < 500, "large", np.char.add("shop ", customer.astype(str)))
    found = sliced(label, customer, as_predictions(raw), {"shop": level}, seeded(), 10, max_levels=5)

    assert len(found) == 6
    assert found[-1].level == "and 996 more"
    assert sum(one.n_rows for one in found) == label.size
    assert next(one for one in found if one.level == "large").metrics


def test_levels_come_in_natural_order_and_a_missing_value_is_a_level():
    label, customer, raw = make_rows()
    depth = np.array(["10 orders", "2 orders", None, "1 order"], dtype=object)[np.arange(label.size) % 4]
    found = sliced(label, customer, as_predictions(raw), {"depth": depth}, seeded(), 10, min_rows=100)

    assert [one.level for one in found] == ["1 order", "2 orders", "10 orders", "missing"]
    assert all(one.metrics for one in found)


def test_categories_keep_their_order_and_dates_are_days():
    label, customer, raw = make_rows()
    order = pd.Categorical(np.array(["low", "high"])[customer % 2], ["low", "high"])
    days = np.array(["2017-11-06", "2017-11-13"], dtype="datetime64[D]")[customer % 2]
    found = sliced(label, customer, as_predictions(raw), {"value": order, "cutoff": days}, seeded(), 10)

    assert [one.level for one in found] == ["low", "high", "2017-11-06", "2017-11-13"]


def test_the_table_has_a_row_per_level_and_nan_without_figures():
    label, customer, raw = make_rows()
    level = np.where(np.arange(label.size) < 30, "a", "b")
    table = slice_table(sliced(label, customer, as_predictions(raw), {"part": level}, seeded(), 20))

    assert table["level"].tolist() == ["a", "b"]
    assert np.isnan(table.loc[0, "roc_auc"])
    assert table.loc[1, "roc_auc_low"] < table.loc[1, "roc_auc"] < table.loc[1, "roc_auc_high"]
    assert {metric.name for metric in SLICE_METRICS} <= set(table)


def test_a_column_of_other_rows_is_refused():
    label, customer, raw = make_rows()
    with pytest.raises(ModelError, match="'age' has 3 values for 800 rows"):
        sliced(label, customer, as_predictions(raw), {"age": np.arange(3)}, seeded(), 10)


def test_the_same_seed_gives_the_same_slices():
    label, customer, raw = make_rows()
    by = {"half": customer < 100}
    one, other = (sliced(label, customer, as_predictions(raw), by, seeded(4), 20) for _ in range(2))

    assert one == other

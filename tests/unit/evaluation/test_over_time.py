"""Weeks against the other weeks: a model that fades shows, one that is only noisy does not."""

import numpy as np
import pytest

from pipelines.core.errors import NotEnoughDataError
from pipelines.evaluation.metrics import METRICS, roc_auc
from pipelines.evaluation.over_time import by_period
from support.scored import as_predictions, make_rows

AUC = next(metric for metric in METRICS if metric.name == "roc_auc")
BRIER = next(metric for metric in METRICS if metric.name == "brier")
LABEL, CUSTOMER, RAW = make_rows(600, 4)
PERIOD = np.tile(["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"], 600)


def drops(raw, metric=AUC, period=PERIOD, label=LABEL):
    return by_period(label, CUSTOMER, as_predictions(raw), period, metric, np.random.default_rng(0), 300)


def faded(raw):
    """Noise alone in the last week."""
    noise = np.random.default_rng(9).normal(size=raw.size)
    return np.where(PERIOD == "2026-01-26", noise, raw)


def test_values_are_the_metric_of_each_week_and_drops_what_it_lies_below_the_mean_of_the_others():
    found = drops(RAW)
    values = [roc_auc(LABEL[name == PERIOD], RAW[name == PERIOD]) for name in np.unique(PERIOD)]

    assert [week.value for week in found] == pytest.approx(values)
    assert [week.name for week in found] == list(np.unique(PERIOD))
    assert [week.n_rows for week in found] == [600] * 4
    assert found[0].drop.estimate == pytest.approx(np.mean(values[1:]) - values[0])


def test_a_model_that_fades_in_the_last_week_shows_there_alone():
    found = drops(faded(RAW))

    assert [week.drop.low > 0.05 for week in found] == [False, False, False, True]


def test_a_steady_model_shows_nowhere():
    assert not any(week.drop.low > 0 for week in drops(RAW))


def test_a_metric_that_falls_when_things_get_better_drops_upwards():
    found = drops(faded(RAW), BRIER)

    assert found[3].drop.low > 0
    assert found[3].value == pytest.approx(
        np.mean((1 / (1 + np.exp(-faded(RAW))) - LABEL)[PERIOD == "2026-01-26"] ** 2)
    )


def test_a_week_with_too_few_rows_of_a_label_has_no_figures_and_spoils_no_others():
    label = np.where(PERIOD == "2026-01-12", 0, LABEL)
    found = drops(RAW, label=label)

    assert [week.drop is None for week in found] == [False, True, False, False]
    assert np.isnan(found[1].value)


def test_one_week_alone_cannot_be_compared():
    with pytest.raises(NotEnoughDataError, match="1 of 1 periods of the test have 10 rows of each label"):
        drops(RAW, period=np.full(RAW.size, "2026-01-05"))

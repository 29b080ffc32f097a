"""The rule behind the suggested horizon."""

import numpy as np
import pytest

from pipelines.core.intervals import Interval
from pipelines.profile.counts import Histogram
from pipelines.profile.gaps import Gaps, Silence
from pipelines.profile.horizon import Rule, Suggestion, follow_up_days, horizons_within, suggest


def silences(**returning):
    return [Silence(int(name[1:]), 500, 200, Interval(share, share, share)) for name, share in returning.items()]


def gaps(n_ended=1_000, days=7):
    still_open = Histogram(np.array([3, 100]), np.array([40, 60]))
    return Gaps(Histogram(np.array([days]), np.array([n_ended])), still_open)


def test_the_smallest_horizon_after_which_most_stay_away():
    found = suggest(gaps(), silences(d7=0.9, d14=0.6, d28=0.49, d56=0.3), span_days=600)

    assert (found.horizon, found.rule, found.follow_up) == (28, Rule.BELOW, 91)


def test_else_where_waiting_longer_changes_little():
    found = suggest(gaps(), silences(d7=0.9, d14=0.70, d28=0.69, d56=0.50), span_days=600)

    assert (found.horizon, found.rule) == (14, Rule.FLAT)


def test_else_the_longest_that_the_log_can_train_on():
    shares = silences(d7=0.9, d14=0.8, d28=0.7, d56=0.6, d91=0.52)

    found = suggest(gaps(), shares, span_days=4 * 56 + 112)

    assert (found.horizon, found.rule) == (56, Rule.LONGEST)
    assert suggest(gaps(), shares, span_days=4 * 56 + 111).horizon == 28


def test_a_horizon_of_few_customers_does_not_count():
    few = [Silence(7, 40, 29, Interval(0.1, 0.0, 0.3)), *silences(d14=0.4)]

    assert suggest(gaps(), few, span_days=600).horizon == 14


@pytest.mark.parametrize(("days", "within"), [(7, 28), (40, 42)])
def test_the_population_reaches_back_over_the_horizon_and_nine_of_ten_gaps(days, within):
    found = suggest(gaps(days=days), silences(d28=0.4), span_days=600)

    assert (found.within, found.n_active) == (within, 40)
    assert found.yaml[0] == f"population: {{type: active, within: P{within}D}}"
    assert found.yaml[1] == "outcome: {type: no_purchase, horizon: P28D}"


@pytest.mark.parametrize(
    ("known", "shares", "span_days", "said"),
    [
        (gaps(99), silences(d7=0.1), 600, "too few gaps to recommend a horizon: 99, at least 100 are needed"),
        (gaps(), [], 600, "too few customers fell silent"),
        (gaps(), silences(d7=0.1), 100, "the log is too short to train on: 100 days"),
    ],
)
def test_without_enough_there_is_a_reason_instead(known, shares, span_days, said):
    found = suggest(known, shares, span_days)

    assert not isinstance(found, Suggestion)
    assert said in found


@pytest.mark.parametrize("span_days", [1, 14, 60, 365, 2_000])
def test_every_horizon_leaves_room_for_its_follow_up(span_days):
    assert all(horizon + follow_up_days(span_days) < span_days for horizon in horizons_within(span_days))

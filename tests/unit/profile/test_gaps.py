"""Gaps, the curve of how long they last, and who comes back after a silence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.intervals import rate_interval
from pipelines.features.days import customer_days
from pipelines.profile import queries
from pipelines.profile.counts import Histogram
from pipelines.profile.gaps import Gaps, silences_of, survival
from support.events import event, events_table, make_events

ENGINE = DuckDBEngine()
LENGTHS = st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=25)


def gaps_in(rows, end_day):
    return queries.gaps(customer_days(events_table(rows), 2), end_day)


def histogram(numbers):
    value, n = np.unique(np.array(numbers, np.int64), return_counts=True)
    return Histogram(value, n)


def test_gaps_run_from_purchase_day_to_purchase_day():
    rows = [*make_events({"a": [1, 1.5, 4, 9], "b": [2]}), event("b", 5, event_type="view", amount=None)]

    found = Gaps.from_columns(ENGINE.columns(queries.durations(gaps_in(rows, 11))))

    assert (found.ended.value.tolist(), found.ended.n.tolist()) == ([3, 5], [1, 1])
    assert (found.still_open.value.tolist(), found.still_open.n.tolist()) == ([1, 8], [1, 1])


def test_the_last_day_is_not_read():
    found = Gaps.from_columns(ENGINE.columns(queries.durations(gaps_in(make_events({"a": [1, 4]}), 4))))

    assert (found.ended.total, found.still_open.value.tolist()) == (0, [2])


@given(LENGTHS)
def test_the_curve_is_the_product_of_daily_chances_to_wait_on(lengths):
    ended = [days for days, is_ended in lengths if is_ended]
    still_open = [days for days, is_ended in lengths if not is_ended]

    found = survival(Gaps(histogram(ended), histogram(still_open))).share

    kept, expected = 1.0, [1.0]
    for day in range(1, max([0, *ended, *still_open]) + 1):
        n_waiting = sum(days >= day for days, _ in lengths)
        kept *= 1 - ended.count(day) / n_waiting
        expected.append(kept)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=25), st.integers(0, 12))
def test_without_open_gaps_the_curve_is_a_plain_share(ended, day):
    found = survival(Gaps(histogram(ended), histogram([])))

    expected = np.mean(np.array(ended) > day) if day <= max(ended) else np.nan
    np.testing.assert_allclose(found.after(day), expected, atol=1e-12)


def test_who_returns_is_read_off_the_curve():
    found = survival(Gaps(histogram([2, 2, 5, 9]), histogram([])))

    assert found.returning(2, 4) == pytest.approx(0.5)
    assert np.isnan(found.returning(2, 40))
    assert np.isnan(found.returning(9, 1))


def test_silences_count_only_where_the_follow_up_is_complete():
    rows = make_events({"back": [0, 5], "late": [0, 9], "gone": [0], "soon": [0, 2], "young": [8]})

    (found,) = silences_of(ENGINE.columns(queries.silences(gaps_in(rows, 12), [3], 4)), [3])

    assert (found.n_silences, found.n_customers) == (3 + 1, 4)  # 'soon' falls silent on day 2; 'back' once
    assert found.returning.estimate == 1 / 4


@settings(max_examples=25)
@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.integers(0, 30), min_size=1), min_size=1))
def test_returns_and_their_interval_are_those_of_a_walk_through_every_silence(purchases):
    end_day, horizons, follow_up = 31, (2, 5), 6
    rows = make_events({customer: sorted(days) for customer, days in purchases.items()})

    found = silences_of(ENGINE.columns(queries.silences(gaps_in(rows, end_day), horizons, follow_up)), horizons)

    for one in found:
        returned, whose = [], []
        for customer, days in purchases.items():
            for day in days:
                silent = not days & set(range(day + 1, day + one.horizon + 1))
                if silent and day + one.horizon + follow_up < end_day:
                    after = set(range(day + one.horizon + 1, day + one.horizon + follow_up + 1))
                    returned.append(bool(days & after))
                    whose.append("abcdef".index(customer))
        assert (one.n_silences, one.n_customers) == (len(returned), len(set(whose)))
        expected = rate_interval(returned, np.array(whose, np.int64))
        np.testing.assert_allclose(
            [one.returning.estimate, one.returning.low, one.returning.high],
            [expected.estimate, expected.low, expected.high],
            atol=1e-9,
        )

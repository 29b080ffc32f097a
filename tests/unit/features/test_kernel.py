"""The compiled kernel against plain Python over lists, on random logs."""

from __future__ import annotations

import itertools
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.features.kernel import (
    active_pairs,
    activity_bounds,
    decayed_sums,
    gap_statistics,
    window_maxima,
    window_sums,
)
from pipelines.features.measures import AMOUNT, PURCHASES
from pipelines.features.spine import Spine
from support.described import log
from support.events import days_of, make_days, pairs, spine_of
from support.strategies import cutoff_sets, day_rows


def active_days(rows, customer, before):
    """The days on which a customer bought before a cutoff, in order."""
    return sorted(row[1] for row in rows if row[0] == customer and row[1] < before and row[2] > 0)


@given(day_rows(), cutoff_sets(), st.integers(1, 30))
def test_active_pairs_are_those_with_a_purchase_in_the_window(rows, cutoffs, within):
    days = days_of(rows)
    found = Spine(*active_pairs(days.offsets, days.day, days.activity, np.array(cutoffs, np.int64), within))

    expected = [
        (customer, cutoff)
        for customer in days.customer_ids
        for cutoff in cutoffs
        if any(day >= cutoff - within for day in active_days(rows, customer, cutoff))
    ]

    assert expected == pairs(days, found)


@given(day_rows(), cutoff_sets(), st.lists(st.tuples(st.integers(-40, 10), st.integers(0, 30)), min_size=1, max_size=4))
def test_window_sums_add_up_the_days_of_each_half_open_window(rows, cutoffs, windows):
    days, spine = log(rows, cutoffs)
    starts = np.array([start for start, _ in windows], np.int64)
    ends = np.array([start + length for start, length in windows], np.int64)
    sums = window_sums(days.offsets, days.day, days.cumulative(PURCHASES), spine.customer, spine.cutoff, starts, ends)

    expected = [
        [
            [
                sum(row[2 + k] for row in rows if row[0] == customer and cutoff + start <= row[1] < cutoff + end)
                for k in range(len(PURCHASES))
            ]
            for start, end in zip(starts, ends, strict=True)
        ]
        for customer, cutoff in pairs(days, spine)
    ]

    assert expected == sums.tolist()


@given(day_rows(), cutoff_sets(), st.lists(st.tuples(st.integers(-40, 10), st.integers(0, 30)), min_size=1, max_size=4))
def test_window_maxima_are_those_of_the_days_of_each_half_open_window(rows, cutoffs, windows):
    days, spine = log(rows, cutoffs)
    starts = np.array([start for start, _ in windows], np.int64)
    ends = np.array([start + length for start, length in windows], np.int64)
    amount = days.measures[AMOUNT.name]
    maxima = window_maxima(days.offsets, days.day, amount, spine.customer, spine.cutoff, starts, ends)

    expected = [
        [
            max([row[5] for row in rows if row[0] == customer and cutoff + start <= row[1] < cutoff + end], default=0)
            for start, end in zip(starts, ends, strict=True)
        ]
        for customer, cutoff in pairs(days, spine)
    ]

    assert expected == maxima.tolist()


@given(day_rows(), cutoff_sets())
def test_decayed_sums_with_weights_of_one_are_plain_sums(rows, cutoffs):
    days, spine = log(rows, cutoffs)
    values = np.array([days.measures["n_orders"], days.measures["n_lines"]])
    sums = decayed_sums(days.offsets, days.day, values, spine.customer, spine.cutoff, np.ones((1, 100)))

    expected = [
        [[sum(row[place] for row in rows if row[0] == customer and row[1] < cutoff) for place in (3, 4)]]
        for customer, cutoff in pairs(days, spine)
    ]

    assert expected == sums.tolist()


@given(day_rows(), cutoff_sets())
def test_activity_bounds_are_the_first_and_last_active_day_and_their_number(rows, cutoffs):
    days, spine = log(rows, cutoffs)
    bounds = activity_bounds(days.offsets, days.day, days.activity, spine.customer, spine.cutoff)

    histories = [active_days(rows, customer, cutoff) for customer, cutoff in pairs(days, spine)]
    expected = [[active[0], active[-1], len(active)] if active else [-1, -1, 0] for active in histories]

    assert expected == bounds.tolist()


def naive_gap_statistics(active, cutoff, n_recent):
    gaps = [later - earlier for earlier, later in itertools.pairwise(active)]
    if not gaps:
        return [0] * 8
    recent, open_gap = gaps[-n_recent:], cutoff - active[-1]
    return [
        len(gaps),
        sum(gaps),
        sum(gap * gap for gap in gaps),
        int(2 * statistics.median(gaps)),
        max(gaps),
        sum(recent),
        len(recent),
        sum(gap >= open_gap for gap in gaps),
    ]


@given(day_rows(last=200, max_size=50), cutoff_sets(last=220), st.integers(1, 6))
def test_gap_statistics_are_those_of_the_gaps_before_the_cutoff(rows, cutoffs, n_recent):
    days, spine = log(rows, cutoffs)
    found = gap_statistics(days.offsets, days.day, days.activity, spine.customer, spine.cutoff, n_recent)

    expected = [
        naive_gap_statistics(active_days(rows, customer, cutoff), cutoff, n_recent)
        for customer, cutoff in pairs(days, spine)
    ]

    assert expected == found.tolist()


def test_gaps_of_one_customer_can_be_read_off():
    days = make_days(purchases={"a": [0, 10, 12, 20]})
    spine = spine_of(days, ("a", 28))

    found = gap_statistics(days.offsets, days.day, days.activity, spine.customer, spine.cutoff, 2)

    assert found.tolist() == [[3, 20, 100 + 4 + 64, 2 * 8, 10, 2 + 8, 2, 2]]


@pytest.mark.parametrize("kernel", [activity_bounds, lambda *log: gap_statistics(*log, 5)])
def test_empty_spine_gives_no_rows(kernel):
    days = make_days(purchases={"a": [1]})
    spine = spine_of(days)

    assert len(kernel(days.offsets, days.day, days.activity, spine.customer, spine.cutoff)) == 0


def test_sums_of_large_amounts_are_exact():
    amounts = [2**53 + 1, 2**53 + 3]
    days = make_days(purchases={"a": [1, 2]}, amounts={"a": amounts})
    spine = spine_of(days, ("a", 3))
    window = np.array([-2], np.int64), np.array([0], np.int64)

    sums = window_sums(days.offsets, days.day, days.cumulative((AMOUNT,)), spine.customer, spine.cutoff, *window)

    assert [[[sum(amounts)]]] == sums.tolist()

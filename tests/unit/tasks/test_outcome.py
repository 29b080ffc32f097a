from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.windows import DAY
from pipelines.tasks.outcome import NoPurchase
from support.events import days_of, make_days, pairs, spine_of
from support.strategies import day_rows

CUTOFF, HORIZON = 20, 7
CHURN = NoPurchase(horizon=HORIZON * DAY)


@pytest.mark.parametrize(
    ("bought_on", "label"),
    [
        (CUTOFF - 1, 1),
        (CUTOFF, 0),  # a purchase on the day of the cutoff belongs to the outcome
        (CUTOFF + HORIZON - 1, 0),
        (CUTOFF + HORIZON, 1),  # the window is half-open
    ],
)
def test_label_is_positive_without_a_purchase_in_the_outcome_window(bought_on, label):
    days = make_days(purchases={"a": [1, bought_on]})

    assert [label] == CHURN.label(days, spine_of(days, ("a", CUTOFF))).tolist()


def test_day_without_a_purchase_does_not_count_as_one():
    days = days_of([("a", 1, 1, 1, 1, 100), ("a", CUTOFF + 1, 0, 0, 0, 0)])

    assert CHURN.label(days, spine_of(days, ("a", CUTOFF))).tolist() == [1]


def outside(rows):
    return [row for row in rows if not CUTOFF <= row[1] < CUTOFF + HORIZON]


@given(inside=day_rows(first=CUTOFF, last=CUTOFF + HORIZON - 1), one=day_rows(), other=day_rows())
def test_labels_ignore_what_is_outside_their_window(inside, one, other):
    known = [(customer, 0, 1, 1, 1, 1) for customer in "abcd"]
    logs = [days_of(dict.fromkeys(known + inside + outside(rows))) for rows in ([], one, other)]
    expected, *found = [CHURN.label(days, every(days)).tolist() for days in logs]

    assert [expected, expected] == found


def every(days):
    return spine_of(days, *((customer, CUTOFF) for customer in days.customer_ids))


@given(day_rows(), st.integers(0, 60), st.integers(1, 30))
def test_labels_are_those_of_plain_python(rows, cutoff, horizon):
    days = days_of(rows)
    spine = spine_of(days, *((customer, cutoff) for customer in days.customer_ids))

    expected = [
        int(not any(row[0] == customer and cutoff <= row[1] < cutoff + horizon and row[2] > 0 for row in rows))
        for customer, _ in pairs(days, spine)
    ]

    assert expected == NoPurchase(horizon=horizon * DAY).label(days, spine).tolist()


def test_label_is_small_and_integer():
    days = make_days(purchases={"a": [1]})

    assert CHURN.label(days, every(days)).dtype == "int8"

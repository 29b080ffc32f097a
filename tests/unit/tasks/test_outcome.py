from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.errors import ConfigError
from pipelines.core.spec import Spec
from pipelines.core.windows import DAY
from pipelines.features.days import CustomerDays, customer_days
from pipelines.features.sequences import bought_things
from pipelines.tasks.outcome import AnyOutcome, NoPurchase, Purchase, PurchaseOf
from support.events import days_of, event, events_table, make_days, pairs, spine_of
from support.strategies import day_rows

CUTOFF, HORIZON = 20, 7
CHURN, INTENT = NoPurchase(horizon=HORIZON * DAY), Purchase(horizon=HORIZON * DAY)
each_outcome = pytest.mark.parametrize("outcome", [CHURN, INTENT], ids=lambda outcome: outcome.type)


class Told(Spec):
    """A spec with any outcome, as tasks have one."""

    outcome: AnyOutcome


@pytest.mark.parametrize(
    ("bought_on", "buys"),
    [
        (CUTOFF - 1, 0),
        (CUTOFF, 1),  # a purchase on the day of the cutoff belongs to the outcome
        (CUTOFF + HORIZON - 1, 1),
        (CUTOFF + HORIZON, 0),  # the window is half-open
    ],
)
def test_label_says_whether_there_is_a_purchase_in_the_outcome_window(bought_on, buys):
    days = make_days(purchases={"a": [1, bought_on]})
    spine = spine_of(days, ("a", CUTOFF))

    assert [buys] == INTENT.label(days, spine).tolist()
    assert [1 - buys] == CHURN.label(days, spine).tolist()


def test_day_without_a_purchase_does_not_count_as_one():
    days = days_of([("a", 1, 1, 1, 1, 100), ("a", CUTOFF + 1, 0, 0, 0, 0)])
    spine = spine_of(days, ("a", CUTOFF))

    assert (CHURN.label(days, spine).tolist(), INTENT.label(days, spine).tolist()) == ([1], [0])


def test_purchases_of_the_outcome_window_are_counted_by_day():
    days = make_days(purchases={"a": [1, CUTOFF, CUTOFF, CUTOFF + 3, CUTOFF + HORIZON], "b": [2]})

    assert INTENT.n_purchase_days(days, every(days)).tolist() == [2, 0]


def outside(rows):
    return [row for row in rows if not CUTOFF <= row[1] < CUTOFF + HORIZON]


@each_outcome
@given(inside=day_rows(first=CUTOFF, last=CUTOFF + HORIZON - 1), one=day_rows(), other=day_rows())
def test_labels_ignore_what_is_outside_their_window(outcome, inside, one, other):
    known = [(customer, 0, 1, 1, 1, 1) for customer in "abcd"]
    logs = [days_of(dict.fromkeys(known + inside + outside(rows))) for rows in ([], one, other)]
    expected, *found = [outcome.label(days, every(days)).tolist() for days in logs]

    assert [expected, expected] == found


def every(days):
    return spine_of(days, *((customer, CUTOFF) for customer in days.customer_ids))


@given(day_rows(), st.integers(0, 60), st.integers(1, 30))
def test_labels_are_those_of_plain_python(rows, cutoff, horizon):
    days = days_of(rows)
    spine = spine_of(days, *((customer, cutoff) for customer in days.customer_ids))

    expected = [
        int(any(row[0] == customer and cutoff <= row[1] < cutoff + horizon and row[2] > 0 for row in rows))
        for customer, _ in pairs(days, spine)
    ]

    assert expected == Purchase(horizon=horizon * DAY).label(days, spine).tolist()
    assert [1 - buys for buys in expected] == NoPurchase(horizon=horizon * DAY).label(days, spine).tolist()


@each_outcome
def test_label_is_small_and_integer(outcome):
    days = make_days(purchases={"a": [1]})

    assert outcome.label(days, every(days)).dtype == "int8"


@each_outcome
def test_outcome_is_read_back_as_what_it_was(outcome):
    assert outcome == Told.read({"outcome": outcome.model_dump(mode="json")}, "task").outcome


def test_unknown_outcome_is_refused_with_those_that_there_are():
    with pytest.raises(ConfigError, match="'no_purchase', 'purchase'"):
        Told.read({"outcome": {"type": "leaves", "horizon": "P7D"}}, "task")


def test_purchase_of_one_kind_counts_that_kind_only_and_from_the_cutoff_on():
    outcome = PurchaseOf(horizon=HORIZON * DAY, column="category", level="books")
    rows = [
        event("a", CUTOFF, category="books"),
        event("b", CUTOFF, category="games"),
        event("c", CUTOFF + HORIZON, category="books"),
        event("d", CUTOFF - 1, category="books"),
        event("e", CUTOFF + 1, "0.00", category="books"),
        *(event(customer, 1) for customer in "abcde"),
    ]
    engine, log = DuckDBEngine(), events_table(rows)
    things = {"category": engine.columns(bought_things(log, "category"))}
    days = CustomerDays.from_columns(engine.columns(customer_days(log, 2)), 2, things)

    assert outcome.label(days, spine_of(days, *((one, CUTOFF) for one in "abcde"))).tolist() == [1, 0, 0, 0, 0]


def test_kind_that_nobody_bought_is_bought_by_nobody():
    outcome = PurchaseOf(horizon=HORIZON * DAY, column="category", level="boks")
    engine, log = DuckDBEngine(), events_table([event("a", CUTOFF, category="books"), event("a", 1)])
    things = {"category": engine.columns(bought_things(log, "category"))}
    days = CustomerDays.from_columns(engine.columns(customer_days(log, 2)), 2, things)

    assert outcome.label(days, spine_of(days, ("a", CUTOFF))).tolist() == [0]

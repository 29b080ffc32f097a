from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.windows import DAY
from pipelines.features.days import CustomerDays, customer_days
from pipelines.features.panel import feature_rows, measures_of
from pipelines.features.returns import Returns
from support.described import described
from support.events import event, events_table, measured, spine_of

WEEK = Returns(lengths=(7 * DAY,))
DAYS = measured(
    {
        ("a", 2): {"n_lines": 3, "amount_minor": 9_000},
        ("a", 5): {"n_returns": 1, "returned_minor": 3_000},
        ("a", 10): {"n_returns": 9, "returned_minor": 9_999},
        ("b", 2): {"n_lines": 1, "amount_minor": 100},
    }
)


def test_share_of_lines_and_of_money_given_back():
    assert described(WEEK, DAYS, "a", 9) == {
        "returned_lines_share_7d": 1 / 4,
        "returned_amount_share_7d": 3_000 / 12_000,
        "return_recency_days": 4,
    }


def test_return_of_what_was_bought_before_the_window_is_the_whole_of_it():
    assert described(WEEK, DAYS, "a", 10)["returned_lines_share_7d"] == 1


def test_nothing_bought_or_given_back_in_the_window_is_null_but_the_last_return_is_known():
    found = described(WEEK, DAYS, "a", 40)

    assert math.isnan(found["returned_lines_share_7d"])
    assert math.isnan(found["returned_amount_share_7d"])
    assert found["return_recency_days"] == 30


def test_customer_who_has_given_nothing_back_has_shares_of_0_and_no_last_return():
    found = described(WEEK, DAYS, "b", 9)

    assert (found["returned_lines_share_7d"], found["returned_amount_share_7d"]) == (0, 0)
    assert math.isnan(found["return_recency_days"])


def test_amount_given_back_is_what_flows_back():
    rows = [event("a", 3, "30.00"), event("a", 4, "-10.00", event_type="return")]
    columns = DuckDBEngine().columns(customer_days(events_table(rows), 2, measures_of((WEEK,))))

    assert described(WEEK, CustomerDays.from_columns(columns, 2), "a", 9)["returned_amount_share_7d"] == 10 / 40


@given(st.lists(st.integers(0, 10**12), min_size=4, max_size=4))
def test_shares_lie_between_0_and_1(counts):
    names = ("n_lines", "n_returns", "amount_minor", "returned_minor")
    days = measured({("a", 3): dict(zip(names, counts, strict=True))})
    found = feature_rows(days, spine_of(days, ("a", 4)), (WEEK,)).filter(like="share")

    assert found.stack().dropna().between(0, 1).all()


def test_last_return_is_asked_whichever_share_is():
    block = Returns(lengths=(7 * DAY,), of=("returned_amount_share",))

    assert described(block, DAYS, "a", 9) == {"returned_amount_share_7d": 0.25, "return_recency_days": 4}

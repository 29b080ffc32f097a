from __future__ import annotations

import math
import statistics
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.errors import ConfigError
from pipelines.core.windows import DAY
from pipelines.features.baskets import Baskets
from pipelines.features.days import CustomerDays, customer_days
from pipelines.features.measures import ORDER_SQUARES_HIGH, ORDER_SQUARES_LOW, whole_squares
from pipelines.features.panel import measures_of
from support.described import described
from support.events import event, events_table

WEEK = Baskets(lengths=(7 * DAY,))
ORDERS = [
    event("a", 2, "99.00", order_id="before the window"),
    event("a", 3, "10.00", order_id="one", quantity=2),
    event("a", 3, "20.00", order_id="one", quantity=4),
    event("a", 9, "60.00", order_id="two", quantity=None),
    event("a", 10, "7777.00", order_id="at the cutoff"),
]


@pytest.fixture(scope="module")
def engine():
    return DuckDBEngine()


def reduced(events, engine, block=WEEK):
    columns = engine.columns(customer_days(events_table(events), 2, measures_of((block,))))
    return CustomerDays.from_columns(columns, 2)


def test_facts_of_two_orders(engine):
    assert described(WEEK, reduced(ORDERS, engine), "a", 10) == {
        "order_value_mean_7d": 45,
        "lines_per_order_7d": 1.5,
        "units_per_order_7d": 3,
        "largest_order_7d": 60,
        "order_value_spread_7d": 15,
    }


def test_no_order_in_the_window_is_null(engine):
    found = described(WEEK, reduced(ORDERS, engine), "a", 30)

    assert all(math.isnan(value) for value in found.values())


def test_spread_of_one_order_is_0(engine):
    found = described(Baskets(lengths=(1 * DAY,)), reduced(ORDERS, engine), "a", 10)

    assert (found["order_value_spread_1d"], found["largest_order_1d"]) == (0, 60)


def test_return_is_no_order_and_makes_none_smaller(engine):
    back = event("a", 9, "-60.00", order_id="two", event_type="return")

    assert described(WEEK, reduced([*ORDERS, back], engine), "a", 10) == described(
        WEEK, reduced(ORDERS, engine), "a", 10
    )


def test_absurd_quantity_is_kept(engine):
    litres = event("a", 9, "60.00", order_id="two", quantity=45_000)

    assert described(WEEK, reduced([litres], engine), "a", 10)["units_per_order_7d"] == 45_000


@settings(max_examples=20)
@given(amounts=st.lists(st.decimals("0.01", "80000000", places=2), min_size=1, max_size=6))
def test_squares_of_order_values_are_exact(engine, amounts):
    """Also where one square would not fit into an int64."""
    rows = [event("a", 1, str(amount), order_id=f"o{i}") for i, amount in enumerate(amounts)]
    measures = reduced(rows, engine).measures
    high, low = (int(measures[measure.name][0]) for measure in (ORDER_SQUARES_HIGH, ORDER_SQUARES_LOW))

    assert sum(int(amount * 100) ** 2 for amount in amounts) == high * 2**20 + low


def test_squares_fit_where_orders_are_of_30_billion(engine):
    measures = reduced([event("a", 1, "30000000000.00", order_id="o1")], engine).measures
    whole = whole_squares(measures[ORDER_SQUARES_HIGH.name], measures[ORDER_SQUARES_LOW.name])

    assert np.isclose(3e12**2, whole[0], rtol=1e-15)


@settings(max_examples=20)
@given(amounts=st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_spread_is_the_standard_deviation_of_order_values(engine, amounts):
    values = [Decimal(amount) / 100 for amount in amounts]
    rows = [event("a", 1 + i % 3, str(value), order_id=f"o{i}") for i, value in enumerate(values)]

    found = described(WEEK, reduced(rows, engine), "a", 7)["order_value_spread_7d"]

    assert math.isclose(statistics.pstdev(values), found, rel_tol=1e-12)


def test_equal_orders_have_no_spread_at_all(engine):
    rows = [event("a", day, "10.60", order_id=f"o{day}") for day in (1, 2, 3)]

    assert described(WEEK, reduced(rows, engine), "a", 7)["order_value_spread_7d"] == 0


def test_of_chooses_and_orders_the_facts(engine):
    block = Baskets(lengths=(7 * DAY,), of=("lines_per_order", "order_value_mean"))

    assert list(described(block, reduced(ORDERS, engine, block), "a", 10)) == [
        "lines_per_order_7d",
        "order_value_mean_7d",
    ]
    assert "n_units" not in [measure.name for measure in block.measures]


def test_unknown_fact_is_refused():
    with pytest.raises(ConfigError, match="order_value_mean"):
        Baskets.read({"type": "baskets", "lengths": ["P7D"], "of": ["order_mean"]}, "task")

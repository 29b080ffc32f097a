from __future__ import annotations

import math
from decimal import Decimal

import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.windows import DAY
from pipelines.features.days import CustomerDays, customer_days
from pipelines.features.panel import catalogue, measures_of
from pipelines.features.prices import Prices
from support.described import described
from support.events import event, events_table, measured

WEEK = Prices(lengths=(7 * DAY,))


def bought(**counts):
    """One customer's day 3."""
    return measured({("a", 3): counts})


def test_price_and_discount_of_a_window():
    days = bought(amount_minor=9_000, discount_minor=1_000, n_units=4)

    assert described(WEEK, days, "a", 10) == {"amount_per_unit_7d": 22.5, "discount_share_7d": 0.1}


@pytest.mark.parametrize("cutoff", [3, 11])
def test_window_without_a_purchase_is_null(cutoff):
    found = described(WEEK, bought(amount_minor=9_000, n_units=4), "a", cutoff)

    assert all(math.isnan(value) for value in found.values())


def test_price_is_null_where_no_quantity_is_known_but_the_discount_share_is_not():
    found = described(WEEK, bought(amount_minor=9_000, discount_minor=0), "a", 10)

    assert math.isnan(found["amount_per_unit_7d"])
    assert found["discount_share_7d"] == 0


def test_unknown_discount_is_none_and_that_of_returns_is_not_counted():
    rows = [
        event("a", 3, "30.00", discount=Decimal("10.00")),
        event("a", 3, "60.00"),
        event("a", 4, "-30.00", event_type="return", discount=Decimal("10.00")),
    ]
    columns = DuckDBEngine().columns(customer_days(events_table(rows), 2, measures_of((WEEK,))))

    assert described(WEEK, CustomerDays.from_columns(columns, 2), "a", 10)["discount_share_7d"] == 10 / 100


def test_source_without_discounts_does_not_need_them():
    block = Prices(lengths=(7 * DAY,), of=("amount_per_unit",))

    assert "discount" not in {column for measure in block.measures for column in measure.needs}
    assert [(feature.name, feature.unit) for feature in catalogue((block,), "EUR")] == [
        ("amount_per_unit_7d", "EUR per unit")
    ]

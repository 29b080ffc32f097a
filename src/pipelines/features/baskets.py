"""Baskets: what an order of this customer looks like."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from pipelines.features.blocks import FloatArray, ratio
from pipelines.features.facts import Fact, FactsInWindows, Totals
from pipelines.features.measures import (
    AMOUNT,
    LARGEST_ORDER,
    N_LINES,
    N_ORDERS,
    N_UNITS,
    ORDER_SQUARES_HIGH,
    ORDER_SQUARES_LOW,
    whole_squares,
)

_NO_ORDER = "the customer has no order in the window"
_IDEA, _NONE = "baskets", "no order"


def _order_value_mean(totals: Totals, minor_units: int) -> FloatArray:
    return ratio(totals[AMOUNT.name], totals[N_ORDERS.name] * minor_units)


def _order_value_spread(totals: Totals, minor_units: int) -> FloatArray:
    """Population standard deviation, ``sqrt(n · Σv² - (Σv)²) / n``.

    What is under the root is an exact integer while ``n · Σv²`` is below 2**53 smallest units squared, which means
    orders of about 900,000 (two decimals) in one window; beyond, it is rounded to 16 digits and never below 0.
    """
    n_orders = totals[N_ORDERS.name]
    squares = whole_squares(totals[ORDER_SQUARES_HIGH.name], totals[ORDER_SQUARES_LOW.name])
    squared = totals[AMOUNT.name].astype(np.float64) ** 2
    return ratio(np.sqrt(np.maximum(n_orders * squares - squared, 0.0)), n_orders * minor_units)


def _largest_order(totals: Totals, minor_units: int) -> FloatArray:
    return ratio(totals[LARGEST_ORDER.name], np.where(totals[N_ORDERS.name] > 0, minor_units, 0))


class Baskets(FactsInWindows):
    """Size and value of orders in each window.

    An order is an order number on a day; without order numbers, all of a day. Quantities are kept as they are, also
    absurd ones (tens of thousands, where petrol is sold by the millilitre); a line of unknown quantity has none.
    """

    facts: ClassVar[tuple[Fact, ...]] = (
        Fact(
            "order_value_mean",
            "mean order value",
            "money",
            _NO_ORDER,
            (AMOUNT, N_ORDERS),
            _order_value_mean,
            _IDEA,
            "{value} per order",
            _NONE,
        ),
        Fact(
            "lines_per_order",
            "mean number of lines per order",
            "lines",
            _NO_ORDER,
            (N_LINES, N_ORDERS),
            lambda totals, _: ratio(totals[N_LINES.name], totals[N_ORDERS.name]),
            _IDEA,
            "{value} {line|lines} per order",
            _NONE,
        ),
        Fact(
            "units_per_order",
            "mean number of units per order",
            "units",
            _NO_ORDER,
            (N_UNITS, N_ORDERS),
            lambda totals, _: ratio(totals[N_UNITS.name], totals[N_ORDERS.name]),
            _IDEA,
            "{value} {unit|units} per order",
            _NONE,
        ),
        Fact(
            "largest_order",
            "largest order",
            "money",
            _NO_ORDER,
            (LARGEST_ORDER, N_ORDERS),
            _largest_order,
            _IDEA,
            LARGEST_ORDER.told,
            _NONE,
        ),
        Fact(
            "order_value_spread",
            "standard deviation of order values",
            "money",
            _NO_ORDER,
            (N_ORDERS, AMOUNT, ORDER_SQUARES_HIGH, ORDER_SQUARES_LOW),
            _order_value_spread,
            _IDEA,
            "order values that vary by {value}",
            _NONE,
        ),
    )
    type: Literal["baskets"] = "baskets"
    of: Annotated[
        tuple[
            Literal["order_value_mean", "lines_per_order", "units_per_order", "largest_order", "order_value_spread"],
            ...,
        ],
        Field(min_length=1),
    ] = ("order_value_mean", "lines_per_order", "units_per_order", "largest_order", "order_value_spread")

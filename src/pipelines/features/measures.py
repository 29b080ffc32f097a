"""What is counted of a customer's day. A block names the measures it needs; a new one is one `Measure`.

Every measure is an integer, money in the currency's smallest unit, so that sums are exact on every engine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator

from pipelines.core.columns import CONTACT, PURCHASE, RETURN
from pipelines.core.errors import nearest

Rows = Any
"""Events as an Ibis table."""
RowsOf = Callable[[Rows], Any]
"""From events to a boolean column."""
ValueOf = Callable[[Rows, int], Any]
"""From events and the currency's decimals to an integer column."""
SQUARES_SPLIT = 10
"""How many low bits `whole_squares` splits off."""


@dataclass(frozen=True)
class Measure:
    """One integer per customer and day.

    Parameters
    ----------
    name : str
        Its column in the customer-day table; money ends with ``_minor``.
    said : str
        In words, such as ``orders``.
    unit : str
        ``days``, ``orders`` …; ``money`` for an amount.
    needs : tuple of str
        The columns of its table without which it says nothing.
    rows : callable
        From events to a boolean column: which rows count.
    value : callable or None
        From events and the currency's decimals to an integer column; None counts rows.
    of_day : str
        From the orders of a day to the day (rows without an order are one): ``sum``; ``any``: 1 if there is one;
        ``count``: how many; ``max``: the largest; ``distinct``: how many different values there are, over all rows;
        ``squares_high`` and ``squares_low``: the sum of their squares in the two parts of `whole_squares`.
    table : str
        ``contacts`` if it counts them: they stand among events as rows of the type ``contact``.
    told : str
        How a reason says so much of it, such as ``{value} {order|orders}``.
    idea : str
        What a sum of it says something about (see `Feature`).
    """

    name: str
    said: str
    unit: str
    needs: tuple[str, ...]
    rows: RowsOf
    value: ValueOf | None = None
    of_day: Literal["sum", "any", "count", "max", "distinct", "squares_high", "squares_low"] = "sum"
    table: Literal["events", "contacts"] = "events"
    told: str = "{value}"
    idea: str = ""

    @property
    def of_order(self) -> tuple[RowsOf, ValueOf | None]:
        """What is reduced of each order first; measures that share it are reduced together."""
        return self.rows, self.value

    @property
    def is_money(self) -> bool:
        """Whether it is in the currency's smallest unit."""
        return self.unit == "money"

    @property
    def feature(self) -> str:
        """What a feature of it is called: money without the unit, since features are in the currency's own."""
        return self.name.removesuffix("_minor")


def is_purchase(events: Rows) -> Any:
    """A purchase is a ``purchase`` event with a positive amount."""
    return (events.event_type == PURCHASE) & (events.amount > 0)


def day_of(moment: Any) -> Any:
    """Days since 1970-01-01 UTC, of a column of moments."""
    return (moment.epoch_seconds() // 86_400).cast("int64")


@functools.cache
def of_type(name: str) -> RowsOf:
    """Which events are of this type; the same function for the same type."""
    return lambda events: events.event_type == name


@functools.cache
def minor(column: str) -> ValueOf:
    """An amount in the currency's smallest unit; the same function for the same column."""
    return lambda events, decimals: (events[column] * 10**decimals).cast("int64")


def whole_squares(high: NDArray[np.int64], low: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sums of squared order values from their two parts.

    One int64 would overflow at a single order of 30 million (two decimals). So a value ``v`` is split at the bit
    `SQUARES_SPLIT`, ``v = 1024 a + b``, and its square, ``1024² a² + b (2 v - b)``, is summed as ``a²`` and
    ``b (2 v - b)``: both are exact integers, and both fit for orders of up to 30 billion. Putting them together is
    exact below 2**53.

    Examples
    --------
    >>> whole_squares(np.array([3**2]), np.array([5 * (2 * 3077 - 5)])) == 3077**2
    array([ True])
    """
    whole: NDArray[np.float64] = high.astype(np.float64) * 4.0**SQUARES_SPLIT + low
    return whole


def _returned(events: Rows, decimals: int) -> Any:
    return -minor("amount")(events, decimals)


N_PURCHASE_DAYS = Measure(
    "n_purchase_days",
    "days with a purchase",
    "days",
    ("amount",),
    is_purchase,
    of_day="any",
    told="{value} {day|days} with a purchase",
    idea="orders",
)
N_ORDERS = Measure(
    "n_orders",
    "orders",
    "orders",
    ("amount",),
    is_purchase,
    of_day="count",
    told="{value} {order|orders}",
    idea="orders",
)
N_LINES = Measure(
    "n_lines",
    "order lines",
    "lines",
    ("amount",),
    is_purchase,
    told="{value} order {line|lines}",
    idea="orders",
)
AMOUNT = Measure(
    "amount_minor",
    "amount spent",
    "money",
    ("amount",),
    is_purchase,
    minor("amount"),
    told="{value} spent",
    idea="spending",
)
N_UNITS = Measure(
    "n_units",
    "units bought",
    "units",
    ("amount", "quantity"),
    is_purchase,
    lambda events, _: events.quantity,
    told="{value} {unit|units} bought",
    idea="orders",
)
LARGEST_ORDER = Measure(
    "largest_order_minor",
    "largest order",
    "money",
    ("amount", "order_id"),
    is_purchase,
    minor("amount"),
    "max",
    told="a largest order of {value}",
    idea="baskets",
)
ORDER_SQUARES_HIGH = Measure(
    "order_squares_high",
    "squares of order values, high part",
    "squares",
    ("amount", "order_id"),
    is_purchase,
    minor("amount"),
    "squares_high",
)
ORDER_SQUARES_LOW = replace(
    ORDER_SQUARES_HIGH,
    name="order_squares_low",
    said="squares of order values, low part",
    of_day="squares_low",
)
DISCOUNT = Measure(
    "discount_minor",
    "discount received",
    "money",
    ("amount", "discount"),
    is_purchase,
    minor("discount"),
    told="{value} of discounts",
    idea="discounts",
)
N_RETURNS = Measure(
    "n_returns",
    "lines given back",
    "lines",
    ("amount",),
    of_type(RETURN),
    told="{value} {line|lines} given back",
    idea="returns",
)
RETURNED = Measure(
    "returned_minor",
    "amount given back",
    "money",
    ("amount",),
    of_type(RETURN),
    _returned,
    told="{value} given back",
    idea="returns",
)
N_VIEWS = Measure(
    "n_views",
    "products viewed",
    "views",
    (),
    of_type("view"),
    told="{value} {product|products} viewed",
    idea="visits",
)
N_CARTED = Measure(
    "n_carted",
    "products put into the cart",
    "lines",
    (),
    of_type("add_to_cart"),
    told="{value} {product|products} put into the cart",
    idea="cart",
)
N_UNCARTED = Measure(
    "n_uncarted",
    "products taken out of the cart",
    "lines",
    (),
    of_type("remove_from_cart"),
    told="{value} {product|products} taken out of the cart",
    idea="cart",
)
N_SEARCHES = Measure(
    "n_searches",
    "searches",
    "searches",
    (),
    of_type("search"),
    told="{value} {search|searches}",
    idea="visits",
)
N_SESSIONS = Measure(
    "n_sessions",
    "sessions",
    "sessions",
    ("session_id",),
    lambda events: events.session_id.notnull(),
    lambda events, _: events.session_id,
    "distinct",
    told="{value} {session|sessions}",
    idea="visits",
)
N_SESSION_EVENTS = Measure(
    "n_session_events",
    "events in sessions",
    "events",
    ("session_id",),
    lambda events: events.session_id.notnull(),
    told="{value} {event|events} in sessions",
    idea="visits",
)
N_CONTACTS = Measure(
    "n_contacts",
    "campaign contacts",
    "contacts",
    ("contact_time",),
    of_type(CONTACT),
    table="contacts",
    told="{value} campaign {contact|contacts}",
    idea="campaigns",
)

MEASURES: tuple[Measure, ...] = (
    N_PURCHASE_DAYS,
    N_ORDERS,
    N_LINES,
    AMOUNT,
    N_UNITS,
    LARGEST_ORDER,
    ORDER_SQUARES_HIGH,
    ORDER_SQUARES_LOW,
    DISCOUNT,
    N_RETURNS,
    RETURNED,
    N_VIEWS,
    N_CARTED,
    N_UNCARTED,
    N_SEARCHES,
    N_SESSIONS,
    N_SESSION_EVENTS,
    N_CONTACTS,
)
"""Every measure that has a name of its own; blocks may make others, such as one per device."""

SUMMABLE = {
    measure.name: measure for measure in MEASURES if measure.of_day not in ("max", "squares_high", "squares_low")
}
"""Those whose sum over days means something."""


def _known(name: str) -> str:
    if name not in SUMMABLE:
        raise ValueError(f"no measure '{name}'; known: {', '.join(SUMMABLE)}.{nearest(name, SUMMABLE)}")
    return name


SummableMeasure = Annotated[str, AfterValidator(_known)]
"""The name of a measure that can be summed over days."""

PURCHASES = (N_PURCHASE_DAYS, N_ORDERS, N_LINES, AMOUNT)
"""What every customer-day table holds: populations, outcomes and drift's volume are counted from it."""

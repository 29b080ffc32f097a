"""What every column of the simulated shop means, raw and true. A new column is one line here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class ColumnDoc:
    """One column.

    Attributes
    ----------
    table, name : str
        Where it stands.
    dtype : str
        Its pandas dtype; ``Int64`` may hold nulls.
    unit : str
        Unit, or "" where there is none.
    meaning : str
        What it says, and when it is null.
    """

    table: str
    name: str
    dtype: str
    unit: str
    meaning: str


def _of(table: str, *rows: tuple[str, str, str, str]) -> tuple[ColumnDoc, ...]:
    return tuple(ColumnDoc(table, *row) for row in rows)


COLUMNS: tuple[ColumnDoc, ...] = (
    *_of(
        "events",
        ("customer_id", "int64", "", "Whose event it is."),
        ("session_id", "Int64", "", "The session, ascending in time for a customer; null for returns."),
        ("event_time", "datetime64[us]", "UTC", "When it happened; all lines of an order share one moment."),
        ("event_type", "category", "", "view, page_view, search, add_to_cart, remove_from_cart, purchase or return."),
        ("product_id", "Int64", "", "The product; null for page_view, search and purchases of a blank feed."),
        ("order_id", "Int64", "", "The order, one per session at most and named by it; purchases and returns only."),
        ("quantity", "Int64", "pieces", "Pieces added, removed, bought or returned; null for all else."),
        (
            "unit_price_cents",
            "Int64",
            "cents",
            "Price of a piece that day; of a return, that paid. Null as product_id.",
        ),
        (
            "amount_cents",
            "Int64",
            "cents",
            "Pieces times price; negative for returns; null for all else and blank feeds.",
        ),
        ("device", "category", "", "mobile, desktop or tablet; the same within a session; null for returns."),
        ("page", "category", "", "Content page of a page_view; null for all else."),
        ("search_category", "category", "", "Category searched for; search only."),
    ),
    *_of(
        "customers",
        ("customer_id", "int64", "", "From 1, without gaps."),
        ("age", "int64", "years", "Age, constant over the log; sensitive."),
        ("gender", "category", "", "female, male or other; sensitive."),
        ("region", "category", "", "north, south, east, west or centre; sensitive."),
        ("consent", "bool", "", "Whether the customer may be contacted."),
        ("signed_up", "datetime64[us]", "UTC day", "Day of registration; up to a year before the log."),
    ),
    *_of(
        "contacts",
        ("customer_id", "int64", "", "Who was assigned; consenting customers only."),
        (
            "contact_time",
            "datetime64[us]",
            "UTC",
            "09:00 of the day of the campaign; for the control, the same moment.",
        ),
        ("campaign_id", "category", "", "The campaign."),
        ("variant", "category", "", "treatment or control, by a coin of the campaign's treatment share."),
        ("channel", "category", "", "How treated customers were reached."),
    ),
    *_of(
        "products",
        ("product_id", "int64", "", "From 1; by category, the most popular first."),
        ("category", "category", "", "Category."),
        ("brand", "object", "", "Brand; independent of all else."),
        ("list_price_cents", "int64", "cents", "Price of a piece before any price shock."),
    ),
    *_of(
        "truth_customers",
        ("customer_id", "int64", "", "The customer."),
        ("sessions_per_day", "float64", "1/day", "Sessions on a mean day while active."),
        ("conversion", "float64", "", "Probability that a session ends in an order, untreated, at list prices."),
        ("lapse_hazard", "float64", "1/day", "Daily probability of lapsing, the planted gap included, without shocks."),
        ("price_elasticity", "float64", "", "Percent change of conversion per percent of price."),
        ("favourite_category", "category", "", "Where half of the views go besides what anybody would look at."),
        ("share_unlogged", "float64", "", "Share of sessions without an order that the tracking loses."),
        ("products_per_cart", "float64", "products", "Mean number of products that a cart keeps."),
        ("planted_type", "category", "", "The planted type of customer; null where none are planted."),
    ),
    *_of(
        "truth_at",
        ("customer_id", "int64", "", "The customer, signed up before the cutoff."),
        ("cutoff", "datetime64[us]", "UTC", "The moment."),
        ("is_active", "bool", "", "Whether the customer was active at the end of the day before."),
        ("churn_hazard", "float64", "1/day", "Probability that an active customer of this kind lapses on that day."),
        (
            "purchase_rate_per_day",
            "float64",
            "orders/day",
            "Expected orders on the day of the cutoff, given the state.",
        ),
        ("p_no_purchase", "float64", "", "Probability of no order in the horizon, given the state."),
    ),
    *_of(
        "oracle_at",
        ("customer_id", "int64", "", "The customer, signed up before the cutoff."),
        ("cutoff", "datetime64[us]", "UTC", "The moment; nothing at or after it is seen."),
        ("p_active", "float64", "", "Probability that the customer was active at the end of the day before."),
        ("p_no_purchase", "float64", "", "Probability of no order in the horizon: the attainable forecast."),
    ),
    *_of(
        "truth_campaigns",
        ("campaign_id", "object", "", "The campaign; only those sent within the log."),
        ("segment", "object", "", "all, steady or sensitive (to prices; latent)."),
        ("effect_days", "int64", "days", "Orders are counted on so many days after the day of the contact."),
        ("share_of_contacted", "float64", "", "The segment's share of the contacted customers."),
        ("orders_control", "float64", "orders", "Expected orders per contacted customer if none were treated."),
        ("orders_treatment", "float64", "orders", "Expected orders per contacted customer if all were treated."),
        ("effect_orders", "float64", "orders", "The true average effect: treatment less control."),
    ),
    *_of(
        "truth_calendar",
        ("planted", "object", "", "campaign, types (of customers), or the type of the drift or unfairness."),
        ("since", "datetime64[us]", "UTC day", "First day; of a campaign, that of the contact."),
        ("until", "datetime64[us]", "UTC day", "First day after it; the end of the log if it lasts."),
        ("size", "object", "", "Its whole spec as JSON."),
        ("happens", "bool", "", "Whether any of it lies within the log."),
    ),
)
"""Every column, table by table, in the order of the frames."""


def columns_of(table: str) -> dict[str, str]:
    """The names and dtypes of a table, in order.

    Examples
    --------
    >>> list(columns_of("customers"))
    ['customer_id', 'age', 'gender', 'region', 'consent', 'signed_up']
    """
    return {column.name: column.dtype for column in COLUMNS if column.table == table}


def categorical(codes: NDArray[Any], categories: tuple[str, ...]) -> pd.Series:
    """A text column from codes; -1 is null. It is text for Arrow, too, if there are no categories.

    Examples
    --------
    >>> import numpy as np
    >>> list(categorical(np.array([1, 0]), ("no", "yes")))
    ['yes', 'no']
    """
    dtype = pd.CategoricalDtype(list(categories) or pd.Index([], dtype="string"))
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype, validate=False))

"""The funnel: what a customer does before buying, and how far they get."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from pipelines.features.blocks import FloatArray, ratio
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.facts import Fact, InWindows, Totals, Words, counted, days_since, part_of
from pipelines.features.measures import (
    N_CARTED,
    N_LINES,
    N_SEARCHES,
    N_SESSION_EVENTS,
    N_SESSIONS,
    N_UNCARTED,
    N_VIEWS,
)
from pipelines.features.spine import Spine


def _abandoned(totals: Totals, _: int) -> FloatArray:
    left = totals[N_CARTED.name] - totals[N_UNCARTED.name] - totals[N_LINES.name]
    counts: FloatArray = np.maximum(left, 0).astype(np.float64)
    return counts


class Funnel(InWindows):
    """Views, carts, searches and sessions in each window, how one leads to the next, and days since the last view.

    A session that lasts past midnight UTC counts on both days. What is bought may have been viewed or put into the
    cart before the window, or never, so the two rates can exceed 1. Lines are counted, not pieces: a line that was
    put into the cart twice and bought once leaves one behind.
    """

    facts: ClassVar[tuple[Fact, ...]] = (
        counted(N_VIEWS),
        counted(N_CARTED),
        counted(N_SEARCHES),
        counted(N_SESSIONS),
        Fact(
            "session_depth",
            "mean number of events per session",
            "events",
            "the customer has no session in the window",
            (N_SESSION_EVENTS, N_SESSIONS),
            lambda totals, _: ratio(totals[N_SESSION_EVENTS.name], totals[N_SESSIONS.name]),
            "visits",
            "{value} {event|events} per session",
            "no session",
        ),
        part_of(
            "carted_per_view",
            "products put into the cart per product viewed",
            N_CARTED,
            N_VIEWS,
            "the customer has viewed nothing in the window",
            Words("ratio", "cart", "{value} {product|products} put into the cart per product viewed", "nothing viewed"),
        ),
        part_of(
            "bought_per_carted",
            "order lines per product put into the cart",
            N_LINES,
            N_CARTED,
            "the customer has put nothing into the cart in the window",
            Words(
                "ratio", "cart", "{value} order {line|lines} per product put into the cart", "nothing put into the cart"
            ),
        ),
        Fact(
            "n_abandoned",
            "products put into the cart, neither taken out nor bought,",
            "lines",
            "never",
            (N_CARTED, N_UNCARTED, N_LINES),
            _abandoned,
            "cart",
            "{value} {product|products} left in the cart",
        ),
    )
    type: Literal["funnel"] = "funnel"

    @property
    def chosen(self) -> tuple[Fact, ...]:
        """All of them."""
        return self.facts

    def features(self, currency: str) -> tuple[Feature, ...]:
        """Eight per window, then ``view_recency_days``."""
        recency = Feature(
            "view_recency_days",
            "Days from the last day on which a product was viewed to the cutoff",
            "days",
            "all history",
            "the customer has viewed nothing before the cutoff",
            self.type,
            "last product viewed {value} {day|days} ago",
            idea="visits",
            absent="no product viewed so far",
        )
        return (*super().features(currency), recency)

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Exact counts, divided once, and whole days."""
        return np.column_stack([super().emit(days, spine), days_since(days, spine, N_VIEWS)])

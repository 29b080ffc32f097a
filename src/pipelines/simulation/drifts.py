"""What changes at a date, planted at a known size. A new kind is one class and one line in `Drift`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pipelines.core.intervals import FloatArray
from pipelines.core.spec import Spec
from pipelines.simulation.unfairness import Region

Days = NDArray[np.datetime64]
Mask = NDArray[np.bool_]
Share = Annotated[float, Field(gt=0, le=1)]

EVENT_TYPES = ("view", "page_view", "search", "add_to_cart", "remove_from_cart", "purchase", "return")
VIEW, PAGE_VIEW, SEARCH, ADD, REMOVE, PURCHASE, RETURN = range(7)


class _Drift(Spec):
    """Neutral answers to everything that a drift may change; ``days`` are dates, one per element."""

    since: date

    def is_on(self, days: Days) -> Mask:
        """On which of the days the drift is in force."""
        return days >= np.datetime64(self.since)

    def price_factor(self, days: Days) -> FloatArray:
        """Prices of each day relative to the list."""
        return np.ones(days.shape)

    def lapse_factor(self, days: Days) -> FloatArray:
        """Factor on the daily lapse hazard of price-sensitive customers."""
        return np.ones(days.shape)

    def n_copies(self, days: Days, event_type: NDArray[np.int8]) -> NDArray[np.int8]:
        """How often each event is logged."""
        return np.ones(days.shape, np.int8)

    def blank_share(self, days: Days) -> FloatArray:
        """Share of each day's purchase rows that arrive without product, price and amount."""
        return np.zeros(days.shape)


class PriceShock(_Drift):
    """Every price changes for good; price-sensitive customers lapse more easily for a while."""

    type: Literal["price_shock"] = "price_shock"
    factor: Annotated[float, Field(ge=0.8, le=2)]
    lapse_multiple: Annotated[float, Field(gt=0, le=10)] = 1.0
    lapse_days: Annotated[int, Field(ge=0)] = 0

    def price_factor(self, days: Days) -> FloatArray:
        """Prices of each day relative to the list."""
        return np.where(self.is_on(days), self.factor, 1.0)

    def lapse_factor(self, days: Days) -> FloatArray:
        """Factor on the daily lapse hazard of price-sensitive customers."""
        over = days >= np.datetime64(self.since) + np.timedelta64(self.lapse_days, "D")
        return np.where(self.is_on(days) & ~over, self.lapse_multiple, 1.0)


class MixShift(_Drift):
    """A share of the customers who sign up from a date on come from one region, with a mobile device."""

    type: Literal["mix_shift"] = "mix_shift"
    region: Region
    share: Share


class _Outage(_Drift):
    until: date

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> _Outage:
        if self.until <= self.since:
            raise ValueError(f"ends on {self.until}, not after {self.since}: put 'until' later; that day is not in it")
        return self

    def is_on(self, days: Days) -> Mask:
        """On which of the days the outage is in force."""
        return (days >= np.datetime64(self.since)) & (days < np.datetime64(self.until))


class BlankFeed(_Outage):
    """A share of the purchase rows arrives without product, price and amount."""

    type: Literal["blank_feed"] = "blank_feed"
    share: Share

    def blank_share(self, days: Days) -> FloatArray:
        """Share of each day's purchase rows that arrive without product, price and amount."""
        return np.where(self.is_on(days), self.share, 0.0)


class MissingFeed(_Outage):
    """No purchase row arrives at all; returns of those orders do, later."""

    type: Literal["missing_feed"] = "missing_feed"

    def n_copies(self, days: Days, event_type: NDArray[np.int8]) -> NDArray[np.int8]:
        """How often each event is logged."""
        return np.where(self.is_on(days) & (event_type == PURCHASE), 0, 1).astype(np.int8)


class DoubleViews(_Drift):
    """Every product view is logged twice, with the same time."""

    type: Literal["double_views"] = "double_views"

    def n_copies(self, days: Days, event_type: NDArray[np.int8]) -> NDArray[np.int8]:
        """How often each event is logged."""
        return np.where(self.is_on(days) & (event_type == VIEW), 2, 1).astype(np.int8)


class NoPageViews(_Drift):
    """Views of content pages are no longer logged."""

    type: Literal["no_page_views"] = "no_page_views"

    def n_copies(self, days: Days, event_type: NDArray[np.int8]) -> NDArray[np.int8]:
        """How often each event is logged."""
        return np.where(self.is_on(days) & (event_type == PAGE_VIEW), 0, 1).astype(np.int8)


Drift = Annotated[
    PriceShock | MixShift | BlankFeed | MissingFeed | DoubleViews | NoPageViews, Field(discriminator="type")
]

DRIFTS: tuple[Drift, ...] = (
    # The newcomers of an opened market: a third of them, enough to double that region among the new.
    MixShift(since=date(2023, 10, 1), region="north", share=0.3),
    # A year of high inflation at once; the sensitive are twice as likely to leave in the two months after.
    PriceShock(since=date(2024, 2, 1), factor=1.15, lapse_multiple=2.0, lapse_days=60),
    # A week of a broken export, noticed on Monday and mended the next.
    BlankFeed(since=date(2024, 4, 8), until=date(2024, 4, 15), share=0.6),
    # A tag that fires twice after a release.
    DoubleViews(since=date(2024, 5, 20)),
)
"""What the shop plants unless told otherwise, one after another; ``()`` plants nothing."""

"""Recency and tenure: how long ago the last and the first purchase were."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from pipelines.features.blocks import Block, FloatArray
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.kernel import activity_bounds
from pipelines.features.spine import Spine

_NEVER_BOUGHT = "the customer has not bought before the cutoff"
_FEATURES = (
    Feature(
        "recency_days",
        "Days from the last purchase day to the cutoff",
        "days",
        "all history",
        _NEVER_BOUGHT,
        "recency",
        "last purchase {value} {day|days} ago",
        idea="recency",
        usual="gap_median_days",
        usual_phrase="usually every {day|{value} days}",
        absent="no purchase so far",
    ),
    Feature(
        "tenure_days",
        "Days from the first purchase day to the cutoff",
        "days",
        "all history",
        _NEVER_BOUGHT,
        "recency",
        "first purchase {value} {day|days} ago",
        grows_with_calendar=True,
        idea="tenure",
        absent="no purchase so far",
    ),
    Feature(
        "n_purchase_days_all",
        "Days with a purchase before the cutoff",
        "days",
        "all history",
        "never",
        "recency",
        "bought on {value} {day|days} so far",
        grows_with_calendar=True,
        idea="orders",
    ),
)


class Recency(Block):
    """Days since the last and since the first purchase day, and on request how many such days there were."""

    type: Literal["recency"] = "recency"
    of: Annotated[
        tuple[Literal["recency_days", "tenure_days", "n_purchase_days_all"], ...],
        Field(min_length=1),
    ] = ("recency_days", "tenure_days")

    def features(self, currency: str) -> tuple[Feature, ...]:
        """Those that ``of`` names, in its order."""
        named = {feature.name: feature for feature in _FEATURES}
        return tuple(named[name] for name in self.of)

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Whole days; recency and tenure are NaN for a customer who has not bought yet."""
        first, last, n_active = activity_bounds(days.offsets, days.day, days.activity, spine.customer, spine.cutoff).T
        known = n_active > 0
        found = {
            "recency_days": np.where(known, spine.cutoff - last, np.nan),
            "tenure_days": np.where(known, spine.cutoff - first, np.nan),
            "n_purchase_days_all": n_active.astype(np.float64),
        }
        return np.column_stack([found[name] for name in self.of])

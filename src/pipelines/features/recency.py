"""Recency and tenure: how long ago the last and the first purchase were."""

from __future__ import annotations

from typing import Literal

import numpy as np

from pipelines.features.blocks import Block, FloatArray
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.kernel import activity_bounds
from pipelines.features.spine import Spine

_NEVER_BOUGHT = "the customer has not bought before the cutoff"


class Recency(Block):
    """Days since the last and since the first purchase day."""

    type: Literal["recency"] = "recency"

    def features(self, currency: str) -> tuple[Feature, ...]:
        """``recency_days`` and ``tenure_days``."""
        return (
            Feature(
                "recency_days",
                "Days from the last purchase day to the cutoff",
                "days",
                "all history",
                _NEVER_BOUGHT,
                "recency",
                "last purchase {value} days ago",
            ),
            Feature(
                "tenure_days",
                "Days from the first purchase day to the cutoff",
                "days",
                "all history",
                _NEVER_BOUGHT,
                "recency",
                "first purchase {value} days ago",
                grows_with_calendar=True,
            ),
        )

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Whole days; NaN for a customer who has not bought yet."""
        first, last, n_active = activity_bounds(days.offsets, days.day, days.activity, spine.customer, spine.cutoff).T
        known = n_active > 0
        return np.column_stack(
            [np.where(known, spine.cutoff - last, np.nan), np.where(known, spine.cutoff - first, np.nan)]
        )

"""Returns: how much of what was bought comes back, and when something last did."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from pipelines.features.blocks import FloatArray, ratio
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.facts import Fact, FactsInWindows, Totals, days_since
from pipelines.features.measures import AMOUNT, N_LINES, N_RETURNS, RETURNED, Measure
from pipelines.features.spine import Spine


def _returned_lines_share(totals: Totals, _: int) -> FloatArray:
    return ratio(totals[N_RETURNS.name], totals[N_LINES.name] + totals[N_RETURNS.name])


def _returned_amount_share(totals: Totals, _: int) -> FloatArray:
    return ratio(totals[RETURNED.name], totals[AMOUNT.name] + totals[RETURNED.name])


class Returns(FactsInWindows):
    """What was given back, of all that was bought or given back, in each window; and days since the last time.

    What comes back may have been bought before the window, so a share of purchases could exceed 1; of both together
    it cannot.
    """

    facts: ClassVar[tuple[Fact, ...]] = (
        Fact(
            "returned_lines_share",
            "lines given back, of all lines bought or given back,",
            "share",
            "the customer has neither bought nor given back a line in the window",
            (N_LINES, N_RETURNS),
            _returned_lines_share,
            "returns",
            "{value} of all lines given back",
            "nothing bought or given back",
        ),
        Fact(
            "returned_amount_share",
            "amount given back, of the whole amount bought or given back,",
            "share",
            "the customer has neither spent nor got back any amount in the window",
            (AMOUNT, RETURNED),
            _returned_amount_share,
            "returns",
            "{value} of the whole amount given back",
            "nothing bought or given back",
        ),
    )
    type: Literal["returns"] = "returns"
    of: Annotated[tuple[Literal["returned_lines_share", "returned_amount_share"], ...], Field(min_length=1)] = (
        "returned_lines_share",
        "returned_amount_share",
    )

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What the shares are computed from, and lines given back in any case."""
        return tuple(dict.fromkeys((*super().measures, N_RETURNS)))

    def features(self, currency: str) -> tuple[Feature, ...]:
        """Two shares per window, then ``return_recency_days``."""
        recency = Feature(
            "return_recency_days",
            "Days from the last day on which something was given back to the cutoff",
            "days",
            "all history",
            "the customer has given nothing back before the cutoff",
            self.type,
            "last return {value} {day|days} ago",
            idea="returns",
            absent="nothing given back so far",
        )
        return (*super().features(currency), recency)

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Ratios of exact integers, and whole days."""
        return np.column_stack([super().emit(days, spine), days_since(days, spine, N_RETURNS)])

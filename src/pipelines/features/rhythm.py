"""Rhythm: how regularly a customer buys, and how unusual the present silence is for them."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from pipelines.features.blocks import Block, FloatArray, ratio
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.kernel import activity_bounds, gap_statistics
from pipelines.features.spine import Spine

_ONE_DAY = "the customer has bought on fewer than two days before the cutoff"


class Rhythm(Block):
    """Gaps between purchase days over all history, and the open gap against them."""

    type: Literal["rhythm"] = "rhythm"
    n_recent: Annotated[int, Field(ge=1)] = 5

    def features(self, currency: str) -> tuple[Feature, ...]:
        """Six statistics of the gaps, four ratios of the open gap to them, and a share."""
        return tuple(
            Feature(name, meaning, unit, "all history", _ONE_DAY, "rhythm", phrase, grows_with_calendar=grows)
            for name, meaning, unit, phrase, grows in self._said()
        )

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Ratios of exact integers; NaN where there is no gap yet."""
        where = (days.offsets, days.day, days.activity, spine.customer, spine.cutoff)
        n_gaps, total, squares, twice_median, longest, recent, n_recent, n_as_long = gap_statistics(
            *where, self.n_recent
        ).T.astype(np.float64)
        has_gap = n_gaps > 0
        open_gap = (spine.cutoff - activity_bounds(*where)[:, 1]).astype(np.float64)
        mean = ratio(total, n_gaps)
        spread = np.sqrt(np.maximum(ratio(squares, n_gaps) - mean**2, 0.0))
        median, longest = np.where(has_gap, twice_median / 2, np.nan), np.where(has_gap, longest, np.nan)
        last = ratio(recent, n_recent)
        typical = (mean, median, longest, last)
        return np.column_stack(
            [
                mean,
                median,
                spread,
                longest,
                last,
                *(ratio(open_gap, usual) for usual in typical),
                ratio(n_as_long, n_gaps),
            ]
        )

    def _said(self) -> tuple[tuple[str, str, str, str, bool], ...]:
        last = f"gap_mean_last{self.n_recent}"
        return (
            ("gap_mean_days", "Mean gap between purchase days", "days", "usually buys every {value} days", False),
            ("gap_median_days", "Median gap between purchase days", "days", "median gap of {value} days", False),
            ("gap_spread_days", "Standard deviation of the gaps", "days", "gaps vary by {value} days", False),
            ("gap_longest_days", "Longest gap so far", "days", "longest gap so far {value} days", True),
            (f"{last}_days", f"Mean of the last {self.n_recent} gaps", "days", "lately buys every {value} days", False),
            ("recency_by_gap_mean", "Recency over the mean gap", "ratio", "silent for {value} usual gaps", False),
            ("recency_by_gap_median", "Recency over the median gap", "ratio", "silent for {value} median gaps", False),
            (
                "recency_by_gap_longest",
                "Recency over the longest gap",
                "ratio",
                "silent for {value} longest gaps",
                False,
            ),
            (f"recency_by_{last}", "Recency over the recent gaps", "ratio", "silent for {value} recent gaps", False),
            (
                "gap_share_as_long",
                "Share of gaps at least as long as the open one",
                "ratio",
                "{value} of gaps were as long",
                False,
            ),
        )

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
        """Five statistics of the gaps, four ratios of the open gap to them, and a share."""
        return tuple(
            Feature(
                name,
                meaning,
                unit,
                "all history",
                _ONE_DAY,
                "rhythm",
                phrase,
                grows_with_calendar=name == "gap_longest_days",
                idea="rhythm" if unit == "days" else "recency",
                usual="gap_median_days" if "_last" in name and unit == "days" else "",
                usual_phrase="usually every {day|{value} days}",
                absent="bought on fewer than two days so far",
            )
            for name, meaning, unit, phrase in self._said()
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

    def _said(self) -> tuple[tuple[str, str, str, str], ...]:
        n, last = self.n_recent, f"gap_mean_last{self.n_recent}"
        days, every = "{value} {day|days}", "every {day|{value} days}"
        silent = "silent for {as long as|{value} times}"
        return (
            ("gap_mean_days", "Mean gap between purchase days", "days", f"buys {every} on average"),
            ("gap_median_days", "Median gap between purchase days", "days", f"usually buys {every}"),
            ("gap_spread_days", "Standard deviation of the gaps", "days", f"time between purchases varies by {days}"),
            ("gap_longest_days", "Longest gap so far", "days", f"at most {days} between purchases so far"),
            (f"{last}_days", f"Mean of the last {n} gaps", "days", f"lately buys {every}"),
            ("recency_by_gap_mean", "Recency over the mean gap", "ratio", f"{silent} the mean time between purchases"),
            (
                "recency_by_gap_median",
                "Recency over the median gap",
                "ratio",
                f"{silent} the usual time between purchases",
            ),
            (
                "recency_by_gap_longest",
                "Recency over the longest gap",
                "ratio",
                f"{silent} the longest time between purchases",
            ),
            (
                f"recency_by_{last}",
                "Recency over the recent gaps",
                "ratio",
                f"{silent} the recent time between purchases",
            ),
            (
                "gap_share_as_long",
                "Share of gaps at least as long as the open one",
                "share",
                "{value} of the times between purchases were as long as the present silence",
            ),
        )

"""Trend: whether a customer does more or less than before."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from pipelines.core.spec import Days
from pipelines.core.windows import DAY
from pipelines.features.blocks import Block, FloatArray, ratio, totals
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays, IntArray
from pipelines.features.measures import AMOUNT, N_ORDERS, SUMMABLE, Measure, SummableMeasure
from pipelines.features.spine import Spine
from pipelines.features.wording import in_last


class Trend(Block):
    """The last days against those before them, and the slope of the last weeks.

    Of each measure: per length, the share that falls into ``[cutoff - length, cutoff)`` of what falls into twice
    that time; and the least-squares slope of the sums of the last ``n_weeks`` whole weeks. Days before the customer
    was known count as empty.
    """

    type: Literal["trend"] = "trend"
    lengths: Annotated[tuple[Days, ...], Field(min_length=1)]
    of: Annotated[tuple[SummableMeasure, ...], Field(min_length=1)] = (N_ORDERS.name, AMOUNT.name)
    n_weeks: Annotated[int, Field(ge=2)] = 8

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Those that have a trend."""
        return tuple(SUMMABLE[name] for name in self.of)

    def features(self, currency: str) -> tuple[Feature, ...]:
        """Of each measure: one share per length, then the slope."""
        return tuple(
            feature
            for measure in self.measures
            for feature in (
                *(_share(measure, length // DAY) for length in self.lengths),
                _slope(measure, self.n_weeks, currency),
            )
        )

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Ratios of exact integers; one measure at a time, since its windows are many."""
        return np.column_stack([self._of_measure(measure, days, spine) for measure in self.measures])

    def _of_measure(self, measure: Measure, days: CustomerDays, spine: Spine) -> FloatArray:
        sums = totals(days, spine, (measure,), self._windows())[:, :, 0]
        n_lengths, n_weeks = len(self.lengths), self.n_weeks
        recent, both, weekly = np.split(sums, (n_lengths, 2 * n_lengths), axis=1)
        # the slope, Σ(k - k̄)y / Σ(k - k̄)², with numerator and denominator as integers, k̄ being a half at times
        numerator = weekly @ (2 * np.arange(n_weeks) - (n_weeks - 1))
        denominator = n_weeks * (n_weeks**2 - 1) * (10**days.decimals if measure.is_money else 1)
        return np.column_stack([ratio(recent, both), 6 * numerator / denominator])

    def _windows(self) -> IntArray:
        """The recent window of each length, then both of each, then the weeks, oldest first."""
        lengths = [length // DAY for length in self.lengths]
        weeks = [(-7 * (week + 1), -7 * week) for week in reversed(range(self.n_weeks))]
        return np.array([*((-n, 0) for n in lengths), *((-2 * n, 0) for n in lengths), *weeks], np.int64)


def _share(measure: Measure, length: int) -> Feature:
    meaning = f"share of the last {length} days in the {measure.said} of the last {2 * length}"
    return Feature(
        name=f"{measure.feature}_recent_share_{length}d",
        meaning=f"{meaning[0].upper()}{meaning[1:]}",
        unit="share",
        window=f"P{2 * length}D",
        null_rule=f"the customer has no {measure.said} in the last {2 * length} days",
        block="trend",
        phrase=f"{{value}} of the {measure.said} {in_last(2 * length)} came {in_last(length)}",
        idea="trend",
        absent=f"no {measure.said} {in_last(2 * length)}",
    )


def _slope(measure: Measure, n_weeks: int, currency: str) -> Feature:
    unit = f"{currency if measure.is_money else measure.unit} per week"
    return Feature(
        name=f"{measure.feature}_slope_{7 * n_weeks}d",
        meaning=f"Slope of weekly {measure.said} over the last {n_weeks} weeks, per week",
        unit=unit,
        window=f"P{7 * n_weeks}D",
        null_rule="never",
        block="trend",
        phrase=f"weekly {measure.said} changed by {{value}} a week over {n_weeks} weeks",
        idea="trend",
    )

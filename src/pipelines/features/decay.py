"""Decay: sums in which a day counts less the longer ago it was."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from pipelines.core.spec import Days
from pipelines.core.windows import DAY
from pipelines.features.blocks import Block, FloatArray
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.kernel import decayed_sums
from pipelines.features.measures import AMOUNT, N_ORDERS, SUMMABLE, Measure, SummableMeasure
from pipelines.features.spine import Spine


class Decay(Block):
    """Sums over all history of ``value · 2^(-age / half_life)``, age in days from the event's day to the cutoff."""

    type: Literal["decay"] = "decay"
    half_lives: Annotated[tuple[Days, ...], Field(min_length=1)] = (14 * DAY, 56 * DAY)
    of: Annotated[tuple[SummableMeasure, ...], Field(min_length=1)] = (N_ORDERS.name, AMOUNT.name)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Those that are summed."""
        return tuple(SUMMABLE[name] for name in self.of)

    def features(self, currency: str) -> tuple[Feature, ...]:
        """One feature per half-life and measure."""
        return tuple(
            _feature(measure, half_life // DAY, currency) for half_life in self.half_lives for measure in self.measures
        )

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Sums in floating point, money in currency units at the end."""
        values = np.array([days.measures[measure.name] for measure in self.measures], np.int64)
        sums: FloatArray = decayed_sums(
            days.offsets, days.day, values, spine.customer, spine.cutoff, self._weights(days, spine)
        )
        sums[:, :, [measure.is_money for measure in self.measures]] /= 10**days.decimals
        return sums.reshape(len(spine), len(self.half_lives) * len(self.measures))

    def _weights(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """By half-life and age up to the oldest; each from its age alone, so that more of them change none."""
        oldest = max(0, spine.cutoff.max() - days.day.min()) if len(spine) and len(days.day) else 0
        return np.array(
            [[math.exp2(-age * DAY / half_life) for age in range(oldest + 1)] for half_life in self.half_lives]
        )


def _feature(measure: Measure, half_life: int, currency: str) -> Feature:
    meaning = f"{measure.said}, counting half after every {half_life} days"
    return Feature(
        name=f"{measure.feature}_decayed_{half_life}d",
        meaning=f"{meaning[0].upper()}{meaning[1:]}",
        unit=currency if measure.is_money else measure.unit,
        window="all history",
        null_rule="never",
        block="decay",
        phrase=f"{measure.told}, counting half after every {half_life} days",
        idea=measure.idea,
    )

"""Frequency and money in windows: sums over the last days before the cutoff."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from pipelines.core.spec import Days
from pipelines.core.windows import DAY
from pipelines.features.blocks import Block, FloatArray, last_days, totals
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.measures import PURCHASES, SUMMABLE, Measure, SummableMeasure
from pipelines.features.spine import Spine
from pipelines.features.wording import in_last


class Windowed(Block):
    """Sums of measures in each window ``[cutoff - length, cutoff)``."""

    type: Literal["windowed"] = "windowed"
    lengths: Annotated[tuple[Days, ...], Field(min_length=1)]
    of: tuple[SummableMeasure, ...] = tuple(measure.name for measure in PURCHASES)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Those that are summed."""
        return tuple(SUMMABLE[name] for name in self.of)

    def features(self, currency: str) -> tuple[Feature, ...]:
        """One feature per window and measure."""
        return tuple(_feature(measure, length // DAY, currency) for length in self.lengths for measure in self.measures)

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Exact integer sums; money is divided into currency units here, once."""
        values: FloatArray = totals(days, spine, self.measures, last_days(self.lengths)).astype(np.float64)
        values[:, :, [measure.is_money for measure in self.measures]] /= 10**days.decimals
        return values.reshape(len(spine), len(self.lengths) * len(self.measures))


def _feature(measure: Measure, length: int, currency: str) -> Feature:
    meaning = f"{measure.said} in the last {length} days"
    return Feature(
        name=f"{measure.feature}_{length}d",
        meaning=f"{meaning[0].upper()}{meaning[1:]}",
        unit=currency if measure.is_money else measure.unit,
        window=f"P{length}D",
        null_rule="never",
        block="windowed",
        phrase=f"{measure.told} {in_last(length)}",
        idea=measure.idea,
    )

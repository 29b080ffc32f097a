"""Frequency and money in windows: sums over the last days before the cutoff."""

from __future__ import annotations

from typing import Literal

import numpy as np

from pipelines.core.spec import Days
from pipelines.core.windows import DAY
from pipelines.features.blocks import Block, FloatArray
from pipelines.features.catalogue import Feature
from pipelines.features.days import MEASURES, CustomerDays
from pipelines.features.kernel import window_sums
from pipelines.features.spine import Spine

_SAID = {
    "n_purchase_days": ("n_purchase_days", "days with a purchase", "days"),
    "n_orders": ("n_orders", "orders", "orders"),
    "n_lines": ("n_lines", "order lines", "lines"),
    "amount_minor": ("amount", "amount spent", ""),
}


class Windowed(Block):
    """Purchase days, orders, lines and amount in each window ``[cutoff - length, cutoff)``."""

    type: Literal["windowed"] = "windowed"
    lengths: tuple[Days, ...]

    def features(self, currency: str) -> tuple[Feature, ...]:
        """One feature per window and measure."""
        return tuple(_feature(measure, length // DAY, currency) for length in self.lengths for measure in MEASURES)

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Exact integer sums; the amount is divided into currency units here, once."""
        starts = np.array([-(length // DAY) for length in self.lengths], np.int64)
        sums = window_sums(
            days.offsets,
            days.day,
            days.cumulative(MEASURES),
            spine.customer,
            spine.cutoff,
            starts,
            np.zeros_like(starts),
        )
        values: FloatArray = sums.astype(np.float64)
        values[:, :, MEASURES.index("amount_minor")] /= 10**days.decimals
        return values.reshape(len(spine), len(self.lengths) * len(MEASURES))


def _feature(measure: str, length: int, currency: str) -> Feature:
    name, said, unit = _SAID[measure]
    meaning = f"{said} in the last {length} days"
    return Feature(
        name=f"{name}_{length}d",
        meaning=f"{meaning[0].upper()}{meaning[1:]}",
        unit=unit or currency,
        window=f"P{length}D",
        null_rule="never",
        block="windowed",
        phrase=f"{meaning}: {{value}}" + (f" {currency}" if not unit else ""),
    )

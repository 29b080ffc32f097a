"""Focus: how often, and how lately, a customer bought one kind of thing."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from pipelines.core.spec import Days
from pipelines.core.windows import DAY
from pipelines.features.assortment import things_from
from pipelines.features.blocks import Block, FloatArray, Need, last_days
from pipelines.features.catalogue import Feature, level_word
from pipelines.features.days import CustomerDays
from pipelines.features.kernel import activity_bounds, window_sums
from pipelines.features.spine import Spine
from pipelines.features.wording import in_last, plain


class Focus(Block):
    """Days with a purchase of one level of a column in each window, and days since the last one.

    Parameters
    ----------
    column : str
        A column of events or else of products, such as ``category``.
    level : str
        The level, written as it is in the data.
    """

    type: Literal["focus"] = "focus"
    column: str = "category"
    level: str
    lengths: Annotated[tuple[Days, ...], Field(min_length=1)]

    @property
    def sequences(self) -> tuple[str, ...]:
        """The column itself."""
        return (self.column,)

    @property
    def needs(self) -> tuple[tuple[Need, ...], ...]:
        """The column among events, or among products."""
        return things_from(self.column)

    def features(self, currency: str) -> tuple[Feature, ...]:
        """One per window, and the silence."""
        word = level_word(self.level)
        counts = (self._count(word, length // DAY) for length in self.lengths)
        said = f"days since the last purchase of {self.level}"
        since = Feature(
            f"{word}_recency_days",
            f"{said[0].upper()}{said[1:]}",
            "days",
            "all history",
            f"there is no purchase of {self.level}",
            "focus",
            f"last purchase of {plain(self.level)} {{value}} {{day|days}} ago",
            idea=self.level,
            absent=f"no purchase of {plain(self.level)} so far",
        )
        return (*counts, since)

    def _count(self, word: str, length: int) -> Feature:
        said = f"days with a purchase of {self.level} in the last {length} days"
        name, meaning = f"n_{word}_days_{length}d", f"{said[0].upper()}{said[1:]}"
        phrase = f"{{value}} {{day|days}} with a purchase of {plain(self.level)} {in_last(length)}"
        return Feature(name, meaning, "days", f"P{length}D", "never", "focus", phrase, idea=self.level)

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Exact counts of days."""
        offsets, day = days.sequences[self.column].of_level(self.level)
        each = np.ones(day.size, np.int64)
        starts, ends = np.ascontiguousarray(last_days(self.lengths).T)
        running = np.arange(day.size + 1, dtype=np.int64)[None, :]
        counts = window_sums(offsets, day, running, spine.customer, spine.cutoff, starts, ends)[:, :, 0]
        _, last, n_active = activity_bounds(offsets, day, each, spine.customer, spine.cutoff).T
        since = np.where(n_active > 0, spine.cutoff - last, np.nan)
        return np.column_stack([counts.astype(np.float64), since])

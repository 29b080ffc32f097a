"""Channels: through what a customer comes, such as the device, the store or the page."""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from pipelines.features.blocks import FloatArray
from pipelines.features.catalogue import level_word
from pipelines.features.facts import Fact, InWindows, Totals, Words, part_of
from pipelines.features.measures import Measure, Rows, is_purchase
from pipelines.features.wording import plain

Per = Literal["purchases", "events"]
_SAID = {"purchases": ("order lines", ""), "events": ("events", "event_")}
"""How what is shared out is said, and how it stands in names."""


class Channels(InWindows):
    """Shares of a customer's order lines on each declared level of a text column of events, in each window.

    Parameters
    ----------
    column : str
        A column of events.
    levels : list of str
        The values that get a share, written as they are in the data. Rows with another value count in the whole
        only, rows without a value not at all.
    per : str
        What is shared out: ``purchases`` (order lines) or ``events`` of any type.
    """

    type: Literal["channels"] = "channels"
    column: str = "device"
    levels: Annotated[tuple[str, ...], Field(min_length=1)]
    per: Per = "purchases"

    @model_validator(mode="after")
    def _levels_have_names(self) -> Self:
        words = [level_word(level) for level in self.levels]
        for place, word in enumerate(words):
            if not word:
                raise ValueError(f"the level '{self.levels[place]}' has no letter or digit to name a feature by")
            if word in words[:place]:
                raise ValueError(f"two levels would have features of one name, {word}")
        return self

    @property
    def chosen(self) -> tuple[Fact, ...]:
        """The number of levels, then the share of each."""
        said, word = _SAID[self.per]
        whole = _lines(self.column, None, self.per)
        nothing = f"the customer has no {said} with a known {self.column} in the window"
        on_levels = tuple(_lines(self.column, level, self.per) for level in self.levels)
        shares = (
            part_of(
                f"{self.column}_{level_word(level)}_{word}share",
                f"share of {said} with {self.column} {level}",
                on_level,
                whole,
                nothing,
                Words(
                    "share",
                    self.column,
                    f"{{value}} of {said} with {plain(self.column)} {plain(level)}",
                    f"no {said} with a known {plain(self.column)}",
                ),
            )
            for level, on_level in zip(self.levels, on_levels, strict=True)
        )
        different = f"n_{self.column}_{word}levels", f"declared levels of {self.column} used for {self.per}"
        used = functools.partial(_n_used, on_levels)
        named = f"{{value}} of the known values of {plain(self.column)} used"
        return (Fact(*different, "levels", "never", on_levels, used, self.column, named), *shares)


@functools.cache
def _lines(column: str, level: str | None, per: Per) -> Measure:
    """How many rows have this value, or any; the same object each time, since measures are told apart by identity."""

    def rows(events: Rows) -> Any:
        known = events[column].notnull() if level is None else events[column] == level
        return is_purchase(events) & known if per == "purchases" else known

    said, _ = _SAID[per]
    name = f"n_{per}_{column}" if level is None else f"n_{per}_{column}_is_{level_word(level)}"
    needs = (column, "amount") if per == "purchases" else (column,)
    return Measure(name, f"{said} with {column} {level or 'known'}", "lines", needs, rows)


def _n_used(on_levels: tuple[Measure, ...], totals: Totals, _: int) -> FloatArray:
    used: FloatArray = np.sum([totals[measure.name] > 0 for measure in on_levels], axis=0).astype(np.float64)
    return used

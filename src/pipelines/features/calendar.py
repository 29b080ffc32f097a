"""The calendar: when in the day and the week a customer buys, and the season of the cutoff."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, ClassVar, Literal

import numpy as np

from pipelines.core.windows import day_moment
from pipelines.features.blocks import FloatArray
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays, IntArray
from pipelines.features.facts import Fact, InWindows, Words, part_of
from pipelines.features.measures import N_LINES, Measure, Rows, is_purchase
from pipelines.features.spine import Spine

_NO_LINE = "the customer has bought nothing in the window"
_PARTS = {"night": 0, "morning": 6, "afternoon": 12, "evening": 18}
"""The parts of a day and the hours they begin at; each lasts six hours."""


def _during(part: str, begin: int) -> Measure:
    def rows(events: Rows) -> Any:
        hour = events.event_time.hour()
        return is_purchase(events) & (hour >= begin) & (hour < begin + 6)

    return Measure(f"n_lines_{part}", f"order lines of the {part}", "lines", ("amount",), rows)


def _at_weekends(events: Rows) -> Any:
    return is_purchase(events) & (events.event_time.day_of_week.index() >= 5)


DURING = {part: _during(part, begin) for part, begin in _PARTS.items()}
AT_WEEKENDS = Measure("n_lines_weekend", "order lines of weekends", "lines", ("amount",), _at_weekends)


class Calendar(InWindows):
    """Shares of order lines by part of the day and on weekends, in each window, and the season of the cutoff.

    Hours and weekdays are those of UTC, as days are everywhere. The season is the elapsed share of the cutoff's year
    as a point on a circle, so that December lies beside January; it is the same for all customers of a cutoff.
    """

    facts: ClassVar[tuple[Fact, ...]] = (
        *(
            part_of(
                f"{part}_share",
                f"share of order lines bought between {begin}:00 and {begin + 6}:00 UTC",
                DURING[part],
                N_LINES,
                _NO_LINE,
                Words(
                    "share",
                    "time of purchase",
                    f"{{value}} of order lines between {begin}:00 and {begin + 6}:00 UTC",
                    "nothing bought",
                ),
            )
            for part, begin in _PARTS.items()
        ),
        part_of(
            "weekend_share",
            "share of order lines bought on weekends",
            AT_WEEKENDS,
            N_LINES,
            _NO_LINE,
            Words("share", "time of purchase", "{value} of order lines at weekends", "nothing bought"),
        ),
    )
    type: Literal["calendar"] = "calendar"

    @property
    def chosen(self) -> tuple[Fact, ...]:
        """All of them."""
        return self.facts

    def features(self, currency: str) -> tuple[Feature, ...]:
        """Five shares per window, then ``season_sine`` and ``season_cosine``."""
        return (*super().features(currency), *(_season(function) for function in ("sine", "cosine")))

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Ratios of exact counts, and the season."""
        return np.column_stack([super().emit(days, spine), _seasons(spine.cutoff)])


def _season(function: str) -> Feature:
    return Feature(
        f"season_{function}",
        f"{function.capitalize()} of the season: of the share of the cutoff's year that has passed",
        function,
        "none: of the cutoff alone",
        "never",
        "calendar",
        f"the time of year ({function} {{value}})",
        grows_with_calendar=True,
        idea="season",
    )


def _seasons(cutoff: IntArray) -> FloatArray:
    """Sine and cosine, shape (n_rows, 2); each from its cutoff alone, so that more of them change none."""
    different, place = np.unique(cutoff, return_inverse=True)
    angles = [_angle(day_moment(int(day))) for day in different]
    return np.array([(math.sin(angle), math.cos(angle)) for angle in angles]).reshape(len(different), 2)[place]


def _angle(cutoff: datetime) -> float:
    start, end = (datetime(year, 1, 1, tzinfo=cutoff.tzinfo) for year in (cutoff.year, cutoff.year + 1))
    return 2 * math.pi * ((cutoff - start) / (end - start))

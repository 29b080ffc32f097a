"""Features of small logs, readable."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.core.windows import day_moment
from pipelines.features.days import CustomerDays
from pipelines.features.panel import AnyBlock, feature_rows
from pipelines.features.spine import Spine, every_customer
from support.events import DayRow, days_of, spine_of


def described(block: AnyBlock, days: CustomerDays, customer: str, cutoff: int) -> dict[str, float]:
    """The features of one customer at one cutoff, by name."""
    named: dict[str, float] = feature_rows(days, spine_of(days, (customer, cutoff)), (block,)).iloc[0].to_dict()
    return named


def log(rows: Iterable[DayRow], cutoffs: Iterable[int]) -> tuple[CustomerDays, Spine]:
    """The log in memory and every customer at every cutoff."""
    days = days_of(rows)
    return days, every_customer(days, tuple(day_moment(cutoff) for cutoff in cutoffs))

"""Assortment: how varied a customer's purchases are, and how much of them is new to them."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from pipelines.core.spec import Days
from pipelines.core.windows import DAY
from pipelines.features.blocks import Block, FloatArray, Need, ratio
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays, IntArray
from pipelines.features.kernel import variety
from pipelines.features.spine import Spine
from pipelines.features.wording import in_last, plain

_DIFFERENT = "bought {value} different {kind|kinds} of "
_TOP, _NEW = "{value} of order lines on the most frequent ", "{value} of order lines on a new "
_SCALE = 2**30
"""Entropies are summed as integers of this fraction of a nat, since the sum of integers has no order."""


class Assortment(Block):
    """Number, concentration, entropy and newness of the things that were bought, in each window.

    Counted are order lines, by a column of events or else of products; lines without a value are left out. What
    counts as new was never bought before the window, as far as the log goes back: early in a log much is new.

    Parameters
    ----------
    column : str
        What a thing is: ``category``, ``brand``, ``product_id`` …

    References
    ----------
    Shannon (1948), A Mathematical Theory of Communication, section 6: the entropy of lines over things, in nats.
    """

    type: Literal["assortment"] = "assortment"
    column: str = "category"
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
        """Four per window."""
        return tuple(feature for length in self.lengths for feature in _features(self.column, length // DAY))

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Exact integers, divided once; the entropy to nine digits of a nat."""
        things = days.sequences[self.column]
        starts = np.array([-(length // DAY) for length in self.lengths], np.int64)
        weights = _weights(things.most_lines)
        where = (things.offsets, things.day, things.code, things.n_lines, things.n_codes)
        found: IntArray = variety(*where, weights, spine.customer, spine.cutoff, starts)
        n_lines, n_different, top, new, weighted = np.moveaxis(found, 2, 0)
        values = (
            n_different.astype(np.float64),
            ratio(top, n_lines),
            ratio(weights[n_lines] - weighted, n_lines * _SCALE),
            ratio(new, n_lines),
        )
        return np.stack(values, axis=2).reshape(len(spine), len(self.lengths) * len(values))


def things_from(column: str) -> tuple[tuple[Need, ...], ...]:
    """Where the things that were bought are read from: the first that a source has."""
    amount = ("events", "amount")
    own = (("events", column), amount)
    of_products = (("products", column), ("events", "product_id"), amount)
    return (own,) if column == "product_id" else (own, of_products)


def _weights(most_lines: int) -> IntArray:
    """``n log n`` as integers of ``1 / _SCALE``; each from its own n, so that more of them change none."""
    return np.array([0, *(round(n * math.log(n) * _SCALE) for n in range(1, most_lines + 1))], np.int64)


def _features(column: str, length: int) -> tuple[Feature, ...]:
    none = f"the customer has bought nothing with a known {column} in the window"
    thing = plain(column)
    said = (
        (f"n_different_{column}", f"number of different {column}", column, "never", _DIFFERENT + thing),
        (f"{column}_top_share", f"share of order lines on the most frequent {column}", "share", none, _TOP + thing),
        (f"{column}_entropy", f"entropy of order lines over {column}", "nats", none, f"variety of {thing}: {{value}}"),
        (f"{column}_new_share", f"share of order lines on {column} never bought before", "share", none, _NEW + thing),
    )
    return tuple(
        Feature(
            f"{name}_{length}d",
            f"{meaning[0].upper()}{meaning[1:]} in the last {length} days",
            unit,
            "all history" if name.endswith("_new_share") else f"P{length}D",
            null_rule,
            "assortment",
            f"{phrase} {in_last(length)}",
            grows_with_calendar=name.endswith("_new_share"),
            idea=f"variety of {column}",
            absent=f"nothing bought with a known {thing} {in_last(length)}",
        )
        for name, meaning, unit, null_rule, phrase in said
    )

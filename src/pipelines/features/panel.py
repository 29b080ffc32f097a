"""Feature rows for a spine, from every block in one pass. A new block is one file and one line in `AnyBlock`."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from pipelines.features.assortment import Assortment
from pipelines.features.attributes import Attributes
from pipelines.features.baskets import Baskets
from pipelines.features.blocks import FloatArray, Reads
from pipelines.features.calendar import Calendar
from pipelines.features.campaigns import Campaigns
from pipelines.features.catalogue import Feature
from pipelines.features.channels import Channels
from pipelines.features.days import CustomerDays, IntArray
from pipelines.features.decay import Decay
from pipelines.features.focus import Focus
from pipelines.features.funnel import Funnel
from pipelines.features.kernel import put
from pipelines.features.measures import PURCHASES, Measure
from pipelines.features.prices import Prices
from pipelines.features.recency import Recency
from pipelines.features.returns import Returns
from pipelines.features.rhythm import Rhythm
from pipelines.features.spine import Spine
from pipelines.features.trend import Trend
from pipelines.features.windowed import Windowed

BLOCKS = (
    Windowed,
    Recency,
    Rhythm,
    Trend,
    Decay,
    Baskets,
    Prices,
    Returns,
    Funnel,
    Channels,
    Calendar,
    Campaigns,
    Assortment,
    Focus,
    Attributes,
)
"""Every block; a new one is one line here and one in `AnyBlock`."""

AnyBlock = Annotated[
    Windowed
    | Recency
    | Rhythm
    | Trend
    | Decay
    | Baskets
    | Prices
    | Returns
    | Funnel
    | Channels
    | Calendar
    | Campaigns
    | Assortment
    | Focus
    | Attributes,
    Field(discriminator="type"),
]


_VALUES_IN_CACHE = 2**18
"""Feature values that are computed together: two megabytes."""


def catalogue(blocks: tuple[AnyBlock, ...], currency: str) -> tuple[Feature, ...]:
    """What the blocks emit, in the order of the panel's columns."""
    return tuple(feature for block in blocks for feature in block.features(currency))


def measures_of(blocks: tuple[Reads, ...]) -> tuple[Measure, ...]:
    """What the customer-day table must hold for these blocks, and for populations and outcomes."""
    return tuple(dict.fromkeys((*PURCHASES, *(measure for block in blocks for measure in block.measures))))


def sequences_of(blocks: tuple[Reads, ...]) -> tuple[str, ...]:
    """The columns whose values these blocks follow through the days."""
    return tuple(dict.fromkeys(name for block in blocks for name in block.sequences))


def attributes_of(blocks: tuple[Reads, ...]) -> tuple[str, ...]:
    """The columns of customers that these blocks read."""
    return tuple(dict.fromkeys(name for block in blocks for name in block.attributes))


def feature_rows(days: CustomerDays, spine: Spine, blocks: tuple[AnyBlock, ...]) -> pd.DataFrame:
    """The features of every pair on the spine.

    Parameters
    ----------
    days : CustomerDays
        All that is known of the customers; what lies at or after a row's cutoff is not looked at.
    spine : Spine
        The pairs to describe.
    blocks : tuple of Block
        What to compute.

    Returns
    -------
    DataFrame of float64, shape (n_rows, n_features)
        In the order of the spine; the columns are the names in `catalogue`.
    """
    names = [feature.name for feature in catalogue(blocks, currency="")]
    columns = np.empty((len(names), len(spine)))
    feature_columns(days, spine, blocks, np.arange(len(spine)), columns)
    return pd.DataFrame(columns.T, columns=names)


def feature_columns(
    days: CustomerDays, spine: Spine, blocks: tuple[AnyBlock, ...], place: IntArray, columns: FloatArray
) -> None:
    """The same, put into columns: the features of row ``i`` of the spine become ``columns[:, place[i]]``.

    A few customers are described at a time, so that what the blocks hold of them stays in the processor's cache.
    """
    rows_each = max(1, len(spine) // max(1, len(days.customer_ids)))
    at_once = max(1, _VALUES_IN_CACHE // (rows_each * max(1, len(columns))))
    for first in range(0, len(days.customer_ids), at_once):
        end = min(first + at_once, len(days.customer_ids))
        rows = slice(*np.searchsorted(spine.customer, (first, end)))
        some = Spine(spine.customer[rows] - first, spine.cutoff[rows])
        known, column = days.of(first, end), 0
        for block in blocks:
            found = block.emit(known, some)
            put(found, place[rows], columns[column : column + found.shape[1]])
            column += found.shape[1]

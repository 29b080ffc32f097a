"""Feature rows for a spine, from every block in one pass. A new block is one file and one line in `AnyBlock`."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.recency import Recency
from pipelines.features.rhythm import Rhythm
from pipelines.features.spine import Spine
from pipelines.features.windowed import Windowed

BLOCKS = (Windowed, Recency, Rhythm)
"""Every block; a new one is one line here and one in `AnyBlock`."""

AnyBlock = Annotated[Windowed | Recency | Rhythm, Field(discriminator="type")]


def catalogue(blocks: tuple[AnyBlock, ...], currency: str) -> tuple[Feature, ...]:
    """What the blocks emit, in the order of the panel's columns."""
    return tuple(feature for block in blocks for feature in block.features(currency))


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
    values = np.column_stack([np.empty((len(spine), 0)), *(block.emit(days, spine) for block in blocks)])
    return pd.DataFrame(values, columns=names)

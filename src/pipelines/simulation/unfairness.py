"""What treats a group differently, planted at a known size. A new kind is one class and one line in `Unfairness`."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from pipelines.core.intervals import FloatArray
from pipelines.core.spec import Spec
from pipelines.simulation.defaults import AGE_BANDS, GENDERS, REGIONS

AgeBand = Literal["18-24", "25-34", "35-49", "50-64", "65+"]
Region = Literal["north", "south", "east", "west", "centre"]
CELL_SHAPE = (len(AGE_BANDS), len(GENDERS), len(REGIONS))
N_CELLS = len(AGE_BANDS) * len(GENDERS) * len(REGIONS)
"""Cells of age band, gender and region: all that a type's prior, a loss or a gap can depend on."""


class TrackingLoss(Spec):
    """Sessions without an order of one region stay unlogged: its customers look less engaged than they are.

    Orders are logged by the shop itself and never lost. A model that may not see the region takes the silence for
    lapse, and so overstates the churn of this region at the same observed behaviour.
    """

    type: Literal["tracking_loss"] = "tracking_loss"
    region: Region
    share: Annotated[float, Field(gt=0, lt=1)]

    def lost(self) -> FloatArray:
        """Share of sessions without an order that stay unlogged, by cell; shape (n_cells,)."""
        lost = np.zeros(CELL_SHAPE)
        lost[:, :, REGIONS.index(self.region)] = self.share
        return lost.ravel()

    def lapse_factor(self) -> FloatArray:
        """Factor on the daily lapse hazard, by cell; shape (n_cells,)."""
        return np.ones(N_CELLS)


class LapseGap(Spec):
    """The daily lapse hazard of one age band is higher at the same type, so at the same behaviour."""

    type: Literal["lapse_gap"] = "lapse_gap"
    age_band: AgeBand
    factor: Annotated[float, Field(gt=0, le=10)]

    def lost(self) -> FloatArray:
        """Share of sessions without an order that stay unlogged, by cell; shape (n_cells,)."""
        return np.zeros(N_CELLS)

    def lapse_factor(self) -> FloatArray:
        """Factor on the daily lapse hazard, by cell; shape (n_cells,)."""
        factor = np.ones(CELL_SHAPE)
        factor[AGE_BANDS.index(self.age_band)] = self.factor
        return factor.ravel()


Unfairness = Annotated[TrackingLoss | LapseGap, Field(discriminator="type")]

UNFAIRNESS: tuple[Unfairness, ...] = (
    TrackingLoss(region="east", share=0.4),  # a blocker or banner that two in five use: large enough to be found
    LapseGap(age_band="65+", factor=1.5),  # half as many again leave, say for a checkout that is hard to read
)
"""What the shop plants unless told otherwise; ``()`` plants nothing."""

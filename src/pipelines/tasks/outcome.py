"""What is predicted: the label of a task. A new one is one class and one line in `AnyOutcome`."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines.core.spec import Days
from pipelines.core.windows import DAY
from pipelines.features.blocks import Reads
from pipelines.features.days import CustomerDays, IntArray
from pipelines.features.kernel import window_sums
from pipelines.features.measures import N_PURCHASE_DAYS
from pipelines.features.spine import Spine

Label = NDArray[np.int8]


class _InHorizon(Reads):
    """An outcome that is known once ``[cutoff, cutoff + horizon)`` has passed.

    A purchase on the day of the cutoff belongs to the outcome.
    """

    horizon: Days

    def n_purchase_days(self, days: CustomerDays, spine: Spine) -> IntArray:
        """How many days of the outcome window have a purchase, shape (n_rows,).

        The caller asks only for cutoffs whose outcome window is complete: there is no label before that.
        """
        ahead = np.array([self.horizon // DAY], np.int64)
        counted: IntArray = window_sums(
            days.offsets,
            days.day,
            days.cumulative((N_PURCHASE_DAYS,)),
            spine.customer,
            spine.cutoff,
            np.zeros_like(ahead),
            ahead,
        )[:, 0, 0]
        return counted


class NoPurchase(_InHorizon):
    """Positive if the customer buys nothing in ``[cutoff, cutoff + horizon)``."""

    type: Literal["no_purchase"] = "no_purchase"

    def label(self, days: CustomerDays, spine: Spine) -> Label:
        """Labels, shape (n_rows,); every outcome window must be complete."""
        label: Label = (self.n_purchase_days(days, spine) == 0).astype(np.int8)
        return label


class Purchase(_InHorizon):
    """Positive if the customer buys in ``[cutoff, cutoff + horizon)``."""

    type: Literal["purchase"] = "purchase"

    def label(self, days: CustomerDays, spine: Spine) -> Label:
        """Labels, shape (n_rows,); every outcome window must be complete."""
        label: Label = (self.n_purchase_days(days, spine) > 0).astype(np.int8)
        return label


class PurchaseOf(_InHorizon):
    """Positive if the customer buys one kind of thing in ``[cutoff, cutoff + horizon)``.

    Parameters
    ----------
    column : str
        A column of events or else of products, such as ``category``.
    level : str
        The level, written as it is in the data.
    """

    type: Literal["purchase_of"] = "purchase_of"
    column: str = "category"
    level: str

    @property
    def sequences(self) -> tuple[str, ...]:
        """The column itself."""
        return (self.column,)

    def label(self, days: CustomerDays, spine: Spine) -> Label:
        """Labels, shape (n_rows,); every outcome window must be complete."""
        offsets, day = days.sequences[self.column].of_level(self.level)
        running = np.arange(day.size + 1, dtype=np.int64)[None, :]
        ahead = np.array([self.horizon // DAY], np.int64)
        counts = window_sums(offsets, day, running, spine.customer, spine.cutoff, np.zeros_like(ahead), ahead)
        label: Label = (counts[:, 0, 0] > 0).astype(np.int8)
        return label


AnyOutcome = Annotated[NoPurchase | Purchase | PurchaseOf, Field(discriminator="type")]

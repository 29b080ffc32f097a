"""What is predicted: the label of a task. A new one is one class and one line in `AnyOutcome`."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.core.spec import Days, Spec
from pipelines.core.windows import DAY
from pipelines.features.days import CustomerDays
from pipelines.features.kernel import window_sums
from pipelines.features.measures import N_PURCHASE_DAYS
from pipelines.features.spine import Spine


class NoPurchase(Spec):
    """Positive if the customer buys nothing in ``[cutoff, cutoff + horizon)``.

    A purchase on the day of the cutoff belongs to the outcome.
    """

    type: Literal["no_purchase"] = "no_purchase"
    horizon: Days

    def label(self, days: CustomerDays, spine: Spine) -> NDArray[np.int8]:
        """Labels, shape (n_rows,).

        The caller asks only for cutoffs whose outcome window is complete: there is no label before that.
        """
        ahead = np.array([self.horizon // DAY], np.int64)
        bought = window_sums(
            days.offsets,
            days.day,
            days.cumulative((N_PURCHASE_DAYS,)),
            spine.customer,
            spine.cutoff,
            np.zeros_like(ahead),
            ahead,
        )[:, 0, 0]
        label: NDArray[np.int8] = (bought == 0).astype(np.int8)
        return label


AnyOutcome = NoPurchase

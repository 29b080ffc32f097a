"""Contact the share of customers with the highest scores."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines.core.spec import Spec


class TopShare(Spec):
    """Contact the top ``share`` of customers.

    The threshold is set once, on out-of-fold scores, so that a customer's decision does not depend on who else
    happens to be scored in the same batch.
    """

    type: Literal["top_share"] = "top_share"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.1

    def settle(self, scores: NDArray[np.float64]) -> Threshold:
        """The threshold above which ``share`` of these scores lie.

        Examples
        --------
        >>> TopShare(share=0.25).settle(np.array([0.1, 0.2, 0.3, 0.9])).at_least
        0.9
        """
        ordered = np.sort(scores)[::-1]
        return Threshold(at_least=float(ordered[max(0, round(self.share * len(scores)) - 1)]))


class Threshold(Spec):
    """A settled policy: contact whoever scores ``at_least`` this much."""

    type: Literal["threshold"] = "threshold"
    at_least: float

    def decide(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whom to contact, shape (n_rows,).

        Examples
        --------
        >>> Threshold(at_least=0.5).decide(np.array([0.4, 0.5]))
        array([False,  True])
        """
        return scores >= self.at_least

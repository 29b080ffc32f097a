"""Contact the share of customers with the highest scores."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from pipelines.core.spec import Spec

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class TopShare(Spec):
    """Contact the top ``share`` of customers.

    The threshold is set once, on out-of-fold scores, so that a customer's decision does not depend on who else
    happens to be scored in the same batch. It knows no costs: what it earns is undefined.
    """

    type: Literal["top_share"] = "top_share"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.1

    @property
    def needs(self) -> tuple[str, ...]:
        """No feature."""
        return ()

    def settle(self, probability: FloatArray, rows: pd.DataFrame | None = None) -> Threshold:
        """The threshold above which ``share`` of these probabilities lie; ``rows`` are not looked at.

        Examples
        --------
        >>> TopShare(share=0.25).settle(np.array([0.1, 0.2, 0.3, 0.9])).at_least
        0.9
        """
        ordered = np.sort(probability)[::-1]
        return Threshold(at_least=float(ordered[max(0, round(self.share * len(probability)) - 1)]))


class Threshold(Spec):
    """A settled policy: contact whoever scores ``at_least`` this much."""

    type: Literal["threshold"] = "threshold"
    at_least: float

    @property
    def in_words(self) -> str:
        """Who is contacted."""
        return f"whoever scores {self.at_least:.3g} or more is contacted"

    @property
    def needs(self) -> tuple[str, ...]:
        """No feature."""
        return ()

    def priority(self, probability: FloatArray, rows: pd.DataFrame | None = None) -> FloatArray:
        """What customers are ranked by, shape (n_rows,): the probability itself."""
        return probability

    def decide(self, probability: FloatArray, rows: pd.DataFrame | None = None) -> BoolArray:
        """Whom to contact, shape (n_rows,).

        Examples
        --------
        >>> Threshold(at_least=0.5).decide(np.array([0.4, 0.5]))
        array([False,  True])
        """
        return probability >= self.at_least

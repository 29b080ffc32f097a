"""The base of feature blocks: what a block promises."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.core.spec import Spec
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.spine import Spine

FloatArray = NDArray[np.float64]


class Block(Spec):
    """A group of features that come from one idea.

    A block sees the customer-day table and the spine, and of each customer only the days before the cutoff.
    """

    def features(self, currency: str) -> tuple[Feature, ...]:
        """What the block emits, in the order of its columns."""
        raise NotImplementedError

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """The values, shape (n_rows, n_features); NaN where the null rule says so."""
        raise NotImplementedError


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """``numerator / denominator``, NaN where the denominator is zero or unknown.

    Examples
    --------
    >>> ratio(np.array([6.0, 1.0]), np.array([3.0, 0.0]))
    array([ 2., nan])
    """
    result = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result

"""What every fitted model promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Dataset:
    """Feature rows with their labels.

    Parameters
    ----------
    rows : DataFrame, shape (n_rows, n_features)
        Floats; NaN is null. A categorical feature holds the code of its level, 0 .. n_levels - 1; NaN is null or a
        level that was not known when the codes were given.
    label : ndarray of int8, shape (n_rows,)
        0 or 1.
    categorical : tuple of str
        Names of the categorical features.
    weight : float array of shape (n_rows,) or None
        How much each row counts where a model is fitted; None counts all alike. Losses are never weighted.
    """

    rows: pd.DataFrame
    label: NDArray[np.int8]
    categorical: tuple[str, ...] = ()
    weight: FloatArray | None = None


class Classifier(Protocol):
    """A fitted model."""

    def raw(self, rows: pd.DataFrame) -> FloatArray:
        """The raw score in log-odds, shape (n_rows,); larger means more likely positive."""
        ...


def probability(raw: FloatArray) -> FloatArray:
    """Log-odds as probabilities in [0, 1].

    Examples
    --------
    >>> probability(np.array([0.0]))
    array([0.5])
    """
    result: FloatArray = expit(raw)
    return result

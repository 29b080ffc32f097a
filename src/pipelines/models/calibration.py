"""Calibration: from log-odds to a probability one can count on, learned from out-of-fold scores only."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import expit

from pipelines.core.errors import ModelError
from pipelines.core.spec import Spec
from pipelines.models.classifier import FloatArray


class Sigmoid(Spec):
    """Platt's sigmoid: strictly increasing, so that it never ties or reorders customers.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines, section 2.
    """

    type: Literal["sigmoid"] = "sigmoid"

    def fit(self, raw: FloatArray, label: NDArray[np.int8]) -> SigmoidMap:
        """Fit on out-of-fold log-odds, shape (n_rows,), and their labels.

        Raises
        ------
        ModelError
            If the scores do not rise with the labels: the map would turn the ranking round.
        """
        from sklearn.linear_model import LogisticRegression  # most of a second that only those who fit wait for

        fitted = LogisticRegression(C=1e6).fit(raw.reshape(-1, 1), label)
        slope, intercept = _steady(fitted.coef_[0, 0]), _steady(fitted.intercept_[0])
        if not slope > 0:
            raise ModelError(
                f"The out-of-fold scores do not rise with the labels (slope {slope:.3g}).",
                why="Calibrated, they would rank customers the other way round, or not at all.",
                fix="Use a longer log, other features or more search trials: this model has learned nothing.",
            )
        return SigmoidMap(slope=slope, intercept=intercept)


def _steady(value: float) -> float:
    """Nine digits: what a solver finds beyond them depends on how many threads summed."""
    return float(f"{value:.9g}")


class SigmoidMap(Spec):
    """A fitted sigmoid: ``1 / (1 + exp(-(slope * raw + intercept)))``."""

    type: Literal["sigmoid_map"] = "sigmoid_map"
    slope: Annotated[float, Field(gt=0)]
    intercept: float

    def probability(self, raw: FloatArray) -> FloatArray:
        """Calibrated probabilities, shape (n_rows,).

        Examples
        --------
        >>> SigmoidMap(slope=1.0, intercept=0.0).probability(np.array([0.0]))
        array([0.5])
        """
        result: FloatArray = expit(self.slope * raw + self.intercept)
        return result

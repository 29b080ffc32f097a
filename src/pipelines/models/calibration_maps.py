"""Fitted calibration maps: from raw log-odds to a probability, never falling, as a few numbers of JSON."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from scipy.special import expit

from pipelines.core.spec import Spec
from pipelines.models.classifier import FloatArray

Inside = Annotated[float, Field(gt=0, lt=1)]


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


class BetaMap(Spec):
    """A fitted beta map: log-odds ``a * log(s) - b * log(1 - s) + c`` of ``s = expit(raw)``.

    Far below zero it rises by ``a`` per unit of raw log-odds, far above by ``b``; with ``a = b`` it is a sigmoid.
    """

    type: Literal["beta_map"] = "beta_map"
    a: Annotated[float, Field(ge=0)]
    b: Annotated[float, Field(ge=0)]
    c: float

    def probability(self, raw: FloatArray) -> FloatArray:
        """Calibrated probabilities, shape (n_rows,).

        Examples
        --------
        >>> BetaMap(a=1.0, b=1.0, c=0.0).probability(np.array([0.0, np.log(3)])).round(3)
        array([0.5 , 0.75])
        """
        low, high = beta_features(raw)
        result: FloatArray = expit(self.a * low + self.b * high + self.c)
        return result

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.a == self.b == 0:
            raise ValueError("a and b are both 0: every customer would have one probability")
        return self


def beta_features(raw: FloatArray) -> tuple[FloatArray, FloatArray]:
    """``log(s)`` and ``-log(1 - s)`` of ``s = expit(raw)``, each of the shape of ``raw`` and rising with it.

    Examples
    --------
    >>> [part.round(3).tolist() for part in beta_features(np.array([-800.0, 0.0, 800.0]))]
    [[-800.0, -0.693, -0.0], [0.0, 0.693, 800.0]]
    """
    return -np.logaddexp(0, -raw), np.logaddexp(0, raw)


class IsotonicMap(Spec):
    """A fitted isotonic regression: one knot per block of rows, straight lines between, constant beyond the ends.

    Parameters
    ----------
    raw : tuple of float
        The mean log-odds of each block, ascending.
    level : tuple of float
        The share of positives in it, ascending and inside (0, 1).
    """

    type: Literal["isotonic_map"] = "isotonic_map"
    raw: Annotated[tuple[float, ...], Field(min_length=1)]
    level: tuple[Inside, ...]

    def probability(self, raw: FloatArray) -> FloatArray:
        """Calibrated probabilities, shape (n_rows,).

        Examples
        --------
        >>> IsotonicMap(raw=(-1.0, 1.0), level=(0.1, 0.3)).probability(np.array([-5.0, 0.0, 5.0])).round(2)
        array([0.1, 0.2, 0.3])
        """
        result: FloatArray = np.interp(raw, self.raw, self.level)
        return result

    @model_validator(mode="after")
    def _rises(self) -> Self:
        _require_ascending("raw", self.raw)
        _require_ascending("level", self.level)
        _require_length("level", self.level, len(self.raw))
        return self


class VennAbersMap(Spec):
    """A fitted inductive Venn-Abers predictor: two step functions, merged into one probability.

    ``lower`` is what isotonic regression says of a score if the row itself is added as a negative, ``upper`` as a
    positive; one of the two is calibrated whatever the data, if their rows are exchangeable.

    Parameters
    ----------
    lower_from : tuple of float
        Log-odds from which on each next value of ``lower`` holds (the score itself included).
    lower : tuple of float
        One more than ``lower_from``, below 1.
    upper_after : tuple of float
        Log-odds after which each next value of ``upper`` holds (the score itself excluded).
    upper : tuple of float
        One more than ``upper_after``, above 0.
    """

    type: Literal["venn_abers_map"] = "venn_abers_map"
    lower_from: tuple[float, ...]
    lower: tuple[Annotated[float, Field(ge=0, lt=1)], ...]
    upper_after: tuple[float, ...]
    upper: tuple[Annotated[float, Field(gt=0, le=1)], ...]

    def bounds(self, raw: FloatArray) -> tuple[FloatArray, FloatArray]:
        """``lower`` and ``upper`` of each row, both of shape (n_rows,): how far apart says how much is known."""
        lower = np.asarray(self.lower)[np.searchsorted(self.lower_from, raw, side="right")]
        upper = np.asarray(self.upper)[np.searchsorted(self.upper_after, raw, side="left")]
        return lower, upper

    def probability(self, raw: FloatArray) -> FloatArray:
        """The merged probability ``upper / (1 - lower + upper)``, shape (n_rows,), inside (0, 1).

        It is the value whose log loss exceeds that of the better of the two by the least, whatever the label.

        Examples
        --------
        >>> fitted = VennAbersMap(lower_from=(0.0,), lower=(0.0, 0.5), upper_after=(0.0,), upper=(0.5, 1.0))
        >>> fitted.probability(np.array([-1.0, 0.0, 1.0])).round(3)
        array([0.333, 0.5  , 0.667])
        """
        lower, upper = self.bounds(raw)
        result: FloatArray = upper / (1 - lower + upper)
        return result

    @model_validator(mode="after")
    def _rises(self) -> Self:
        for name in ("lower_from", "lower", "upper_after", "upper"):
            _require_ascending(name, getattr(self, name))
        _require_length("lower", self.lower, len(self.lower_from) + 1)
        _require_length("upper", self.upper, len(self.upper_after) + 1)
        return self


AnyMap = Annotated[SigmoidMap | BetaMap | IsotonicMap | VennAbersMap, Field(discriminator="type")]
"""Every fitted map; a new one is one class and one line here."""


def _require_ascending(name: str, values: tuple[float, ...]) -> None:
    if np.any(np.diff(values) < 0):
        raise ValueError(f"{name} falls somewhere: the map would turn customers round")


def _require_length(name: str, values: tuple[float, ...], n_needed: int) -> None:
    if len(values) != n_needed:
        raise ValueError(f"{name} has {len(values)} values where {n_needed} belong")

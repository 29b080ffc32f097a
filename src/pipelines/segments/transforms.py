"""From features in their own units to points in which distances mean something, and back.

A choice of transforms is a spec; fitted, it is a few numbers per feature that JSON can say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from pipelines.core.errors import ModelError, NotEnoughDataError, nearest
from pipelines.core.spec import Spec
from pipelines.segments.shapes import N_KNOTS, levels_of, shaped, unshaped

FloatArray = NDArray[np.float64]
Shape = Literal["log", "quantile", "none"]
Scale = Literal["standard", "robust", "none"]

_NORMAL_IQR = 1.3489795003921634
"""Interquartile range of a standard normal: a robust spread is then in the same unit as a standard deviation."""


class FeatureTransform(Spec):
    """What is different for one feature; what is left out is as for all.

    Parameters
    ----------
    shape, scale : str, optional
        As in `Transforms`.
    weight : float
        By which the scaled feature is multiplied. For a category, give a 0/1 indicator per level with shape and scale
        ``none``: two levels are then ``1.41 * weight`` apart, where two random values of a standardised number are 1.41
        apart in the mean square, so that weights of 1 to 1.4 let a category count like a number.
    """

    shape: Shape | None = None
    scale: Scale | None = None
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0


class Transforms(Spec):
    """One concrete choice of how features become points.

    Parameters
    ----------
    winsorise : float
        Share of the values in each tail that are moved to the nearest value outside of it; 0 leaves them. A feature
        whose two limits coincide, such as a rare indicator, is left as it is.
    shape : str
        ``log``: sign(x) * log(1 + abs(x)), so that a ratio counts as a difference. ``quantile``: normal scores of the
        ranks. ``none``.
    scale : str
        ``standard``: to mean 0 and standard deviation 1; ``robust``: by median and interquartile range (by the standard
        deviation if that range is empty); ``none``.
    missing : str
        What a null becomes, before the shape: the ``median`` of the feature, or ``zero``.
    by_feature : dict of str to FeatureTransform
        Exceptions.

    Examples
    --------
    >>> rows = pd.DataFrame({"n_orders": [0.0, 1.0, 3.0, np.nan]})
    >>> fitted = Transforms(scale="none", missing="zero").fit(rows)
    >>> fitted.apply(rows).round(2).ravel().tolist()
    [0.0, 0.69, 1.39, 0.0]
    >>> fitted.to_units(np.array([[0.5]])).round(2)
       n_orders
    0      0.65
    """

    winsorise: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    shape: Shape = "log"
    scale: Scale = "standard"
    missing: Literal["median", "zero"] = "median"
    by_feature: Mapping[str, FeatureTransform] = Field(default_factory=dict)

    def fit(self, rows: pd.DataFrame) -> FittedTransforms:
        """Learn limits, shapes and scales.

        Parameters
        ----------
        rows : DataFrame of numbers, shape (n_rows, n_features)
            NaN is null. A feature that is constant or always null becomes 0 everywhere.

        Raises
        ------
        NotEnoughDataError
            If there is no row or no feature.
        ModelError
            If a value is infinite, or an exception names a feature that there is not.
        """
        if rows.empty:
            raise NotEnoughDataError(
                f"There are {len(rows)} rows of {rows.shape[1]} features to segment.",
                why="Segments are learned from customers and what is known of them.",
                fix="Choose a cutoff with customers and at least one feature.",
            )
        names = [str(name) for name in rows.columns]
        for name in self.by_feature:
            if name not in names:
                raise _unknown(name, names)
        return FittedTransforms(features=tuple(self._fit_one(name, _values(rows, name)) for name in names))

    def _fit_one(self, name: str, values: FloatArray) -> FittedFeature:
        own = self.by_feature.get(name, FeatureTransform())
        shape, scale = own.shape or self.shape, own.scale or self.scale
        known = values[~np.isnan(values)]
        fill = float(np.median(known)) if self.missing == "median" and known.size else 0.0
        filled = np.where(np.isnan(values), fill, values)
        low, high = _limits(known, self.winsorise)
        filled = np.clip(filled, low, high)
        knots = _knots(filled) if shape == "quantile" else ()
        centre, spread = _scaling(shaped(shape, filled, knots), scale)
        return FittedFeature(
            name=name,
            fill=fill,
            low=low if np.isfinite(low) else None,
            high=high if np.isfinite(high) else None,
            shape=shape,
            knots=knots,
            centre=centre,
            spread=spread,
            weight=own.weight,
        )


class FittedFeature(Spec):
    """How one feature becomes one coordinate: filled, clipped, shaped, then ``(x - centre) / spread * weight``."""

    name: str
    fill: float
    low: float | None
    high: float | None
    shape: Shape
    knots: tuple[float, ...] = ()
    centre: float
    spread: Annotated[float, Field(gt=0)]
    weight: Annotated[float, Field(gt=0)] = 1.0

    def apply(self, values: FloatArray) -> FloatArray:
        """Coordinates of values in the feature's unit, shape (n_rows,); NaN is null."""
        filled = np.clip(np.where(np.isnan(values), self.fill, values), self.low, self.high)
        result: FloatArray = (shaped(self.shape, filled, self.knots) - self.centre) * (self.weight / self.spread)
        return result

    def to_units(self, points: FloatArray) -> FloatArray:
        """Values, in the feature's unit, of coordinates, shape (n_rows,)."""
        return unshaped(self.shape, points * (self.spread / self.weight) + self.centre, self.knots)


class FittedTransforms(Spec):
    """Fitted transforms of all features, in the order of the coordinates."""

    features: Annotated[tuple[FittedFeature, ...], Field(min_length=1)]

    @property
    def names(self) -> tuple[str, ...]:
        """The features, in the order of the coordinates."""
        return tuple(one.name for one in self.features)

    def apply(self, rows: pd.DataFrame) -> FloatArray:
        """Points of rows.

        Parameters
        ----------
        rows : DataFrame of numbers, shape (n_rows, at least n_dims)
            Columns are found by name: their order does not matter, and further ones are ignored. NaN is null.

        Returns
        -------
        float64 array of shape (n_rows, n_dims)

        Raises
        ------
        ModelError
            If a feature is missing or a value is infinite.
        """
        there = [str(name) for name in rows.columns]
        for name in self.names:
            if name not in there:
                raise _unknown(name, there)
        points = np.empty((len(rows), len(self.features)))
        for i, one in enumerate(self.features):
            points[:, i] = one.apply(_values(rows, one.name))
        return points

    def to_units(self, points: FloatArray) -> pd.DataFrame:
        """Points in the features' own units.

        What was winsorised or is beyond the range of a quantile shape comes back as the limit; a mean of logarithms
        comes back as a geometric mean.

        Parameters
        ----------
        points : float64 array of shape (n_points, n_dims)

        Returns
        -------
        DataFrame of float64, shape (n_points, n_dims)
        """
        return pd.DataFrame({one.name: one.to_units(points[:, i]) for i, one in enumerate(self.features)})


def _values(rows: pd.DataFrame, name: str) -> FloatArray:
    values: FloatArray = rows[name].to_numpy(np.float64, na_value=np.nan)
    n_infinite = int(np.isinf(values).sum())
    if n_infinite:
        raise ModelError(
            f"{n_infinite:,} of {len(values):,} values of {name} are infinite.",
            why="No customer can be near to another at an infinite distance.",
            fix="Mend the feature, most likely a division by zero.",
        )
    return values


def _limits(known: FloatArray, share: float) -> tuple[float, float]:
    if not share or not known.size:
        return -np.inf, np.inf
    low, high = (float(limit) for limit in np.quantile(known, [share, 1 - share]))
    return (low, high) if low < high else (-np.inf, np.inf)


def _knots(values: FloatArray) -> tuple[float, ...]:
    return tuple(float(knot) for knot in np.quantile(values, levels_of(N_KNOTS)))


def _scaling(values: FloatArray, scale: Scale) -> tuple[float, float]:
    """Centre and spread; a spread of 1 where there is none, so that a constant becomes 0."""
    if scale == "none":
        return 0.0, 1.0
    deviation = float(np.std(values))
    if deviation <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return float(np.mean(values)), 1.0
    if scale == "standard":
        return float(np.mean(values)), deviation
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(middle), float(high - low) / _NORMAL_IQR if high > low else deviation


def _unknown(name: str, there: list[str]) -> ModelError:
    return ModelError(
        f"There is no feature {name} among {', '.join(there) or 'no columns'}.{nearest(name, there)}",
        why="A segment is where a customer lies in all of its features.",
        fix="Give rows with the features that the segmentation was fitted on.",
    )

"""Calibration: from log-odds to a probability one can count on, learned from out-of-fold scores only.

Each way is a spec whose `fit` gives a map (`pipelines.models.calibration_maps`); which of them is best on later data is
for `pipelines.models.calibration_choice` to find. A new one is a spec here, a map there, and a line in both unions.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.core.spec import Spec
from pipelines.models.calibration_maps import AnyMap, BetaMap, IsotonicMap, SigmoidMap, VennAbersMap, beta_features
from pipelines.models.calibration_venn_abers import bounds
from pipelines.models.classifier import FloatArray

__all__ = [
    "AnyMap",
    "Beta",
    "BetaMap",
    "Isotonic",
    "IsotonicMap",
    "Sigmoid",
    "SigmoidMap",
    "VennAbers",
    "VennAbersMap",
]

Int8Array = NDArray[np.int8]
IntArray = NDArray[np.integer]
MIN_ROWS = 30
"""Below this even two parameters are guesses."""
_HARDLY_PENALISED = 1e6
"""Inverse strength of the ridge: it only keeps the slope finite where a score separates the labels perfectly."""


class Sigmoid(Spec):
    """Platt's sigmoid: strictly increasing, so that it never ties or reorders customers.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines, section 2.
    """

    type: Literal["sigmoid"] = "sigmoid"

    def fit(self, raw: FloatArray, label: Int8Array, period: IntArray | None = None) -> SigmoidMap:
        """Fit on out-of-fold log-odds, shape (n_rows,), and their labels; all periods count alike.

        Raises
        ------
        ModelError
            If the scores do not rise with the labels: the map would turn the ranking round.
        NotEnoughDataError
            If there are fewer than `MIN_ROWS` rows, or labels of one kind only.
        """
        from sklearn.linear_model import LogisticRegression  # most of a second that only those who fit wait for

        _require_usable(raw, label)
        fitted = LogisticRegression(C=_HARDLY_PENALISED).fit(raw.reshape(-1, 1), label)
        slope, intercept = _steady(fitted.coef_[0, 0]), _steady(fitted.intercept_[0])
        if not slope > 0:
            raise _not_rising(f"slope {slope:.3g}")
        return SigmoidMap(slope=slope, intercept=intercept)


class Beta(Spec):
    """The beta map: a sigmoid whose two ends may differ in steepness, and which can leave good scores as they are.

    A logistic regression on ``log(s)`` and ``-log(1 - s)`` of ``s = expit(raw)``. A coefficient that comes out negative
    would make the map fall: it is set to 0 and the other fitted anew, as its authors do.

    References
    ----------
    Kull, Silva Filho & Flach (2017), *Beta calibration: a well-founded and easily implemented improvement on logistic
    calibration for binary classifiers*, section 4.
    """

    type: Literal["beta"] = "beta"

    def fit(self, raw: FloatArray, label: Int8Array, period: IntArray | None = None) -> BetaMap:
        """Fit on out-of-fold log-odds, shape (n_rows,), and their labels. See `Sigmoid.fit` for the errors."""
        _require_rising(raw, label)
        features = np.column_stack(beta_features(raw))
        (a, b), c = _logistic(features, label)
        if min(a, b) < 0:  # the best point within the bounds lies on that bound, since the loss is convex
            kept = int(a < 0)
            (only,), c = _logistic(features[:, [kept]], label)
            a, b = (0.0, only) if kept else (only, 0.0)
        return BetaMap(a=_steady(a), b=_steady(b), c=_steady(c))


class Isotonic(Spec):
    """Isotonic regression of the labels on the scores, with straight lines between the centres of its blocks.

    The lines keep the ranking between blocks, where a step function would tie hundreds of customers and a policy could
    only contact all of them or none; they also lie closer to a smooth truth than the steps.

    A block without positives would say 0, and one such customer who is positive after all costs an infinite log loss.
    So one positive is added below all scores and one negative above them: the two rows that a Venn-Abers predictor
    would add at its ends. They pool with the end blocks, which become ``(positives + 1) / (rows + 1)`` below and
    ``positives / (rows + 1)`` above, and the regression stays isotonic.

    References
    ----------
    Zadrozny & Elkan (2002), *Transforming classifier scores into accurate multiclass probability estimates*;
    Oron & Flournoy (2017), *Centered isotonic regression: point and interval estimation for dose-response studies*,
    for the lines; Vovk, Petej & Fedorova (2015) for the added rows.
    """

    type: Literal["isotonic"] = "isotonic"

    def fit(self, raw: FloatArray, label: Int8Array, period: IntArray | None = None) -> IsotonicMap:
        """Fit on out-of-fold log-odds, shape (n_rows,), and their labels. See `Sigmoid.fit` for the errors."""
        from scipy.optimize import isotonic_regression  # a quarter of a second that only those who fit wait for

        _require_rising(raw, label)
        score, n_rows, n_positive = _by_score(raw, label)
        share = np.concatenate([[1.0], n_positive / n_rows, [0.0]])
        level = isotonic_regression(share, weights=np.concatenate([[1], n_rows, [1]])).x[1:-1].round(12)
        starts = np.flatnonzero(np.diff(level, prepend=-1.0))
        centre = np.add.reduceat(score * n_rows, starts) / np.add.reduceat(n_rows, starts)
        return IsotonicMap(raw=_all_steady(centre), level=_all_steady(level[starts]))


class VennAbers(Spec):
    """The inductive Venn-Abers predictor: isotonic regression that knows how little it knows.

    Each customer's row is added to the out-of-fold rows once as a negative and once as a positive; the two isotonic
    values bracket the probability, and merging them keeps it inside (0, 1). What is computed per row in the original
    is two step functions here, so that the map is small, fast, and the same for a row whoever else is scored.

    References
    ----------
    Vovk, Petej & Fedorova (2015), *Large-scale probabilistic predictors with and without guarantees of validity*,
    sections 3 and 4.
    """

    type: Literal["venn_abers"] = "venn_abers"

    def fit(self, raw: FloatArray, label: Int8Array, period: IntArray | None = None) -> VennAbersMap:
        """Fit on out-of-fold log-odds, shape (n_rows,), and their labels. See `Sigmoid.fit` for the errors."""
        _require_rising(raw, label)
        score, n_rows, n_positive = _by_score(raw, label)
        lower, upper = bounds(n_rows, n_positive)
        lower_from, lower_values = _steps(score, lower)
        upper_after, upper_values = _steps(score, upper)
        return VennAbersMap(lower_from=lower_from, lower=lower_values, upper_after=upper_after, upper=upper_values)


def _steady(value: float) -> float:
    """Nine digits: what a solver finds beyond them depends on how many threads summed."""
    return float(f"{value:.9g}")


def _all_steady(values: FloatArray) -> tuple[float, ...]:
    return tuple(_steady(value) for value in values.tolist())


def _by_score(raw: FloatArray, label: Int8Array) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]:
    """Distinct scores, ascending, to nine decimals; how many rows and how many positives have each."""
    score, place, n_rows = np.unique(raw.round(9), return_inverse=True, return_counts=True)
    return score, n_rows, np.bincount(place, weights=label, minlength=score.size).astype(np.int64)


def _steps(score: FloatArray, values: FloatArray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The scores at which a step function changes, and its values: of 10,000 scores a few hundred."""
    changes = np.flatnonzero(np.diff(values))
    kept = values[np.concatenate([[0], changes + 1])]
    return tuple(score[changes].tolist()), _all_steady(kept)


def _logistic(features: FloatArray, label: Int8Array) -> tuple[list[float], float]:
    """Coefficients and intercept of a logistic regression, solved to the digit."""
    from sklearn.linear_model import LogisticRegression

    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    solver = LogisticRegression(C=_HARDLY_PENALISED, solver="newton-cholesky", tol=1e-10, max_iter=1_000)
    fitted = solver.fit((features - centre) / scale, label)
    coefficients = fitted.coef_[0] / scale
    return coefficients.tolist(), float(fitted.intercept_[0] - coefficients @ centre)


def _require_rising(raw: FloatArray, label: Int8Array) -> None:
    """The sigmoid's slope has the sign of this difference, so every map refuses the same scores."""
    _require_usable(raw, label)
    gap = float(raw[label == 1].mean() - raw[label == 0].mean())
    if not gap > 0:
        raise _not_rising(f"positives score {gap:+.3g} beside negatives, in log-odds")


def _not_rising(how: str) -> ModelError:
    return ModelError(
        f"The out-of-fold scores do not rise with the labels ({how}).",
        why="Calibrated, they would rank customers the other way round, or not at all.",
        fix="Use a longer log, other features or more search trials: this model has learned nothing.",
    )


def _require_usable(raw: FloatArray, label: Int8Array) -> None:
    n_rows, n_positive = label.size, int(label.sum())
    if n_rows < MIN_ROWS or n_positive in {0, n_rows}:
        raise NotEnoughDataError(
            f"Calibration was given {n_rows:,} out-of-fold rows, {n_positive:,} of them positive.",
            why=f"A probability cannot be learned from fewer than {MIN_ROWS} rows, or from one outcome only.",
            fix="Use a longer log, a wider population, or more validation cutoffs (timeline.n_valid).",
        )
    n_strange = int((~np.isfinite(raw)).sum())
    if n_strange:
        raise ModelError(
            f"{n_strange:,} of {n_rows:,} out-of-fold scores are not finite.",
            why="No probability belongs to them.",
            fix="Look at the model that scored these rows: a log-odds is a number.",
        )

"""Figures that are too good to be true: a feature that knows the outcome, a test that was learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.intervals import FloatArray, IntArray, Interval, interval
from pipelines.evaluation.evaluate import N_RESAMPLES, LabelArray
from pipelines.evaluation.metrics import METRICS, roc_auc
from pipelines.evaluation.resampled import Measured, Scored, measured, units

N_BINS = 32
_AUC = tuple(metric for metric in METRICS if metric.name == "roc_auc")


@dataclass(frozen=True)
class Suspicion:
    """What could give a leak away.

    Parameters
    ----------
    roc_auc : float
        Of the model on the test.
    feature : str
        The one that ranks the label best by itself.
    alone : float
        Its ROC-AUC.
    out_of_fold : float
        ROC-AUC of the recipe on the folds of training, each judged by a model that had not seen it.
    excess : Interval
        ROC-AUC on the test minus that.
    lead : Interval
        The same of the lead over a yardstick, a simple model that was fitted anew on the same rows: what makes a month
        easy for one makes it easy for the other, so that much less of a leak shows.
    """

    roc_auc: float
    feature: str
    alone: float
    out_of_fold: float
    excess: Interval
    lead: Interval


@dataclass(frozen=True)
class Ranked:
    """Rows with one score.

    Parameters
    ----------
    label : array of shape (n_rows,)
        Labels, 0 or 1.
    customer : integer array of shape (n_rows,)
        Whose row each is, as any code.
    score : float array of shape (n_rows,)
        Larger means more likely positive.
    yardstick : float array of shape (n_rows,), optional
        The same of a simple model.
    """

    label: LabelArray
    customer: IntArray
    score: FloatArray
    yardstick: FloatArray | None = None

    def scored(self, unit: IntArray) -> list[Scored]:
        """Its scores, and those of the yardstick if there is one; ``unit`` are the customers by number."""
        scores = [self.score] if self.yardstick is None else [self.score, self.yardstick]
        return [Scored(self.label, one, one, unit) for one in scores]


def best_alone(
    learned: Mapping[str, FloatArray], label: LabelArray, tested: Mapping[str, FloatArray], test_label: LabelArray
) -> tuple[str, float]:
    """The feature that ranks the test best by itself, and its ROC-AUC; see `alone`.

    Parameters
    ----------
    learned, tested : mapping of str to float array of shape (n_rows,)
        Every feature on the rows that were learned from, and on the test; text as the codes of its levels, null as NaN.
    label, test_label : array of shape (n_rows,)
        Their labels, 0 or 1.

    Raises
    ------
    NotEnoughDataError
        If there is no feature, or the test lacks positives or negatives.
    """
    found = {name: alone(values, label, tested[name], test_label) for name, values in learned.items()}
    if not found:
        raise NotEnoughDataError(
            "There is no feature.", why="What the model learns from cannot be examined.", fix="Train again."
        )
    name = max(found, key=lambda one: found[one])
    return name, found[name]


def alone(values: FloatArray, label: LabelArray, tested: FloatArray, test_label: LabelArray) -> float:
    """How well one feature ranks the test by itself, whichever way round.

    It is read in two ways and the better one counts: as it stands, up or down, with nulls below or above all others;
    and by the rate of positives that rows of about its value had where the model learned, which also finds what
    is high in the middle, text, and a null that tells.

    Examples
    --------
    >>> known = np.array([3.0, 1.0, 2.0, np.nan])
    >>> alone(known, np.array([0, 0, 0, 1]), known, np.array([0, 0, 0, 1]))
    1.0
    """
    candidates = [np.nan_to_num(tested, nan=end, posinf=1e308, neginf=-1e308) for end in (-np.inf, np.inf)]
    found = [roc_auc(test_label, one) for one in candidates]
    return float(max([*found, *(1 - one for one in found), roc_auc(test_label, _rates(values, label, tested))]))


def excess(
    test: Ranked, folds: tuple[Ranked, ...], rng: np.random.Generator, n_resamples: int = N_RESAMPLES
) -> Interval:
    """ROC-AUC on the test minus that on the folds of training, averaged over folds by their rows.

    Where rows have a yardstick it is the lead over it that is compared. Test and folds are resampled apart, since a
    case cannot be told across them: where customers are in both, the interval is too wide rather than too narrow.

    Parameters
    ----------
    test : Ranked
        The test, as the model ranks it.
    folds : tuple of Ranked
        Rows of training, as models ranked them that had not seen them.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        How many.

    Raises
    ------
    NotEnoughDataError
        If a part lacks positives or negatives, or there is no fold.
    """
    (ours,), theirs = _measured((test,), rng, n_resamples), _measured(folds, rng, n_resamples)
    share = np.array([fold.label.size for fold in folds], np.float64)
    share /= share.sum()
    point = float(ours.points[0] - share @ np.array([one.points[0] for one in theirs]))
    return interval(point, ours.draws[0] - share @ np.stack([one.draws[0] for one in theirs]))


def _measured(parts: tuple[Ranked, ...], rng: np.random.Generator, n_resamples: int) -> list[Measured]:
    """ROC-AUC of each part, or the lead over its yardstick, on the same resamples of the customers of all."""
    if not parts:
        raise NotEnoughDataError(
            "There is no fold.", why="Nothing says what the test should look like.", fix="Train again."
        )
    unit, n_units, draws = units(np.concatenate([part.customer for part in parts]), n_resamples, rng)
    at = np.split(unit, np.cumsum([part.label.size for part in parts])[:-1])
    scored = [part.scored(code) for part, code in zip(parts, at, strict=True)]
    found = iter(measured([one for each in scored for one in each], _AUC, draws, n_units))
    return [next(found) if len(each) == 1 else next(found) - next(found) for each in scored]


def _rates(values: FloatArray, label: LabelArray, tested: FloatArray) -> FloatArray:
    """The rate of positives that was learned for the bin of each value; null is a bin of its own."""
    known = values[~np.isnan(values)]
    edges = np.unique(known) if np.unique(known).size <= N_BINS else np.unique(np.quantile(known, _QUANTILES))
    bins, wanted = (np.where(np.isnan(one), len(edges) + 1, np.searchsorted(edges, one)) for one in (values, tested))
    n, positive = (np.bincount(bins, weights=one, minlength=len(edges) + 2) for one in (None, label))
    whole = float(np.mean(label))
    return np.asarray(((positive + whole) / (n + 1))[wanted])


_QUANTILES = np.linspace(0, 1, N_BINS + 1)[1:-1]

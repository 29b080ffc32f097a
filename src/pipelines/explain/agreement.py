"""Whether two models tell the same rows the same reasons, and rank what matters alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.core.errors import ModelError
from pipelines.core.intervals import Interval, cluster_weights, interval, rate_interval
from pipelines.explain.explanation import FloatArray
from pipelines.explain.importances import IntArray
from pipelines.explain.reasons import grouped, strongest
from pipelines.features.catalogue import Feature

N_TOP = 10
N_TOLD = 3
"""A first reason that the other model tells among so many first ones is not lost."""


@dataclass(frozen=True)
class Agreement:
    """How far the explanations of two models agree on the same rows; every interval resamples customers.

    Parameters
    ----------
    same_first : Interval
        The share of rows whose first idea is the same.
    first_among_first : Interval
        The share of rows whose first idea is among the other model's first three.
    margin : float
        The median lead of the first idea over the second, as a share of the first; 0 is a tie.
    same_first_if_clear : Interval
        ``same_first`` among the rows with at least that lead: half of them.
    ideas, features : Ranked
        How alike both rank what matters.
    n_rows : int
        How many rows were explained twice.
    """

    same_first: Interval
    first_among_first: Interval
    margin: float
    same_first_if_clear: Interval
    ideas: Ranked
    features: Ranked
    n_rows: int


@dataclass(frozen=True)
class Ranked:
    """How alike two models rank what matters.

    Parameters
    ----------
    correlation : Interval
        Spearman's, of mean |SHAP| of both; NaN with fewer than two.
    overlap : Interval
        The share of the first ten that is the same.
    """

    correlation: Interval
    overlap: Interval


def agreement(
    one: FloatArray,
    other: FloatArray,
    features: Sequence[Feature],
    subject: IntArray,
    n_resamples: int,
    rng: np.random.Generator,
) -> Agreement:
    """Compare SHAP values of two models of the same rows.

    Parameters
    ----------
    one, other : float array of shape (n_rows, n_features)
        SHAP values in log-odds, columns in the order of ``features``.
    features : sequence of Feature of length n_features
        With their ideas.
    subject : int array of shape (n_rows,)
        Whom each row is about.
    n_resamples : int
        Of the bootstrap.
    rng : Generator
        Source of its draws.

    Raises
    ------
    ModelError
        If the two are not of the same rows and features.

    References
    ----------
    Spearman (1904), *The proof and measurement of association between two things*.
    """
    if one.shape != other.shape or one.shape != (len(subject), len(features)):
        raise ModelError(
            f"SHAP values of shapes {one.shape} and {other.shape} for {len(subject)} rows of {len(features)} features.",
            why="Two explanations can be compared on the same rows and features only.",
            fix="Explain the same rows with both models.",
        )
    ours, theirs = grouped(one, features).values, grouped(other, features).values
    first, of_other = strongest(ours, 1)[:, 0], strongest(theirs, N_TOLD)
    same = first == of_other[:, 0]
    lead = leads(ours)
    margin = float(np.median(lead)) if lead.size else math.nan
    is_clear = lead >= margin
    return Agreement(
        same_first=rate_interval(same, subject),
        first_among_first=rate_interval((first[:, None] == of_other).any(axis=1), subject),
        margin=margin,
        same_first_if_clear=rate_interval(same[is_clear], subject[is_clear]),
        ideas=ranked(ours, theirs, subject, n_resamples, rng),
        features=ranked(one, other, subject, n_resamples, rng),
        n_rows=len(subject),
    )


def leads(values: FloatArray) -> FloatArray:
    """By how much the strongest idea of each row leads the second, as a share of the strongest; shape (n_rows,).

    Examples
    --------
    >>> leads(np.array([[0.5, -1.0, 0.25], [0.0, 0.0, 0.0]]))
    array([0.5, 0. ])
    """
    moves = -np.sort(-np.abs(values), axis=1)
    if moves.shape[1] < 2:
        return np.ones(len(moves))
    found = np.zeros(len(moves))
    np.divide(moves[:, 0] - moves[:, 1], moves[:, 0], out=found, where=moves[:, 0] > 0)
    return found


def ranked(one: FloatArray, other: FloatArray, subject: IntArray, n_resamples: int, rng: np.random.Generator) -> Ranked:
    """How alike mean |value| ranks the columns of both."""
    moves, of_other = np.abs(one), np.abs(other)
    everybody = np.ones((1, len(subject)))
    known = np.unique(subject).size
    estimates = _alike(everybody @ moves, everybody @ of_other)
    if known < 2:
        return Ranked(*(Interval(float(estimate[0]), math.nan, math.nan) for estimate in estimates))
    weights = cluster_weights(subject, n_resamples, rng)
    draws = [_alike(weight @ moves, weight @ of_other) for weight in weights]
    drawn = (np.concatenate(part) for part in zip(*draws, strict=True))
    return Ranked(*(interval(float(estimate[0]), draw) for estimate, draw in zip(estimates, drawn, strict=True)))


def correlation(one: FloatArray, other: FloatArray) -> float:
    """Spearman's rank correlation of two importances; NaN with fewer than two.

    Examples
    --------
    >>> correlation(np.array([3.0, 2.0, 1.0]), np.array([9.0, 4.0, 1.0]))
    1.0
    """
    return float(_alike(one[None, :], other[None, :])[0][0])


def _alike(one: FloatArray, other: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of each row of two arrays of importances: rank correlation, and how much of the first ten is the same."""
    n_columns = one.shape[1]
    ranks, of_other = (pd.DataFrame(array).rank(axis=1).to_numpy() for array in (one, other))
    centred, against = ranks - ranks.mean(axis=1, keepdims=True), of_other - of_other.mean(axis=1, keepdims=True)
    scale = np.sqrt((centred**2).sum(axis=1) * (against**2).sum(axis=1))
    alike = np.full(len(one), math.nan)
    np.divide((centred * against).sum(axis=1), scale, out=alike, where=scale > 0)
    n_top = min(N_TOP, n_columns)
    tops = [strongest(array, n_top) for array in (one, other)]
    both = np.array([np.intersect1d(*pair).size for pair in zip(*tops, strict=True)], dtype=np.float64)
    return alike.round(12), both / max(1, n_top)

"""What a registered model answers: on the rows that judge it, on rows at the edges, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ModelError
from pipelines.core.protocols import FittedScorer
from pipelines.evaluation.evaluate import Predictions
from pipelines.features.catalogue import Feature
from pipelines.gates.evidence import TYPICAL, Additivity
from pipelines.models.tree_shap import BULK

N_TYPICAL = 5_000
"""Rows that are timed: enough that calling costs less than scoring."""
_N_FEW = 200
_FAR = 1e300
_STRANGE = "a text that nobody has seen before"
_SAME = 1e-9


@dataclass(frozen=True)
class Answers:
    """What a model says of labelled rows.

    Parameters
    ----------
    predictions : Predictions
        Log-odds, and the probabilities that are served.
    decision : bool array of shape (n_rows,)
        What is served beside them.
    """

    predictions: Predictions
    decision: NDArray[np.bool_]


@runtime_checkable
class Explains(Protocol):
    """A scorer that says why."""

    def contributions(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """SHAP values on the raw score, the base value last; shape (n_rows, n_features + 1)."""
        ...


def answers(scorer: FittedScorer, rows: pd.DataFrame) -> Answers:
    """Score rows as they are served, and rank them by the log-odds.

    Raises
    ------
    ModelError
        If what is served differs from the probabilities behind it: then what would be judged is not what customers
        get.
    """
    served = scorer.score(rows)
    probability = served["score"].to_numpy(np.float64)
    predictions = predictions_of(scorer, rows)
    if probability.shape != predictions.probability.shape or not np.allclose(
        probability, predictions.probability, rtol=0.0, atol=_SAME, equal_nan=True
    ):
        raise ModelError(
            "The scores that are served are not the model's calibrated probabilities.",
            why="What would be judged is not what customers get.",
            fix="Train again; score() has to give what probability() gives.",
        )
    return Answers(predictions, served["decision"].to_numpy(np.bool_))


def predictions_of(scorer: FittedScorer, rows: pd.DataFrame) -> Predictions:
    """Log-odds and probabilities."""
    return Predictions(scorer.raw(rows), scorer.probability(rows))


def edge_rows(rows: pd.DataFrame, features: Sequence[Feature]) -> Mapping[str, pd.DataFrame]:
    """What a probe asks about: typical rows, and what a caller may send beside them.

    Parameters
    ----------
    rows : DataFrame, at least one row
        As they are scored.
    features : sequence of Feature
        Its columns; those with levels are text, and so is what stands beside the features.

    Returns
    -------
    mapping of str to DataFrame
        ``typical rows`` (5,000, repeated if there are fewer), ``one row``, ``no rows``, ``rows of nulls``,
        ``huge numbers`` (up to infinity), and where there is text ``unseen texts``.

    Raises
    ------
    ModelError
        If there are no rows.
    """
    if rows.empty:
        raise ModelError(
            "There are no rows to ask a model about.", why="How it answers stays unknown.", fix="Test on more rows."
        )
    numbers = [feature.name for feature in features if not feature.levels]
    texts = [str(name) for name in rows.columns if name not in numbers]
    few = rows.head(_N_FEW).reset_index(drop=True)
    nulls = {**dict.fromkeys(numbers, np.nan), **dict.fromkeys(texts, None)}
    far = np.resize([_FAR, -_FAR, np.inf, -np.inf], len(few))
    asked = {
        TYPICAL: rows.iloc[np.resize(np.arange(len(rows)), N_TYPICAL)].reset_index(drop=True),
        "one row": few.head(1),
        "no rows": few.head(0),
        "rows of nulls": few.assign(**nulls).astype(dict.fromkeys(texts, object)),
        "huge numbers": few.assign(**dict.fromkeys(numbers, far)),
    }
    return {**asked, "unseen texts": few.assign(**dict.fromkeys(texts, _STRANGE))} if texts else asked


def additivity(scorer: FittedScorer, rows: pd.DataFrame, rng: np.random.Generator) -> Additivity:
    """How far explanations are from adding up, on a sample that is small and on one that is explained in bulk.

    Raises
    ------
    ModelError
        If the model does not explain, or explains other than the rows.
    """
    if not isinstance(scorer, Explains):
        raise ModelError(
            f"A {type(scorer).__name__} does not explain its scores.",
            why="Nobody can say whether its reasons are true.",
            fix="Register a model that has contributions().",
        )
    sizes = sorted({min(_N_FEW, len(rows)), min(2 * BULK, len(rows))})
    found = [_off(scorer, scorer, rows.iloc[rng.choice(len(rows), size, replace=False)]) for size in sizes]
    return Additivity(sum(sizes), max(found, default=np.nan))


def _off(scorer: FittedScorer, explains: Explains, rows: pd.DataFrame) -> float:
    """NaN in either makes it NaN."""
    sums, raw = explains.contributions(rows).sum(axis=1), scorer.raw(rows)
    if sums.shape != raw.shape:
        raise ModelError(
            f"{sums.size:,} rows were explained of {raw.size:,}.",
            why="Reasons would be told of somebody else.",
            fix="Train again.",
        )
    return float(np.max(np.abs(sums - raw), initial=0.0))

"""Learning under a bound on the difference in selection rates, by Fairlearn's reductions, made deterministic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd
from fairlearn.reductions import DemographicParity, ErrorRate, ExponentiatedGradient
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
N_ROUNDS = 12
"""Of the game between the learner and the bound; each fits one model or two. It stops before it has converged, so that
it ends in seconds: a curve wants points of one kind, not the last one."""
_EPS = 0.02
_LEAST = 1e-9
"""A row without any stake has some weight, since LightGBM takes none below 0 and we none of 0."""


class Raw(Protocol):
    """A fitted model."""

    def raw(self, rows: pd.DataFrame) -> FloatArray:
        """Log-odds, shape (n_rows,)."""
        ...


Learn = Callable[[pd.DataFrame, NDArray[np.int8], FloatArray], Raw]
"""From rows, labels and weights to a fitted model."""


@dataclass(frozen=True)
class Vote:
    """Models and how much each says.

    Fairlearn draws one of the models for every decision, so that the same customer may be decided differently twice.
    This is the same mixture without the lot: the weighted mean of what they say.

    Parameters
    ----------
    models : tuple of Raw
        Those with a say; none where only deciding everybody alike meets the bound.
    weights : float array of shape (n_models,)
        Above 0, summing to 1.
    """

    models: tuple[Raw, ...]
    weights: FloatArray

    def raw(self, rows: pd.DataFrame) -> FloatArray:
        """Weighted mean log-odds of the models, shape (n_rows,): what rows are ranked by."""
        total = np.zeros(len(rows))
        for weight, one in zip(self.weights, self.models, strict=True):
            total += weight * one.raw(rows)
        return total


def reduced(learn: Learn, rows: pd.DataFrame, stake: FloatArray, group: NDArray[np.object_], bound: float) -> Vote:
    """Learn whom to select with selection rates of groups that differ from the whole by at most ``bound``.

    Parameters
    ----------
    learn : callable
        Fits one model on relabelled, weighted rows.
    rows : DataFrame of n_rows rows
        Features; the group is not among them.
    stake : float array of shape (n_rows,)
        What it would have brought to select each row; negative where it would have cost. Errors count by it, since
        errors that count alike would select nobody where positives are rare.
    group : object array of shape (n_rows,)
        Known when it learns, not when it decides.
    bound : float in (0, 1]
        On these rows, between a group and all; 1 is none, and one model is learned.

    Returns
    -------
    Vote
        It ranks by how clearly a row is to be selected; the threshold is settled by whoever decides.

    References
    ----------
    Agarwal et al. (2018), *A reductions approach to fair classification*, algorithm 1. Zadrozny, Langford & Abe (2003),
    *Cost-sensitive learning by cost-proportionate example weighting*, for the stakes as weights.
    """
    wanted, scaled = (stake > 0).astype(np.int8), stake / max(1e-300, float(np.abs(stake).mean()))
    if bound >= 1:
        return Vote((learn(rows, wanted, np.maximum(np.abs(scaled), _LEAST)),), np.ones(1))
    game = ExponentiatedGradient(
        _Learner(learn, rows),
        constraints=DemographicParity(difference_bound=bound),
        objective=_Stakes(scaled),
        eps=_EPS,
        max_iter=N_ROUNDS,
        nu=1e-6,
    )
    game.fit(np.arange(len(rows)).reshape(-1, 1), wanted, sensitive_features=pd.Series(group, name="group"))
    said = game.weights_.reindex(range(len(game.predictors_)), fill_value=0.0).to_numpy()
    # what Fairlearn puts in where all rows are relabelled alike says the same of everybody, and so ranks nobody
    heard = [
        (one.model, weight)
        for one, weight in zip(game.predictors_, said, strict=True)
        if weight > 0 and isinstance(one, _Learner) and one.model is not None
    ]
    weights = np.array([weight for _, weight in heard])
    return Vote(tuple(model for model, _ in heard), weights / weights.sum() if heard else weights)


class _Stakes(ErrorRate):  # type: ignore[misc]  # Fairlearn is not typed
    """Fairlearn's error rate with a weight of its own for every row."""

    def __init__(self, stake: FloatArray) -> None:
        super().__init__()
        self.stake = stake

    def gamma(self, predictor: Callable[[object], NDArray[np.int64]]) -> pd.Series:
        wrong = np.squeeze(np.asarray(predictor(self.X))) != (self.stake > 0)
        return pd.Series(float(np.abs(self.stake)[wrong].sum()) / self.total_samples, index=self.index)

    def signed_weights(self, lambda_vec: pd.Series | None = None) -> pd.Series:
        weights = pd.Series(self.stake, index=self.tags.index)
        return weights if lambda_vec is None else float(lambda_vec.iloc[0]) * weights


@dataclass
class _Learner:
    """What Fairlearn calls: it is given the places of rows, so that it never copies or checks them."""

    learn: Learn
    rows: pd.DataFrame
    model: Raw | None = field(default=None, init=False)

    def fit(self, places: NDArray[np.int64], label: pd.Series, sample_weight: pd.Series) -> _Learner:
        weight = np.maximum(sample_weight.to_numpy(np.float64), _LEAST)
        self.model = self.learn(self.rows.iloc[_flat(places)], label.to_numpy(np.int8), weight)
        return self

    def predict(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.model is None:
            return np.zeros(len(places), dtype=np.int64)
        return (self.model.raw(self.rows.iloc[_flat(places)]) >= 0).astype(np.int64)

    def __deepcopy__(self, memo: dict[int, object]) -> _Learner:
        """Fairlearn copies the learner for every round; the rows are the same."""
        return _Learner(self.learn, self.rows)


def _flat(places: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(places).reshape(-1).astype(np.int64)

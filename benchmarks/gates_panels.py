"""Panels of customers whose true ROC-AUC is known, scored by a champion and a challenger that is better or worse.

A customer's log-odds at a cutoff are normal: what the customer is like, and what the week is like. A model sees them
with noise, part of which every model shares (what no feature tells), part of which is its own. So scores correlate,
over models, and over a customer's cutoffs. ROC-AUC in the population follows from the variance of a model's noise
alone, by quadrature; a challenger gets the variance at which it is better than the champion by what is asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, ndtr

from pipelines.evaluation.evaluate import Predictions

FloatArray = NDArray[np.float64]
MEAN, SPREAD = -3.1, 2.1
"""Of the log-odds: 12 % positives."""
OF_CUSTOMER = 0.8
"""The share of a variance that stays with a customer over the cutoffs, of the log-odds and of every noise."""
SHARED, OWN = 0.55, 0.4
"""Variance of the noise that all models share, and of the champion's own."""
_GRID = np.linspace(-8.0, 8.0, 801)


@dataclass(frozen=True)
class Shop:
    """How large a test is.

    Parameters
    ----------
    n_customers, n_cutoffs : int
        Every customer has a row at every cutoff.
    """

    n_customers: int
    n_cutoffs: int


@dataclass(frozen=True)
class Panel:
    """Labelled rows with the scores of a champion, and of challengers by what is true of them."""

    label: NDArray[np.int64]
    customer: NDArray[np.int64]
    champion: Predictions
    challengers: dict[float, Predictions]


def true_auc(noise: float) -> float:
    """ROC-AUC in the population of a score that is the log-odds plus normal noise of this variance.

    References
    ----------
    Pepe (2003), *The statistical evaluation of medical tests*, section 4.3: the area is the probability that a
    positive scores higher than a negative.
    """
    log_odds = MEAN + SPREAD * _GRID
    density = np.exp(-(_GRID**2) / 2)
    positive, negative = density * expit(log_odds), density * expit(-log_odds)
    wins = ndtr((log_odds[:, None] - log_odds[None, :]) / np.sqrt(2 * noise))
    return float(positive @ wins @ negative / (positive.sum() * negative.sum()))


def prevalence() -> float:
    """Share of positives in the population."""
    density = np.exp(-(_GRID**2) / 2)
    return float(density @ expit(MEAN + SPREAD * _GRID) / density.sum())


def own_noise(difference: float) -> float:
    """The variance of a challenger's own noise that makes it better by ``difference`` in ROC-AUC.

    Raises
    ------
    ValueError
        If no noise at all would not be enough.
    """
    wanted = true_auc(SHARED + OWN) + difference
    return float(brentq(lambda own: true_auc(SHARED + own) - wanted, 0.0, 5.0, xtol=1e-10))


def panel(shop: Shop, own: dict[float, float], rng: np.random.Generator) -> Panel:
    """Draw a shop, its labels and all scores.

    Parameters
    ----------
    shop : Shop
        How large.
    own : mapping of float to float
        By true difference, the variance of the challenger's own noise.
    rng : Generator
        Source of all draws.
    """
    customer = np.repeat(np.arange(shop.n_customers), shop.n_cutoffs)

    def normal(variance: float) -> FloatArray:
        stays = np.sqrt(OF_CUSTOMER * variance) * rng.standard_normal(shop.n_customers)
        moves = np.sqrt((1 - OF_CUSTOMER) * variance) * rng.standard_normal(customer.size)
        return np.asarray(stays[customer] + moves)

    log_odds = MEAN + normal(SPREAD**2)
    label = (rng.random(customer.size) < expit(log_odds)).astype(np.int64)
    seen = log_odds + normal(SHARED)
    challengers = {difference: _as_predictions(seen + normal(variance)) for difference, variance in own.items()}
    return Panel(label, customer, _as_predictions(seen + normal(OWN)), challengers)


def _as_predictions(raw: FloatArray) -> Predictions:
    return Predictions(raw, expit(raw))


def true_champion_auc() -> float:
    """ROC-AUC of the champion in the population."""
    return true_auc(SHARED + OWN)


def joined(first: Panel, more: Panel, true: float) -> Panel:
    """Two shops as one with the customers of both, and one challenger."""

    def both(one: Predictions, other: Predictions) -> Predictions:
        pairs = (one.raw, other.raw), (one.probability, other.probability)
        return Predictions(*(np.concatenate(pair) for pair in pairs))

    customer = np.concatenate([first.customer, more.customer + int(first.customer.max()) + 1])
    challengers = {true: both(first.challengers[true], more.challengers[true])}
    return Panel(np.concatenate([first.label, more.label]), customer, both(first.champion, more.champion), challengers)

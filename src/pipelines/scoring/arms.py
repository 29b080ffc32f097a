"""Two versions that were scored side by side, once the outcomes are known: their scores, and their decisions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.core.intervals import Interval, rate_interval
from pipelines.evaluation.evaluate import Evaluation, Predictions, evaluation

OURS, THEIRS = "shadow", "champion"
_SAID = ("score", "decision", "in_force")


@dataclass(frozen=True)
class Arm:
    """The customers that one version decided about.

    Parameters
    ----------
    n_rows, n_customers : int
        How many.
    contacted : Interval
        The share of rows that were to be contacted.
    positive : Interval
        The share of rows with the outcome.
    hit : Interval
        Of the rows that were to be contacted, the share with the outcome.
    """

    n_rows: int
    n_customers: int
    contacted: Interval
    positive: Interval
    hit: Interval


@dataclass(frozen=True)
class Arms:
    """Both groups of customers, drawn by their hash: what they differ in is what the versions' decisions did.

    Parameters
    ----------
    shadow, champion : Arm
        By who decided.
    positive : Interval
        Outcome rate, shadow minus champion.
    contacted : Interval
        Share contacted, shadow minus champion.
    """

    shadow: Arm
    champion: Arm
    positive: Interval
    contacted: Interval


def joined(outcomes: pd.DataFrame, parts: Iterable[pd.DataFrame], name: str) -> pd.DataFrame:
    """The rows whose outcome is known, with what a version said of them; parts are met one after the other.

    Examples
    --------
    >>> outcomes = pd.DataFrame({"customer_id": ["a", "b"], "label": [0.0, 1.0]})
    >>> part = pd.DataFrame({"customer_id": ["b"], "score": [0.9], "decision": [True], "in_force": [False]})
    >>> joined(outcomes, [part], "shadow")["shadow.score"].tolist()
    [0.9]
    """
    found = []
    for part in parts:
        keys = [one for one in outcomes.columns if one in part.columns]
        renamed = part[[*keys, *_SAID]].rename(columns={one: f"{name}.{one}" for one in _SAID})
        found.append(outcomes.merge(renamed, on=keys, validate="one_to_one"))
    return pd.concat(found, ignore_index=True)


def compared(rows: pd.DataFrame, rng: np.random.Generator, n_resamples: int) -> Evaluation:
    """Shadow and champion on the same rows and resamples of customers; ``over_champion`` is shadow minus champion.

    Ranking metrics read the scores themselves: log-odds are not kept with them.
    """
    said = [rows[f"{name}.score"].to_numpy(np.float64) for name in (OURS, THEIRS)]
    ours, theirs = (Predictions(score, score) for score in said)
    label = rows["label"].to_numpy().astype(np.int8)
    return evaluation(label, _codes(rows), ours, {}, rng, n_resamples, champion=theirs)


def arms_of(rows: pd.DataFrame) -> Arms | None:
    """The two groups; None where one version decided about everybody."""
    by_shadow = rows[f"{OURS}.in_force"].to_numpy(bool)
    by_champion = rows[f"{THEIRS}.in_force"].to_numpy(bool)
    if not (by_shadow.any() and by_champion.any()):
        return None
    shadow, champion = _arm(rows[by_shadow], OURS), _arm(rows[by_champion], THEIRS)
    return Arms(
        shadow, champion, minus(shadow.positive, champion.positive), minus(shadow.contacted, champion.contacted)
    )


def minus(one: Interval, other: Interval) -> Interval:
    """The difference of two rates of different customers, from the interval of each.

    References
    ----------
    Newcombe (1998), *Interval estimation for the difference between independent proportions*, method 10; Zou & Donner
    (2008), *Construction of confidence limits about effect measures*, for any two intervals.

    Examples
    --------
    >>> str(minus(Interval(0.5, 0.4, 0.6), Interval(0.2, 0.1, 0.3)))
    '0.300 [0.159, 0.441]'
    """
    found = one.estimate - other.estimate
    low = found - math.hypot(one.estimate - one.low, other.high - other.estimate)
    high = found + math.hypot(one.high - one.estimate, other.estimate - other.low)
    return Interval(found, low, high)


def _arm(rows: pd.DataFrame, name: str) -> Arm:
    label, customer = rows["label"].to_numpy(), _codes(rows)
    contacted = rows[f"{name}.decision"].to_numpy(bool)
    return Arm(
        n_rows=len(rows),
        n_customers=int(np.unique(customer).size),
        contacted=rate_interval(contacted, customer),
        positive=rate_interval(label, customer),
        hit=rate_interval(label[contacted], customer[contacted]),
    )


def _codes(rows: pd.DataFrame) -> np.ndarray:
    return pd.factorize(rows["customer_id"])[0].astype(np.int64)

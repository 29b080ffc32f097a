"""One case in full: its score beside everybody's, what moved it, and what would have moved it otherwise."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.explain.explanation import FloatArray
from pipelines.explain.reasons import grouped
from pipelines.features.catalogue import Feature

N_STEPS = 9
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Checked:
    """What the score would be, had something gone otherwise.

    Parameters
    ----------
    said : str
        What would be otherwise.
    score : float
        Probability; NaN if the case would not be in the population.
    decision : bool
        What the policy would say.
    """

    said: str
    score: float
    decision: bool

    def words(self, before: LocalCase) -> str:
        """Before and after.

        Examples
        --------
        >>> from pipelines.explain.local import Checked, example
        >>> Checked("had the last purchase been yesterday", 0.31, False).words(example(score=0.62, decision=True))
        '0.620 → 0.310 had the last purchase been yesterday: no longer to contact'
        """
        if math.isnan(self.score):
            return f"no score {self.said}: then outside of the population"
        turned = ("no longer to contact", "to contact then")[self.decision]
        ending = f": {turned}" if self.decision != before.decision else ""
        return f"{before.score:.3f} → {self.score:.3f} {self.said}{ending}"


@dataclass(frozen=True)
class LocalCase:
    """One scored case.

    Parameters
    ----------
    name : str
        Which of a subject's cases; empty where there can be one only.
    score : float
        Probability.
    decision : bool
        What the policy says, and ``why`` in words.
    why : str
        Of the decision.
    raw, base : float
        Log-odds before calibration, and before any feature was known.
    features : tuple of Feature
        The columns.
    row : Series
        The case's own values by feature, text included.
    values : float array of shape (n_features,)
        SHAP values in log-odds.
    reasons : tuple of str
        Strongest first.
    checks : tuple of Checked
        Counter-checks.
    """

    name: str
    score: float
    decision: bool
    why: str
    raw: float
    base: float
    features: tuple[Feature, ...]
    row: pd.Series
    values: FloatArray
    reasons: tuple[str, ...]
    checks: tuple[Checked, ...] = ()


@dataclass(frozen=True)
class Peers:
    """What the model's test rows say of scores and values: what a case is held against.

    Parameters
    ----------
    scores : float array of shape (n_rows,)
        Probabilities.
    typical : mapping of str to float
        The median of each numeric feature.
    """

    scores: FloatArray
    typical: Mapping[str, float]

    @property
    def mean(self) -> float:
        """The average score; NaN without rows."""
        return float(self.scores.mean()) if self.scores.size else math.nan

    def share_below(self, score: float) -> float:
        """The share of tested rows with a lower score; NaN without rows."""
        return float((self.scores < score).mean()) if self.scores.size else math.nan


@dataclass(frozen=True)
class Step:
    """One bar of a waterfall: what it stands for, and how far it moves the raw score (log-odds)."""

    said: str
    move: float


def steps_by_idea(case: LocalCase) -> list[Step]:
    """The ideas that move the score most, strongest first, and all others together."""
    found = grouped(case.values[None, :], case.features)
    return _steps([name.replace("_", " ") for name in found.names], found.values[0])


def steps_by_feature(case: LocalCase) -> list[Step]:
    """The features that move the score most with their own values, strongest first, and all others together."""
    return _steps([f"{one.name} = {shown(one, case.row[one.name])}" for one in case.features], case.values)


def _steps(said: Sequence[str], moves: FloatArray) -> list[Step]:
    order = np.argsort(-np.abs(moves), kind="stable")
    n_told = len(order) if len(order) == N_STEPS + 1 else N_STEPS
    told = [Step(said[place], float(moves[place])) for place in order[:n_told]]
    rest = order[n_told:]
    return [*told, *([Step(f"{len(rest)} others", float(moves[rest].sum()))] if len(rest) else [])]


def values_table(case: LocalCase, tested: Peers) -> pd.DataFrame:
    """Every feature with its value, the customer's own usual one, what is typical, and its move; strongest first."""
    named = {feature.name: feature for feature in case.features}
    order = np.argsort(-np.abs(case.values), kind="stable")
    features = [case.features[place] for place in order]
    usual = [named.get(one.usual) for one in features]
    table = pd.DataFrame(
        {
            "what": [one.meaning for one in features],
            "value": [shown(one, case.row[one.name]) for one in features],
            "their usual": ["" if one is None else shown(one, case.row[one.name]) for one in usual],
            "median of tested": ["" if one.levels else number(tested.typical.get(one.name)) for one in features],
            "unit": ["" if one.levels else one.unit for one in features],
            "moves the score by": [f"{case.values[place]:+.3f}" for place in order],
            "feature": [one.name for one in features],
        }
    )
    return table if any(table["their usual"]) else table.drop(columns="their usual")


def shown(feature: Feature, value: object) -> str:
    """A value for people.

    Examples
    --------
    >>> fee = Feature("fee", "Fee", "money", "", "never", "table", "")
    >>> shown(fee, 1234.5), shown(fee, None), shown(fee, "monthly")
    ('1,234', 'unknown', 'monthly')
    """
    return value if isinstance(value, str) else number(value)


def number(value: object) -> str:
    """A number with the digits that a person reads; ``unknown`` for null.

    Examples
    --------
    >>> number(41.0), number(0.1234), number(float("nan"))
    ('41', '0.123', 'unknown')
    """
    if value is None or pd.isna(value):  # type: ignore[call-overload]  # a scalar
        return "unknown"
    real = float(value)  # type: ignore[arg-type]  # a number by now
    return f"{real:,.0f}" if real.is_integer() or abs(real) >= 1_000 else f"{real:.3g}"


def file_stem(task: str, subject_id: str, day: str) -> str:
    """A file name that any system takes: the id itself where it is a plain word, else a digest of it.

    Examples
    --------
    >>> file_stem("churn", "1085", "2018-01-01")
    'churn-1085-2018-01-01'
    >>> file_stem("churn", "../../etc/passwd", "")
    'churn-sha256_3754d6cb3a38'
    """
    digest = hashlib.sha256(subject_id.encode()).hexdigest()[:12]
    who = subject_id if _SAFE.fullmatch(subject_id) else f"sha256_{digest}"
    return "-".join(part for part in (task, who, day) if part)


def example(score: float, decision: bool) -> LocalCase:
    """A case without features, for examples."""
    return LocalCase("", score, decision, "", 0.0, 0.0, (), pd.Series(dtype=object), np.empty(0), ())

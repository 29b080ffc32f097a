"""How well features give a sensitive column away, as data, words and figures to log."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pipelines.core.intervals import Interval, cluster_weights, interval, simultaneous_level
from pipelines.core.report import Artifact, Report
from pipelines.fairness.words import safe

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
MAX_LEVELS = 20
"""A column with more values is written by hand, or names people: it divides nobody into groups."""
_N_TOLD = 3
_CHANCE = "Chance may tell"


@dataclass(frozen=True)
class Level:
    """One value of a sensitive column against the others.

    Parameters
    ----------
    name : str
        The value.
    n_customers : int
        Who have it.
    rest : str
        Whom it is told from: the other known values, or all of them for ``unknown``.
    roc_auc : Interval or None
        Out of fold, simultaneous over the levels of the column; None where it or the rest is too small.
    """

    name: str
    n_customers: int
    rest: str
    roc_auc: Interval | None


@dataclass(frozen=True)
class ColumnProxies:
    """One sensitive column.

    Parameters
    ----------
    column : str
        Its name.
    levels : tuple of Level
        By name, ``unknown`` last.
    roc_auc : Interval or None
        Mean over the known levels that are large enough; None where there are none.
    features, ideas : mapping of str to float
        Mean absolute SHAP value in log-odds, largest first: what tells the known levels apart (or, where no level is
        large enough, the unknown from the known). An idea is a group of features.
    note : str
        Why something was not measured, in words; may be empty.
    """

    column: str
    levels: tuple[Level, ...]
    roc_auc: Interval | None
    features: Mapping[str, float]
    ideas: Mapping[str, float]
    note: str = ""

    def as_dict(self) -> dict[str, object]:
        """As JSON has it."""
        levels = [
            {"level": one.name, "n_customers": one.n_customers, "against": one.rest, "roc_auc": _plain(one.roc_auc)}
            for one in self.levels
        ]
        found = {"column": self.column, "roc_auc": _plain(self.roc_auc), "levels": levels, "note": self.note}
        return {**found, "mean_abs_shap": {"features": dict(self.features), "ideas": dict(self.ideas)}}


@dataclass(frozen=True)
class Proxies:
    """What the features of a task say of its sensitive columns.

    Parameters
    ----------
    columns : tuple of ColumnProxies
        One for each.
    n_customers : int
        One row each.
    min_group : int
        Customers that a level needs for a figure.
    level : float
        Of the intervals.
    """

    columns: tuple[ColumnProxies, ...]
    n_customers: int
    min_group: int
    level: float

    def report(self) -> Report:
        """Metrics ``proxy.<column>.roc_auc`` with its ends; ``fairness/proxies`` as JSON, text and figures."""
        artifacts: dict[str, Artifact] = {
            "fairness/proxies.json": {
                "n_customers": self.n_customers,
                "min_group": self.min_group,
                "level": self.level,
                "columns": [one.as_dict() for one in self.columns],
            },
            "fairness/proxies.md": self.as_markdown(),
        }
        shown = [one for one in self.columns if any(level.roc_auc for level in one.levels)]
        if shown:
            from pipelines.fairness.proxy_figures import proxies_figure  # figures cost half a second

            artifacts["fairness/proxies.png"] = proxies_figure(self)
        return Report(self._metrics(), artifacts)

    def words(self) -> tuple[str, ...]:
        """What is told better than chance and by what, in plain sentences; names stand as the data has them."""
        return tuple(
            f"{one.column} as told by the features: {said}"
            for one in self.columns
            for said in _told(one)
            if not said.startswith(_CHANCE)
        )

    def as_markdown(self) -> str:
        """All that was found; names from the data cannot become HTML or links."""
        lines = [
            "# Do the features give sensitive columns away?",
            "",
            f"A model learned to tell each value from the others, one row for each of {self.n_customers:,} customers, "
            f"judged on customers that it had not seen. 0.5 is chance. Brackets hold {self.level:.0%} intervals that "
            "resample customers; they hold for all values of a column at once, and leave out what another training "
            f"sample would change. A value needs {self.min_group} customers, and as many without it.",
        ]
        for one in self.columns:
            lines += ["", f"## {one.column}", "", *(f"- {said}" for said in _told(one))]
        return "\n".join(safe(line) for line in lines) + "\n"

    def _metrics(self) -> dict[str, float]:
        named: dict[str, float] = {}
        for one in self.columns:
            if one.roc_auc is not None:
                ends = {"": one.roc_auc.estimate, ".ci_low": one.roc_auc.low, ".ci_high": one.roc_auc.high}
                named |= {f"proxy.{one.column}.roc_auc{end}": value for end, value in ends.items()}
        return {name: value for name, value in named.items() if math.isfinite(value)}


@dataclass(frozen=True)
class Told:
    """How one level was told from the rest, out of fold.

    Parameters
    ----------
    score : float array of shape (n_customers,)
        Log-odds; NaN for customers who take no part.
    has : bool array of shape (n_customers,)
        Who have the level.
    fold : int array of shape (n_customers,)
        Which model scored them: only scores of one model are compared.
    is_known : bool
        Whether it counts in the mean of the column.
    """

    score: FloatArray
    has: BoolArray
    fold: NDArray[np.int64]
    is_known: bool


def auc_intervals(
    told: Sequence[Told], level: float, rng: np.random.Generator, n_resamples: int
) -> tuple[tuple[Interval, ...], Interval | None]:
    """ROC-AUC of each level and the mean over the known ones, with intervals that resample customers.

    Parameters
    ----------
    told : sequence of Told
        One per level.
    level : float in (0, 1)
        Of the interval of the mean, and of the intervals of all levels at once.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        How many.

    Returns
    -------
    tuple of Interval, Interval or None
        Of each level, and of the mean; None where no level is known.

    References
    ----------
    Hanley & McNeil (1982), *The meaning and use of the area under a receiver operating characteristic curve*.
    """
    if not told:
        return (), None
    n_customers = told[0].has.size
    drawn = [
        np.stack([_auc(one, weights) for one in told])
        for weights in chain([np.ones((1, n_customers))], cluster_weights(np.arange(n_customers), n_resamples, rng))
    ]
    values = np.concatenate(drawn, axis=1)
    each = simultaneous_level(level, len(told))
    intervals = tuple(interval(float(one[0]), one[1:], each) for one in values)
    known = values[[one.is_known for one in told]]
    return intervals, interval(float(known[:, 0].mean()), known[:, 1:].mean(axis=0), level) if len(known) else None


def _auc(told: Told, weights: FloatArray) -> FloatArray:
    """Weighted concordance of pairs that one model scored, shape (n_resamples,); ties count half."""
    right, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    takes_part = ~np.isnan(told.score)
    for number in np.unique(told.fold[takes_part]):
        own = np.flatnonzero((told.fold == number) & takes_part)
        ordered = own[np.argsort(told.score[own], kind="stable")]
        weight, has = weights[:, ordered], told.has[ordered]
        starts = np.flatnonzero(np.append(True, np.diff(told.score[ordered]) != 0))
        with_it = np.add.reduceat(weight * has, starts, axis=1)
        without = np.add.reduceat(weight * ~has, starts, axis=1)
        below = np.cumsum(without, axis=1) - without
        right += (with_it * (below + without / 2)).sum(axis=1)
        pairs += with_it.sum(axis=1) * without.sum(axis=1)
    result: FloatArray = np.divide(right, pairs, out=np.full(right.shape, np.nan), where=pairs > 0)
    return result


def _told(one: ColumnProxies) -> list[str]:
    lines = [one.note] if one.note else []
    if one.roc_auc is not None:
        lines.append(f"Known values against each other: mean ROC-AUC {one.roc_auc}, {_verdict(one.roc_auc)}.")
    lines += [_said(level, level.roc_auc) for level in one.levels if level.roc_auc is not None]
    small = [f"'{level.name}' ({level.n_customers:,})" for level in one.levels if level.roc_auc is None]
    if small and len(one.levels) > 1:
        lines.append(f"Too small for a figure (customers): {', '.join(small)}.")
    if one.ideas and any(level.roc_auc and level.roc_auc.low > 0.5 for level in one.levels):
        most = ", ".join(f"{name} ({value:.2f})" for name, value in list(one.ideas.items())[:_N_TOLD])
        lines.append(f"Most by (mean absolute SHAP value, log-odds): {most}.")
    return lines


def _said(level: Level, found: Interval) -> str:
    told = f"'{level.name}' ({level.n_customers:,} customers) from {level.rest}"
    if found.low > 0.5:
        return f"Features tell {told} with ROC-AUC {found}."
    return f"{_CHANCE} {told} as well: ROC-AUC {found}."


def _verdict(found: Interval) -> str:
    return "better than chance" if found.low > 0.5 else "no better than chance, as far as the data can say"


def _plain(found: Interval | None) -> dict[str, float | None] | None:
    if found is None:
        return None
    ends = {"estimate": found.estimate, "ci_low": found.low, "ci_high": found.high}
    return {name: value if math.isfinite(value) else None for name, value in ends.items()}

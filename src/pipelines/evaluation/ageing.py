"""How fast a model ages: what it loses against a fresh one, by weeks since its training, and how long it is of use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.core.intervals import FloatArray, IntArray, Interval, interval
from pipelines.evaluation.evaluate import N_RESAMPLES
from pipelines.evaluation.metrics import METRICS, LabelArray
from pipelines.evaluation.resampled import Measured, Scored, measured, units

MARGIN = 0.01
"""Loss in ROC-AUC beyond which a model is no longer of use."""
MIN_ROWS = 200
MIN_OF_A_LABEL = 10
PER_WEEKS = 4
"""The trend is told as a loss per four weeks."""


@dataclass(frozen=True)
class Aged:
    """A model that was trained once, on later rows, beside the freshest model of each row.

    Parameters
    ----------
    origin : datetime
        The moment of knowledge at which it was trained.
    n_weeks : integer array of shape (n_rows,)
        Whole weeks from the end of what it learned from to the row's cutoff.
    label : array of shape (n_rows,)
        Labels, 0 or 1.
    customer : integer array of shape (n_rows,)
        The customer of each row, one code for all origins.
    raw, fresh : float array of shape (n_rows,)
        Log-odds of this model, and of the freshest model that could have been trained for the row.
    probability, fresh_probability : float array of shape (n_rows,), optional
        Calibrated probabilities of both, for the loss in log loss.
    """

    origin: datetime
    n_weeks: IntArray
    label: LabelArray
    customer: IntArray
    raw: FloatArray
    fresh: FloatArray
    probability: FloatArray | None = None
    fresh_probability: FloatArray | None = None


@dataclass(frozen=True)
class Age:
    """What is lost at one age, over all origins.

    Parameters
    ----------
    n_weeks : int
        Weeks since training.
    n_rows, n_origins : int
        How many rows of how many models say so; where there are too few, all there are.
    loss : Interval or None
        ROC-AUC of the fresh model minus that of the old one; None where there are too few rows.
    log_loss : Interval or None
        Log loss of the old model minus that of the fresh one; None without probabilities or rows.
    """

    n_weeks: int
    n_rows: int
    n_origins: int
    loss: Interval | None
    log_loss: Interval | None = None


@dataclass(frozen=True)
class Ageing:
    """How a model's worth falls with its age.

    Parameters
    ----------
    ages : tuple of Age
        Youngest first.
    margin : float
        Loss in ROC-AUC beyond which a model is no longer of use.
    trend : Interval or None
        Loss in ROC-AUC per four weeks, from a line; None with fewer than three ages.
    n_origins : int
        How many models were aged.
    """

    ages: tuple[Age, ...]
    margin: float
    trend: Interval | None
    n_origins: int

    @property
    def measured(self) -> tuple[Age, ...]:
        """Ages with enough rows."""
        return tuple(age for age in self.ages if age.loss)

    @property
    def useful_weeks(self) -> int | None:
        """The first age from which on every interval lies above the margin; None if the loss is shown at no age."""
        first = None
        for age in reversed(self.measured):
            if age.loss is None or not age.loss.low > self.margin:
                break
            first = age.n_weeks
        return first

    @property
    def safe_weeks(self) -> int | None:
        """The last age up to which every interval lies at or below the margin; None if the first does not."""
        last = None
        for age in self.measured:
            if age.loss is None or not age.loss.high <= self.margin:
                break
            last = age.n_weeks
        return last

    def metrics(self) -> dict[str, float]:
        """Numbers of one model that compare with another's, by the name they are logged under.

        Returns
        -------
        dict of str to float
            ``ageing.longest_weeks``, ``ageing.loss_per_4_weeks`` with its interval, ``ageing.safe_weeks`` if the first
            age is safe, and ``ageing.useful_weeks`` if the end of the useful life is shown.
        """
        found = {"ageing.longest_weeks": float(self.measured[-1].n_weeks)} if self.measured else {}
        for name, weeks in (("ageing.safe_weeks", self.safe_weeks), ("ageing.useful_weeks", self.useful_weeks)):
            found |= {} if weeks is None else {name: float(weeks)}
        if self.trend:
            name = "ageing.loss_per_4_weeks"
            ends = {name: self.trend.estimate, f"{name}.ci_low": self.trend.low, f"{name}.ci_high": self.trend.high}
            found |= {key: value for key, value in ends.items() if not math.isnan(value)}
        return found

    def table(self) -> pd.DataFrame:
        """One row per age: sizes, both losses with the ends of their intervals; NaN where there are too few rows."""
        unknown = Interval(math.nan, math.nan, math.nan)
        rows = []
        for age in self.ages:
            row: dict[str, float] = {"n_weeks": age.n_weeks, "n_rows": age.n_rows, "n_origins": age.n_origins}
            for name, value in (("loss", age.loss or unknown), ("log_loss", age.log_loss or unknown)):
                row |= {name: value.estimate, f"{name}_low": value.low, f"{name}_high": value.high}
            rows.append(row)
        return pd.DataFrame(rows)


def ageing(aged: Sequence[Aged], margin: float, rng: np.random.Generator, n_resamples: int = N_RESAMPLES) -> Ageing:
    """What models lose with age against fresh ones, on the same rows.

    Raw scores of two models do not compare, so the metrics are taken within an origin and averaged over the origins
    that have the age, weighted by rows. One resample of customers is the same for all ages and origins: a customer's
    rows at many cutoffs are not many customers. The fresh model has learned from newer rows and from more of them: the
    loss is what training again would have gained.

    Parameters
    ----------
    aged : sequence of Aged
        One per origin; one alone will do, and then speaks for one moment only.
    margin : float
        Loss in ROC-AUC beyond which a model is no longer of use, e.g. 0.01.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        How many.

    Returns
    -------
    Ageing
        An age that has, at no origin, 200 rows and 10 of each label is listed without figures.

    Raises
    ------
    NotEnoughDataError
        Without origins or rows, or with one customer.
    ModelError
        If the arrays of an origin are of different lengths.
    """
    _check(aged)
    customer = np.concatenate([one.customer for one in aged])
    unit, n_units, draws = units(customer, n_resamples, rng)
    cells = _cells(aged, np.split(unit, np.cumsum([one.label.size for one in aged])[:-1]))
    has_probability = all(one.probability is not None and one.fresh_probability is not None for one in aged)
    chosen = [one for one in METRICS if one.name == "roc_auc" or (has_probability and one.name == "log_loss")]
    found = measured([side for cell in cells for side in (cell.fresh, cell.old)], chosen, draws, n_units)
    losses = [fresh - old for fresh, old in zip(found[::2], found[1::2], strict=True)]
    pooled = {n_weeks: _pooled(n_weeks, cells, losses) for n_weeks in sorted({cell.n_weeks for cell in cells})}
    ages = tuple(_age(n_weeks, aged, cells, pooled.get(n_weeks)) for n_weeks in _weeks(aged))
    return Ageing(ages, margin, _trend(pooled, cells), len(aged))


@dataclass(frozen=True)
class _Cell:
    """The rows of one origin at one age, under both models."""

    n_weeks: int
    n_rows: int
    old: Scored
    fresh: Scored


def _cells(aged: Sequence[Aged], unit: Sequence[IntArray]) -> list[_Cell]:
    return [
        _cell(one, of, int(n_weeks), rows)
        for one, of in zip(aged, unit, strict=True)
        for n_weeks in np.unique(one.n_weeks)
        if _large_enough(one.label[rows := np.flatnonzero(one.n_weeks == n_weeks)])
    ]


def _cell(one: Aged, unit: IntArray, n_weeks: int, rows: IntArray) -> _Cell:
    label, of = one.label[rows], unit[rows]
    old = one.raw if one.probability is None else one.probability
    fresh = one.fresh if one.fresh_probability is None else one.fresh_probability
    return _Cell(
        n_weeks, rows.size, Scored(label, one.raw[rows], old[rows], of), Scored(label, one.fresh[rows], fresh[rows], of)
    )


def _large_enough(label: LabelArray) -> bool:
    n_positive = int(np.sum(label))
    return label.size >= MIN_ROWS and min(n_positive, label.size - n_positive) >= MIN_OF_A_LABEL


def _pooled(n_weeks: int, cells: Sequence[_Cell], losses: Sequence[Measured]) -> Measured:
    """The losses at one age, averaged over its origins."""
    here = [(cell.n_rows, loss) for cell, loss in zip(cells, losses, strict=True) if cell.n_weeks == n_weeks]
    share = [n_rows / sum(n for n, _ in here) for n_rows, _ in here]
    points = np.sum([part * loss.points for part, (_, loss) in zip(share, here, strict=True)], axis=0)
    draws = np.sum([part * loss.draws for part, (_, loss) in zip(share, here, strict=True)], axis=0)
    return Measured(here[0][1].metrics, points, draws)


def _age(n_weeks: int, aged: Sequence[Aged], cells: Sequence[_Cell], pooled: Measured | None) -> Age:
    n_rows = [int((one.n_weeks == n_weeks).sum()) for one in aged]
    counted = [cell.n_rows for cell in cells if cell.n_weeks == n_weeks] or [n for n in n_rows if n]
    found = pooled.intervals() if pooled else {}
    worse = found.get("log_loss")
    turned = Interval(0.0 - worse.estimate, 0.0 - worse.high, 0.0 - worse.low) if worse else None
    return Age(n_weeks, sum(counted), len(counted), found.get("roc_auc"), turned)


def _trend(pooled: dict[int, Measured], cells: Sequence[_Cell]) -> Interval | None:
    """Slope of the loss over age per four weeks, by least squares weighted by rows, on the data and each resample."""
    if len(pooled) < 3:
        return None
    weeks = np.array(list(pooled), dtype=np.float64)
    n_rows = np.array([sum(cell.n_rows for cell in cells if cell.n_weeks == week) for week in pooled], dtype=np.float64)
    away = weeks - np.average(weeks, weights=n_rows)
    slope = PER_WEEKS * n_rows * away / (n_rows @ np.square(away))
    place = [metric.name for metric in next(iter(pooled.values())).metrics].index("roc_auc")
    points = np.array([one.points[place] for one in pooled.values()])
    draws = np.array([one.draws[place] for one in pooled.values()])
    return interval(float(slope @ points), slope @ draws)


def _weeks(aged: Sequence[Aged]) -> list[int]:
    return [int(n_weeks) for n_weeks in np.unique(np.concatenate([one.n_weeks for one in aged]))]


def _check(aged: Sequence[Aged]) -> None:
    if not aged or not any(one.label.size for one in aged):
        raise NotEnoughDataError(
            f"Ageing was asked of {len(aged)} models and no rows.",
            why="What a model loses with age is seen on rows after its training.",
            fix="Give at least one origin with rows at later cutoffs.",
        )
    for one in aged:
        sizes = {array.size for array in (one.n_weeks, one.label, one.customer, one.raw, one.fresh)}
        if len(sizes) > 1:
            raise ModelError(
                f"The model of {one.origin:%Y-%m-%d} comes with arrays of {sorted(sizes)} rows.",
                why="Old and fresh scores are compared row by row.",
                fix="Give one age, label, customer and score of each model per row.",
            )

"""Which calibration holds up later: each is fitted on earlier periods and judged on the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.core.spec import Spec
from pipelines.models.calibration import Beta, Int8Array, IntArray, Isotonic, Sigmoid, VennAbers
from pipelines.models.calibration_maps import AnyMap
from pipelines.models.classifier import FloatArray

Name = Literal["sigmoid", "beta", "isotonic", "venn_abers"]
SIMPLEST: Name = "sigmoid"
WAYS: Mapping[Name, Sigmoid | Beta | Isotonic | VennAbers] = {
    "sigmoid": Sigmoid(),
    "beta": Beta(),
    "isotonic": Isotonic(),
    "venn_abers": VennAbers(),
}
"""What can be chosen from, the simplest first."""
_N_BINS = 10


@dataclass(frozen=True)
class HeldOut:
    """What one way of calibrating was worth on one period, fitted on earlier ones.

    Parameters
    ----------
    period : int
        Its number.
    n_rows : int
        Its rows.
    log_loss : float
        Mean, in nats.
    brier, ece : float
        Mean squared error, and the expected calibration error over ten bins of equally many rows.
    difference : float
        Log loss minus that of the sigmoid on the same rows; below 0 is better.
    """

    period: int
    n_rows: int
    log_loss: float
    brier: float
    ece: float
    difference: float


@dataclass(frozen=True)
class CalibrationTrial:
    """One way of calibrating on all periods it was judged on.

    Parameters
    ----------
    type : str
        Of its spec.
    by_period : tuple of HeldOut
        Oldest first; empty where nothing later could judge.
    difference : float
        Mean log loss over all judged rows minus that of the sigmoid; NaN if none was judged.
    standard_error : float
        Of this paired difference, as if rows were independent; 0 for the sigmoid itself, NaN if none was judged.
    is_chosen : bool
        Whether it is the one.
    reason : str
        Why it is, or is not.
    """

    type: Name
    by_period: tuple[HeldOut, ...]
    difference: float
    standard_error: float
    is_chosen: bool
    reason: str

    def mean(self, of: Literal["log_loss", "brier", "ece"]) -> float:
        """The mean over judged rows (of the ECE: the mean of the periods, by rows); NaN if none was judged."""
        if not self.by_period:
            return float("nan")
        values, n_rows = [getattr(one, of) for one in self.by_period], [one.n_rows for one in self.by_period]
        return float(np.average(values, weights=n_rows))


class Chosen(Spec):
    """The way of calibrating that holds up on later periods; the sigmoid unless another is clearly better.

    Each candidate is fitted on the periods before one and judged on it, for every period with a past; the winner is
    fitted anew on all. Judged is the mean log loss. It is proper, so that only true probabilities make it smallest,
    and it feels errors of small probabilities, on which the decisions are made. The ECE is not proper: the prevalence
    for everybody has none. The Brier score is, but to it 0.02 and 0.001 are all but the same.

    A flexible map must beat the sigmoid in every judged period, and over all by ``margin`` standard errors of the
    paired difference. The rows of a customer repeat over the few cutoffs of a period and are alike, so that the true
    standard error is larger than that of independent rows, by a factor of 2 if four of them are the same: hence 2.

    Parameters
    ----------
    among : tuple of str
        The candidates; the sigmoid must be one of them.
    margin : float
        How many standard errors (of rows) better a flexible map must be.
    purge : int
        Periods left out between those that a map is fitted on and the one that judges it. Where a period is as long
        as the label's horizon, 1 keeps their label windows apart; with 0 those of neighbours overlap.

    References
    ----------
    Gneiting & Raftery (2007), *Strictly proper scoring rules, prediction, and estimation*; Breiman et al. (1984),
    *Classification and Regression Trees*, section 3.4.3, for preferring the simplest within standard errors.
    """

    type: Literal["chosen"] = "chosen"
    among: tuple[Name, ...] = ("sigmoid", "isotonic", "beta", "venn_abers")
    margin: Annotated[float, Field(ge=0)] = 2.0
    purge: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _can_choose(self) -> Self:
        if SIMPLEST not in self.among or len(set(self.among)) < len(self.among):
            raise ValueError(f"among must name each candidate once, and {SIMPLEST}, which the others must beat")
        return self

    def fit(self, raw: FloatArray, label: Int8Array, period: IntArray | None = None) -> AnyMap:
        """Choose, and fit what was chosen on all rows.

        Parameters
        ----------
        raw : float array of shape (n_rows,)
            Out-of-fold log-odds.
        label : int8 array of shape (n_rows,)
            0 or 1.
        period : integer array of shape (n_rows,), optional
            Number of the fold of each row, ascending in time; without it nothing is later than anything else, and the
            sigmoid is fitted.

        Raises
        ------
        ModelError, NotEnoughDataError
            See `Sigmoid.fit`.
        """
        periods = np.zeros(label.size, dtype=np.int64) if period is None else period
        return self.spec(self.judged(raw, label, periods)).fit(raw, label)

    def spec(self, trials: Sequence[CalibrationTrial]) -> Sigmoid | Beta | Isotonic | VennAbers:
        """The spec that these trials chose: whoever shows the trials need not judge twice."""
        return next(WAYS[trial.type] for trial in trials if trial.is_chosen)

    def judged(self, raw: FloatArray, label: Int8Array, period: IntArray) -> tuple[CalibrationTrial, ...]:
        """Every candidate on later periods, in the order of ``among``; exactly one is chosen.

        A period whose past cannot be calibrated at all (too few rows, or scores that do not rise there) judges nobody.
        """
        predicted = self._predicted(raw, label, period)
        tables = {name: _by_row(predicted, name, label) for name in self.among}
        passed = {name: _reason(table, self.margin) for name, table in tables.items() if name != SIMPLEST}
        winners = [name for name in WAYS if name in passed and passed[name][0]]
        best = min(winners, key=lambda name: float(tables[name].difference.mean()), default=SIMPLEST)
        return tuple(_trial(name, tables[name], name == best, passed, winners) for name in self.among)

    def _predicted(self, raw: FloatArray, label: Int8Array, period: IntArray) -> list[_Judged]:
        found = []
        for number, k in enumerate(known := np.unique(period)):
            past = np.isin(period, known[: max(0, number - self.purge)])
            rows = np.flatnonzero(period == k)
            if past.any() and _can_be_fitted(raw[past], label[past]):
                maps = {name: WAYS[name].fit(raw[past], label[past]) for name in self.among}
                found.append(_Judged(int(k), rows, {name: one.probability(raw[rows]) for name, one in maps.items()}))
        return found


AnyCalibration = Annotated[Sigmoid | Isotonic | Beta | VennAbers | Chosen, Field(discriminator="type")]
"""Every way of calibrating; a new one is one class and one line here."""


@dataclass(frozen=True)
class _Judged:
    """The rows of one period, and what each candidate says of them."""

    period: int
    rows: NDArray[np.intp]
    probability: dict[Name, FloatArray]


@dataclass(frozen=True)
class _Table:
    """One candidate: its figures by period, and its paired difference to the sigmoid by row."""

    by_period: tuple[HeldOut, ...]
    difference: FloatArray

    @property
    def standard_error(self) -> float:
        return float(self.difference.std(ddof=1) / np.sqrt(self.difference.size))


def _by_row(predicted: Sequence[_Judged], name: Name, label: Int8Array) -> _Table:
    parts, differences = [], [np.empty(0)]
    for one in predicted:
        given, labels = one.probability[name], label[one.rows]
        loss = _log_losses(given, labels)
        difference = loss - _log_losses(one.probability[SIMPLEST], labels)
        differences.append(difference)
        means = [float(value.mean()) for value in (loss, np.square(given - labels), difference)]
        parts.append(HeldOut(one.period, labels.size, means[0], means[1], _ece(given, labels), means[2]))
    return _Table(tuple(parts), np.concatenate(differences))


def _reason(table: _Table, margin: float) -> tuple[bool, str]:
    """Whether a flexible map clearly beats the sigmoid, and in words."""
    if not table.by_period:
        return False, "no later period could judge it"
    worse = [one for one in table.by_period if one.difference >= 0]
    if worse:
        return False, f"no better than the sigmoid in {len(worse)} of {len(table.by_period)} periods"
    gain, needed = -float(table.difference.mean()), margin * table.standard_error
    if gain <= needed:
        return False, f"gains {gain:.2g} nats a row on the sigmoid; {needed:.2g} would be clear"
    return True, f"gains {gain:.2g} nats a row on the sigmoid, more than the {needed:.2g} that are clear"


def _trial(
    name: Name, table: _Table, is_chosen: bool, passed: Mapping[Name, tuple[bool, str]], winners: Sequence[Name]
) -> CalibrationTrial:
    n = table.difference.size
    difference, error = (float(table.difference.mean()), table.standard_error) if n else (float("nan"),) * 2
    clearly, reason = passed.get(name, (True, _why_simplest(n, winners)))
    if name != SIMPLEST and clearly and not is_chosen:
        reason = f"{reason}; another gains more"
    return CalibrationTrial(name, table.by_period, difference, error, is_chosen, reason)


def _why_simplest(n_judged: int, winners: Sequence[Name]) -> str:
    if not n_judged:
        return "no later period could judge the others, so the simplest is taken"
    return "others are clearly better" if winners else "the simplest, and no other is clearly better"


def _can_be_fitted(raw: FloatArray, label: Int8Array) -> bool:
    try:
        Sigmoid().fit(raw, label)
    except (ModelError, NotEnoughDataError):
        return False
    return True


def _log_losses(probability: FloatArray, label: Int8Array) -> FloatArray:
    """Of every row, in nats; clipped as `pipelines.evaluation.metrics.log_loss` does, which lies beside this layer."""
    epsilon = np.finfo(np.float64).eps
    losses: FloatArray = -np.log(np.clip(np.where(label == 1, probability, 1 - probability), epsilon, 1 - epsilon))
    return losses


def _ece(probability: FloatArray, label: Int8Array) -> float:
    """As `pipelines.evaluation.metrics.ece`."""
    edges = np.quantile(probability, np.linspace(0, 1, _N_BINS + 1)[1:-1])
    place = np.searchsorted(edges, probability, side="right")
    gaps = np.bincount(place, weights=probability - label, minlength=_N_BINS)
    return float(np.abs(gaps).sum() / label.size)

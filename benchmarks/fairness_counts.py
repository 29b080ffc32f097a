"""Samples of customers drawn from a population whose rates are known, checked, and held against the truth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from fairness_rows import Population
from numpy.typing import NDArray

from pipelines.core.intervals import Interval, cluster_weights
from pipelines.fairness.check import Check, shared_level
from pipelines.fairness.findings import COMPARED, FINDINGS, RATIOS, ColumnFairness, FairnessSpec, Outcome
from pipelines.fairness.groups import Decided, fairness
from pipelines.fairness.rates import Columns, measured, sums
from pipelines.fairness.splits import splits

NULL = "null"
"""A column drawn anew for each sample, so that nothing depends on it: five groups of unequal size."""
NULL_SHARES = (0.08, 0.12, 0.2, 0.25, 0.35)
TOLERANCE = 1e-12
N_NAIVE = 200

Truth = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By column, measure and group."""


@dataclass(frozen=True)
class Sample:
    """Rows of customers who were drawn with replacement: their rates are those of the population, in expectation."""

    cases: Columns
    sensitive: pd.DataFrame

    @property
    def decided(self) -> Decided:
        """As `fairness` takes it."""
        one = self.cases
        return Decided(one.label, one.customer, one.decision, one.probability, one.profit)


def sampled(whole: Population, n_customers: int, rng: np.random.Generator) -> Sample:
    """All rows of ``n_customers`` customers; one who is drawn twice is two customers."""
    first = whole.first
    drawn = rng.integers(0, first.size - 1, n_customers)
    length = first[drawn + 1] - first[drawn]
    customer = np.repeat(np.arange(n_customers), length)
    rows = np.arange(length.sum()) + np.repeat(first[drawn] - np.concatenate([[0], np.cumsum(length)[:-1]]), length)
    one = whole.cases
    cases = Columns(one.label[rows], one.decision[rows], customer, one.probability[rows], one.profit[rows])
    names = np.array([f"{NULL} {place}" for place in range(len(NULL_SHARES))], dtype=object)
    null = rng.choice(names, n_customers, p=NULL_SHARES)[customer]
    return Sample(cases, pd.DataFrame({name: group[rows] for name, group in whole.groups.items()} | {NULL: null}))


def truth_of(whole: Population) -> Truth:
    """Every measure of every group in the population; the null column has the same for all."""
    found = {name: _points(whole.cases, group) for name, group in whole.groups.items()}
    everyone = _points(whole.cases, np.zeros(whole.cases.label.size, dtype=object))
    groups = [f"{NULL} {place}" for place in range(len(NULL_SHARES))]
    return found | {NULL: {rate: dict.fromkeys(groups, next(iter(of.values()))) for rate, of in everyone.items()}}


def true_findings(truth: Truth, column: str, groups: Sequence[str]) -> dict[str, float]:
    """What each finding would be if the groups' rates were known."""
    spread = {rate: [truth[column][rate][group] for group in groups] for rate in COMPARED}
    difference = {rate: max(values) - min(values) for rate, values in spread.items()}
    odds = ("true_positive_rate", "false_positive_rate")
    low = {rate: min(spread[rate]) / max(spread[rate]) for rate in ("selection_rate", *odds)}
    values = (
        difference["selection_rate"],
        low["selection_rate"],
        max(difference[rate] for rate in odds),
        min(low[rate] for rate in odds),
        difference["calibration_gap"],
    )
    return dict(zip(FINDINGS, values, strict=True))


def checked(sample: Sample, spec: FairnessSpec, rng: np.random.Generator, n_resamples: int) -> list[ColumnFairness]:
    """What `fairness` finds, without the seconds that Fairlearn takes for the same points."""
    asked = splits(sample.sensitive, sample.cases.customer, spec)
    check = Check(spec, shared_level(asked, spec), rng, n_resamples)
    return [check.column(sample.cases, split, None) for split in asked]


def require_same(sample: Sample, spec: FairnessSpec, seed: int) -> None:
    """Stop if `checked` and `fairness` differ."""
    ours = checked(sample, spec, np.random.default_rng(seed), 50)
    real = fairness(sample.decided, sample.sensitive, spec, np.random.default_rng(seed), 50).columns
    for one, other in zip(ours, real, strict=True):
        for mine, theirs in zip(one.findings, other.findings, strict=True):
            ends = [getattr(value, end) for value in (mine.value, theirs.value) for end in ("estimate", "low", "high")]
            if mine.outcome != theirs.outcome or not np.allclose(ends[:3], ends[3:], atol=1e-9, equal_nan=True):
                raise ValueError(f"{one.column}, {mine.measure}: {mine} is not {theirs}")


def counted(found: Sequence[ColumnFairness], truth: Truth) -> dict[str, float]:
    """Of one check, by name: whether intervals held the truth, and what was found."""
    told: dict[str, float] = {}
    held, above = [], []
    for column in found:
        known = [group for group in column.groups if group.large_enough]
        told |= _of_groups(column, truth)
        true = true_findings(truth, column.column, [group.name for group in known])
        for finding in column.findings:
            if finding.value is None:
                continue
            value, measure = true[finding.measure], f"{column.column}.{finding.measure}"
            held.append(holds(finding.value, value))
            above.append(_worse(finding.value, value, is_ratio=finding.measure in RATIOS))
            told[f"holds.{measure}"] = held[-1]
            told[f"width.{measure}"] = finding.value.high - finding.value.low
            told |= {f"{outcome.value}.{measure}": finding.outcome == outcome for outcome in Outcome}
            beyond = value < finding.limit if finding.measure in RATIOS else value > finding.limit
            told.setdefault("false_alarm", 0.0)
            told["false_alarm"] = max(told["false_alarm"], float(finding.outcome == Outcome.OUTSIDE and not beyond))
            told["false_comfort"] = max(
                told.get("false_comfort", 0.0), float(finding.outcome == Outcome.WITHIN and beyond)
            )
    return told | {"holds.all_findings": all(held), "worse_than_true": any(above)}


def naive(sample: Sample, rng: np.random.Generator) -> dict[str, float]:
    """The peer: a percentile bootstrap of the largest minus the smallest selection rate, where the truth is 0."""
    _, group = np.unique(sample.sensitive[NULL].to_numpy(str), return_inverse=True)
    n_groups = len(NULL_SHARES)
    cell = sample.cases.customer * n_groups + group
    n_cells = (int(sample.cases.customer.max()) + 1) * n_groups
    counts = [np.bincount(cell, part, minlength=n_cells) for part in (sample.cases.decision, np.ones(cell.size))]
    selected, rows = (one.reshape(-1, n_groups) for one in counts)
    drawn = [(w @ selected) / (w @ rows) for w in cluster_weights(np.arange(len(rows)), N_NAIVE, rng)]
    widest = np.ptp(np.concatenate(drawn), axis=1)
    low, _ = np.quantile(widest, [0.025, 0.975])
    return {"naive.holds_0": float(low <= 0)}


def _of_groups(column: ColumnFairness, truth: Truth) -> dict[str, float]:
    told: dict[str, float] = {}
    for rate in column.groups[0].rates if column.groups else ():
        each = [
            holds(group.rates[rate], truth[column.column][rate][group.name])
            for group in column.groups
            if group.large_enough and math.isfinite(group.rates[rate].low)
        ]
        if each:
            told[f"group.{rate}.{column.column}"] = float(np.mean(each))
            told[f"groups.{rate}.{column.column}"] = float(all(each))
    return told


def holds(found: Interval, value: float) -> bool:
    """Whether the truth lies in the interval."""
    return bool(found.low - TOLERANCE <= value <= found.high + TOLERANCE)


def _worse(found: Interval, value: float, *, is_ratio: bool) -> bool:
    """Whether the whole interval is worse than the truth: with the limit at the truth, a false alarm."""
    return found.high < value - TOLERANCE if is_ratio else found.low > value + TOLERANCE


def _points(cases: Columns, group: NDArray[np.object_]) -> dict[str, dict[str, float]]:
    names, code = np.unique(group.astype(str), return_inverse=True)
    held = sums(cases, code.astype(np.int64), names.size)
    found = measured(held, np.full(names.size, True), 1.0, 0.5, np.random.default_rng(1), 2)
    return {
        rate: {str(name): one.estimate for name, one in zip(names, each, strict=True)} for rate, each in found.items()
    }

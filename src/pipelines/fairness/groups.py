"""Fairness of decisions between groups of customers. The only module that imports Fairlearn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from fairlearn.metrics import (
    MetricFrame,
    count,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from numpy.typing import ArrayLike

from pipelines.core.intervals import Interval, simultaneous_difference
from pipelines.core.report import Artifact, Report
from pipelines.fairness.figures import group_figure, summary
from pipelines.fairness.findings import RATES, UNKNOWN, ColumnFairness, FairnessSpec, Finding, Group, Outcome, judge
from pipelines.fairness.rates import Cases, IntArray, customer_counts, group_intervals, resampled

__all__ = ["FairnessResult", "FairnessSpec", "fairness", "point_rates"]

PARITY, ODDS = "demographic_parity_difference", "equalized_odds_difference"


@dataclass(frozen=True)
class FairnessResult:
    """What was found, one entry per sensitive column."""

    columns: tuple[ColumnFairness, ...]
    spec: FairnessSpec

    def report(self) -> Report:
        """Differences as metrics; groups as tables, figures and a summary in plain words."""
        artifacts: dict[str, Artifact] = {"fairness/summary.md": summary(self.columns, self.spec)}
        for found in self.columns:
            artifacts[f"fairness/{found.column}.json"] = {
                "groups": [group.as_dict() for group in found.groups],
                "findings": {finding.measure: finding.as_dict() for finding in found.findings},
                "spec": self.spec.model_dump(),
            }
            artifacts[f"fairness/{found.column}.png"] = group_figure(found, self.spec)
        return Report(_metrics(self.columns), artifacts)


def fairness(  # noqa: PLR0913, PLR0917  # one array per thing that is known of a case
    label: ArrayLike,
    customer: ArrayLike,
    decision: ArrayLike,
    probability: ArrayLike,
    sensitive: pd.DataFrame,
    spec: FairnessSpec,
    rng: np.random.Generator,
    n_resamples: int = 1_000,
) -> FairnessResult:
    """Compare the groups of every sensitive column.

    Parameters
    ----------
    label, decision : array-like of shape (n_rows,)
        Outcome and decision, 0 or 1.
    customer : array-like of shape (n_rows,)
        Whose row it is; resampling draws customers.
    probability : array-like of shape (n_rows,)
        The calibrated score.
    sensitive : DataFrame of shape (n_rows, n_columns)
        Bands or categories; a null is the group ``unknown``.
    spec : FairnessSpec
        What is allowed, and the minimum group size.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        Resamples of customers.

    Returns
    -------
    FairnessResult
        Whatever the groups are like: what cannot be compared is an outcome of its own.

    References
    ----------
    Hardt, Price & Srebro (2016), *Equality of opportunity in supervised learning* (equalized odds);
    https://fairlearn.org/main/user_guide/assessment (the measures).
    """
    cases = Cases(
        np.asarray(label).astype(np.int64),
        np.asarray(decision).astype(np.int64),
        np.unique(np.asarray(customer), return_inverse=True)[1].astype(np.int64),
        np.asarray(probability, dtype=np.float64),
    )
    found = [_column(cases, sensitive[name], spec, rng, n_resamples) for name in sensitive.columns]
    return FairnessResult(tuple(found), spec)


def point_rates(cases: Cases, names: Sequence[str]) -> pd.DataFrame:
    """Fairlearn's table of rates by group.

    Parameters
    ----------
    cases : Cases
        At least one.
    names : sequence of str of length n_rows
        The group of each.

    Returns
    -------
    DataFrame of shape (n_groups, 6)
        ``n_rows`` and `RATES`, by group; NaN where a group has no positives or no negatives (Fairlearn says 0).
    """
    metrics = {
        "n_rows": count,
        "prevalence": lambda y_true, y_pred: float(np.mean(y_true)),
        "selection_rate": selection_rate,
        "true_positive_rate": true_positive_rate,
        "false_positive_rate": false_positive_rate,
        "mean_score": lambda y_true, y_pred, score: float(np.mean(score)),
    }
    frame = MetricFrame(
        metrics=metrics,
        y_true=cases.label,
        y_pred=cases.decision,
        sensitive_features=pd.Series(names, name="group"),
        sample_params={"mean_score": {"score": cases.probability}},
    )
    table: pd.DataFrame = frame.by_group.astype(float)
    return table.assign(
        true_positive_rate=table["true_positive_rate"].where(table["prevalence"] > 0),
        false_positive_rate=table["false_positive_rate"].where(table["prevalence"] < 1),
    )


def _column(
    cases: Cases, values: pd.Series, spec: FairnessSpec, rng: np.random.Generator, n_resamples: int
) -> ColumnFairness:
    names = values.astype(object).where(values.notna(), UNKNOWN).astype(str).to_numpy()
    groups = _groups(cases, names, spec, rng, n_resamples) if names.size else ()
    compared = [group for group in groups if group.large_enough]
    if len(compared) < 2:
        note = _why_not(groups, spec)
        findings = tuple(Finding(measure, None, Outcome.NOT_MEASURED, note) for measure in (PARITY, ODDS))
        return ColumnFairness(str(values.name), groups, findings)
    return ColumnFairness(str(values.name), groups, (_parity(compared, spec), _odds(compared, spec)))


def _groups(
    cases: Cases,
    names: np.ndarray[tuple[int], np.dtype[np.object_]],
    spec: FairnessSpec,
    rng: np.random.Generator,
    n_resamples: int,
) -> tuple[Group, ...]:
    """Every group with its rates, in the order of their names, the unknown last."""
    points = point_rates(cases, list(names))
    order = sorted(points.index, key=lambda name: (name == UNKNOWN, name))
    code: IntArray = pd.Index(order).get_indexer(pd.Index(names)).astype(np.int64)
    counts = customer_counts(cases, code, len(order))
    n_customers = (counts[..., 0] > 0).sum(axis=0)
    large = n_customers >= spec.min_group
    draws = resampled(counts, n_resamples, rng)
    return tuple(
        Group(
            name=str(name),
            n_rows=int(points.loc[name, "n_rows"]),
            n_customers=int(n_customers[place]),
            large_enough=bool(large[place]),
            rates=group_intervals(
                cases.only(code == place),
                {rate: float(points.loc[name, rate]) for rate in RATES},
                {rate: draw[:, place] for rate, draw in draws.items()},
                spec.level,
                int(large.sum()),
            ),
        )
        for place, name in enumerate(order)
    )


def _why_not(groups: Sequence[Group], spec: FairnessSpec) -> str:
    if not groups:
        return "There are no rows."
    if len(groups) == 1:
        return f"Every row has the value '{groups[0].name}'."
    n_large = sum(group.large_enough for group in groups)
    return f"{n_large} of {len(groups)} groups have {spec.min_group} customers or more; a comparison needs two."


def _parity(groups: Sequence[Group], spec: FairnessSpec) -> Finding:
    difference = simultaneous_difference([group.rates["selection_rate"] for group in groups])
    return Finding(PARITY, difference, judge(difference, spec.max_difference))


def _odds(groups: Sequence[Group], spec: FairnessSpec) -> Finding:
    """The larger of the differences in the two error rates, as far as groups have them."""
    parts = {"true_positive_rate": "positives", "false_positive_rate": "negatives"}
    lacking: list[str] = []
    differences: list[Interval] = []
    for rate, rows in parts.items():
        known = [group for group in groups if not math.isnan(group.rates[rate].estimate)]
        lacking += [f"'{group.name}' has no {rows}" for group in groups if group not in known]
        if len(known) >= 2:
            differences.append(simultaneous_difference([group.rates[rate] for group in known]))
    note = f"Left out, since the rate is undefined: {'; '.join(lacking)}." if lacking else ""
    if len(differences) < len(parts):
        return Finding(ODDS, None, Outcome.NOT_MEASURED, note)
    larger = Interval(*(max(getattr(one, end) for one in differences) for end in ("estimate", "low", "high")))
    outcome = judge(larger, spec.max_difference)
    unseen = bool(lacking) and outcome == Outcome.WITHIN
    return Finding(ODDS, larger, Outcome.INCONCLUSIVE if unseen else outcome, note)


def _metrics(columns: Sequence[ColumnFairness]) -> dict[str, float]:
    named: dict[str, float] = {}
    for found in columns:
        for finding in found.findings:
            if finding.difference is not None:
                name = f"fairness.{found.column}.{finding.measure}"
                ends = {"": "estimate", ".ci_low": "low", ".ci_high": "high"}
                named |= {name + end: getattr(finding.difference, field) for end, field in ends.items()}
    return named

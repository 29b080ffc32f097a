"""Fairness of decisions between groups of customers, measured with Fairlearn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from fairlearn.metrics import (
    MetricFrame,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)

from pipelines.core.errors import UsageError
from pipelines.core.intervals import FloatArray
from pipelines.core.report import Artifact, Report
from pipelines.fairness.check import Check, shared_level
from pipelines.fairness.figures import findings_figure, group_figure
from pipelines.fairness.findings import ColumnFairness, FairnessSpec
from pipelines.fairness.rates import Columns, Decided
from pipelines.fairness.splits import Split, splits
from pipelines.fairness.words import as_markdown, headline, slugs, words

__all__ = ["Decided", "FairnessResult", "FairnessSpec", "fairness", "point_rates"]


@dataclass(frozen=True)
class FairnessResult:
    """What was found.

    Parameters
    ----------
    columns : tuple of ColumnFairness
        One per sensitive column, then one per declared intersection.
    spec : FairnessSpec
        What was asked.
    """

    columns: tuple[ColumnFairness, ...]
    spec: FairnessSpec

    def words(self) -> tuple[str, ...]:
        """What was found in plain sentences, the inconclusive included; how it was asked first.

        Names of groups stand as the data has them: escape them for a page.
        """
        return words(self.columns, self.spec)

    def headline(self) -> str:
        """How the findings of each column came out, in a line."""
        return headline(self.columns)

    def report(self) -> Report:
        """Findings as metrics; groups as tables, figures and a summary in plain words."""
        artifacts: dict[str, Artifact] = {"fairness/summary.md": as_markdown(self.columns, self.spec)}
        if self.columns:
            artifacts["fairness/summary.png"] = findings_figure(self.columns)
        named = slugs([found.column for found in self.columns])
        for found, name in zip(self.columns, named, strict=True):
            artifacts[f"fairness/{name}.json"] = found.as_dict() | {"spec": self.spec.model_dump(mode="json")}
            artifacts[f"fairness/{name}.png"] = group_figure(found, self.spec)
        return Report(_metrics(self.columns, named), artifacts)


def fairness(
    decided: Decided,
    sensitive: pd.DataFrame,
    spec: FairnessSpec,
    rng: np.random.Generator,
    n_resamples: int = 1_000,
) -> FairnessResult:
    """Compare the groups of every sensitive column and of every declared intersection.

    All findings hold at once at ``spec.level``: the chance of an error is shared between the columns that can be
    compared and what is compared in each (Bonferroni), and within a column between all pairs of groups (studentised
    range).

    Parameters
    ----------
    decided : Decided
        The cases.
    sensitive : DataFrame of shape (n_rows, n_columns)
        Bands or categories of the same rows in the same order; null or blank is the group ``unknown``.
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

    Raises
    ------
    ConfigError
        If an intersection names a column that is not there.
    UsageError
        If the rows of ``decided`` and ``sensitive`` differ in number.

    References
    ----------
    Hardt, Price & Srebro (2016), *Equality of opportunity in supervised learning* (equalized odds);
    https://fairlearn.org/main/user_guide/assessment (the measures).
    """
    cases = decided.columns()
    if len(sensitive) != cases.label.size:
        raise UsageError(
            f"There are {cases.label.size} cases and {len(sensitive)} rows of sensitive columns.",
            why="Each case would be counted in another customer's group.",
            fix="Pass the sensitive columns of the same rows in the same order.",
        )
    spec.require_known([str(name) for name in sensitive.columns])
    asked = splits(sensitive, cases.customer, spec)
    check = Check(spec, shared_level(asked, spec), rng, n_resamples)
    return FairnessResult(
        tuple(check.column(cases, split, point_rates(cases, split) if split.names else None) for split in asked), spec
    )


def point_rates(cases: Columns, split: Split) -> pd.DataFrame:
    """Fairlearn's table of the measures by group.

    Parameters
    ----------
    cases : Columns
        At least one in a group that is shown.
    split : Split
        The group of each.

    Returns
    -------
    DataFrame of shape (n_groups, 8)
        By group; NaN where undefined, as the true positive rate without positives (Fairlearn says 0).
    """
    rows = _alike(cases, split)
    weights = {"sample_weight": rows["n"]}
    frame = MetricFrame(
        metrics={
            "prevalence": lambda y_true, y_pred, sample_weight: _mean(y_true, sample_weight),
            "selection_rate": selection_rate,
            "true_positive_rate": true_positive_rate,
            "false_positive_rate": false_positive_rate,
            "precision": lambda y_true, y_pred, sample_weight: _mean(y_true, sample_weight * y_pred),
            "mean_score": lambda y_true, y_pred, score, sample_weight: _mean(score, sample_weight),
            "profit_per_row": lambda y_true, y_pred, profit, sample_weight: _mean(profit, sample_weight),
        },
        y_true=rows["label"],
        y_pred=rows["decision"],
        sensitive_features=rows["group"],
        sample_params={
            **dict.fromkeys(("prevalence", "selection_rate", "precision"), weights),
            **dict.fromkeys(("true_positive_rate", "false_positive_rate"), weights),
            "mean_score": {"score": rows["score"], **weights},
            "profit_per_row": {"profit": rows["profit"], "sample_weight": rows["n_profit"]},
        },
    )
    table: pd.DataFrame = frame.by_group.astype(float).sort_index()
    table.index = pd.Index(split.names, name="group")
    return table.assign(
        true_positive_rate=table["true_positive_rate"].where(table["prevalence"] > 0),
        false_positive_rate=table["false_positive_rate"].where(table["prevalence"] < 1),
        calibration_gap=table["mean_score"] - table["prevalence"],
    )


def _alike(cases: Columns, split: Split) -> pd.DataFrame:
    """One row for all cases of equal group, label and decision, with their number: Fairlearn takes 13 s for 400,000."""
    known = np.isfinite(cases.profit)
    every = pd.DataFrame(
        {
            "group": split.code,
            "label": cases.label,
            "decision": cases.decision,
            "n": 1.0,
            "score": cases.probability,
            "profit": np.where(known, cases.profit, 0.0),
            "n_profit": known.astype(np.float64),
        }
    )
    rows = every[split.code >= 0].groupby(["group", "label", "decision"], as_index=False).sum()
    return rows.assign(score=rows["score"] / rows["n"], profit=rows["profit"] / rows["n_profit"].clip(lower=1.0))


def _mean(values: FloatArray, weight: FloatArray) -> float:
    total = float(np.sum(weight))
    return float(np.sum(values * weight)) / total if total else float("nan")


def _metrics(columns: Sequence[ColumnFairness], named: Sequence[str]) -> dict[str, float]:
    metrics: dict[str, float] = {}
    ends = {"": "estimate", ".ci_low": "low", ".ci_high": "high"}
    for found, name in zip(columns, named, strict=True):
        for finding in found.findings:
            if finding.value is not None:
                told = {end: getattr(finding.value, field) for end, field in ends.items()}
                prefix = f"fairness.{name}.{finding.measure}"
                metrics |= {prefix + end: value for end, value in told.items() if np.isfinite(value)}
    return metrics

"""One column of a fairness check: its groups, their intervals, and the findings that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.core.intervals import simultaneous_level
from pipelines.fairness.compare import compared
from pipelines.fairness.findings import COMPARED, FINDINGS, ColumnFairness, FairnessSpec, Finding, Group, Outcome
from pipelines.fairness.pairs import critical_value
from pipelines.fairness.rates import Columns, measured, sums
from pipelines.fairness.splits import Split


def shared_level(asked: Sequence[Split], spec: FairnessSpec) -> float:
    """The level of one measure of one column that makes all findings of a check hold at once (Bonferroni).

    Columns that cannot be compared take no share: that is known from their sizes alone.
    """
    return simultaneous_level(spec.level, len(COMPARED) * max(1, sum(not split.refusal for split in asked)))


@dataclass(frozen=True)
class Check:
    """How columns are checked.

    Parameters
    ----------
    spec : FairnessSpec
        What is allowed.
    level : float in (0, 1)
        `shared_level` of the columns.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        Resamples of customers.
    """

    spec: FairnessSpec
    level: float
    rng: np.random.Generator
    n_resamples: int

    def column(self, cases: Columns, split: Split, points: pd.DataFrame | None) -> ColumnFairness:
        """What is found in a column.

        Parameters
        ----------
        cases : Columns
            All cases.
        split : Split
            Their groups.
        points : DataFrame of shape (n_groups, n_measures), optional
            The measures of each group that is shown; None takes those that the intervals are built around, which are
            the same.
        """
        groups = self._groups(cases, split, points) if split.names else ()
        findings = (
            tuple(self._not_measured(name, split.refusal) for name in FINDINGS)
            if split.refusal
            else compared([group for group in groups if group.large_enough], self.spec)
        )
        n_customers = int(split.n_customers.sum()) + split.n_hidden
        return ColumnFairness(split.column, groups, findings, split.n_values, n_customers, split.n_hidden)

    def _not_measured(self, name: str, why: str) -> Finding:
        return Finding(name, None, self.spec.limit(name), Outcome.NOT_MEASURED, note=why)

    def _groups(self, cases: Columns, split: Split, points: pd.DataFrame | None) -> tuple[Group, ...]:
        critical = critical_value(self.level, int(split.large.sum()))
        held = sums(cases, split.code, len(split.names))
        found = measured(held, split.large, critical, self.spec.level, self.rng, self.n_resamples)
        if points is not None:
            found = {
                rate: [replace(one, estimate=float(point)) for one, point in zip(each, points[rate], strict=True)]
                for rate, each in found.items()
            }
        return tuple(
            Group(
                name=name,
                n_rows=int(split.n_rows[place]),
                n_customers=int(split.n_customers[place]),
                large_enough=bool(split.large[place]),
                rates={rate: each[place] for rate, each in found.items()},
            )
            for place, name in enumerate(split.names)
        )

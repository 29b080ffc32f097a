"""The cost of parity as it is logged: a table, figures, and what it costs whom in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pipelines.core.intervals import Interval
from pipelines.core.report import Artifact, Report
from pipelines.fairness.parity import GroupEffect, Measured
from pipelines.fairness.words import safe

_LAW = (
    "Thresholds by group decide two people with the same score differently because of a protected attribute, which the "
    "law may forbid. They are only ever shipped if the task file says so under mitigation.choose."
)
_N_TOLD = 2


@dataclass(frozen=True)
class Parity:
    """The cost-of-parity curve of one sensitive column.

    Parameters
    ----------
    column : str
        The sensitive column.
    unit : str
        What ways are worth: profit per row, or the share of the positives reached.
    min_group : int
        Customers that a group needs to be compared.
    level : float
        Of the intervals.
    ways : tuple of Measured
        The first is without mitigation; empty where groups could not be compared.
    note : str
        Why there is no curve; empty where there is one.
    """

    column: str
    unit: str
    min_group: int
    level: float
    ways: tuple[Measured, ...]
    note: str = ""

    def report(self) -> Report:
        """Metrics ``mitigation.<column>.<way>.*``, and under ``fairness/mitigation/`` table, figures and words."""
        artifacts: dict[str, Artifact] = {
            "fairness/mitigation/summary.md": self.as_markdown(),
            "fairness/mitigation/curve.json": self.as_dict(),
        }
        if self.ways:
            from pipelines.fairness.parity_figures import curve_figure, who_figure  # figures cost half a second

            artifacts["fairness/mitigation/ways.parquet"] = self.table()
            artifacts["fairness/mitigation/curve.png"] = curve_figure(self)
            artifacts["fairness/mitigation/who.png"] = who_figure(self)
        return Report(self._metrics(), artifacts)

    def words(self) -> tuple[str, ...]:
        """What each way leaves of the differences, what it costs, and whom; names stand as the data has them."""
        if not self.ways:
            return (f"Evening out '{self.column}': not measured. {self.note}",)
        return (f"Evening out '{self.column}'; worth is {self.unit}. {_LAW}", *(self._told(one) for one in self.ways))

    def as_markdown(self) -> str:
        """The same with how it was measured; names from the data cannot become HTML or links."""
        title = f"# What it costs to even out '{self.column}'"
        if not self.ways:
            return safe(title) + f"\n\nNot measured: {safe(self.note)}\n"
        about = (
            f"Worth is {self.unit}. Disparity is the largest difference in selection rate between groups of "
            f"{self.min_group} customers or more. Brackets hold {self.level:.0%} intervals that resample customers; "
            "changes are paired with no mitigation on the same resamples. Thresholds were settled before the test, so "
            "that the number contacted differs a little; the reductions contact as many as no mitigation."
        )
        lines = [title, "", about, "", _LAW, "", *(f"- {self._told(one)}" for one in self.ways)]
        return "\n".join(safe(line) for line in lines) + "\n"

    def table(self) -> pd.DataFrame:
        """One row per way and group, and one per way for all together, whose ``group`` is null."""
        return pd.DataFrame([row for one in self.ways for row in (_total(one), *(_line(one, at) for at in one.groups))])

    def as_dict(self) -> dict[str, object]:
        """As JSON has it: an undefined number is null."""
        rows = [
            {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
            for one in self.ways
            for row in (_total(one), *(_line(one, at) for at in one.groups))
        ]
        about = {"column": self.column, "unit": self.unit, "min_group": self.min_group, "level": self.level}
        return {**about, "note": self.note, "law": _LAW, "ways": rows}

    def _told(self, one: Measured) -> str:
        chosen = " (this is shipped)" if one.way.is_chosen else ""
        left = f"**{one.way.name}**{chosen}: selection rates differ by {one.disparity}, error rates by {one.odds}"
        if one is self.ways[0]:
            return f"{left}; worth {one.worth}; {one.n_contacted:,} rows are contacted."
        changes = f"; worth {_signed(one.worth_change)}, the widest gap {_signed(one.gap_change)}"
        return f"{left}{changes}; {one.n_contacted:,} rows are contacted. {_whom(one)}"

    def _metrics(self) -> dict[str, float]:
        named: dict[str, float] = {}
        for one in self.ways:
            way = one.way.method if one.way.method == "none" else f"{one.way.method}_{one.way.degree:g}"
            figures = {"disparity": one.disparity, "odds": one.odds, "worth": one.worth}
            figures |= {} if one is self.ways[0] else {"worth_change": one.worth_change, "gap_change": one.gap_change}
            found = _ends({f"mitigation.{self.column}.{way}.{name}": value for name, value in figures.items()})
            named |= {name: value for name, value in found.items() if math.isfinite(value)}
        return named


def _whom(one: Measured) -> str:
    """The groups whose contacts change most, each way."""
    by_change = sorted((group for group in one.groups if group.is_compared), key=lambda at: at.more_contacted.estimate)
    told = [at for at in [*reversed(by_change[-_N_TOLD:]), *by_change[:_N_TOLD]] if at.more_contacted.estimate]
    said = [_effect(at) for at in dict.fromkeys(told)]
    return f"Per 1,000 rows: {'; '.join(said)}." if said else "Nobody is decided otherwise."


def _effect(group: GroupEffect) -> str:
    more, reached = group.more_contacted, group.more_reached
    return (
        f"'{group.group}' {more.estimate:+.1f} [{more.low:+.1f}, {more.high:+.1f}] contacted, of them positive "
        f"{reached.estimate:+.1f} [{reached.low:+.1f}, {reached.high:+.1f}]"
    )


def _signed(change: Interval) -> str:
    return f"{change.estimate:+.3f} [{change.low:+.3f}, {change.high:+.3f}]"


def _total(one: Measured) -> dict[str, object]:
    about = {"method": one.way.method, "degree": one.way.degree, "is_chosen": one.way.is_chosen, "group": None}
    counts = {"n_rows": sum(group.n_rows for group in one.groups), "n_contacted": one.n_contacted}
    names = ("disparity", "odds", "gap_change", "worth", "worth_change")
    return {**about, **counts, **_ends({name: getattr(one, name) for name in names})}


def _line(one: Measured, group: GroupEffect) -> dict[str, object]:
    about = {"method": one.way.method, "degree": one.way.degree, "is_chosen": one.way.is_chosen}
    counts = ("group", "n_rows", "n_customers", "n_positive", "is_compared", "n_contacted", "n_reached")
    rates = ("selection_rate", "true_positive_rate", "false_positive_rate", "more_contacted", "more_reached")
    figures = {name: getattr(group, name) for name in rates}
    figures |= {} if group.more_earned is None else {"more_earned": group.more_earned}
    return {**about, **{name: getattr(group, name) for name in counts}, **_ends(figures)}


def _ends(figures: Mapping[str, Interval]) -> dict[str, float]:
    ends = {"": "estimate", ".ci_low": "low", ".ci_high": "high"}
    return {f"{name}{end}": getattr(one, field) for name, one in figures.items() for end, field in ends.items()}

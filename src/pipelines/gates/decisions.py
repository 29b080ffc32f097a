"""Gates of what is done with a model's scores: what decisions earn, and whom they fall on."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipelines.core.errors import ConfigError, nearest
from pipelines.core.intervals import Interval
from pipelines.evaluation.decisions import Worth
from pipelines.fairness.findings import FINDINGS, UNKNOWN, ColumnFairness, Finding, Outcome
from pipelines.gates.evidence import Evidence, Gate, Ruling
from pipelines.gates.values import finite, number, signed

Undecided = Literal["passes", "refuses"]
"""What becomes of a comparison whose interval holds the limit."""
_NAMED = 3
"""So many findings are named where many are not decided; the fairness page has them all."""


class Earns(Gate):
    """Decisions that are worth making: somebody is contacted and not everybody, and the contacted are the right ones.

    The share of positives among the contacted lies clearly above that among all. Where the policy states costs, a row
    earns clearly more than contacting nobody, and not clearly less than contacting everybody or than the champion's
    decisions.

    Parameters
    ----------
    margin : float
        How much less per row than the champion's decisions, or than contacting everybody, still counts as not less;
        in the source's currency.
    inconclusive : {"passes", "refuses"}
        Whether what may be less by more than the margin, and may not be, passes. Profits have wide intervals, and a
        good policy may contact almost everybody with reason: what must be shown is that it earns, not that it is the
        only way to earn.
    """

    type: Literal["earns"] = "earns"
    margin: Annotated[float, Field(ge=0)] = 0.0
    inconclusive: Undecided = "passes"

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse decisions that nobody needs."""
        worth = evidence.worth()
        if not 0 < worth.n_contacted < worth.n_rows:
            whom = "nobody" if worth.n_contacted == 0 else "everybody"
            return self.ruling(passed=False, reason=f"contacts {whom}: {worth.n_contacted:,} of {worth.n_rows:,} rows")
        richer = finite(worth.enrichment, "share of positives among the contacted")
        among = f"{worth.prevalence + richer.estimate:.3f} among {worth.n_contacted:,} contacted of {worth.n_rows:,}"
        said = [f"share of positives {among} against {number(worth.prevalence, 'prevalence'):.3f}: {signed(richer)}"]
        problems = [] if richer.low > 0 else ["does not clearly contact the right ones"]
        problems += self._of_money(worth, said)
        return self.ruling(not problems, f"{', '.join(problems) or 'contacts the right ones'}: {'; '.join(said)}")

    def _of_money(self, worth: Worth, said: list[str]) -> list[str]:
        """What is wrong with the profit; its figures are added to ``said``."""
        if worth.profit is None:
            said.append("the policy states no costs")
            return []
        profit = finite(worth.profit, "profit")
        said.append(f"profit per row {signed(profit)}")
        problems = [] if profit.low > 0 else ["does not clearly earn more than contacting nobody"]
        for whom, found in (("contacting everybody", worth.over_everybody), ("the champion", worth.over_champion)):
            if found is not None:
                said.append(f"beyond {whom} {signed(finite(found, f'profit beyond {whom}'))}")
                problems += [f"earns less than {whom}"] * self._is_less(found)
        return problems

    def _is_less(self, found: Interval) -> bool:
        return found.high < -self.margin or (self.inconclusive == "refuses" and found.low < -self.margin)


class Fair(Gate):
    """No finding of a sensitive column lies outside what the task allows, measured now on the decisions.

    A finding that is inconclusive, or that could not be measured, passes or refuses by declaration: in a small shop
    most are, and a gate that refuses them would never let a model pass. A task without sensitive columns has nothing to
    compare, which is inconclusive too.

    Parameters
    ----------
    inconclusive : {"passes", "refuses"}
        What becomes of findings that the data cannot decide, and of a task in which nothing can be compared.
    ignore : tuple of str
        Findings that are looked at, but do not decide: ``demographic_parity_ratio``, or of one column
        ``age.demographic_parity_ratio``. What is wrong to gate on depends on the shop: base rates that differ make it
        impossible to hold them all.
    unknown : {"compared", "left_out"}
        Whether those whose value is not known are a group like any other. Who gave no age is often who hardly comes,
        and then differs from all others in whatever is told of customers.

    References
    ----------
    Kleinberg, Mullainathan & Raghavan (2017), *Inherent trade-offs in the fair determination of risk scores*.
    """

    type: Literal["fair"] = "fair"
    inconclusive: Undecided = "passes"
    ignore: tuple[str, ...] = ()
    unknown: Literal["compared", "left_out"] = "compared"

    @field_validator("ignore")
    @classmethod
    def _are_findings(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            measure = name.rpartition(".")[2]
            if measure not in FINDINGS:
                raise ValueError(f"'{measure}' is no finding: {', '.join(FINDINGS)}.{nearest(measure, FINDINGS)}")
        return value

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse what is outside, and by declaration what is not decided."""
        columns = evidence.fairness()
        _require_known(self.ignore, [column.column for column in columns])
        findings = {
            f"{column.column}.{one.measure}": self._read(one, column) for column in columns for one in column.findings
        }
        asked = {name: _require_number(one) for name, one in findings.items() if not self._is_ignored(name)}
        outside = [_told(name, one) for name, one in asked.items() if one.outcome == Outcome.OUTSIDE]
        open_ones = [name for name, one in asked.items() if one.outcome in {Outcome.INCONCLUSIVE, Outcome.NOT_MEASURED}]
        undecided = bool(open_ones) or not asked
        passed = not outside and not (undecided and self.inconclusive == "refuses")
        return self.ruling(passed, "; ".join([*outside, *self._rest(columns, asked, open_ones, len(findings))]))

    def _read(self, finding: Finding, column: ColumnFairness) -> Finding:
        """The finding as it is gated on: with the unknown, or without them."""
        has_unknown = any(group.name == UNKNOWN and group.large_enough for group in column.groups)
        if self.unknown == "compared" or not has_unknown or finding.outcome == Outcome.NOT_MEASURED:
            return finding
        return finding.known or replace(finding, value=None, outcome=Outcome.NOT_MEASURED)

    def _rest(
        self, columns: tuple[ColumnFairness, ...], asked: dict[str, Finding], open_ones: list[str], n_all: int
    ) -> list[str]:
        if not columns:
            return ["the task names no sensitive column: nothing was compared"]
        counts = {outcome: sum(one.outcome == outcome for one in asked.values()) for outcome in Outcome}
        told = ", ".join(f"{n} {outcome.value.replace('_', ' ')}" for outcome, n in counts.items() if n)
        named = ", ".join(column.column for column in columns)
        known = " without the unknown" if self.unknown == "left_out" else ""
        said = [f"{len(asked)} findings of {named}{known}: {told or 'none asked'}"]
        if open_ones:
            more = f" and {len(open_ones) - _NAMED} more" if len(open_ones) > _NAMED else ""
            said.append(f"not decided ({self.inconclusive}): {', '.join(open_ones[:_NAMED])}{more}")
        return said + ([f"{n_all - len(asked)} are not gated on"] if n_all > len(asked) else [])

    def _is_ignored(self, name: str) -> bool:
        return name in self.ignore or name.rpartition(".")[2] in self.ignore


def _require_known(ignored: tuple[str, ...], columns: list[str]) -> None:
    """A column that is misspelt would be gated on, and nobody would see why."""
    for column in (name.rpartition(".")[0] for name in ignored):
        if column and column not in columns:
            raise ConfigError(
                f"'ignore' of the gate 'fair' names the column '{column}'.{nearest(column, columns)}",
                why=f"Measured are {', '.join(columns) or 'none'}.",
                fix="Name a sensitive column of the task, or an intersection as age_x_income.",
            )


def _require_number(finding: Finding) -> Finding:
    """What is measured and is no number cannot pass for undecided."""
    value = finding.value
    if value is not None and any(math.isnan(one) for one in (value.estimate, value.low, value.high)):
        finite(value, finding.measure)
    return finding


def _told(name: str, finding: Finding) -> str:
    between = f" between {' and '.join(finding.between)}" if finding.between else ""
    value = "" if finding.value is None else f" {finding.value}"
    return f"outside: {name}{value}, limit {finding.limit:g}{between}"

"""Gates of how well a model tells, beside simple models and the champion."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipelines.core.intervals import Interval
from pipelines.evaluation.power import CHANCE, times_the_data
from pipelines.gates.evidence import Evidence, Gate, MetricName, OverChampion, Ruling
from pipelines.gates.values import finite, gain, known, number, signed


class BeatsBaselines(Gate):
    """Better than every baseline: the whole paired interval lies above zero."""

    type: Literal["beats_baselines"] = "beats_baselines"
    metric: MetricName = "roc_auc"

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse if any baseline is not clearly beaten."""
        gains = {name: gain(metrics, self.metric) for name, metrics in evidence.over_baselines().items()}
        if not gains:
            return self.ruling(passed=False, reason="there is no baseline to compare with")
        lost = [name for name, found in gains.items() if not found.low > 0]
        said = ", ".join(f"{name} {signed(found)}" for name, found in gains.items())
        verb = f"does not clearly beat {', '.join(lost)}" if lost else "beats every baseline"
        return self.ruling(not lost, f"{verb} in {self.metric}: {said}")


class BeatsChampion(Gate):
    """Does not lose to the champion on the same rows: the paired interval lies above ``-margin``.

    There are three outcomes that can pass or not, and a fourth: better (the interval lies above 0), not worse within
    the margin, inconclusive (it holds ``-margin``), and worse. What is inconclusive refuses, and says how much more
    data would decide it.

    Parameters
    ----------
    metric : str
        What is compared.
    margin : float
        How much worse still counts as not worse, in the metric's unit.
    require : {"not_worse", "better"}
        Whether being not worse is enough.
    """

    type: Literal["beats_champion"] = "beats_champion"
    metric: MetricName = "roc_auc"
    margin: Annotated[float, Field(ge=0)] = 0.005
    require: Literal["not_worse", "better"] = "not_worse"

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse unless it is shown to be no worse than the margin, or better; pass if there is no champion."""
        compared = evidence.over_champion()
        if compared is None:
            return self.ruling(passed=True, reason="there is no champion yet")
        found = gain(compared.differences, self.metric)
        line = 0.0 if self.require == "better" else -self.margin
        passed = found.low > line
        figures = f"{signed(found)}, margin {self.margin:g}; {_rows(compared)}"
        if passed or found.high < line:
            return self.ruling(passed, f"{self._said(found)}: {figures}")
        more = _more(found, line, self._beyond(found, line), compared)
        return self.ruling(passed=False, reason=f"inconclusive: it {self._said(found)}: {figures}; {more}")

    def _said(self, found: Interval) -> str:
        whom = f"the champion in {self.metric}"
        if found.low > 0:
            return f"is better than {whom}"
        if found.low > -self.margin:
            return f"is not worse than {whom} within the margin"
        if found.high < -self.margin:
            return f"is worse than {whom} by more than the margin"
        return f"is worse than {whom}" if found.high < 0 else f"may be worse than {whom} by more than the margin"

    def _beyond(self, found: Interval, line: float) -> str:
        if self.require == "better":
            return "better" if found.estimate > line else "worse"
        return "not worse" if found.estimate > line else "worse by more than the margin"


class Calibrated(Gate):
    """Probabilities that can be counted on: the calibration error is at most ``max_ece``.

    Judged on the upper end of the interval; the lower end says nothing, since the error of a perfect model is
    overestimated too.
    """

    type: Literal["calibrated"] = "calibrated"
    max_ece: Annotated[float, Field(gt=0, lt=1)] = 0.03

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse if the error may be larger."""
        ece = known(evidence.challenger(), "ece")
        passed = ece.high <= self.max_ece
        return self.ruling(passed, f"calibration error {ece}, limit {self.max_ece:g}")


class StableOverTime(Gate):
    """As good in every week of the test as in the others: no week is clearly more than ``max_drop`` below them.

    Rows without times refuse: nothing says when the model was good. Leave the gate out of such a task.
    """

    type: Literal["stable_over_time"] = "stable_over_time"
    metric: MetricName = "roc_auc"
    max_drop: Annotated[float, Field(gt=0)] = 0.05

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse if the whole interval of a week's drop lies above the limit."""
        weeks = evidence.over_time(self.metric)
        drops = {week.name: finite(week.drop, f"drop in the week of {week.name}") for week in weeks if week.drop}
        if len(drops) < 2:
            return self.ruling(passed=False, reason=f"{len(drops)} weeks of the test can be compared, it takes two")
        low = [name for name, drop in drops.items() if drop.low > self.max_drop]
        values = {week.name: number(week.value, self.metric) for week in weeks if week.drop}
        said = ", ".join(f"{name} {value:.3f}" for name, value in values.items())
        worst = max(drops, key=lambda name: drops[name].estimate)
        verb = f"falls off in the week of {', '.join(low)}" if low else "no week is clearly below the others"
        most = f"at most {signed(drops[worst])} below them (week of {worst})"
        unseen = [week.name for week in weeks if week.drop is None]
        left_out = f"; too few rows to look at: {', '.join(unseen)}" if unseen else ""
        return self.ruling(not low, f"{verb} in {self.metric}: {said}; {most}, limit {self.max_drop:g}{left_out}")


def _rows(compared: OverChampion) -> str:
    left_out = f", without {compared.n_left_out:,} that the champion may have learned from"
    said = f"{compared.n_rows:,} rows of {compared.n_customers:,} customers"
    return said + (left_out if compared.n_left_out else "")


def _more(found: Interval, line: float, beyond: str, compared: OverChampion) -> str:
    """How much more data would decide."""
    times = times_the_data(found, line)
    if times is None:
        return "the difference lies so near the line that no number of rows would decide it"
    n_rows, n_customers = (_about((times - 1) * n) for n in (compared.n_rows, compared.n_customers))
    return (
        f"about {n_rows:,} more labelled rows, of {n_customers:,} more customers, would show with a chance of "
        f"{CHANCE:.0%} that it is {beyond}, if the difference is what it seems"
    )


def _about(n: float) -> int:
    """In two digits: more than that nobody knows of it."""
    return max(1, int(float(f"{n:.1e}")))

"""The gates. A new one is one class and one line in `AnyGate`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from pipelines.core.errors import ModelError
from pipelines.core.intervals import Interval
from pipelines.evaluation.metrics import METRICS
from pipelines.gates.evidence import Evidence, Gate, Metrics, Ruling, fail_closed

RankingMetric = Literal["roc_auc", "pr_auc", "brier", "ece", "lift_at_10pct"]


class BeatsBaselines(Gate):
    """Better than every baseline: the whole paired interval lies above zero."""

    type: Literal["beats_baselines"] = "beats_baselines"
    metric: RankingMetric = "roc_auc"

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse if any baseline is not clearly beaten."""
        gains = {name: _gain(metrics, self.metric) for name, metrics in evidence.over_baselines().items()}
        if not gains:
            return self.ruling(passed=False, reason="there is no baseline to compare with")
        lost = [name for name, gain in gains.items() if not gain.low > 0]
        said = ", ".join(f"{name} {_signed(gain)}" for name, gain in gains.items())
        verb = f"does not clearly beat {', '.join(lost)}" if lost else "beats every baseline"
        return self.ruling(not lost, f"{verb} in {self.metric}: {said}")


class BeatsChampion(Gate):
    """Does not lose to the champion on the same rows: the paired interval lies above ``-margin``."""

    type: Literal["beats_champion"] = "beats_champion"
    metric: RankingMetric = "roc_auc"
    margin: Annotated[float, Field(ge=0)] = 0.005

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse unless it is shown to be no worse than the margin; pass if there is no champion."""
        differences = evidence.over_champion()
        if differences is None:
            return self.ruling(passed=True, reason="there is no champion yet")
        gain = _gain(differences, self.metric)
        passed = gain.low > -self.margin
        said = "does not lose to" if passed else "loses to" if gain.high < -self.margin else "may lose to"
        return self.ruling(passed, f"{said} the champion in {self.metric}: {_signed(gain)}, margin {self.margin:g}")


class Calibrated(Gate):
    """Probabilities that can be counted on: the calibration error is at most ``max_ece``.

    Judged on the upper end of the interval; the lower end says nothing, since the error of a perfect model is
    overestimated too.
    """

    type: Literal["calibrated"] = "calibrated"
    max_ece: Annotated[float, Field(gt=0, lt=1)] = 0.03

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse if the error may be larger."""
        ece = _known(evidence.challenger(), "ece")
        passed = ece.high <= self.max_ece
        return self.ruling(passed, f"calibration error {ece}, limit {self.max_ece:g}")


class HasSignature(Gate):
    """The logged model says what it takes, and that is what the task's features are."""

    type: Literal["has_signature"] = "has_signature"

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse if the signature or the input example is missing, or names other columns."""
        names = evidence.signature()
        if names is None:
            return self.ruling(passed=False, reason="the model was logged without a signature")
        if names != evidence.feature_names():
            other = sorted(set(names) ^ set(evidence.feature_names())) or ["the order of the columns"]
            return self.ruling(
                passed=False, reason=f"the signature differs from the task's features in {', '.join(other)}"
            )
        if not evidence.has_example():
            return self.ruling(passed=False, reason="the model was logged without an input example")
        return self.ruling(passed=True, reason=f"signature with {len(names)} columns and an input example")


class AsksTheSame(Gate):
    """The challenger answers the task's question: same source, population, outcome, features and test.

    Judged at every promotion, declared or not: otherwise an override at training would choose its own examination.
    """

    type: Literal["asks_the_same"] = "asks_the_same"

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse a model that was trained for something else."""
        if evidence.asks_the_same():
            return self.ruling(passed=True, reason="trained for the task as it stands")
        said = "trained with another source, population, outcome, features or timeline than the task file has now"
        return self.ruling(passed=False, reason=f"{said}; train again without that override, or change the file")


AnyGate = Annotated[BeatsBaselines | BeatsChampion | Calibrated | HasSignature, Field(discriminator="type")]


def judge_all(gates: Sequence[AnyGate], evidence: Evidence) -> tuple[Ruling, ...]:
    """Every gate's ruling; one that errors refuses.

    Parameters
    ----------
    gates : sequence of Gate
        From the task; none at all refuses too, since an empty list would promote anything.
    evidence : Evidence
        What they look at.
    """
    if not gates:
        return (Ruling("gates", passed=False, reason="the task declares no gates"),)
    return tuple(fail_closed(gate.judge, gate.ruling, evidence) for gate in (AsksTheSame(), *gates))


def _known(metrics: Metrics, name: str) -> Interval:
    found = metrics.get(name)
    if found is None or not all(math.isfinite(value) for value in (found.estimate, found.low, found.high)):
        raise ModelError(f"The metric {name} is missing.", why="What is not known cannot pass.", fix="Train again.")
    return found


def _gain(differences: Metrics, name: str) -> Interval:
    """The difference so that larger is better."""
    found = _known(differences, name)
    if {metric.name: metric.greater_is_better for metric in METRICS}[name]:
        return found
    return Interval(-found.estimate, -found.high, -found.low)


def _signed(gain: Interval) -> str:
    return f"{gain.estimate:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"

"""Gates of what is shipped: what a model takes, what it does with odd rows, how fast it is, and how it explains."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipelines.core.errors import ModelError
from pipelines.core.protocols import Answer, Probe
from pipelines.gates.evidence import TYPICAL, Evidence, Gate, Ruling
from pipelines.gates.values import number

TOLERANCE = 1e-6


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


class SurvivesEdges(Gate):
    """Loads in a clean process, and answers rows at the edges: every row, with a probability.

    Asked about one row, none at all, rows of nulls only, texts that nobody has seen, and numbers beyond all bounds,
    beside typical rows.
    """

    type: Literal["survives_edges"] = "survives_edges"

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse if an answer is an error, has other than as many rows, or is no probability."""
        answers = _loaded(evidence.probe()).answers
        if len(answers) < 2:  # typical rows and one edge at least
            return self.ruling(passed=False, reason=f"asked about {', '.join(answers) or 'nothing'} only")
        wrong = {name: said for name, answer in answers.items() if (said := _wrong(answer))}
        if wrong:
            return self.ruling(passed=False, reason="; ".join(f"{name}: {said}" for name, said in wrong.items()))
        told = ", ".join(f"{name} ({answer.n_asked:,})" for name, answer in answers.items())
        return self.ruling(passed=True, reason=f"loads in a clean process and answers {told}")


class FastEnough(Gate):
    """Scores with reasons at ``min_rows_per_second`` or more, and is at most ``max_size_mb`` large.

    Measured in a clean process, on whatever machine promotes.
    """

    type: Literal["fast_enough"] = "fast_enough"
    min_rows_per_second: Annotated[float, Field(gt=0)] = 1_000.0
    max_size_mb: Annotated[float, Field(gt=0)] = 100.0

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse what is too slow or too large."""
        probe = _loaded(evidence.probe())
        typical = probe.answers.get(TYPICAL)
        if typical is None or typical.error or not typical.n_answered:
            said = "it was not asked" if typical is None else _wrong(typical) or "it was asked about no rows"
            return self.ruling(passed=False, reason=f"nobody knows how fast it is: {said}")
        speed = typical.n_answered / max(number(typical.seconds, "time"), 1e-9)
        size = number(probe.size_mb, "size")
        problems = ["too slow"] * (not speed >= self.min_rows_per_second)
        problems += ["too large"] * (not size <= self.max_size_mb)
        rate = f"{speed:,.0f} rows a second with reasons, of {typical.n_answered:,}"
        told = f"{rate} (at least {self.min_rows_per_second:,.0f}); {size:.1f} MB (at most {self.max_size_mb:g})"
        return self.ruling(not problems, f"{' and '.join(problems) or 'fast and small enough'}: {told}")


class Additive(Gate):
    """Explanations that are explanations: SHAP values and the base value sum to the raw score of every row.

    References
    ----------
    Lundberg & Lee (2017), *A unified approach to interpreting model predictions*, property 1 (local accuracy).
    """

    type: Literal["additive"] = "additive"

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse if a row's sum is off by more than 1e-6."""
        found = evidence.additivity()
        largest = number(found.largest, "sum of SHAP values")
        if found.n_rows < 1:
            return self.ruling(passed=False, reason="no row was explained")
        passed = largest <= TOLERANCE
        verb = "sum to the raw score" if passed else "do not sum to the raw score"
        said = f"off by at most {largest:.1e} log-odds on {found.n_rows:,} rows, limit {TOLERANCE:.0e}"
        return self.ruling(passed, f"SHAP values {verb}: {said}")


def _loaded(probe: Probe) -> Probe:
    if not probe.error:
        return probe
    raise ModelError(
        f"The model does not load in a clean process ({probe.error}).",
        why="What serves it will be such a process.",
        fix="Train again.",
    )


def _wrong(answer: Answer) -> str:
    """What is wrong with an answer; empty if nothing is."""
    if answer.error:
        return f"fails with {answer.error}"
    if answer.n_answered != answer.n_asked:
        return f"answers {answer.n_answered:,} of {answer.n_asked:,} rows"
    return f"{answer.n_bad:,} of {answer.n_asked:,} scores are no probabilities" if answer.n_bad else ""

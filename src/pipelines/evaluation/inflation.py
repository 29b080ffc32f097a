"""What a mistaken protocol claims of a model, beside what the same model is worth on rows it has nothing to do with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.intervals import FloatArray, IntArray, Interval, cluster_weights, interval
from pipelines.core.report import Report
from pipelines.evaluation.evaluate import Intervals
from pipelines.evaluation.metrics import METRICS

RANKING = tuple(metric for metric in METRICS if metric.on == "raw")
"""Resampling moves every probability by design, so only rankings are compared."""
HONEST = "honest"
_WORDS = {"roc_auc": "ROC-AUC", "pr_auc": "PR-AUC", "lift_at_10pct": "lift, top 10 %"}


@dataclass(frozen=True)
class Judged:
    """Some rows, and what a model says of them.

    Parameters
    ----------
    label : int8 array of shape (n_rows,)
        0 or 1.
    subject : integer array of shape (n_rows,)
        Whom each row is about; the same code is the same subject wherever it occurs.
    raw : float array of shape (n_rows,)
        Log-odds.
    """

    label: NDArray[np.int8]
    subject: IntArray
    raw: FloatArray


@dataclass(frozen=True)
class Claim:
    """What a mistaken protocol shows, and its model on the honest test.

    Parameters
    ----------
    claimed : Judged
        The rows that the mistaken protocol calls its test.
    worth : Judged
        The rows of the honest test, scored by the same recipe fitted without them.
    """

    claimed: Judged
    worth: Judged


@dataclass(frozen=True)
class Inflation:
    """By how much a claim is too good; by metric, with 95 % intervals that resample subjects.

    Parameters
    ----------
    said : str
        What was done wrong, for people.
    claimed, worth : Intervals
        Of the mistaken test, and of the honest one.
    over_honest, over_worth : Intervals
        Claimed minus the honest protocol's figure, and claimed minus worth, on the same resamples of subjects.
    n_rows, prevalence : int, float
        Size of the mistaken test and its share of positives: PR-AUC and lift depend on that.
    """

    said: str
    claimed: Intervals
    worth: Intervals
    over_honest: Intervals
    over_worth: Intervals
    n_rows: int
    prevalence: float


@dataclass(frozen=True)
class Benchmark:
    """The honest figures and everything that the usual mistakes would have made of them.

    Parameters
    ----------
    honest : Intervals
        Of the task's own protocol.
    mistakes : mapping of str to Inflation
        By the name of the mistake.
    left_out : mapping of str to str
        Mistakes that cannot be made with this task, and why.
    n_rows, n_subjects, prevalence : int, int, float
        Of the honest test.
    model : str
        The one configuration that everything was fitted with, for people.
    """

    honest: Intervals
    mistakes: Mapping[str, Inflation]
    left_out: Mapping[str, str]
    n_rows: int
    n_subjects: int
    prevalence: float
    model: str

    @property
    def worst(self) -> str:
        """The mistake that claims most beyond what its model is worth, by ROC-AUC."""
        return max(self.mistakes, key=lambda name: self.mistakes[name].over_worth["roc_auc"].estimate)

    def report(self) -> Report:
        """Metrics ``inflate.honest.<metric>`` and ``inflate.<mistake>.<side>.<metric>``, and ``inflate.json``.

        The sides are ``claimed``, ``worth``, ``claimed_minus_honest`` and ``claimed_minus_worth``; each metric also has
        ``.ci_low`` and ``.ci_high``. What is not defined is left out of the metrics, and null in the JSON.
        """
        metrics = _flat("inflate.honest", self.honest)
        for name, found in self.mistakes.items():
            for side, values in _sides(found).items():
                metrics |= _flat(f"inflate.{name}.{side}", values)
        return Report(metrics, {"inflate.json": self._as_json()})

    def _as_json(self) -> dict[str, object]:
        return {
            "model": self.model,
            "intervals": "95 % percentile bootstrap over subjects",
            "honest": {
                "n_rows": self.n_rows,
                "n_subjects": self.n_subjects,
                "prevalence": self.prevalence,
                **_nullable(self.honest),
            },
            "mistakes": {
                name: {
                    "said": found.said,
                    "n_rows": found.n_rows,
                    "prevalence": found.prevalence,
                    **{side: _nullable(values) for side, values in _sides(found).items()},
                }
                for name, found in self.mistakes.items()
            },
            "left_out": dict(self.left_out),
        }


def figures_of(honest: Judged, rng: np.random.Generator, n_resamples: int) -> Intervals:
    """The ranking metrics of one model, with intervals."""
    return _intervals([honest], [[1]], rng, n_resamples)[0]


def inflation(claim: Claim, honest: Judged, said: str, rng: np.random.Generator, n_resamples: int = 1_000) -> Inflation:
    """Measure a claim against what it is worth and against the honest figure.

    A resample draws from the subjects of both tests together, and the same draw weighs both. So what the two tests
    have in common cancels in the differences, and what they do not have in common stays.

    Parameters
    ----------
    claim : Claim
        The mistaken protocol.
    honest : Judged
        The honest protocol, on the rows of ``claim.worth``.
    said : str
        What was done wrong.
    rng : Generator
        Draws the resamples.
    n_resamples : int
        How many.

    Raises
    ------
    NotEnoughDataError
        If a test has one outcome only, or there is one subject.
    """
    combined = [[1, 0, 0], [0, 1, 0], [1, 0, -1], [1, -1, 0]]
    claimed, worth, over_honest, over_worth = _intervals(
        [claim.claimed, claim.worth, honest], combined, rng, n_resamples
    )
    label = claim.claimed.label
    return Inflation(said, claimed, worth, over_honest, over_worth, label.size, float(label.mean()))


def table(found: Benchmark) -> str:
    """Every figure as Markdown, one row per mistake and metric, then what was done and what was left out."""
    rows = [_row("", "metric", "claimed", "claimed minus honest", "worth"), _row("---", "---", "---", "---", "---")]
    for metric, words in _WORDS.items():
        rows.append(_row(HONEST, words, str(found.honest[metric]), "", str(found.honest[metric])))
        for name, one in found.mistakes.items():
            cells = (str(one.claimed[metric]), signed(one.over_honest[metric]), str(one.worth[metric]))
            rows.append(_row(name.replace("_", " "), words, *cells))
    notes = [
        f"- **{name.replace('_', ' ')}**: {one.said} Its test: {one.n_rows:,} rows, {one.prevalence:.1%} positive."
        for name, one in found.mistakes.items()
    ]
    missing = [f"- **{name.replace('_', ' ')}** is left out: {why}." for name, why in found.left_out.items()]
    return "\n".join([*rows, "", *notes, *missing])


def signed(difference: Interval) -> str:
    """A difference with its interval, and its sign.

    Examples
    --------
    >>> signed(Interval(0.0631, 0.05, 0.0749))
    '+0.063 [+0.050, +0.075]'
    """
    return f"{difference.estimate:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"


def _intervals(
    judged: list[Judged], combined: list[list[int]], rng: np.random.Generator, n_resamples: int
) -> list[Intervals]:
    """Of each combination of the models its value by metric; subjects of all of them are resampled together."""
    ends = np.cumsum([one.label.size for one in judged])[:-1]
    factors = np.array(combined, np.float64)
    points = _values(judged, [None] * len(judged))
    weights = cluster_weights(np.concatenate([one.subject for one in judged]), n_resamples, rng)
    draws = np.concatenate([_values(judged, np.split(weight, ends, axis=1)) for weight in weights], axis=-1)
    return [
        {metric.name: interval(float(row @ points[place]), row @ draws[place]) for place, metric in enumerate(RANKING)}
        for row in factors
    ]


def _values(judged: list[Judged], weights: list[NDArray[np.float64]] | list[None]) -> NDArray[np.float64]:
    """Shape (n_metrics, n_models), and n_resamples last if there are weights."""
    return np.array(
        [
            [metric.function(one.label, one.raw, weight) for one, weight in zip(judged, weights, strict=True)]
            for metric in RANKING
        ]
    )


def _sides(found: Inflation) -> dict[str, Intervals]:
    return {
        "claimed": found.claimed,
        "worth": found.worth,
        "claimed_minus_honest": found.over_honest,
        "claimed_minus_worth": found.over_worth,
    }


def _flat(prefix: str, found: Intervals) -> dict[str, float]:
    named = {
        f"{prefix}.{metric}{end}": value
        for metric, one in found.items()
        for end, value in (("", one.estimate), (".ci_low", one.low), (".ci_high", one.high))
    }
    return {name: value for name, value in named.items() if not math.isnan(value)}


def _nullable(found: Intervals) -> dict[str, dict[str, float | None]]:
    return {
        metric: {end: None if math.isnan(value) else value for end, value in asdict(one).items()}
        for metric, one in found.items()
    }


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"

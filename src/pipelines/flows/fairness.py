"""Whether a model treats groups alike, what its features give away of them, and what evening out would cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.randomness import generator_for
from pipelines.core.report import Report
from pipelines.fairness.groups import Decided
from pipelines.fairness.groups import fairness as compared
from pipelines.flows.fit import Fitted
from pipelines.flows.prepare import Prepared
from pipelines.policy.policies import stakes_of
from pipelines.scoring.cases import LabelledCases
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.parity import parity
from pipelines.scoring.proxies import proxies
from pipelines.scoring.scorer import Scorer
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Fair:
    """Findings, proxies and, where the task asks, the curve of costs: as it is logged, in sentences, and in a line."""

    report: Report
    words: tuple[str, ...]
    headline: str


def fairness(task: TaskSpec, lake: Lake, prepared: Prepared, fitted: Fitted) -> Fair:
    """Compare the groups of the sensitive columns on the test."""
    if not task.sensitive:
        said = "No sensitive column is declared, so fairness was not measured."
        return Fair(Report(), (said,), said)
    test = prepared.parts.test
    sensitive = kind_of(task).sensitive(task, lake, test.cases)
    found = compared(
        _decided(fitted.scorer, test), sensitive, task.fairness, generator_for(task.seed, "fairness"), task.n_resamples
    )
    given_away = proxies(
        test.cases,
        sensitive,
        min_group=task.fairness.min_group,
        level=task.fairness.level,
        rng=generator_for(task.seed, "proxies"),
        n_resamples=task.n_resamples,
    )
    report, words = found.report() | given_away.report(), (f"{found.headline()}.", *found.words(), *given_away.words())
    if task.mitigation is None:
        return Fair(report, words, found.headline())
    curve = parity(task, lake, prepared.parts, fitted, prepared.manifest.currency)
    return Fair(report | curve.report(), (*words, *curve.words()), found.headline())


def _decided(scorer: Scorer, test: LabelledCases) -> Decided:
    rows = test.cases.to_score
    decision = scorer.decisions(rows)
    return Decided(test.label, test.cases.subject, decision, scorer.probability(rows), _profit(scorer, test, decision))


def _profit(scorer: Scorer, test: LabelledCases, decision: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """What each decision earned; None where the policy states no costs."""
    stakes = stakes_of(scorer.policy)
    if stakes is None:
        return None
    return decision * stakes.earned(test.label.astype(np.float64), test.cases.rows)

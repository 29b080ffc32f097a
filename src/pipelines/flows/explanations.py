"""What a fitted model looks at: SHAP values of the newest rows of the test, and how steady they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.core.protocols import Run
from pipelines.core.randomness import generator_for
from pipelines.core.report import Report
from pipelines.explain.figures import explain_report
from pipelines.flows.fit import Fitted
from pipelines.scoring.cases import LabelledCases, Parts
from pipelines.scoring.explaining import explanation_of, overview_of
from pipelines.scoring.steadiness import steadiness
from pipelines.tasks.task import TaskSpec


def explanations(task: TaskSpec, parts: Parts, fitted: Fitted, run: Run) -> tuple[Report, tuple[str, ...]]:
    """Figures and tables, and the same in plain sentences."""
    shipped, newest = fitted.scorer, parts.test.at(_newest(parts.test)).cases
    explanation = explanation_of(shipped.trees, newest)
    report = explain_report(explanation, run.case_ids(newest.subject_id), newest.moment)
    whole = overview_of(shipped, explanation, newest, task.n_resamples, generator_for(task.seed, "overview"))
    steady = steadiness(task, parts, fitted.tuned, fitted.out_of_fold, shipped)
    return report | whole.report() | steady.report(), (*whole.words(), *steady.words())


def _newest(test: LabelledCases) -> NDArray[np.bool_]:
    """The rows at the last cutoff of the test, or all of them where rows have no common moments."""
    cutoff = test.cases.by.get("cutoff")
    return np.full(len(test), True) if cutoff is None else np.asarray(cutoff == max(cutoff), dtype=bool)

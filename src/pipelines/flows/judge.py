"""What a fitted model is worth on the test: figures with intervals, where it fails, how it ages, what it earns, why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import NotEnoughDataError, PipelineError
from pipelines.core.protocols import CHAMPION, Models, Run
from pipelines.core.randomness import generator_for
from pipelines.core.report import Report
from pipelines.evaluation.ageing import MARGIN, Ageing, ageing
from pipelines.evaluation.evaluate import Evaluation, Predictions, evaluation
from pipelines.evaluation.figures import evaluation_figures
from pipelines.evaluation.profit import ProfitEvaluation, profit
from pipelines.evaluation.profit_figures import report as profit_report
from pipelines.evaluation.reports import ageing_report, differences_report, slices_report
from pipelines.evaluation.slices import Slice, sliced
from pipelines.flows.explanations import explanations
from pipelines.flows.fairness import Fair, fairness
from pipelines.flows.fit import Fitted
from pipelines.flows.prepare import Prepared, same_kind, task_of
from pipelines.scoring.ageing import aged
from pipelines.scoring.cases import LabelledCases
from pipelines.scoring.evidence import Contender, require_unseen
from pipelines.scoring.groups import groups
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.scorer import Scorer
from pipelines.scoring.training import baseline_predictions, baselines
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Judged:
    """Everything that the test says of a model.

    Parameters
    ----------
    evaluation : Evaluation
        Every metric, beside baselines and champion.
    slices : tuple of Slice
        The same by groups of rows.
    aged : Ageing or None
        How it ages; None where rows have no time, or too few of them are old enough.
    profit : ProfitEvaluation
        What its policy chooses and earns.
    explained : tuple of str
        What the explanations say, in plain sentences.
    fair : Fair
        What the comparison of groups says.
    report : Report
        All of it, as it is logged.
    """

    evaluation: Evaluation
    slices: tuple[Slice, ...]
    aged: Ageing | None
    profit: ProfitEvaluation
    explained: tuple[str, ...]
    fair: Fair
    report: Report


def judge(task: TaskSpec, lake: Lake, models: Models | None, prepared: Prepared, fitted: Fitted, run: Run) -> Judged:
    """Look at the test once, from every side."""
    shipped, parts = fitted.scorer, prepared.parts
    test, subject = parts.test, parts.test.cases.subject
    ours = _predictions(shipped, test)
    simple = baseline_predictions(baselines(task, parts.develop), test)
    rng = generator_for(task.seed, "evaluate")
    champion = _champion(task, lake, models, prepared, run)
    found = evaluation(test.label, subject, ours, simple, rng, task.n_resamples, champion=champion)
    by = groups(test.cases, task.slices)
    slices = sliced(test.label, subject, ours, by, generator_for(task.seed, "slices"), task.n_resamples)
    ages = _aged(task, prepared, fitted)
    earned = _earned(task, shipped, test)
    report = found.report() | evaluation_figures(test.label, subject, ours, simple) | differences_report(found)
    report |= slices_report(slices, found) | (ageing_report(ages) if ages else Report())
    report |= profit_report(earned, prepared.manifest.currency)
    explained, whys = explanations(task, parts, fitted, run)
    fair = fairness(task, lake, prepared, fitted)
    return Judged(found, slices, ages, earned, whys, fair, report | explained | fair.report)


def _predictions(shipped: Scorer, test: LabelledCases) -> Predictions:
    raw = shipped.raw(test.cases.rows)
    return Predictions(raw, shipped.calibration.probability(raw))


def _champion(task: TaskSpec, lake: Lake, models: Models | None, prepared: Prepared, run: Run) -> Predictions | None:
    """What the champion says of the test rows; None, and said why, where it may not or cannot be asked."""
    champion = None if models is None else models.find(task.name, CHAMPION)
    if models is None or champion is None:
        return None
    try:
        trained = same_kind(task, task_of(champion))
        times = kind_of(trained).times(trained, prepared.manifest, champion.known_at)
        require_unseen(Contender(champion, trained, times), task, prepared.parts.times, prepared.manifest.data_digest)
        by_others = task.described_as(trained)
        rows = kind_of(task).parts(by_others, lake, prepared.known_at).test.cases.rows
        scorer = models.load(champion).scorer
        return Predictions(scorer.raw(rows), scorer.probability(rows))
    except PipelineError as error:
        run.progress.stage(f"train: not compared with the champion: {error.what}")
        return None


def _aged(task: TaskSpec, prepared: Prepared, fitted: Fitted) -> Ageing | None:
    origins = aged(prepared.parts, fitted.out_of_fold, fitted.scorer, task.horizon)
    try:
        return ageing(origins, MARGIN, generator_for(task.seed, "ageing"), task.n_resamples) if origins else None
    except NotEnoughDataError:  # nothing is known of its ageing, and the page says so by leaving it out
        return None


def _earned(task: TaskSpec, shipped: Scorer, test: LabelledCases) -> ProfitEvaluation:
    rows = test.cases.to_score
    rng = generator_for(task.seed, "profit")
    return profit(
        test.label, test.cases.subject, shipped.probability(rows), rows, shipped.policy, rng, task.n_resamples
    )


def as_seen(part: LabelledCases, score: NDArray[np.float64], run: Run, **more: NDArray[np.generic]) -> pd.DataFrame:
    """Rows as a model saw them, with its score, ordered by case so that their order tells nothing of the customers."""
    cases = part.cases
    rows = cases.rows.assign(score=score, label=part.label, **more)
    rows.insert(0, "case_id", run.case_ids(cases.subject_id))
    if cases.moment is not None:
        rows.insert(1, "cutoff", cases.moment)
    return rows.sort_values(["case_id", *(["cutoff"] if "cutoff" in rows else [])], ignore_index=True)

"""Panel → search → fit → calibrate → evaluate → explain → fairness → challenger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.protocols import Models, ModelVersion, NewVersion, Run
from pipelines.core.randomness import generator_for, seed_for
from pipelines.core.report import Report
from pipelines.evaluation.evaluate import Evaluation, Predictions, evaluation
from pipelines.evaluation.figures import evaluation_figures
from pipelines.evaluation.markdown import as_markdown
from pipelines.explain.explanation import Explanation
from pipelines.explain.figures import explain_report
from pipelines.fairness.groups import fairness
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import Prepared, catalogue_report, describe_run, fitted, prepare
from pipelines.models.lightgbm import Fold
from pipelines.scoring.cases import LabelledCases, Parts
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.scorer import Scorer
from pipelines.scoring.sensitive import require_sensitive
from pipelines.scoring.training import Chosen, baseline_predictions, baselines, folds, scorer
from pipelines.search.study import Found, Trial, out_of_fold_labels, search
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Trained:
    """What `train` found and registered."""

    version: ModelVersion
    evaluation: Evaluation
    prepared: Prepared
    outcome: Outcome = Outcome.DONE


def train(task: TaskSpec, lake: Lake, models: Models, run: Run, cutoff: datetime | None) -> Trained:
    """Train a challenger on what was known at ``cutoff``; nothing at or after it is read."""
    run.progress.stage(f"train: building the panel of '{task.name}'")
    task, left_out = fitted(task, lake.manifest(task.source))
    require_sensitive(lake, task.source, task.sensitive, task.sensitive_table)
    prepared = prepare(task, lake, cutoff)
    describe_run(run, task, prepared.manifest, prepared.known_at)
    parts = prepared.parts
    coverage = kind_of(task).coverage(task, lake, prepared.known_at)
    run.publish(catalogue_report(parts.features, left_out) | coverage)
    shipped = _fitted(task, parts, run)
    run.progress.stage("train: evaluating, explaining, checking fairness")
    evaluated, report = _evaluated(task, parts, shipped)
    run.describe(as_markdown(evaluated, task.title, task.positive))
    run.publish(report | _explained(shipped, parts.test, run) | _fair(task, lake, shipped, parts.test))
    run.publish(Report(artifacts={"reference.parquet": _reference(shipped, parts.test, run)}))
    run.progress.stage("train: registering the challenger")
    version = models.register(run, _new_version(task, prepared, shipped))
    run.tags({"outcome": Outcome.DONE, "model_version": version.version, "model_digest": version.digest})
    return Trained(version, evaluated, prepared)


def _new_version(task: TaskSpec, prepared: Prepared, shipped: Scorer) -> NewVersion:
    example = prepared.parts.test.cases.rows.head(5)
    return NewVersion(
        task.name, shipped, example, prepared.known_at, prepared.manifest.data_digest, task.model_dump_json()
    )


def _fitted(task: TaskSpec, parts: Parts, run: Run) -> Scorer:
    binned = folds(task, parts)
    found = _searched(task, binned, run)
    run.progress.stage(f"train: refitting a bag of {task.model.n_bags} on everything labelled before the test")
    return scorer(
        task,
        parts.develop,
        Chosen(found.params, found.n_rounds),
        (np.concatenate(found.out_of_fold), out_of_fold_labels(binned)),
        parts.features,
    )


def _searched(task: TaskSpec, parts: tuple[Fold, ...], run: Run) -> Found:
    n_trials = task.search.n_trials
    run.progress.stage(f"train: {n_trials} trials over {len(parts)} time-ordered folds")

    def on_trial(trial: Trial, best: float) -> None:
        run.progress.step(trial.number + 1, n_trials, f"best validation log loss {best:.4f}")
        run.trial(trial.number, trial.params, trial.loss, trial.state)

    found = search(task.search, parts, seed_for(task.seed, "search"), on_trial)
    chosen = {"params": found.params, "n_rounds": found.n_rounds, "valid.log_loss": found.loss}
    run.publish(
        Report({"valid.log_loss": found.loss, "n_rounds": float(found.n_rounds)}, {"report/search.json": chosen})
    )
    return found


def _evaluated(task: TaskSpec, parts: Parts, shipped: Scorer) -> tuple[Evaluation, Report]:
    test, customer = parts.test, parts.test.cases.subject
    ours = Predictions(shipped.raw(test.cases.rows), shipped.probability(test.cases.rows))
    simple = baseline_predictions(baselines(task, parts.develop), test)
    rng = generator_for(task.seed, "evaluate")
    found = evaluation(test.label, customer, ours, simple, rng, task.n_resamples)
    return found, found.report() | evaluation_figures(test.label, customer, ours, simple)


def _explained(shipped: Scorer, test: LabelledCases, run: Run) -> Report:
    """SHAP values of the rows at the last moment of the test, or of all of them where rows have no common moments."""
    last = test.at(_last(test))
    rows = last.cases.rows
    contributions = shipped.contributions(rows)
    explanation = Explanation(contributions[:, :-1], contributions[:, -1], shipped.raw(rows), last.cases.encoded)
    return explain_report(explanation, run.case_ids(last.cases.subject_id), last.cases.moment)


def _last(test: LabelledCases) -> NDArray[np.bool_]:
    cutoff = test.cases.by.get("cutoff")
    return np.full(len(test), True) if cutoff is None else np.asarray(cutoff == max(cutoff), dtype=bool)


def _fair(task: TaskSpec, lake: Lake, shipped: Scorer, test: LabelledCases) -> Report:
    if not task.sensitive:
        return Report()
    probability = shipped.probability(test.cases.rows)
    return fairness(
        test.label,
        test.cases.subject,
        shipped.policy.decide(probability),
        probability,
        kind_of(task).sensitive(task, lake, test.cases),
        task.fairness,
        generator_for(task.seed, "fairness"),
    ).report()


def _reference(shipped: Scorer, test: LabelledCases, run: Run) -> pd.DataFrame:
    """The test rows as the model saw them, ordered by case so that their order tells nothing of the customers."""
    cases = test.cases
    rows = cases.rows.assign(score=shipped.probability(cases.rows), label=test.label)
    rows.insert(0, "case_id", run.case_ids(cases.subject_id))
    if cases.moment is not None:
        rows.insert(1, "cutoff", cases.moment)
    return rows.sort_values(["case_id", *(["cutoff"] if "cutoff" in rows else [])], ignore_index=True)

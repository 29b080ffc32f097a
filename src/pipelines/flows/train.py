"""Panel → search → fit → calibrate → evaluate → explain → fairness → challenger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from pipelines.core.protocols import Models, ModelVersion, NewVersion, Run
from pipelines.core.randomness import generator_for, seed_for
from pipelines.core.report import Report
from pipelines.core.windows import day_moment
from pipelines.evaluation.evaluate import Evaluation, Predictions, evaluation
from pipelines.evaluation.figures import evaluation_figures
from pipelines.evaluation.markdown import as_markdown
from pipelines.explain.explanation import Explanation
from pipelines.explain.figures import explain_report
from pipelines.fairness.groups import fairness
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import Prepared, catalogue_report, describe_run, fitted, prepare
from pipelines.models.lightgbm import Fold
from pipelines.scoring.panel import LabelledPanel
from pipelines.scoring.scorer import Scorer
from pipelines.scoring.sensitive import require_sensitive, sensitive_attributes
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
    require_sensitive(lake, task.source, task.sensitive)
    prepared = prepare(task, lake, cutoff)
    describe_run(run, task, prepared.manifest, prepared.known_at)
    run.publish(catalogue_report(prepared.features, left_out) | prepared.coverage.report(task.positive))
    shipped = _fitted(task, prepared, run)
    run.progress.stage("train: evaluating, explaining, checking fairness")
    test = prepared.labelled.at(prepared.timeline.test)
    evaluated, report = _evaluated(task, prepared, shipped, test)
    run.describe(as_markdown(evaluated, task.title, task.positive))
    run.publish(report | _explained(shipped, test, run) | _fair(task, lake, shipped, test))
    run.publish(Report(artifacts={"reference.parquet": _reference(shipped, test, run)}))
    run.progress.stage("train: registering the challenger")
    example = test.panel.rows.head(5)
    version = models.register(run, NewVersion(task.name, shipped, example, prepared.known_at, task.model_dump_json()))
    run.tags({"outcome": Outcome.DONE, "model_version": version.version, "model_digest": version.digest})
    return Trained(version, evaluated, prepared)


def _fitted(task: TaskSpec, prepared: Prepared, run: Run) -> Scorer:
    parts = folds(task, prepared.labelled, prepared.timeline)
    found = _searched(task, parts, run)
    run.progress.stage(f"train: refitting a bag of {task.model.n_bags} on everything labelled before the test")
    return scorer(
        task,
        prepared.labelled.at(prepared.timeline.develop),
        Chosen(found.params, found.n_rounds),
        (np.concatenate(found.out_of_fold), out_of_fold_labels(parts)),
        prepared.features,
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


def _evaluated(task: TaskSpec, prepared: Prepared, shipped: Scorer, test: LabelledPanel) -> tuple[Evaluation, Report]:
    ours = Predictions(shipped.raw(test.panel.rows), shipped.probability(test.panel.rows))
    simple = baseline_predictions(baselines(task, prepared.labelled.at(prepared.timeline.develop)), test)
    rng = generator_for(task.seed, "evaluate")
    customer = test.panel.spine.customer
    found = evaluation(test.label, customer, ours, simple, rng, task.n_resamples)
    return found, found.report() | evaluation_figures(test.label, customer, ours, simple)


def _explained(shipped: Scorer, test: LabelledPanel, run: Run) -> Report:
    """SHAP values of the customers at the last test cutoff."""
    last = test.at((day_moment(int(test.panel.spine.cutoff.max())),))
    contributions = shipped.contributions(last.panel.rows)
    explanation = Explanation(
        contributions[:, :-1], contributions[:, -1], shipped.raw(last.panel.rows), last.panel.rows
    )
    return explain_report(explanation, run.case_ids(last.panel.customer_id), last.panel.cutoff)


def _fair(task: TaskSpec, lake: Lake, shipped: Scorer, test: LabelledPanel) -> Report:
    if not task.sensitive:
        return Report()
    probability = shipped.probability(test.panel.rows)
    return fairness(
        test.label,
        test.panel.spine.customer,
        shipped.policy.decide(probability),
        probability,
        sensitive_attributes(lake, task.source, task.sensitive, test.panel.customer_id),
        task.fairness,
        generator_for(task.seed, "fairness"),
    ).report()


def _reference(shipped: Scorer, test: LabelledPanel, run: Run) -> pd.DataFrame:
    """The test rows as the model saw them, ordered by case so that their order tells nothing of the customers."""
    rows = test.panel.rows.assign(score=shipped.probability(test.panel.rows), label=test.label)
    rows.insert(0, "case_id", run.case_ids(test.panel.customer_id))
    rows.insert(1, "cutoff", test.panel.cutoff)
    return rows.sort_values(["case_id", "cutoff"], ignore_index=True)

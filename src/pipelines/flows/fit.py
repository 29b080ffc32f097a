"""Search → bag or not → calibrate → refit: the part of training that chooses, on rows before the test only."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.protocols import Run
from pipelines.core.randomness import seed_for
from pipelines.core.report import Report
from pipelines.models.calibration_report import choice_report
from pipelines.scoring.cases import LabelledCases, Parts
from pipelines.scoring.scorer import Scorer
from pipelines.scoring.training import Bagging, OutOfFold, Tuned, bagged, calibrated, out_of_fold, scorer
from pipelines.search.figures import search_figures
from pipelines.search.found import Found, Trial
from pipelines.search.study import search
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Fitted:
    """The model to ship, and how it was chosen."""

    scorer: Scorer
    found: Found
    out_of_fold: OutOfFold
    bagging: Bagging
    report: Report

    @property
    def tuned(self) -> Tuned:
        """The parameters and rounds that it was fitted with."""
        return Tuned(self.found.params, self.found.n_rounds)


def fit(task: TaskSpec, parts: Parts, run: Run) -> Fitted:
    """Choose parameters, bag and calibration on the folds; fit on everything that may be learned from."""
    found, searching = searched(task, parts, run)
    run.progress.stage("train: fitting the recipe on every fold, calibrating, refitting on all before the test")
    tuned = Tuned(found.params, found.n_rounds)
    whole, bagging = bagged(task, out_of_fold(task, parts, tuned))
    calibration, trials = calibrated(task, whole)
    shipped = scorer(task, parts, tuned, whole, calibration, bagging.n_bags)
    chosen = Report({}, {"report/calibration.json": calibration.model_dump(mode="json")})
    report = search_figures(found, task.search) | searching | bagging.report() | chosen
    return Fitted(shipped, found, whole, bagging, report | choice_report(trials) if trials else report)


def searched(task: TaskSpec, parts: Parts, run: Run) -> tuple[Found, Report]:
    """Search, or go on where an earlier search of the same rows and settings ended."""
    for part in (one for fold in parts.folds for one in fold):
        _require_both_classes(part)
    n_trials = task.search.n_trials
    run.progress.stage(f"train: {n_trials} trials over {len(parts.folds)} folds")

    def on_trial(trial: Trial, best: float) -> None:
        known = " (known from before)" if trial.was_known else ""
        run.progress.step(trial.number + 1, n_trials, f"best validation log loss {best:.4f}{known}")
        if not trial.was_known:
            run.trial(trial.number, trial.params, trial.loss, trial.state)

    folds = [(train.dataset, valid.dataset) for train, valid in parts.folds]
    found = search(task.search, task.model, folds, seed_for(task.seed, "search"), run.studies, on_trial)
    return found, _search_report(found)


def _search_report(found: Found) -> Report:
    chosen = {
        "params": found.params,
        "n_rounds": found.n_rounds,
        "valid.log_loss": found.loss,
        "n_trials": len(found.trials),
        "n_trials_known_before": found.n_before,
        "stopped_by_time": found.stopped_early,
    }
    metrics = {"valid.log_loss": found.loss, "n_rounds": float(found.n_rounds), "n_trials": float(len(found.trials))}
    return Report(metrics, {"report/search.json": chosen})


def _require_both_classes(labelled: LabelledCases) -> None:
    n_positive, n_rows = int(labelled.label.sum()), len(labelled)
    if n_positive in {0, n_rows}:
        raise NotEnoughDataError(
            f"{n_positive} of {n_rows} rows in one part of the timeline are positive.",
            why="A model cannot learn, or be judged, from one outcome only.",
            fix="Use a longer log, another horizon, or a wider population.",
        )

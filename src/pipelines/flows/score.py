"""Champion → scores with reason codes, as Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from pipelines.core.errors import ModelError, RegistryError
from pipelines.core.protocols import CHAMPION, Models, ModelVersion, Run
from pipelines.core.report import Report
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run, task_of
from pipelines.scoring.cases import Cases
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.mitigation import with_needed
from pipelines.scoring.scorer import Scorer
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Scored:
    """Where the scores are and what they hold."""

    path: Path
    cutoff: datetime | None
    scores: pd.DataFrame
    version: ModelVersion
    outcome: Outcome = Outcome.DONE


def score(task: TaskSpec, lake: Lake, models: Models, run: Run, cutoff: datetime | None) -> Scored:
    """Score every eligible customer at ``cutoff`` with the champion."""
    run.progress.stage(f"score: '{task.name}'")
    champion = champion_of(task, models)
    trained = task_of(champion)
    manifest = lake.manifest(trained.source)
    known_at = manifest.knowledge(cutoff)
    describe_run(run, trained, manifest, known_at)
    described = with_needed(trained, lake, kind_of(trained).current(trained, lake, known_at))
    scores = _table(described, models.load(champion).scorer.score(described.to_score), champion, run)
    path = lake.write_scores(task.name, known_at, scores)
    run.publish(_report(scores))
    run.tags({"outcome": Outcome.DONE, "champion": champion.version})
    return Scored(path, known_at, scores, champion)


def champion_of(task: TaskSpec, models: Models) -> ModelVersion:
    """The champion, or the error that says how to get one."""
    champion = models.find(task.name, CHAMPION)
    if champion is None:
        raise RegistryError(
            f"'{task.name}' has no champion.",
            why="Only a model that passed the gates scores customers.",
            fix=f"Run: regulars train --task {task.name}, then: regulars promote --task {task.name}",
        )
    return champion


def scorer_of(models: Models, version: ModelVersion) -> Scorer:
    """The scorer in its parts: what only scores cannot be explained, and its policy not be changed."""
    scorer = models.load(version).scorer
    if not isinstance(scorer, Scorer):
        raise ModelError(
            f"Version {version.version} of '{version.task}' is no scorer of this project.",
            why="Its trees and its policy cannot be told apart.",
            fix=f"Run: regulars train --task {version.task}",
        )
    return scorer


def _table(described: Cases, scored: pd.DataFrame, champion: ModelVersion, run: Run) -> pd.DataFrame:
    origin = {"model_version": champion.version, "run_id": run.run_id}
    return pd.concat([described.keys, scored.reset_index(drop=True)], axis=1).assign(**origin)


def _report(scores: pd.DataFrame) -> Report:
    """Figures about all customers together: no row of the table is logged."""
    return Report(
        {
            "score.n_rows": float(len(scores)),
            "score.mean": float(scores["score"].mean()),
            "score.n_decided": float(scores["decision"].sum()),
            **{f"score.q{level}": float(scores["score"].quantile(level / 100)) for level in (10, 50, 90)},
        }
    )

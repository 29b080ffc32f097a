"""Reference against current → report, verdict, and a retrain if the verdict says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import pandas as pd

from pipelines.core.protocols import CHALLENGER, REFERENCE, Models, ModelVersion, Run
from pipelines.core.randomness import generator_for
from pipelines.core.windows import said
from pipelines.drift.check import Side, check
from pipelines.drift.evidently import drift_html
from pipelines.drift.report import drift_report
from pipelines.drift.verdict import Kind, Verdict
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run, task_of
from pipelines.flows.retrain import Retrained, retrain
from pipelines.flows.score import champion_of
from pipelines.scoring.kinds import kind_of
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


class Retraining(StrEnum):
    """What to do when the verdict is ``retrain``."""

    AUTO = "auto"
    NEVER = "never"


@dataclass(frozen=True)
class DriftChecked:
    """The verdict and what came of it."""

    verdict: Verdict
    cutoff: datetime | None
    champion: ModelVersion
    retrained: Retrained | None
    outcome: Outcome


def drift_check(
    task: TaskSpec, lake: Lake, models: Models, run: Run, cutoff: datetime | None, retraining: Retraining
) -> DriftChecked:
    """Compare the customers eligible at ``cutoff`` with those that the champion was judged on."""
    run.progress.stage(f"drift_check: '{task.name}'")
    champion = champion_of(task, models)
    trained = task_of(champion)
    manifest = lake.manifest(trained.source)
    known_at = manifest.knowledge(cutoff)
    describe_run(run, trained, manifest, known_at)
    verdict, html = _compared(task, lake, models, champion, known_at)
    run.publish(drift_report(verdict, html))
    run.describe("\n".join([f"## {verdict.kind} at {said(known_at)}", "", *(f"- {one}" for one in verdict.reasons)]))
    retrained = None
    if verdict.kind == Kind.RETRAIN and retraining == Retraining.AUTO:
        with run.child("retrain") as child:
            retrained = retrain(task, lake, models, child, known_at)
    checked = DriftChecked(verdict, known_at, champion, retrained, _outcome(verdict, retrained))
    run.tags({"outcome": checked.outcome, "verdict": verdict.kind, "champion": champion.version})
    return checked


def _compared(
    task: TaskSpec, lake: Lake, models: Models, champion: ModelVersion, known_at: datetime | None
) -> tuple[Verdict, str]:
    """The verdict, and Evidently's page beside it."""
    trained = task_of(champion)
    kind = kind_of(trained)
    described = kind.current(trained, lake, known_at)
    logged = models.table(champion, REFERENCE)
    scores = models.load(champion).scorer.probability(described.rows)
    names = [feature.name for feature in described.features]
    reference = Side(logged, pd.factorize(logged["case_id"])[0], logged["score"].to_numpy())
    current = Side(described.rows, described.subject, scores)
    rng = generator_for(task.seed, "drift")
    volume = kind.volume(trained, lake, logged, known_at)
    found = check(reference, current, described.features, volume, task.drift, rng)
    stands = found.kind != Kind.RETRAIN or _has_news(task, lake, models, champion, known_at)
    verdict = found if stands else found.without_news(known_at)
    pages = (logged[[*names, "score"]], described.rows.assign(score=scores))
    return verdict, drift_html(*pages, rng=rng)


def _has_news(task: TaskSpec, lake: Lake, models: Models, champion: ModelVersion, known_at: datetime | None) -> bool:
    """Whether an outcome has matured that neither the champion nor a refused challenger has learned from."""
    manifest = lake.manifest(task.source)
    tried = [version for version in (champion, models.find(task.name, CHALLENGER)) if version is not None]
    moments = [version.known_at for version in tried if version.known_at is not None]
    if not moments:
        return manifest.data_digest not in {version.data_digest for version in tried}
    newest = [kind_of(task).times(task, manifest, at).newest for at in (max(moments), known_at)]
    return None not in newest and newest[0] < newest[1]  # type: ignore[operator]  # None was asked for just before


def _outcome(verdict: Verdict, retrained: Retrained | None) -> Outcome:
    """A retrain that changed nothing leaves the drifted champion in place: somebody should look."""
    if retrained is None:
        return Outcome(verdict.kind.value)
    return {
        Outcome.PROMOTED: Outcome.RETRAINED,
        Outcome.REFUSED: Outcome.RETRAIN_REFUSED,
        Outcome.UNCHANGED: Outcome.WATCH,
        Outcome.AWAITS_APPROVAL: Outcome.AWAITS_APPROVAL,
    }[retrained.outcome]

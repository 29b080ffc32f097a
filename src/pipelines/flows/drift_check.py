"""Reference against current → report, verdict, and a retrain if the verdict says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
import pandas as pd

from pipelines.core.protocols import CHALLENGER, Models, ModelVersion, Run
from pipelines.core.randomness import generator_for
from pipelines.core.windows import day_number
from pipelines.drift.check import Side, check
from pipelines.drift.evidently import drift_html
from pipelines.drift.health import Volume
from pipelines.drift.report import drift_report
from pipelines.drift.verdict import Kind, Verdict
from pipelines.features.panel import catalogue
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run, task_of, timeline_at
from pipelines.flows.retrain import Retrained, retrain
from pipelines.flows.score import champion_of
from pipelines.scoring.history import lines_per_day
from pipelines.scoring.stored import read_panel
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec

_WEEK_DAYS = 7


class Retraining(StrEnum):
    """What to do when the verdict is ``retrain``."""

    AUTO = "auto"
    NEVER = "never"


@dataclass(frozen=True)
class DriftChecked:
    """The verdict and what came of it."""

    verdict: Verdict
    cutoff: datetime
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
    known_at = manifest.known_at(cutoff)
    describe_run(run, trained, manifest, known_at)
    verdict, html = _compared(task, lake, models, champion, known_at)
    run.publish(drift_report(verdict, html))
    run.describe("\n".join([f"## {verdict.kind} at {known_at:%Y-%m-%d}", "", *(f"- {one}" for one in verdict.reasons)]))
    retrained = None
    if verdict.kind == Kind.RETRAIN and retraining == Retraining.AUTO:
        with run.child("retrain") as child:
            retrained = retrain(task, lake, models, child, known_at)
    checked = DriftChecked(verdict, known_at, champion, retrained, _outcome(verdict, retrained))
    run.tags({"outcome": checked.outcome, "verdict": verdict.kind, "champion": champion.version})
    return checked


def _compared(
    task: TaskSpec, lake: Lake, models: Models, champion: ModelVersion, known_at: datetime
) -> tuple[Verdict, str]:
    """The verdict, and Evidently's page beside it."""
    trained = task_of(champion)
    described = read_panel(trained, lake, known_at, (known_at,))
    logged = models.reference(champion)
    scores = models.load(champion).scorer.probability(described.rows)
    features = catalogue(trained.features, lake.manifest(trained.source).currency)
    names = [feature.name for feature in features]
    reference = Side(logged, pd.factorize(logged["case_id"])[0], logged["score"].to_numpy())
    current = Side(described.rows, described.spine.customer, scores)
    rng = generator_for(task.seed, "drift")
    volume = _volume(lines_per_day(lake, trained.source), logged, known_at)
    found = check(reference, current, features, volume, task.drift, rng)
    stands = found.kind != Kind.RETRAIN or _has_news(task, lake, models, champion, known_at)
    verdict = found if stands else found.without_news(known_at)
    pages = (logged[[*names, "score"]], described.rows.assign(score=scores))
    return verdict, drift_html(*pages, rng=rng)


def _has_news(task: TaskSpec, lake: Lake, models: Models, champion: ModelVersion, known_at: datetime) -> bool:
    """Whether an outcome has matured that neither the champion nor a refused challenger has learned from."""
    manifest = lake.manifest(task.source)
    challenger = models.find(task.name, CHALLENGER)
    tried = [version.known_at for version in (champion, challenger) if version is not None]
    newest = [timeline_at(task, manifest, at).labelled[-1] for at in (max(tried), known_at)]
    return newest[0] < newest[1]


def _volume(lines: Mapping[int, int], logged: pd.DataFrame, known_at: datetime) -> Volume:
    """Order lines per day: in the week before each of the reference's cutoffs, and in the last week."""
    now = day_number(known_at)
    ends = np.unique(logged["cutoff"].to_numpy().astype("datetime64[D]").astype(np.int64))
    return Volume(
        reference_per_day=float(np.mean([_of_week(lines, int(end)) for end in ends])),
        current_per_day=_of_week(lines, now),
        days_since_last_event=now - 1 - max((day for day, n in lines.items() if n > 0 and day < now), default=0),
    )


def _of_week(lines: Mapping[int, int], end: int) -> float:
    return sum(lines.get(day, 0) for day in range(end - _WEEK_DAYS, end)) / _WEEK_DAYS


def _outcome(verdict: Verdict, retrained: Retrained | None) -> Outcome:
    """A retrain that changed nothing leaves the drifted champion in place: somebody should look."""
    if retrained is None:
        return Outcome(verdict.kind.value)
    return {
        Outcome.PROMOTED: Outcome.RETRAINED,
        Outcome.REFUSED: Outcome.RETRAIN_REFUSED,
        Outcome.UNCHANGED: Outcome.WATCH,
    }[retrained.outcome]

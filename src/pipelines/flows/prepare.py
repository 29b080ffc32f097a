"""The steps that several flows begin with: the log up to a moment, divided, described and labelled."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import pandas as pd
from pydantic import ValidationError

from pipelines.core.errors import NotEnoughDataError, RegistryError
from pipelines.core.protocols import ModelVersion, Run
from pipelines.core.report import Report
from pipelines.core.spec import flat
from pipelines.core.windows import Window
from pipelines.evaluation.coverage import Coverage
from pipelines.features.catalogue import Feature, catalogue_page
from pipelines.features.fit import fitting
from pipelines.features.panel import catalogue
from pipelines.scoring.panel import LabelledPanel
from pipelines.scoring.stored import Kept, coverage_of, kept_panel, read_labelled
from pipelines.scoring.usable import usable_columns
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.task import TaskSpec
from pipelines.tasks.timeline import Timeline


def fitted(task: TaskSpec, manifest: Manifest) -> tuple[TaskSpec, tuple[str, ...]]:
    """The task with the feature blocks that its source can feed, and one line on each of the others.

    Raises
    ------
    NotEnoughDataError
        If the source can feed none of them.
    """
    fit = fitting(task.features, usable_columns(manifest))
    if not fit.blocks:
        raise NotEnoughDataError(
            f"'{manifest.source}' can feed no feature block of '{task.name}': {'; '.join(fit.left_out)}.",
            why="The model would have nothing to learn from.",
            fix=f"Map the columns in conf/sources/{manifest.source}.yaml, or name other blocks under 'features'.",
        )
    return task.model_copy(update={"features": fit.blocks}), fit.left_out


@dataclass(frozen=True)
class Prepared:
    """What can be learned from at a moment of knowledge."""

    manifest: Manifest
    known_at: datetime
    timeline: Timeline
    labelled: LabelledPanel
    coverage: Coverage
    features: tuple[Feature, ...]


def prepare(task: TaskSpec, lake: Lake, cutoff: datetime | None) -> Prepared:
    """Divide the time before ``cutoff``; describe every weekly cutoff in one pass, label those with a known outcome."""
    manifest = lake.manifest(task.source)
    known_at = manifest.known_at(cutoff)
    timeline = timeline_at(task, manifest, known_at)
    coverage = covered(task, lake, manifest, known_at)[1]
    labelled = read_labelled(task, lake, known_at, timeline.labelled)
    return Prepared(manifest, known_at, timeline, labelled, coverage, catalogue(task.features, manifest.currency))


def covered(task: TaskSpec, lake: Lake, manifest: Manifest, known_at: datetime) -> tuple[Kept, Coverage]:
    """The panel of every weekly cutoff up to ``known_at``, with and without an outcome."""
    span = Window(manifest.span.start, known_at)
    cutoffs = task.timeline.weekly(span)
    if not cutoffs:
        raise NotEnoughDataError(
            f"{span} holds no {task.timeline.weekday} with {task.timeline.history.days} days of history before it.",
            why="A panel describes customers at weekly cutoffs.",
            fix="Use a later cutoff, a longer log, or a shorter timeline.history.",
        )
    kept = kept_panel(task, lake, known_at, cutoffs)
    return kept, coverage_of(kept, lake, known_at, task.horizon)


def timeline_at(task: TaskSpec, manifest: Manifest, known_at: datetime) -> Timeline:
    """How the time before ``known_at`` is divided."""
    return task.timeline.divide(Window(manifest.span.start, known_at), task.horizon)


def task_of(version: ModelVersion) -> TaskSpec:
    """The task as it was when this version was trained: its features and labels are computed by that."""
    try:
        return TaskSpec.model_validate_json(version.config)
    except ValidationError as error:
        raise RegistryError(
            f"The task of version {version.version} of '{version.task}' has {error.error_count()} problems.",
            why="It was trained by another release, which described tasks differently.",
            fix=f"Run: regulars retrain --task {version.task}",
        ) from error


def catalogue_report(features: tuple[Feature, ...], left_out: tuple[str, ...]) -> Report:
    """The catalogue of the features, and which blocks the source cannot feed."""
    table = pd.DataFrame([asdict(feature) for feature in features])
    return Report(
        {},
        {
            "report/features.parquet": table,
            "report/features.json": {"left_out": list(left_out)},
            "report/features.md": catalogue_page(features, left_out),
        },
    )


def describe_run(run: Run, task: TaskSpec, manifest: Manifest, known_at: datetime) -> None:
    """Log what the run is about, so that it can be repeated."""
    run.params(flat(task.model_dump(mode="json")))
    run.tags(
        {
            "task": task.name,
            "known_at": known_at.isoformat(),
            "data_digest": manifest.data_digest,
            "config_digest": task.digest(),
            "label_digest": task.label_digest(),
            "seed": str(task.seed),
        }
    )

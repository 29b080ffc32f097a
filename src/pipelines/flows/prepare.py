"""The steps that several flows begin with: the log up to a moment, divided, described and labelled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from pipelines.core.errors import NotEnoughDataError, RegistryError
from pipelines.core.protocols import ModelVersion, Run
from pipelines.core.spec import flat
from pipelines.core.windows import Window
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.fit import fitting
from pipelines.features.panel import AnyBlock, catalogue
from pipelines.scoring.history import history
from pipelines.scoring.panel import LabelledPanel, labelled_panel
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
    days: CustomerDays
    timeline: Timeline
    labelled: LabelledPanel
    features: tuple[Feature, ...]


def prepare(task: TaskSpec, lake: Lake, cutoff: datetime | None, more: tuple[AnyBlock, ...] = ()) -> Prepared:
    """Divide the time before ``cutoff``, and build the labelled panel of all its cutoffs in one pass.

    ``more`` are blocks that something else will be computed by from the same days.
    """
    manifest = lake.manifest(task.source)
    known_at = manifest.known_at(cutoff)
    timeline = timeline_at(task, manifest, known_at)
    days = history(lake, task.source, known_at, (*task.features, *more))
    labelled = labelled_panel(task, days, timeline.labelled)
    return Prepared(manifest, known_at, days, timeline, labelled, catalogue(task.features, manifest.currency))


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


def describe_run(run: Run, task: TaskSpec, manifest: Manifest, known_at: datetime) -> None:
    """Log what the run is about, so that it can be repeated."""
    run.params(flat(task.model_dump(mode="json")))
    run.tags(
        {
            "task": task.name,
            "known_at": known_at.isoformat(),
            "data_digest": manifest.data_digest,
            "config_digest": task.digest(),
            "seed": str(task.seed),
        }
    )

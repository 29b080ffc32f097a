"""The steps that several flows begin with: the log up to a moment, divided, described and labelled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from pipelines.core.errors import RegistryError
from pipelines.core.protocols import ModelVersion, Run
from pipelines.core.spec import flat
from pipelines.core.windows import Window
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.panel import catalogue
from pipelines.scoring.history import history
from pipelines.scoring.panel import LabelledPanel, labelled_panel
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.task import TaskSpec
from pipelines.tasks.timeline import Timeline


@dataclass(frozen=True)
class Prepared:
    """What can be learned from at a moment of knowledge."""

    manifest: Manifest
    known_at: datetime
    days: CustomerDays
    timeline: Timeline
    labelled: LabelledPanel
    features: tuple[Feature, ...]


def prepare(task: TaskSpec, lake: Lake, cutoff: datetime | None) -> Prepared:
    """Divide the time before ``cutoff``, and build the labelled panel of all its cutoffs in one pass."""
    manifest = lake.manifest(task.source)
    known_at = manifest.known_at(cutoff)
    timeline = timeline_at(task, manifest, known_at)
    days = history(lake, task.source, known_at)
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

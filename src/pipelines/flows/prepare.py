"""The steps that several flows begin with: what was ingested up to a moment, described, labelled and divided."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeVar

import pandas as pd

from pipelines.core.errors import ConfigError, RegistryError
from pipelines.core.protocols import ModelVersion, Run
from pipelines.core.report import Report
from pipelines.core.spec import flat
from pipelines.features.catalogue import Feature, catalogue_page
from pipelines.scoring.cases import Parts
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.mitigation import as_chosen
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.any_task import AnyTask, read_task
from pipelines.tasks.task import TaskSpec

T = TypeVar("T", bound=TaskSpec)


@dataclass(frozen=True)
class Prepared:
    """What can be learned from at a moment of knowledge; None is that of a table without times."""

    manifest: Manifest
    known_at: datetime | None
    parts: Parts


def fitted(task: T, manifest: Manifest) -> tuple[T, tuple[str, ...]]:
    """The task with the features that its source can feed, and one line on each of the others."""
    return kind_of(task).fitted(task, manifest)


def prepare(task: TaskSpec, lake: Lake, cutoff: datetime | None) -> Prepared:
    """Describe, label and divide what was known at ``cutoff``; None is the latest moment."""
    manifest = lake.manifest(task.source)
    known_at = manifest.knowledge(cutoff)
    return Prepared(manifest, known_at, as_chosen(task, lake, kind_of(task).parts(task, lake, known_at)))


def task_of(version: ModelVersion) -> AnyTask:
    """The task as it was when this version was trained: its features and labels are computed by that."""
    try:
        return read_task(json.loads(version.config), f"version {version.version}")
    except ConfigError as error:
        raise RegistryError(
            f"The task of version {version.version} of '{version.task}' cannot be read: {error.what}",
            why="It was trained by another release, which described tasks differently.",
            fix=f"Run: regulars retrain --task {version.task}",
        ) from error


def same_kind(task: T, other: TaskSpec) -> T:
    """The other task as one of the same kind.

    Raises
    ------
    RegistryError
        If its rows are something else.
    """
    if type(task) is not type(other):
        raise RegistryError(
            f"A model of '{task.name}' was trained on rows of another kind ({type(other).__name__}).",
            why="The two cannot be compared on the same rows.",
            fix=f"Give one of the tasks another name, or run: regulars retrain --task {task.name}",
        )
    return other


def catalogue_report(features: tuple[Feature, ...], left_out: tuple[str, ...]) -> Report:
    """The catalogue of the features, and which blocks or columns were left out."""
    table = pd.DataFrame([{**asdict(feature), "levels": list(feature.levels)} for feature in features])
    return Report(
        {},
        {
            "report/features.parquet": table,
            "report/features.json": {"left_out": list(left_out)},
            "report/features.md": catalogue_page(features, left_out),
        },
    )


def describe_run(run: Run, task: TaskSpec, manifest: Manifest, known_at: datetime | None) -> None:
    """Log what the run is about, so that it can be repeated."""
    run.params(flat(task.model_dump(mode="json")))
    run.tags(
        {
            "task": task.name,
            "known_at": "" if known_at is None else known_at.isoformat(),
            "data_digest": manifest.data_digest,
            "config_digest": task.digest(),
            "label_digest": task.label_digest(),
            "seed": str(task.seed),
        }
    )

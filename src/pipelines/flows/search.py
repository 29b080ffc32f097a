"""Trials only: a worker on a search that several processes or machines share. `train` finds them done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipelines.core.protocols import Run
from pipelines.flows.fit import searched
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run, fitted, prepare
from pipelines.search.figures import search_figures
from pipelines.search.found import Found
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Searched:
    """What was found so far, by all who work on it."""

    task: str
    found: Found
    outcome: Outcome = Outcome.DONE


def search(task: TaskSpec, lake: Lake, run: Run, cutoff: datetime | None) -> Searched:
    """Work on the task's search until its budget is spent."""
    run.progress.stage(f"search: describing the rows of '{task.name}'")
    task, _ = fitted(task, lake.manifest(task.source))
    prepared = prepare(task, lake, cutoff)
    describe_run(run, task, prepared.manifest, prepared.known_at)
    found, report = searched(task, prepared.parts, run)
    run.publish(report | search_figures(found, task.search))
    run.tags({"outcome": Outcome.DONE})
    return Searched(task.name, found)

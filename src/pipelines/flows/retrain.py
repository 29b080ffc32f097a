"""Train, then promote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipelines.core.protocols import Models, Run
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run
from pipelines.flows.promote import Promotion, promote
from pipelines.flows.train import Trained, train
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Retrained:
    """A new challenger and what became of it."""

    trained: Trained
    promotion: Promotion
    outcome: Outcome


def retrain(task: TaskSpec, lake: Lake, models: Models, run: Run, cutoff: datetime | None) -> Retrained:
    """A new challenger on what is known at ``cutoff``, through the same gates as any other."""
    manifest = lake.manifest(task.source)
    describe_run(run, task, manifest, manifest.knowledge(cutoff))
    with run.child("train") as child:
        trained = train(task, lake, models, child, cutoff)
    with run.child("promote") as child:
        promotion = promote(task, lake, models, child)
    run.tags({"outcome": promotion.outcome})
    return Retrained(trained, promotion, promotion.outcome)

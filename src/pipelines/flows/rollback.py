"""The previous champion comes back."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.core.protocols import CHAMPION, Models, ModelVersion, Run
from pipelines.flows.outcome import Outcome
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class RolledBack:
    """Who was champion and who is now."""

    before: ModelVersion | None
    champion: ModelVersion | None
    outcome: Outcome = Outcome.ROLLED_BACK


def rollback(task: TaskSpec, models: Models, run: Run) -> RolledBack:
    """Swap ``champion`` and ``previous``; run it again to undo it."""
    run.progress.stage(f"rollback: '{task.name}'")
    before = models.find(task.name, CHAMPION)
    models.roll_back(task.name)
    now = models.find(task.name, CHAMPION)
    named = {"champion_before": before.version if before else "", "champion": now.version if now else ""}
    run.tags({"task": task.name, "outcome": Outcome.ROLLED_BACK, **named})
    return RolledBack(before, now)

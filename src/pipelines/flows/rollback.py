"""The previous champion comes back."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.core.protocols import CHAMPION, Models, ModelVersion, Run
from pipelines.flows.outcome import Outcome


@dataclass(frozen=True)
class RolledBack:
    """Who was champion and who is now."""

    before: ModelVersion | None
    champion: ModelVersion | None
    outcome: Outcome = Outcome.ROLLED_BACK


def rollback(name: str, models: Models, run: Run) -> RolledBack:
    """Swap ``champion`` and ``previous`` of a task or segmentation; run it again to undo it."""
    run.progress.stage(f"rollback: '{name}'")
    before = models.find(name, CHAMPION)
    models.roll_back(name)
    now = models.find(name, CHAMPION)
    named = {"champion_before": before.version if before else "", "champion": now.version if now else ""}
    run.tags({"task": name, "outcome": Outcome.ROLLED_BACK, **named})
    return RolledBack(before, now)

"""A new version: registered, recorded, and challenger from then on."""

from __future__ import annotations

from pipelines.core.ledger import Event
from pipelines.core.protocols import Models, ModelVersion, NewVersion, Run
from pipelines.flows.ledger import Step, opened, recorded


def register(models: Models, run: Run, new: NewVersion, reason: str = "") -> ModelVersion:
    """Register a version; a ledger that was tampered with takes none."""
    opened(new.task, models, run)
    version = models.register(run, new)
    recorded(
        new.task,
        models,
        run,
        Step(Event.REGISTERED, version, reason),
        lambda standing: standing.challenged_by(version.version),
    )
    return version

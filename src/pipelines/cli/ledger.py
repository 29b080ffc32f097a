"""What the commands that look into ledgers open and show; they write nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console

from pipelines.adapters.workspace import Workspace
from pipelines.cli import ledger_summary as summary
from pipelines.cli.opened import status
from pipelines.cli.registry import name_of
from pipelines.core.errors import RegistryError, UsageError
from pipelines.core.ledger import Chain, chained
from pipelines.flows.outcome import Outcome

if TYPE_CHECKING:
    from pipelines.adapters.registry import MlflowModels


def history(task: str) -> int:
    """Every record."""
    name, chain = _chain(task)
    summary.of_history(name, chain, _console())
    return 0


def champion_at(task: str, moment: str) -> int:
    """Who was champion."""
    name, chain = _chain(task)
    summary.of_champion_at(name, chain, _time(moment), _console())
    return 0


def verify_ledger(task: str) -> int:
    """Whether one ledger, or each, is as it was written."""
    from pipelines.flows.verify_ledger import verify_ledger as flow

    models = _models()
    found = [flow(name, models) for name in ([name_of(task)] if task else models.ledger.names())]
    summary.of_verified(found, _console())
    return max((status(one.outcome) for one in found), default=status(Outcome.OK))


def _chain(task: str) -> tuple[str, Chain]:
    name = name_of(task)
    chain = chained(_models().ledger.read(name))
    if not chain.entries and not chain.problems:
        raise RegistryError(
            f"'{name}' has no ledger yet.",
            why="It begins with the first version that is registered.",
            fix=f"Run: regulars train --task {name}; or set MLFLOW_TRACKING_URI to the store that holds it.",
        )
    return name, chain


def _models() -> MlflowModels:
    from pipelines.adapters.registry import MlflowModels
    from pipelines.adapters.runs import use_store

    use_store(Workspace.find())
    return MlflowModels()


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"--time {text!r:.30} is no time.",
            why="It says as of when the champion is asked for.",
            fix="Write it as ISO 8601, such as 2026-11-23 or 2026-11-23T14:30; UTC where no zone is given.",
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)

"""What every command does around its flow: a lake, a run, a moment, and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from rich.console import Console

from pipelines.adapters.engines import engine_named
from pipelines.adapters.lake import FileLake
from pipelines.adapters.logs import progress_for
from pipelines.adapters.provenance import provenance
from pipelines.adapters.workspace import Workspace
from pipelines.cli import summary
from pipelines.core.protocols import Run
from pipelines.core.windows import day_number, parse_cutoff
from pipelines.flows.outcome import EXIT_STATUS, Outcome
from pipelines.tables.source import SourceSpec


class HasOutcome(Protocol):
    """What a flow found."""

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        ...


R = TypeVar("R", bound=HasOutcome)


def recorded(
    workspace: Workspace, name: str, experiment: str, flow: Callable[[Run], R], show: Callable[[R, summary.Place], None]
) -> R:
    """Open a run, let the flow record into it, print what it found, and say how it ended."""
    from pipelines.adapters.runs import open_run

    with open_run(workspace, experiment, name, provenance(workspace.root), progress_for(sys.stderr)) as run:
        result = flow(run)
    show(result, summary.Place(Console(highlight=False, soft_wrap=True), workspace.shown_tracking_uri))
    return result


def status(outcome: Outcome) -> int:
    """The exit status; under ``mlflow run`` a refusal or a verdict is an outcome, not a failure."""
    return 0 if "MLFLOW_RUN_ID" in os.environ else EXIT_STATUS.get(outcome, 0)


def opened_lake(workspace: Workspace, source: SourceSpec) -> FileLake:
    """The workspace's lake, on the engine that the source asks for."""
    return FileLake(workspace.data, workspace.root, engine_named(source.engine, workspace.data / "spill"))


def moment_of(text: str) -> datetime | None:
    """A moment of knowledge; ``latest`` is for the data to say."""
    if text == "latest":
        return None
    moment = parse_cutoff(text)
    day_number(moment)
    return moment

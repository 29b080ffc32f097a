"""What each command opens and calls; a flow is imported by the command that runs it, so that each starts fast."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from rich.console import Console

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.adapters.logs import progress_for
from pipelines.adapters.provenance import provenance
from pipelines.adapters.registry import MlflowModels
from pipelines.adapters.runs import open_run
from pipelines.adapters.workspace import Workspace
from pipelines.cli import summary
from pipelines.config.files import load_source, load_task
from pipelines.core.protocols import Run
from pipelines.core.windows import day_number, parse_cutoff
from pipelines.flows.outcome import EXIT_STATUS, Outcome
from pipelines.tables.source import SourceSpec
from pipelines.tasks.task import TaskSpec


class _Result(Protocol):
    @property
    def outcome(self) -> Outcome: ...


R = TypeVar("R", bound=_Result)


def main(task: str, overrides: str) -> int:
    """The whole loop."""
    from pipelines.flows.main import main as flow

    source = _source_of(task, overrides)
    result = _of_task(
        "main",
        (task, overrides),
        lambda spec, lake, models, run: flow(spec, source, lake, models, run),
        summary.of_main,
    )
    return _status(result.deciding)


def ingest(source: str) -> int:
    """One source."""
    from pipelines.flows.ingest import ingest as flow

    workspace = Workspace.find()
    spec = load_source(workspace.conf, source)
    result = _run(workspace, "ingest", spec.name, lambda run: flow(spec, _lake(workspace), run), summary.of_ingested)
    return _status(result.outcome)


def train(task: str, cutoff: str, overrides: str) -> int:
    """A challenger."""
    from pipelines.flows.train import train as flow

    known_at = _cutoff(cutoff)
    result = _of_task(
        "train",
        (task, overrides),
        lambda spec, lake, models, run: flow(spec, lake, models, run, known_at),
        summary.of_trained,
    )
    return _status(result.outcome)


def promote(task: str) -> int:
    """Challenger against champion."""
    from pipelines.flows.promote import promote as flow

    return _status(_of_task("promote", (task, ""), flow, summary.of_promotion).outcome)


def rollback(task: str) -> int:
    """Back to the previous champion."""
    from pipelines.flows.rollback import rollback as flow

    result = _of_task("rollback", (task, ""), lambda spec, _, models, run: flow(spec, models, run), summary.of_rollback)
    return _status(result.outcome)


def score(task: str, cutoff: str) -> int:
    """Scores of one cutoff."""
    from pipelines.flows.score import score as flow

    known_at = _cutoff(cutoff)
    result = _of_task(
        "score", (task, ""), lambda spec, lake, models, run: flow(spec, lake, models, run, known_at), summary.of_scores
    )
    return _status(result.outcome)


def drift_check(task: str, cutoff: str, retrain: str) -> int:
    """A verdict on one cutoff."""
    from pipelines.flows.drift_check import Retraining
    from pipelines.flows.drift_check import drift_check as flow

    known_at, retraining = _cutoff(cutoff), Retraining(retrain)
    result = _of_task(
        "drift_check",
        (task, ""),
        lambda spec, lake, models, run: flow(spec, lake, models, run, known_at, retraining),
        summary.of_drift,
    )
    return _status(result.outcome)


def retrain(task: str, cutoff: str) -> int:
    """A challenger, and what the gates say to it."""
    from pipelines.flows.retrain import retrain as flow

    known_at = _cutoff(cutoff)
    result = _of_task(
        "retrain",
        (task, ""),
        lambda spec, lake, models, run: flow(spec, lake, models, run, known_at),
        summary.of_retrained,
    )
    return _status(result.outcome)


def _of_task(
    name: str,
    task: tuple[str, str],
    flow: Callable[[TaskSpec, FileLake, MlflowModels, Run], R],
    show: Callable[[R, summary.Place], None],
) -> R:
    """Run a flow on a task, given by its name and overrides."""
    workspace = Workspace.find()
    spec = load_task(workspace.conf, *task)
    lake, models = _lake(workspace), MlflowModels()
    return _run(workspace, name, spec.name, lambda run: flow(spec, lake, models, run), show)


def _source_of(task: str, overrides: str) -> SourceSpec:
    workspace = Workspace.find()
    return load_source(workspace.conf, load_task(workspace.conf, task, overrides).source)


def _run(
    workspace: Workspace, name: str, experiment: str, flow: Callable[[Run], R], show: Callable[[R, summary.Place], None]
) -> R:
    """Open a run, let the flow record into it, print what it found, and say how it ended."""
    with open_run(workspace, experiment, name, provenance(workspace.root), progress_for(sys.stderr)) as run:
        result = flow(run)
    show(result, summary.Place(Console(highlight=False, soft_wrap=True), workspace.shown_tracking_uri))
    return result


def _status(outcome: Outcome) -> int:
    """The exit status; under ``mlflow run`` a refusal or a verdict is an outcome, not a failure."""
    return 0 if "MLFLOW_RUN_ID" in os.environ else EXIT_STATUS.get(outcome, 0)


def _lake(workspace: Workspace) -> FileLake:
    return FileLake(workspace.data, workspace.root, DuckDBEngine())


def _cutoff(text: str) -> datetime | None:
    """A moment of knowledge; ``latest`` is for the data to say."""
    if text == "latest":
        return None
    moment = parse_cutoff(text)
    day_number(moment)
    return moment

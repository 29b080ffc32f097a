"""What each command opens and calls; a flow is imported by the command that runs it, so that each starts fast."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pipelines.adapters.lake import FileLake
from pipelines.adapters.logs import progress_for
from pipelines.adapters.workspace import Workspace
from pipelines.cli import summary
from pipelines.cli.opened import R, moment_of, opened_lake, recorded, status
from pipelines.config.files import is_segmentation, load_source, load_task, located
from pipelines.core.errors import UsageError
from pipelines.core.protocols import Run
from pipelines.tables.source import SourceSpec

if TYPE_CHECKING:  # what only some commands need is imported by them
    from pipelines.adapters.registry import MlflowModels
    from pipelines.tasks.panel_task import PanelTask
    from pipelines.tasks.task import TaskSpec


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
    return status(result.deciding)


def ingest(source: str, path: str, overrides: str, download: bool) -> int:
    """One source, from where its file says or from ``path``."""
    from pipelines.flows.ingest import ingest as flow

    workspace = Workspace.find()
    spec = located(load_source(workspace.conf, source, overrides), os.path.abspath(path) if path else "")
    if download:
        _fetch(spec, workspace)
    lake = opened_lake(workspace, spec)
    result = recorded(workspace, "ingest", spec.name, lambda run: flow(spec, lake, run), summary.of_ingested)
    return status(result.outcome)


def describe(source: str) -> int:
    """What a person should know of an ingested source."""
    from pipelines.cli.profile_summary import of_described
    from pipelines.flows.describe import describe as flow

    workspace = Workspace.find()
    spec = load_source(workspace.conf, source)
    lake = opened_lake(workspace, spec)
    result = recorded(workspace, "describe", spec.name, lambda run: flow(spec.name, lake, run), of_described)
    return status(result.outcome)


def features(task: str, overrides: str) -> int:
    """What a task describes customers by."""
    from pipelines.flows.prepare import fitted
    from pipelines.scoring.kinds import kind_of

    workspace = Workspace.find()
    spec = load_task(workspace.conf, task, overrides)
    lake = opened_lake(workspace, load_source(workspace.conf, spec.source))
    manifest = lake.manifest(spec.source)
    kept, left_out = fitted(spec, manifest)
    console = Console(highlight=False, soft_wrap=True)
    summary.of_features(kind_of(kept).features(kept, manifest), left_out, console)
    return 0


def explain(task: str, customer_id: str, cutoff: str) -> int:
    """What the champion says of one customer, here and on a page that stays on this machine."""
    from pipelines.adapters.registry import MlflowModels
    from pipelines.adapters.runs import use_store
    from pipelines.cli.explain_summary import of_explained
    from pipelines.explain.local import file_stem
    from pipelines.flows.explain import explain as flow

    workspace = Workspace.find()
    spec = load_task(workspace.conf, task)
    lake = opened_lake(workspace, load_source(workspace.conf, spec.source))
    use_store(workspace)
    explained = flow(spec, lake, MlflowModels(), moment_of(cutoff), customer_id, spec.changeable)
    day = "" if explained.cutoff is None else f"{explained.cutoff:%Y-%m-%d}"
    page = workspace.data / "explain" / f"{file_stem(spec.name, customer_id, day)}.html"
    _write_privately(page, explained.page())
    of_explained(explained, page, Console(highlight=False, soft_wrap=True))
    return 0


def _write_privately(path: Path, text: str) -> None:
    """A file that only its owner can read: it names a customer."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def panel(task: str, cutoff: str, overrides: str) -> int:
    """Feature rows and labels of every weekly cutoff."""
    from pipelines.flows.panel import panel as flow

    known_at = moment_of(cutoff)
    result = _of_log(
        "panel",
        (task, overrides),
        lambda spec, lake, run: flow(_panel_task(spec), lake, run, known_at),
        summary.of_panel,
    )
    return status(result.outcome)


def audit_leakage(task: str, cutoff: str, limit: float, overrides: str) -> int:
    """Whether anything that a model learns from knows the future."""
    from pipelines.flows.audit_leakage import audit_leakage as flow

    known_at = moment_of(cutoff)
    return status(
        _of_log(
            "audit_leakage",
            (task, overrides),
            lambda spec, lake, run: flow(_panel_task(spec), lake, run, known_at, limit),
            summary.of_audit,
        ).outcome
    )


def inflate(task: str, cutoff: str, overrides: str) -> int:
    """Claims of the usual mistakes, and what they are worth."""
    from pipelines.cli.inflate_summary import of_inflated
    from pipelines.flows.inflate import inflate as flow

    known_at = moment_of(cutoff)
    return status(
        _of_log(
            "inflate", (task, overrides), lambda spec, lake, run: flow(spec, lake, run, known_at), of_inflated
        ).outcome
    )


def train(task: str, cutoff: str, overrides: str) -> int:
    """A challenger."""
    from pipelines.flows.train import train as flow

    known_at = moment_of(cutoff)
    result = _of_task(
        "train",
        (task, overrides),
        lambda spec, lake, models, run: flow(spec, lake, models, run, known_at),
        summary.of_trained,
    )
    return status(result.outcome)


def search(task: str, cutoff: str, overrides: str) -> int:
    """Trials only."""
    from pipelines.flows.search import search as flow

    known_at = moment_of(cutoff)
    result = _of_log(
        "search", (task, overrides), lambda spec, lake, run: flow(spec, lake, run, known_at), summary.of_search
    )
    return status(result.outcome)


def policy(task: str, overrides: str) -> int:
    """Another policy for the champion."""
    from pipelines.flows.policy import policy as flow

    return status(_of_task("policy", (task, overrides), flow, summary.of_policy).outcome)


def reproduce(run_id: str) -> int:
    """A run, rebuilt."""
    from pipelines.adapters.records import MlflowRuns
    from pipelines.adapters.runs import use_store
    from pipelines.flows.reproduce import reproduce as flow

    workspace = Workspace.find()
    use_store(workspace)
    runs = MlflowRuns()
    task = runs.trained(run_id).tags["task"]

    def lake_of(source: str) -> FileLake:
        return opened_lake(workspace, load_source(workspace.conf, source))

    result = recorded(workspace, "reproduce", task, lambda run: flow(lake_of, runs, run, run_id), summary.of_reproduced)
    return status(result.outcome)


def promote(task: str) -> int:
    """Challenger against champion."""
    from pipelines.flows.promote import promote as flow

    return status(_of_task("promote", (task, ""), flow, summary.of_promotion).outcome)


def score(task: str, cutoff: str, reasons: str) -> int:
    """Scores of one cutoff."""
    from pipelines.adapters.engines import workers_of
    from pipelines.flows.score import score as flow

    known_at, n_reasons = moment_of(cutoff), _n_reasons(reasons)
    result = _of_task(
        "score",
        (task, ""),
        lambda spec, lake, models, run: flow(
            spec, lake, models, run, known_at, n_reasons=n_reasons, workers=workers_of(lake.engine)
        ),
        summary.of_scores,
    )
    return status(result.outcome)


def _n_reasons(text: str) -> int | None:
    """How many reasons a row gets; None is as many as the task declares."""
    if text == "all":
        return None
    if text.isdecimal():
        return int(text)
    raise UsageError(
        f"--reasons {text!r:.20} is no number of reasons.",
        why="It says how many reasons each row gets.",
        fix="Give 'all' for as many as the task declares, or a number; 0 explains nothing, and is faster.",
    )


def drift_check(task: str, cutoff: str, retrain: str) -> int:
    """A verdict on one cutoff."""
    from pipelines.cli import segments
    from pipelines.flows.drift_check import Retraining
    from pipelines.flows.drift_check import drift_check as flow

    if is_segmentation(Workspace.find().conf, task):
        return segments.drift_check(task, cutoff, retrain)
    known_at, retraining = moment_of(cutoff), Retraining(retrain)
    result = _of_task(
        "drift_check",
        (task, ""),
        lambda spec, lake, models, run: flow(spec, lake, models, run, known_at, retraining),
        summary.of_drift,
    )
    return status(result.outcome)


def retrain(task: str, cutoff: str) -> int:
    """A challenger, and what the gates say to it."""
    from pipelines.flows.retrain import retrain as flow

    known_at = moment_of(cutoff)
    result = _of_task(
        "retrain",
        (task, ""),
        lambda spec, lake, models, run: flow(spec, lake, models, run, known_at),
        summary.of_retrained,
    )
    return status(result.outcome)


def _of_task(
    name: str,
    task: tuple[str, str],
    flow: Callable[[TaskSpec, FileLake, MlflowModels, Run], R],
    show: Callable[[R, summary.Place], None],
) -> R:
    """Run a flow on a task, given by its name and overrides."""
    from pipelines.adapters.registry import MlflowModels

    workspace = Workspace.find()
    spec = load_task(workspace.conf, *task)
    lake, models = opened_lake(workspace, load_source(workspace.conf, spec.source)), MlflowModels()
    return recorded(workspace, name, spec.name, lambda run: flow(spec, lake, models, run), show)


def _of_log(
    name: str,
    task: tuple[str, str],
    flow: Callable[[TaskSpec, FileLake, Run], R],
    show: Callable[[R, summary.Place], None],
) -> R:
    """Run a flow that needs no registry on a task, given by its name and overrides."""
    workspace = Workspace.find()
    spec = load_task(workspace.conf, *task)
    lake = opened_lake(workspace, load_source(workspace.conf, spec.source))
    return recorded(workspace, name, spec.name, lambda run: flow(spec, lake, run), show)


def _panel_task(task: TaskSpec) -> PanelTask:
    """The task, if its rows are a panel of customers."""
    from pipelines.tasks.panel_task import PanelTask

    if isinstance(task, PanelTask):
        return task
    raise UsageError(
        f"'{task.name}' is no panel of customers at weekly cutoffs.",
        why="The command describes customers from their log, and the rows of this task come otherwise.",
        fix="Name a task whose kind is 'panel'.",
    )


def _source_of(task: str, overrides: str) -> SourceSpec:
    workspace = Workspace.find()
    return load_source(workspace.conf, load_task(workspace.conf, task, overrides).source)


def _fetch(source: SourceSpec, workspace: Workspace) -> None:
    """Say the licence, then fetch what is not there yet."""
    from pipelines.adapters.download import fetch

    progress = progress_for(sys.stderr)
    progress.stage(f"licence of {source.title or source.name}: {source.licence}")
    for path in fetch(source, workspace.root):
        progress.stage(f"fetched {path.name}")

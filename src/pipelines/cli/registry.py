"""What the commands about who stands where open and call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from pipelines.adapters.workspace import Workspace
from pipelines.cli import ledger_summary as summary
from pipelines.cli.opened import R, moment_of, opened_lake, recorded, status
from pipelines.cli.summary import Place
from pipelines.config.files import is_segmentation, load_segments, load_source, load_task
from pipelines.core.errors import UsageError
from pipelines.core.protocols import Run

if TYPE_CHECKING:
    from pipelines.adapters.lake import FileLake
    from pipelines.adapters.registry import MlflowModels
    from pipelines.flows.restore import Restored
    from pipelines.flows.retire import Retired
    from pipelines.flows.sign_off import SignedOff
    from pipelines.tasks.task import TaskSpec


def rollback(task: str) -> int:
    """Back to the previous champion."""
    from pipelines.flows.rollback import rollback as flow

    return _of_model("rollback", task, flow, summary.of_rollback)


def approve(task: str, version: str, by: str, reason: str) -> int:
    """A signature."""
    from pipelines.flows.sign_off import approve as flow

    def signed(name: str, models: MlflowModels, run: Run) -> SignedOff:
        return flow(name, models, run, version, by, reason)

    return _of_model("approve", task, signed, summary.of_signed)


def reject(task: str, version: str, by: str, reason: str) -> int:
    """An objection."""
    from pipelines.flows.sign_off import reject as flow

    def signed(name: str, models: MlflowModels, run: Run) -> SignedOff:
        return flow(name, models, run, version, by, reason)

    return _of_model("reject", task, signed, summary.of_signed)


def shadow(task: str, version: str, share: float) -> int:
    """A version beside the champion."""
    from pipelines.flows.shadow import shadow as flow

    return _of_task(
        "shadow",
        task,
        lambda spec, lake, models, run: flow(spec, lake, models, run, version, share),
        summary.of_shadow,
    )


def stop_shadow(task: str) -> int:
    """The champion alone."""
    from pipelines.flows.shadow import stop_shadow as flow

    return _of_model("stop_shadow", task, flow, summary.of_shadow)


def compare_shadow(task: str, cutoff: str) -> int:
    """Shadow against champion on what has matured."""
    from pipelines.flows.compare_shadow import compare_shadow as flow

    known_at = moment_of(cutoff)
    return _of_task(
        "compare_shadow",
        task,
        lambda spec, lake, models, run: flow(spec, lake, models, run, known_at),
        summary.of_compared_shadow,
    )


def retire(task: str, keep: int, older_than: str) -> int:
    """Old versions leave."""
    from pipelines.flows.retire import retire as flow

    age = _age(older_than)

    def retired(name: str, models: MlflowModels, run: Run) -> Retired:
        return flow(name, models, run, keep, age)

    return _of_model("retire", task, retired, summary.of_retired)


def restore(task: str, by: str, reason: str) -> int:
    """On from what the ledger says."""
    from pipelines.flows.restore import restore as flow

    def restored(name: str, models: MlflowModels, run: Run) -> Restored:
        return flow(name, models, run, by, reason)

    return _of_model("restore", task, restored, summary.of_restored)


def drill(task: str, cutoff: str, overrides: str) -> int:
    """Saboteurs against the gates."""
    from pipelines.flows.drill import drill as flow

    known_at = moment_of(cutoff)
    return _of_task(
        "drill",
        task,
        lambda spec, lake, models, run: flow(spec, lake, models, run, known_at),
        summary.of_drill,
        overrides,
    )


def name_of(task: str) -> str:
    """The registered model of a task's or segmentation's file."""
    conf = Workspace.find().conf
    known = load_segments if is_segmentation(conf, task) else load_task
    return known(conf, task).name


def _of_model(
    command: str, task: str, flow: Callable[[str, MlflowModels, Run], R], show: Callable[[R, Place], None]
) -> int:
    """Run a flow that needs a registered model only."""
    from pipelines.adapters.registry import MlflowModels

    name, models = name_of(task), MlflowModels()
    return status(recorded(Workspace.find(), command, name, lambda run: flow(name, models, run), show).outcome)


def _of_task(
    command: str,
    task: str,
    flow: Callable[[TaskSpec, FileLake, MlflowModels, Run], R],
    show: Callable[[R, Place], None],
    overrides: str = "",
) -> int:
    """Run a flow that needs the rows too."""
    from pipelines.adapters.registry import MlflowModels

    workspace = Workspace.find()
    spec = load_task(workspace.conf, task, overrides)
    lake, models = opened_lake(workspace, load_source(workspace.conf, spec.source)), MlflowModels()
    return status(recorded(workspace, command, spec.name, lambda run: flow(spec, lake, models, run), show).outcome)


def _age(text: str) -> timedelta:
    try:
        return TypeAdapter(timedelta).validate_python(text)
    except ValidationError as error:
        raise UsageError(
            f"older_than={text!r:.20} is no duration.",
            why="Versions are retired from an age on.",
            fix="Write it as ISO 8601, such as P90D.",
        ) from error

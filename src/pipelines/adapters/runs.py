"""MLflow runs: what a flow records goes to the tracking store through here."""

from __future__ import annotations

import getpass
import hashlib
import hmac
import json
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Metric, Param, RunInfo, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from numpy.typing import NDArray
from sqlalchemy.exc import SQLAlchemyError

from pipelines.adapters.workspace import Workspace
from pipelines.core.errors import PipelineError, RegistryError
from pipelines.core.protocols import Progress
from pipelines.core.report import Artifact, Report

_PARENT, _NAME, _USER = "mlflow.parentRunId", "mlflow.runName", "mlflow.user"


@dataclass(frozen=True)
class MlflowRun:
    """One run in the tracking store.

    Parameters
    ----------
    run_id, experiment_id : str
        MLflow's names for it.
    case_key : bytes
        The secret behind case ids; it is never logged.
    progress : Progress
        Where to say how far the flow is.
    root_tags : mapping of str to str
        Provenance, which every child carries too.
    studies : str or None
        Where searches keep their trials.
    """

    run_id: str
    experiment_id: str
    case_key: bytes
    progress: Progress
    root_tags: Mapping[str, str]
    studies: str | None = None

    @property
    def actor(self) -> str:
        """Who started it: MLflow's user; children carry their parent's."""
        tags = _client().get_run(self.run_id).data.tags
        parent = tags.get(_PARENT)
        return tags.get(_USER) or (replace(self, run_id=parent).actor if parent else "")

    @property
    def began(self) -> datetime:
        """When it was started, UTC."""
        return datetime.fromtimestamp(_milliseconds(self.run_id) / 1_000, UTC)

    @property
    def now(self) -> datetime:
        """The time of day, UTC."""
        return datetime.now(UTC)  # noqa: TID251  # who did what when is a fact of the day, and decides nothing

    @contextmanager
    def child(self, name: str) -> Iterator[MlflowRun]:
        """A nested run; it ends FAILED if the block raises."""
        tags = {_PARENT: self.run_id, _NAME: name, **self.root_tags}
        created = _client().create_run(self.experiment_id, tags=tags, run_name=name)
        run = replace(self, run_id=created.info.run_id)
        with _ended(run.run_id):
            yield run

    def params(self, values: Mapping[str, str]) -> None:
        """Log parameters; MLflow takes a hundred at once and 6,000 characters each."""
        params = [Param(name, value[:6_000]) for name, value in values.items()]
        for start in range(0, len(params), 100):
            _client().log_batch(self.run_id, params=params[start : start + 100])

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags."""
        _client().log_batch(self.run_id, tags=[RunTag(name, value) for name, value in values.items()])

    def describe(self, markdown: str) -> None:
        """What the run found, shown as its description."""
        _client().set_tag(self.run_id, "mlflow.note.content", markdown)

    def publish(self, report: Report) -> None:
        """Log every metric and artifact of a report; a metric that is not a number is left out."""
        now = _milliseconds(self.run_id)
        metrics = [Metric(name, value, now, 0) for name, value in report.metrics.items() if math.isfinite(value)]
        for start in range(0, len(metrics), 1_000):
            _client().log_batch(self.run_id, metrics=metrics[start : start + 1_000])
        if report.artifacts:
            with tempfile.TemporaryDirectory() as folder:
                for place, artifact in report.artifacts.items():
                    _write(artifact, Path(folder) / place)
                _client().log_artifacts(self.run_id, folder)

    def trial(self, number: int, params: Mapping[str, float], value: float | None, state: str) -> None:
        """Log one trial of a search as a nested run."""
        tags = {_PARENT: self.run_id, _NAME: f"trial {number:03d}", "state": state, **self.root_tags}
        run_id = _client().create_run(self.experiment_id, tags=tags, run_name=f"trial {number:03d}").info.run_id
        metrics = [] if value is None else [Metric("valid.log_loss", value, _milliseconds(run_id), 0)]
        _client().log_batch(run_id, metrics=metrics, params=[Param(key, str(it)) for key, it in params.items()])
        _client().set_terminated(run_id, "FINISHED")

    def case_ids(self, customer_ids: NDArray[np.object_]) -> NDArray[np.object_]:
        """Keyed hashes that stand for customers wherever they are logged, same shape."""
        known, codes = np.unique(customer_ids.astype(str), return_inverse=True)
        digests = [hmac.new(self.case_key, one.encode(), hashlib.sha256).hexdigest()[:24] for one in known]
        return np.array(digests, dtype=object)[codes]


def use_store(workspace: Workspace) -> None:
    """Look things up in the workspace's store, without a run."""
    mlflow.set_tracking_uri(workspace.tracking_uri)


@contextmanager
def open_run(
    workspace: Workspace, experiment: str, name: str, tags: Mapping[str, str], progress: Progress
) -> Iterator[MlflowRun]:
    """A top-level run; under ``mlflow run`` it is the one that MLflow has already made.

    Parameters
    ----------
    workspace : Workspace
        Says where the tracking store is.
    experiment : str
        The task's or the source's name; made if it does not exist.
    name : str
        Of the run: the command.
    tags : mapping of str to str
        Set on the run and on its children.
    progress : Progress
        Where to say how far the flow is.
    """
    use_store(workspace)
    given = os.environ.get("MLFLOW_RUN_ID")
    case_key = workspace.case_key()
    info = _opened(workspace, experiment, name, given)
    run = MlflowRun(info.run_id, info.experiment_id, case_key, progress, tags, workspace.studies)
    with _ended(run.run_id, leave_open=bool(given)):
        run.tags(tags)
        try:
            yield run
        except PipelineError as error:  # its page should say what the terminal says
            run.describe(f"## Refused\n\n{error}")
            raise


def _opened(workspace: Workspace, experiment: str, name: str, given: str | None) -> RunInfo:
    """The run to record into; a store's own message may hold its password, so only its kind is shown."""
    try:
        return _joined(given, name) if given else _created(workspace, experiment, name)
    except (MlflowException, ImportError, OSError, SQLAlchemyError) as error:
        code = getattr(error, "error_code", "")
        raise RegistryError(
            f"The tracking store {workspace.shown_tracking_uri} cannot be used ({type(error).__name__} {code}).",
            why=f"The run '{name}' of experiment '{experiment}' would be kept there.",
            fix="Start the server, install its database driver, restore a deleted experiment, or correct "
            "MLFLOW_TRACKING_URI and MLFLOW_RUN_ID; unset, the store is the embedded one.",
        ) from None


def _joined(run_id: str, name: str) -> RunInfo:
    _client().set_tag(run_id, _NAME, name)
    return _client().get_run(run_id).info


def _created(workspace: Workspace, experiment: str, name: str) -> RunInfo:
    whose = {_USER: getpass.getuser(), "mlflow.source.name": f"regulars {name}"}
    return _client().create_run(_experiment(workspace, experiment), tags=whose, run_name=name).info


@contextmanager
def _ended(run_id: str, *, leave_open: bool = False) -> Iterator[None]:
    """End the run FINISHED, or FAILED if the block raises; ``mlflow run`` ends its own."""
    try:
        yield
    except BaseException:  # also Ctrl-C: whatever ended the block, the run must not stay RUNNING; raised again
        _client().set_terminated(run_id, "FAILED")
        raise
    if not leave_open:
        _client().set_terminated(run_id, "FINISHED")


def _experiment(workspace: Workspace, name: str) -> str:
    found = _client().get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    local = workspace.tracking_uri.startswith("sqlite:")
    location = f"{workspace.artifact_root}/{name}" if local else None
    kind = {"mlflow.experimentKind": "custom_model_development"}  # what the UI shows: models, not chats
    try:
        return str(_client().create_experiment(name, artifact_location=location, tags=kind))
    except MlflowException as error:
        made = _client().get_experiment_by_name(name)
        if error.error_code == "RESOURCE_ALREADY_EXISTS" and made is not None:
            return str(made.experiment_id)  # another process was first
        raise


def _client() -> MlflowClient:
    return MlflowClient()


def _milliseconds(run_id: str) -> int:
    """When the run began: MLflow wants a time beside every metric, and a metric of ours has none of its own."""
    return int(_client().get_run(run_id).info.start_time)


def _write(artifact: Artifact, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(artifact, pd.DataFrame):
        artifact.to_parquet(path, index=False)
    elif isinstance(artifact, str):
        path.write_text(artifact, encoding="utf-8")
    elif isinstance(artifact, Mapping):
        path.write_text(json.dumps(artifact, indent=1, allow_nan=False), encoding="utf-8")
    else:
        artifact.savefig(path, dpi=120)

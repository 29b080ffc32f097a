"""What runs recorded, read back from the tracking store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from pipelines.core.errors import RegistryError
from pipelines.core.protocols import CONFIG, Recorded

_DIGEST, _PARENT = "model_digest", "mlflow.parentRunId"
_FIX = "Copy the id from the run's page, and set MLFLOW_TRACKING_URI to the store that holds it."


class MlflowRuns:
    """Runs in the tracking store that is set."""

    def trained(self, run_id: str) -> Recorded:
        """The training run of that name, or the one inside it."""
        named = self._run(run_id)
        found = next((run for run in (named, *self._inside(named)) if _DIGEST in run.data.tags), None)
        if found is None:
            raise RegistryError(
                f"The run {run_id} ('{named.info.run_name}') trained nothing to the end.",
                why="Only a model that was fitted can be fitted again.",
                fix="Name a run of train, retrain or main that ended well.",
            )
        return Recorded(
            found.info.run_id, _configuration(found.info.run_id), dict(found.data.tags), dict(found.data.metrics)
        )

    def tags(self, run_id: str) -> Mapping[str, str]:
        """The tags of a run."""
        return dict(self._run(run_id).data.tags)

    @staticmethod
    def _run(run_id: str) -> Run:
        try:
            return MlflowClient().get_run(run_id)
        except MlflowException as error:
            raise RegistryError(
                f"There is no run {run_id!r:.60} in the tracking store ({error.error_code}).",
                why="A run is rebuilt from what it logged.",
                fix=_FIX,
            ) from None

    @staticmethod
    def _inside(parent: Run) -> list[Run]:
        asked = f"tags.`{_PARENT}` = '{parent.info.run_id}'"
        return list(MlflowClient().search_runs([parent.info.experiment_id], filter_string=asked, max_results=1_000))


def _configuration(run_id: str) -> Mapping[str, Any] | None:
    try:
        path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=CONFIG)
    except (MlflowException, OSError):
        return None
    content: Mapping[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return content

"""MLflow's model registry: versions and their aliases."""

from __future__ import annotations

import importlib.metadata
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion as RegistryVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types import ColSpec, DataType, Schema

from pipelines.core.errors import ModelError, PipelineError, RegistryError
from pipelines.core.protocols import CHALLENGER, CHAMPION, PREVIOUS, LoadedModel, ModelVersion, NewVersion, Run

_NEEDS = ("mlflow", "lightgbm", "numpy", "pandas", "pydantic", "scikit-learn", "scipy")
_KINDS = {"float64": DataType.double, "bool": DataType.boolean, "int64": DataType.long}
_ABSENT = {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}


class MlflowModels:
    """Registered models, named after their tasks, in the tracking store that is set."""

    def register(self, run: Run, version: NewVersion) -> ModelVersion:
        """Log and register a model with the alias ``challenger``.

        A process that is killed on the way leaves at most a version that no alias points to.
        """
        with _as_files(version) as (data, code), mlflow.start_run(run_id=run.run_id):
            logged = mlflow.pyfunc.log_model(
                name="model",
                loader_module="pipelines.adapters.pyfunc",
                data_path=str(data),
                code_paths=[str(code)],
                signature=_signature(version),
                input_example=version.example,
                pip_requirements=[f"{name}=={importlib.metadata.version(name)}" for name in _NEEDS],
            )
        client = _client()
        client.update_run(run.run_id, status="RUNNING")  # leaving the block above ended it; its flow goes on
        tags = {
            "digest": version.scorer.digest(),
            "known_at": "" if version.known_at is None else version.known_at.isoformat(),
            "data_digest": version.data_digest,
            "config": version.config,
        }
        _ensure_model(version.task)
        created = client.create_model_version(
            version.task,
            logged.model_uri,
            run.run_id,
            tags=tags,
            model_id=logged.model_id,
            description=version.description or None,
        )
        client.set_registered_model_alias(version.task, CHALLENGER, created.version)
        return _version(client.get_model_version(version.task, created.version))

    def find(self, task: str, alias: str) -> ModelVersion | None:
        """The version behind an alias, or None when nobody holds it."""
        try:
            return _version(_client().get_model_version_by_alias(task, alias))
        except MlflowException as error:
            if error.error_code in _ABSENT:
                return None
            raise

    def load(self, version: ModelVersion) -> LoadedModel:
        """The model, loaded as serving loads it."""
        try:
            model = mlflow.pyfunc.load_model(f"models:/{version.task}/{version.version}")
        except (MlflowException, OSError, PipelineError, LookupError, TypeError, ValueError) as error:
            raise ModelError(
                f"Version {version.version} of '{version.task}' cannot be loaded ({type(error).__name__}: {error}).",
                why="What cannot be loaded cannot score.",
                fix="Train again, or roll back.",
            ) from error
        inputs = model.metadata.get_input_schema()
        return LoadedModel(
            scorer=model.get_raw_model(),
            input_names=None if inputs is None else tuple(inputs.input_names()),
            has_example=model.metadata.saved_input_example_info is not None,
        )

    def table(self, version: ModelVersion, name: str) -> pd.DataFrame:
        """A table that was logged when the model was trained."""
        return pd.read_parquet(_downloaded(version, name))

    def document(self, version: ModelVersion, name: str) -> str:
        """A text that was logged when the model was trained."""
        return Path(_downloaded(version, name)).read_text(encoding="utf-8")

    def describe(self, version: ModelVersion, markdown: str) -> None:
        """What the registry's page of the version says."""
        _client().update_model_version(version.task, version.version, markdown)

    def crown(self, version: ModelVersion) -> None:
        """Make it champion.

        The old champion becomes ``previous`` first: killed between two writes, there is still exactly one champion,
        and the next promotion puts the rest right.
        """
        champion = self.find(version.task, CHAMPION)
        client = _client()
        if champion is not None and champion.version != version.version:
            client.set_registered_model_alias(version.task, PREVIOUS, champion.version)
        client.set_registered_model_alias(version.task, CHAMPION, version.version)
        self.dismiss(version)

    def dismiss(self, version: ModelVersion) -> None:
        """Take the alias ``challenger`` away from it, if it holds it."""
        holder = self.find(version.task, CHALLENGER)
        if holder is not None and holder.version == version.version:
            _client().delete_registered_model_alias(version.task, CHALLENGER)

    def roll_back(self, task: str) -> None:
        """Swap ``champion`` and ``previous``."""
        champion, previous = self.find(task, CHAMPION), self.find(task, PREVIOUS)
        if champion is None or previous is None or champion.version == previous.version:
            raise RegistryError(
                f"'{task}' has no previous champion.",
                why="There is nothing to go back to.",
                fix="Promote a second version first; its predecessor becomes 'previous'.",
            )
        _client().set_registered_model_alias(task, CHAMPION, previous.version)
        _client().set_registered_model_alias(task, PREVIOUS, champion.version)


def _client() -> MlflowClient:
    return MlflowClient()


def _downloaded(version: ModelVersion, name: str) -> str:
    try:
        return str(mlflow.artifacts.download_artifacts(run_id=version.run_id, artifact_path=name))
    except (MlflowException, OSError) as error:
        raise RegistryError(
            f"Version {version.version} of '{version.task}' lacks {name} in its run ({type(error).__name__}).",
            why="Drift is measured, policies are settled and cards are written from what was logged with the model.",
            fix=f"Train and promote again: regulars retrain --task {version.task}",
        ) from error


def _ensure_model(task: str) -> None:
    try:
        _client().create_registered_model(task)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _signature(version: NewVersion) -> ModelSignature:
    return ModelSignature(inputs=_schema(version.example), outputs=_schema(version.scorer.score(version.example)))


def _schema(rows: pd.DataFrame) -> Schema:
    """Numbers, decisions and segments as they are; everything else is text."""
    return Schema([ColSpec(_KINDS.get(str(kind), DataType.string), str(name)) for name, kind in rows.dtypes.items()])


@contextmanager
def _as_files(version: NewVersion) -> Iterator[tuple[Path, Path]]:
    """The scorer's data, and our code without caches, for MLflow to copy."""
    package = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        data, code = Path(folder) / "scorer", Path(folder) / package.name
        data.mkdir()
        version.scorer.save(data)
        shutil.copytree(package, code, ignore=shutil.ignore_patterns("__pycache__"))
        yield data, code


def _version(found: RegistryVersion) -> ModelVersion:
    try:
        return ModelVersion(
            task=found.name,
            version=str(found.version),
            run_id=str(found.run_id),
            digest=found.tags["digest"],
            known_at=datetime.fromisoformat(found.tags["known_at"]) if found.tags["known_at"] else None,
            data_digest=found.tags.get("data_digest", ""),
            config=found.tags["config"],
        )
    except KeyError as error:
        raise RegistryError(
            f"Version {found.version} of '{found.name}' lacks the tag {error}.",
            why="It was not registered by a training run, so nobody knows what it has seen.",
            fix="Register models with the train entry point.",
        ) from error

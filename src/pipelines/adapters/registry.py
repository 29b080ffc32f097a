"""MLflow's model registry: versions and their aliases."""

from __future__ import annotations

import importlib.metadata
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion as RegistryVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

from pipelines.adapters.ledger import MlflowLedger, paged
from pipelines.adapters.probe import probe
from pipelines.adapters.pyfunc import N_REASONS
from pipelines.core.errors import ModelError, PipelineError, RegistryError
from pipelines.core.protocols import (
    CHALLENGER,
    CHAMPION,
    PREVIOUS,
    SHADOW,
    LoadedModel,
    ModelVersion,
    NewVersion,
    Probe,
    Run,
)

_NEEDS = ("mlflow", "lightgbm", "numpy", "pandas", "pydantic", "scikit-learn", "scipy")
_KINDS = {"float64": DataType.double, "bool": DataType.boolean, "int64": DataType.long}
_ALIASES = {CHALLENGER, CHAMPION, PREVIOUS, SHADOW}
_AT_ONCE = 1_000
_ABSENT = {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}


class MlflowModels:
    """Registered models, named after their tasks, in the tracking store that is set."""

    @property
    def ledger(self) -> MlflowLedger:
        """What became of every version."""
        return MlflowLedger()

    def register(self, run: Run, version: NewVersion) -> ModelVersion:
        """Log and register a model; no alias points to it yet.

        A process that is killed on the way leaves at most a version that the ledger does not know.
        """
        with _as_files(version) as (data, code), mlflow.start_run(run_id=run.run_id):
            logged = mlflow.pyfunc.log_model(
                name="model",
                loader_module=version.loader,
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
        return _version(client.get_model_version(version.task, created.version))

    def find(self, task: str, alias: str) -> ModelVersion | None:
        """The version behind an alias, or None when nobody holds it."""
        return self._found(lambda: _client().get_model_version_by_alias(task, alias))

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

    def version(self, task: str, number: str) -> ModelVersion | None:
        """The version of that number, or None when there is none."""
        return self._found(lambda: _client().get_model_version(task, number))

    def numbers(self, task: str) -> dict[str, datetime]:
        """Every version's number, and when it was registered, UTC."""
        asked, order = f"name='{task}'", ["version_number ASC"]
        found = paged(lambda token: _client().search_model_versions(asked, _AT_ONCE, order, token))
        return {str(one.version): datetime.fromtimestamp(one.creation_timestamp / 1_000, UTC) for one in found}

    def aliases(self, task: str) -> dict[str, str]:
        """Which version each alias of ours points to; a shop's own aliases are left alone."""
        try:
            held = _client().get_registered_model(task).aliases
        except MlflowException as error:
            if error.error_code in _ABSENT:
                return {}
            raise
        return {alias: str(number) for alias, number in held.items() if alias in _ALIASES}

    def point(self, task: str, alias: str, number: str | None) -> None:
        """Let an alias point to a version, or to none."""
        if number is None:
            _client().delete_registered_model_alias(task, alias)
        else:
            _client().set_registered_model_alias(task, alias, number)

    def remove(self, task: str, number: str) -> None:
        """Take a version out of the registry, and mark its files as deleted; ``mlflow gc`` frees the disk."""
        found = _client().get_model_version(task, number)
        _client().delete_model_version(task, number)
        if found.model_id:
            _client().delete_logged_model(found.model_id)

    def forget(self, task: str) -> None:
        """Delete a registered model with all its versions, and its ledger; nothing if there is none."""
        for name in (task, f"{task}.ledger"):
            try:
                _client().delete_registered_model(name)
            except MlflowException as error:
                if error.error_code not in _ABSENT:
                    raise

    def provenance(self, version: ModelVersion) -> dict[str, str]:
        """The tags of the run that trained it."""
        return dict(_client().get_run(version.run_id).data.tags)

    def probe(self, version: ModelVersion, asked: Mapping[str, pd.DataFrame]) -> Probe:
        """Load a version in a process of its own, and ask it about rows, by name."""
        return probe(f"models:/{version.task}/{version.version}", asked)

    @staticmethod
    def _found(ask: Callable[[], RegistryVersion]) -> ModelVersion | None:
        try:
            return _version(ask())
        except MlflowException as error:
            if error.error_code in _ABSENT:
                return None
            raise


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


def _signature(version: NewVersion) -> ModelSignature | None:
    if version.example is None:
        return None
    n_reasons = getattr(version.scorer, N_REASONS, None)
    asked = [] if n_reasons is None else [ParamSpec(N_REASONS, DataType.long, n_reasons)]
    outputs = _schema(version.scorer.score(version.example))
    return ModelSignature(inputs=_schema(version.example), outputs=outputs, params=ParamSchema(asked))


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

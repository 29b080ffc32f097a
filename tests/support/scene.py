"""A tiny shop with two trained versions on a tracking store of some kind, and what is done to them there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import mlflow
import pandas as pd

from pipelines.adapters.registry import MlflowModels
from pipelines.adapters.runs import MlflowRun, open_run
from pipelines.adapters.workspace import Workspace
from pipelines.core.ledger import Chain, Event, chained
from pipelines.core.protocols import ModelVersion
from pipelines.flows.ledger import Step, recorded
from support import postgres
from support.killing import Course, Kill, Store, watched
from support.memory import MemoryProgress
from support.project import Project
from support.server import tracking_server
from support.shop import make_shop

NAME = "tiny_churn"
T = TypeVar("T")


@dataclass(frozen=True)
class Scene:
    """A workspace, and the store that its commands record into."""

    project: Project
    uri: str
    store: Store

    @property
    def environment(self) -> dict[str, str]:
        """What a command is started with."""
        return self.project.environment() | {"MLFLOW_TRACKING_URI": self.uri}

    def regulars(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command that is left to end."""
        command = (sys.executable, "-m", "pipelines", *arguments)
        return self.project.run(*command, extra={"MLFLOW_TRACKING_URI": self.uri})

    def at_once(self, *commands: tuple[str, ...]) -> list[subprocess.CompletedProcess[str]]:
        """Commands side by side, each a process."""
        with ThreadPoolExecutor(len(commands)) as pool:
            return list(pool.map(lambda arguments: self.regulars(*arguments), commands))

    def watched(self, arguments: tuple[str, ...], stage: str, kill: Kill | None = None) -> Course:
        """A command that is looked at while it runs, and killed where that was asked for."""
        return watched(arguments, self.project.root, self.environment, stage, self.store, NAME, kill)

    @contextmanager
    def _here(self) -> Iterator[Workspace]:
        before = mlflow.get_tracking_uri()
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "REGULARS_"))}
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
        with patch.dict(os.environ, ours | quiet | {"MLFLOW_TRACKING_URI": self.uri}, clear=True):
            mlflow.set_tracking_uri(self.uri)
            yield Workspace(self.project.root)
            mlflow.set_tracking_uri(before)

    def look(self, asked: Callable[[MlflowModels], T]) -> T:
        """Ask the registry."""
        with self._here():
            return asked(MlflowModels())

    def act(self, done: Callable[[MlflowModels, MlflowRun], T]) -> T:
        """Do in this process what a command would do in its run."""
        with self._here() as workspace, open_run(workspace, NAME, "scene", {}, MemoryProgress()) as run:
            return done(MlflowModels(), run)

    def chain(self) -> Chain:
        """The ledger."""
        return self.look(lambda models: chained(models.ledger.read(NAME)))

    def challenge(self) -> str:
        """The newest version that is another model than the champion stands for promotion; its number."""
        champion = self.chain().standing.champion
        number = self.look(lambda models: _newest_other(models, champion))
        self.act(lambda models, run: _challenged(models, run, models.version(NAME, number)))
        return number

    def scores(self) -> pd.DataFrame:
        """All scores that are published, in order; reading fails where a file is not whole."""
        folder = self.project.root / "data/scores" / NAME
        files = [path for path in folder.rglob("*.parquet") if not path.name.startswith(".")]
        if not files:
            return pd.DataFrame()
        rows = pd.concat([pd.read_parquet(path) for path in sorted(files)], ignore_index=True)
        return rows.drop(columns="run_id").sort_values(["model_version", "customer_id"], ignore_index=True)


def _newest_other(models: MlflowModels, champion: str | None) -> str:
    digests = {number: version.digest for number in models.numbers(NAME) if (version := models.version(NAME, number))}
    return next(number for number in reversed(digests) if digests[number] != digests.get(champion or ""))


def _challenged(models: MlflowModels, run: MlflowRun, version: ModelVersion | None) -> None:
    assert version is not None
    step = Step(Event.REGISTERED, version, "once more")
    recorded(NAME, models, run, step, lambda now: now.challenged_by(version.version))


def trained(scene: Scene) -> Scene:
    """Two versions of different seeds, trained side by side; one of them is champion and the other its challenger."""
    assert scene.regulars("ingest", "--source", "tiny_shop").returncode == 0
    for done in scene.at_once(*(("train", "--task", NAME, "--set", f"seed={seed}") for seed in (7, 8))):
        assert done.returncode == 0, done.stdout + done.stderr
    promoted = scene.regulars("promote", "--task", NAME)
    assert promoted.returncode == 0, promoted.stdout + promoted.stderr
    scene.challenge()
    return scene


def on_sqlite(root: Path) -> Scene:
    """On the embedded store; nothing is ingested yet."""
    project = Project(make_shop(root).root)
    scene = Scene(project, project.store, Store.of_sqlite(root / "mlflow.db", root / "data/scores"))
    with scene._here():
        mlflow.search_experiments()  # the store comes into being once, not under two commands at once
    return scene


@contextmanager
def on_postgresql(root: Path, bin_folder: Path, n_workers: int = 2) -> Iterator[Scene]:
    """On an MLflow server over PostgreSQL that is there for as long as the block."""
    project = Project(make_shop(root).root)
    with postgres.server(bin_folder) as url:
        folder = root / "server"
        folder.mkdir()
        with tracking_server(postgres.for_mlflow(url), folder, project.environment(), n_workers) as address:
            store = Store.of_postgresql(url, root / "data/scores")
            try:
                yield Scene(project, address, store)
            finally:
                store.close()

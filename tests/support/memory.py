"""Tracking and registry in memory: what a flow recorded is there to look at."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.core.errors import RegistryError
from pipelines.core.protocols import CHALLENGER, CHAMPION, PREVIOUS, LoadedModel, ModelVersion, NewVersion
from pipelines.core.report import Report
from pipelines.scoring.assigner import ASSIGNER, Assigner
from pipelines.scoring.scorer import Scorer


@dataclass
class MemoryProgress:
    """Remembers what was said."""

    said: list[str] = field(default_factory=list)

    def stage(self, text: str) -> None:
        self.said.append(text)

    def step(self, done: int, of: int, text: str) -> None:
        self.said.append(f"{done}/{of} {text}")


@dataclass
class MemoryRun:
    """Remembers instead of recording."""

    name: str = "top"
    logged_params: dict[str, str] = field(default_factory=dict)
    logged_tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    artifacts: dict[str, object] = field(default_factory=dict)
    trials: list[tuple[int, dict[str, float], float | None, str]] = field(default_factory=list)
    description: str = ""
    children: list[MemoryRun] = field(default_factory=list)
    progress: MemoryProgress = field(default_factory=MemoryProgress)

    @property
    def actor(self) -> str:
        return "ada"

    @property
    def began(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, tzinfo=UTC)

    @property
    def studies(self) -> str | None:
        return None

    @property
    def run_id(self) -> str:
        return f"run-{self.name}-{id(self)}"

    @contextmanager
    def child(self, name: str) -> Iterator[MemoryRun]:
        run = MemoryRun(name, progress=self.progress)
        self.children.append(run)
        yield run

    def params(self, values: Mapping[str, str]) -> None:
        self.logged_params |= values

    def tags(self, values: Mapping[str, str]) -> None:
        self.logged_tags |= {name: str(value) for name, value in values.items()}

    def describe(self, markdown: str) -> None:
        self.description = markdown

    def publish(self, report: Report) -> None:
        self.metrics |= report.metrics
        self.artifacts |= report.artifacts

    def trial(self, number: int, params: Mapping[str, float], value: float | None, state: str) -> None:
        self.trials.append((number, dict(params), value, state))

    def case_ids(self, customer_ids: np.ndarray) -> np.ndarray:
        return np.array([hashlib.sha256(f"key/{one}".encode()).hexdigest()[:24] for one in customer_ids], dtype=object)

    def named(self, name: str) -> MemoryRun:
        """The last child of that name, at any depth."""
        found = [run for child in self.children for run in (child, *child.children) if run.name == name]
        return found[-1]


@dataclass
class MemoryModels:
    """Versions in memory; every load goes through the files that a registry would keep."""

    versions: dict[str, tuple[ModelVersion, Path, pd.DataFrame, dict[str, object]]] = field(default_factory=dict)
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    unsigned: set[str] = field(default_factory=set)
    descriptions: dict[str, str] = field(default_factory=dict)

    def register(self, run: MemoryRun, version: NewVersion) -> ModelVersion:
        number = str(len(self.versions) + 1)
        folder = Path(tempfile.mkdtemp())
        version.scorer.save(folder)
        made = ModelVersion(
            version.task,
            number,
            run.run_id,
            version.scorer.digest(),
            version.known_at,
            version.data_digest,
            version.config,
        )
        self.versions[number] = (made, folder, version.example, dict(run.artifacts))
        self.aliases[version.task, CHALLENGER] = number
        self.descriptions[number] = version.description
        return made

    def find(self, task: str, alias: str) -> ModelVersion | None:
        number = self.aliases.get((task, alias))
        return None if number is None else self.versions[number][0]

    def load(self, version: ModelVersion) -> LoadedModel:
        _, folder, example, _ = self.versions[version.version]
        names = None if version.version in self.unsigned else tuple(example.columns)
        loaded = Assigner.load(folder) if (folder / ASSIGNER).is_file() else Scorer.load(folder)
        return LoadedModel(loaded, names, has_example=True)

    def table(self, version: ModelVersion, name: str) -> pd.DataFrame:
        return self.versions[version.version][3][name]

    def document(self, version: ModelVersion, name: str) -> str:
        kept = self.versions[version.version][3]
        if name not in kept:
            raise RegistryError(f"Version {version.version} lacks {name}.", why="Killed?", fix="Train again.")
        return json.dumps(kept[name])

    def describe(self, version: ModelVersion, markdown: str) -> None:
        self.descriptions[version.version] = markdown

    def crown(self, version: ModelVersion) -> None:
        champion = self.aliases.get((version.task, CHAMPION))
        if champion is not None:
            self.aliases[version.task, PREVIOUS] = champion
        self.aliases[version.task, CHAMPION] = version.version
        self.dismiss(version)

    def dismiss(self, version: ModelVersion) -> None:
        if self.aliases.get((version.task, CHALLENGER)) == version.version:
            del self.aliases[version.task, CHALLENGER]

    def roll_back(self, task: str) -> None:
        champion, previous = self.aliases[task, CHAMPION], self.aliases[task, PREVIOUS]
        self.aliases[task, CHAMPION], self.aliases[task, PREVIOUS] = previous, champion

"""Tracking and registry in memory: what a flow recorded is there to look at."""

from __future__ import annotations

import hashlib
import importlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.core.errors import RegistryError
from pipelines.core.ledger import Entry, Event, Stored
from pipelines.core.protocols import LoadedModel, ModelVersion, NewVersion, Probe
from pipelines.core.report import Report
from pipelines.flows.ledger import Step, recorded
from pipelines.scoring.probing import asked_of

ROOT_TAGS = {"code_digest": "c" * 64, "git_commit": "f" * 40, "lock_digest": "1" * 64}


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
    def now(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, tzinfo=UTC)

    @property
    def root_tags(self) -> dict[str, str]:
        return ROOT_TAGS

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
class MemoryLedger:
    """Records in a list; a test may do to them what it wants."""

    records: dict[str, list[Stored]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    told: list[Entry] = field(default_factory=list)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.records))

    def read(self, task: str) -> tuple[Stored, ...]:
        return tuple(self.records.get(task, ()))

    def append(self, entry: Entry) -> None:
        kept = self.records.setdefault(entry.task, [])
        number = max((one.number for one in kept), default=0) + 1
        kept.append(Stored(number, entry.to_json(), entry.digest))

    def head(self, task: str) -> str:
        return self.heads.get(task, "")

    def mark(self, task: str, digest: str) -> None:
        self.heads[task] = digest

    def announce(self, entry: Entry) -> None:
        self.told.append(entry)


@dataclass
class MemoryModels:
    """Versions in memory; every load goes through the files that a registry would keep."""

    versions: dict[str, tuple[ModelVersion, Path, pd.DataFrame, dict[str, object]]] = field(default_factory=dict)
    held: dict[tuple[str, str], str] = field(default_factory=dict)
    unsigned: set[str] = field(default_factory=set)
    descriptions: dict[str, str] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    loaders: dict[str, str] = field(default_factory=dict)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    def register(self, run: MemoryRun, version: NewVersion) -> ModelVersion:
        number = str(max(map(int, self.versions), default=0) + 1)
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
        self.descriptions[number] = version.description
        self.tags[number] = {**run.root_tags, **run.logged_tags}
        self.loaders[number] = version.loader
        return made

    def find(self, task: str, alias: str) -> ModelVersion | None:
        number = self.held.get((task, alias))
        return None if number is None else self.versions[number][0]

    def load(self, version: ModelVersion) -> LoadedModel:
        _, folder, example, _ = self.versions[version.version]
        is_signed = example is not None and version.version not in self.unsigned
        served = importlib.import_module(self.loaders[version.version])._load_pyfunc(str(folder))
        return LoadedModel(
            served.get_raw_model(), tuple(example.columns) if is_signed else None, has_example=example is not None
        )

    def table(self, version: ModelVersion, name: str) -> pd.DataFrame:
        return self.versions[version.version][3][name]

    def document(self, version: ModelVersion, name: str) -> str:
        kept = self.versions[version.version][3]
        if name not in kept:
            raise RegistryError(f"Version {version.version} lacks {name}.", why="Killed?", fix="Train again.")
        return json.dumps(kept[name])

    def describe(self, version: ModelVersion, markdown: str) -> None:
        self.descriptions[version.version] = markdown

    def version(self, task: str, number: str) -> ModelVersion | None:
        found = self.versions.get(number)
        return found[0] if found and found[0].task == task else None

    def numbers(self, task: str) -> dict[str, datetime]:
        return {
            number: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=int(number))
            for number, held in self.versions.items()
            if held[0].task == task
        }

    def aliases(self, task: str) -> dict[str, str]:
        return {alias: number for (name, alias), number in self.held.items() if name == task}

    def point(self, task: str, alias: str, number: str | None) -> None:
        if number is None:
            del self.held[task, alias]
        else:
            self.held[task, alias] = number

    def remove(self, task: str, number: str) -> None:
        del self.versions[number]

    def forget(self, task: str) -> None:
        self.versions = {number: held for number, held in self.versions.items() if held[0].task != task}
        self.held = {key: number for key, number in self.held.items() if key[0] != task}
        self.ledger.records.pop(task, None)
        self.ledger.heads.pop(task, None)

    def provenance(self, version: ModelVersion) -> dict[str, str]:
        return self.tags[version.version]

    def probe(self, version: ModelVersion, asked: Mapping[str, pd.DataFrame]) -> Probe:
        try:
            scorer = self.load(version).scorer
        except Exception as error:  # as the real probe: whatever loading ended with is the finding
            return Probe(type(error).__name__, {}, 0.0)
        size = sum(file.stat().st_size for file in self.versions[version.version][1].rglob("*") if file.is_file())
        return Probe("", {name: asked_of(scorer, rows) for name, rows in asked.items()}, size / 1e6)

    def crown(self, version: ModelVersion) -> None:
        """As if it had been promoted."""
        entry = recorded(
            version.task, self, MemoryRun(), Step(Event.PROMOTED, version), lambda now: now.crowned(version.version)
        )
        assert entry.after.champion == version.version

"""A training run, rebuilt from what it logged, and compared figure by figure and digest by digest."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import RegistryError
from pipelines.core.protocols import CONFIG, Progress, Recorded, Run, Runs
from pipelines.core.report import Report
from pipelines.flows.outcome import Outcome
from pipelines.flows.train import build
from pipelines.tables.lake import Lake
from pipelines.tasks.any_task import AnyTask, read_task

DIGESTS = ("data_digest", "config_digest", "label_digest", "model_digest")
INPUTS = ("data_digest", "git_commit", "lock_digest", "packages")
_NOT_REBUILT = ("champion.", "difference.champion.")
"""They compare with whoever was champion then."""


@dataclass(frozen=True)
class Compared:
    """One figure, digest or input, as it was logged and as it is now; None where one side lacks it."""

    name: str
    before: str | float | None
    now: str | float | None

    @property
    def is_same(self) -> bool:
        """Equal to the last digit."""
        return self.before == self.now


@dataclass(frozen=True)
class Reproduced:
    """What is the same and what is not.

    Parameters
    ----------
    run_id, task : str
        Of the run that was rebuilt, and what it trained.
    inputs : tuple of Compared
        What the rebuilding started from: data, code, lock and packages. They explain differences.
    digests, metrics : tuple of Compared
        What came out of it.
    """

    run_id: str
    task: str
    inputs: tuple[Compared, ...]
    digests: tuple[Compared, ...]
    metrics: tuple[Compared, ...]

    @property
    def differing(self) -> tuple[Compared, ...]:
        """Digests and metrics that are not the same."""
        return tuple(one for one in (*self.digests, *self.metrics) if not one.is_same)

    @property
    def outcome(self) -> Outcome:
        """Inputs may differ without harm; results may not."""
        return Outcome.DIFFERS if self.differing else Outcome.REPRODUCED


LakeOf = Callable[[str], Lake]


def reproduce(lake_of: LakeOf, runs: Runs, run: Run, run_id: str) -> Reproduced:
    """Train again by the configuration that a run logged, without its kept trials, and register nothing.

    Parameters
    ----------
    lake_of : callable
        From a source's name to the lake that holds it.
    runs : Runs
        Where the run was recorded.
    run : Run
        Where this one is.
    run_id : str
        Of a run of ``train``, or of one that trained.

    Raises
    ------
    RegistryError
        If the run is not known or has not trained anything.
    """
    recorded = runs.trained(run_id)
    task = _task(recorded)
    run.progress.stage(f"reproduce: '{task.name}', run {recorded.run_id}")
    with run.child("rebuilt") as child:
        remembered = _Remembered(child)
        built = build(task, lake_of(task.source), None, remembered, _known_at(recorded))
        remembered.tags({"model_version": "not registered", "model_digest": built.new.scorer.digest()})
    found = Reproduced(
        run_id=recorded.run_id,
        task=task.name,
        inputs=_compared(INPUTS, recorded.tags, {**remembered.tagged, **runs.tags(child.run_id)}),
        digests=_compared(DIGESTS, recorded.tags, remembered.tagged),
        metrics=_compared_metrics(recorded.metrics, remembered.metrics),
    )
    run.publish(_report(found))
    run.describe("\n".join([f"## {found.outcome}", "", *(f"- {line}" for line in in_words(found))]))
    run.tags({"outcome": found.outcome, "reproduces": recorded.run_id, "task": task.name})
    return found


def in_words(found: Reproduced) -> tuple[str, ...]:
    """What is the same, what is not, and what it was made from."""
    same = sum(one.is_same for one in found.metrics)
    lines = [f"{same:,} of {len(found.metrics):,} metrics are the same to the last digit"]
    lines += [f"{one.name}: {'the same' if one.is_same else _both(one)}" for one in found.digests]
    lines += [f"{one.name} differs: {_both(one)}" for one in found.metrics if not one.is_same][:10]
    lines += [
        f"made from another {one.name.replace('_', ' ')}: {_both(one)}" for one in found.inputs if not one.is_same
    ]
    return tuple(lines)


def _both(one: Compared) -> str:
    before, now = (f"{value:.12g}" if isinstance(value, float) else str(value)[:40] for value in (one.before, one.now))
    return f"{before} then, {now} now"


def _task(recorded: Recorded) -> AnyTask:
    if recorded.config is None:
        raise RegistryError(
            f"The run {recorded.run_id} holds no {CONFIG}.",
            why="Without the configuration it was trained by, it cannot be rebuilt.",
            fix="Name a run of train (or main) of this release.",
        )
    return read_task(recorded.config, f"{CONFIG} of run {recorded.run_id}")


def _known_at(recorded: Recorded) -> datetime | None:
    text = recorded.tags.get("known_at", "")
    return datetime.fromisoformat(text) if text else None


def _compared(names: Sequence[str], before: Mapping[str, str], now: Mapping[str, str]) -> tuple[Compared, ...]:
    return tuple(Compared(name, before.get(name), now.get(name)) for name in names)


def _compared_metrics(before: Mapping[str, float], now: Mapping[str, float]) -> tuple[Compared, ...]:
    """Every metric of either side; what is not a number is never logged."""
    finite = {name: value for name, value in now.items() if math.isfinite(value)}
    names = sorted({*before, *finite})
    kept = [name for name in names if not name.startswith(_NOT_REBUILT)]
    return tuple(Compared(name, before.get(name), finite.get(name)) for name in kept)


def _report(found: Reproduced) -> Report:
    table = pd.DataFrame(
        [
            {"what": one.name, "before": str(one.before), "now": str(one.now), "is_same": one.is_same}
            for one in (*found.inputs, *found.digests, *found.metrics)
        ]
    )
    metrics = {"reproduce.n_compared": float(len(found.metrics)), "reproduce.n_differing": float(len(found.differing))}
    return Report(metrics, {"reproduce.parquet": table, "reproduce.json": {"lines": list(in_words(found))}})


@dataclass(frozen=True)
class _Remembered:
    """A run that also keeps what is recorded; its searches start from nothing."""

    run: Run
    metrics: dict[str, float] = field(default_factory=dict)
    tagged: dict[str, str] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        return self.run.run_id

    @property
    def now(self) -> datetime:
        return self.run.now

    @property
    def actor(self) -> str:
        return self.run.actor

    @property
    def began(self) -> datetime:
        return self.run.began

    @property
    def studies(self) -> str | None:
        return None

    @property
    def progress(self) -> Progress:
        return self.run.progress

    @contextmanager
    def child(self, name: str) -> Iterator[Run]:
        with self.run.child(name) as child:
            yield child

    def params(self, values: Mapping[str, str]) -> None:
        self.run.params(values)

    def tags(self, values: Mapping[str, str]) -> None:
        self.tagged.update({name: str(value) for name, value in values.items()})
        self.run.tags(values)

    def describe(self, markdown: str) -> None:
        self.run.describe(markdown)

    def publish(self, report: Report) -> None:
        self.metrics.update(report.metrics)
        self.run.publish(report)

    def trial(self, number: int, params: Mapping[str, float], value: float | None, state: str) -> None:
        self.run.trial(number, params, value, state)

    def case_ids(self, customer_ids: NDArray[np.object_]) -> NDArray[np.object_]:
        return self.run.case_ids(customer_ids)

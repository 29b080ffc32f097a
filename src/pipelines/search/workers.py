"""Who fits: this process, or others with one thread each. They know nothing of a search."""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Protocol

from pipelines.core.errors import ModelError, PipelineError
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import Judged, LightGBM

_LIVES = 3
"""How many workers may die over one fit: a third death is no accident."""

_SMALL = 50_000
"""Rows below which a second thread gains nothing, and costs up to three times the time if the machine is busy."""

Parts = Sequence[tuple[Dataset, Dataset]]


@dataclass(frozen=True)
class Job:
    """One configuration on one fold."""

    trial: int
    fold: int
    params: dict[str, float]
    seed: int
    bar: tuple[float, ...] = ()


@dataclass(frozen=True)
class Done:
    """A job and what came of it."""

    job: Job
    judged: Judged


class Bench(Protocol):
    """Where jobs are done, ``size`` at a time."""

    size: int

    def give(self, job: Job) -> None:
        """Begin a job; never more than ``size`` at once."""
        ...

    def next(self) -> Done:
        """Wait for the first job that ends."""
        ...

    def close(self) -> None:
        """Drop what is being done."""
        ...


class Here:
    """In the process that searches, one job at a time."""

    size = 1

    def __init__(self, model: LightGBM, parts: Parts) -> None:
        self._folds = [model.fold(train, valid) for train, valid in parts]
        self._n_threads = 1 if max(len(train.rows) for train, _ in parts) < _SMALL else 2
        self._jobs: list[Job] = []

    def give(self, job: Job) -> None:
        """Keep it for `next`."""
        self._jobs.append(job)

    def next(self) -> Done:
        """Do it now."""
        job = self._jobs.pop()
        return Done(job, self._folds[job.fold].judge(job.params, job.seed, self._n_threads, job.bar))

    def close(self) -> None:
        """Nothing is left running."""


@dataclass
class _Worker:
    process: SpawnProcess
    wire: Connection
    job: Job | None = None


class Workers:
    """Processes with one thread each.

    One that dies is replaced and its job is done again. If this process dies, they find their wire cut and end.
    """

    def __init__(self, model: LightGBM, parts: Parts, size: int) -> None:
        self.size = size
        self._model, self._parts = model, parts
        self._deaths: Counter[tuple[int, int]] = Counter()
        self._workers: list[_Worker] = []
        try:
            self._start(size)
        except BaseException:  # also Ctrl-C: workers that were started must not outlive it; raised again
            self.close()
            raise

    def give(self, job: Job) -> None:
        """Send it to a worker that has nothing to do."""
        worker = next(one for one in self._workers if one.job is None)
        worker.job = job
        worker.wire.send(job)

    def next(self) -> Done:
        """Wait for the first answer.

        Raises
        ------
        ModelError
            If a job ended its worker time and again.
        PipelineError
            What the job itself raised.
        """
        while True:
            busy = {worker.wire: worker for worker in self._workers if worker.job is not None}
            worker = busy[wait(list(busy))[0]]  # type: ignore[index]  # the wires that were given
            job = worker.job
            if job is None:
                continue
            try:
                answer = worker.wire.recv()
            except (EOFError, ConnectionError):
                self._replace(worker, job)
                continue
            worker.job = None
            return Done(job, _judged(answer))

    def close(self) -> None:
        """End them, whatever they do."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
            worker.wire.close()
        self._workers = []

    def _replace(self, dead: _Worker, job: Job) -> None:
        self._workers.remove(dead)
        dead.process.join()
        dead.wire.close()
        self._deaths[job.trial, job.fold] += 1
        if self._deaths[job.trial, job.fold] >= _LIVES:
            raise _died(f"{_LIVES} processes ended over one fit, the last with exit code {dead.process.exitcode}.")
        self._start(1)
        self.give(job)

    def _start(self, size: int) -> None:
        """More workers, which have read the folds; the files that they read them from are gone by then."""
        with tempfile.TemporaryDirectory(prefix="regulars-search-") as folder:
            folders = _saved(self._model, self._parts, Path(folder))
            started = []
            for _ in range(size):
                started.append(_spawned(self._model, folders))
                self._workers.append(started[-1])
            try:
                for worker in started:
                    _judged(worker.wire.recv())
            except (EOFError, ConnectionError):
                raise _died("A process ended before it had read the folds.") from None


def _saved(model: LightGBM, parts: Parts, folder: Path) -> list[Path]:
    folders = [folder / str(number) for number in range(len(parts))]
    for place, (train, valid) in zip(folders, parts, strict=True):
        place.mkdir()
        model.fold(train, valid).save(place)
    return folders


def _spawned(model: LightGBM, folders: list[Path]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, model, folders), daemon=True)
    with _interrupts_held_back():  # what is held back when a process starts, it never hears: Ctrl-C is ours to answer
        process.start()
    theirs.close()
    return _Worker(process, ours)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    resource_tracker.ensure_running()  # starts with the first process otherwise, and lets interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def work(wire: Connection, model: LightGBM, folders: list[Path]) -> None:
    """Read the folds, then answer jobs until the wire is cut.

    Parameters
    ----------
    wire : Connection
        Jobs come in, results or errors go out.
    model : LightGBM
        Reads the folds.
    folders : list of Path
        One per fold, as `Fold.save` wrote them.
    """
    try:
        folds: list[Any] = []
        wire.send(_tried(lambda: folds.extend(model.saved_fold(folder) for folder in folders)))
        while True:
            job: Job = wire.recv()
            wire.send(_tried(lambda job=job: folds[job.fold].judge(job.params, job.seed, n_threads=1, bar=job.bar)))  # type: ignore[misc]  # mypy takes no default for a lambda
    except (EOFError, ConnectionError):
        return  # nobody waits for an answer any more


def _tried(function: Callable[[], Any]) -> Any:
    """The result, or the error in parts: an exception with arguments of its own does not survive the wire."""
    try:
        return function()
    except PipelineError as error:
        return {"kind": type(error), "what": error.what, "why": error.why, "fix": error.fix}
    except Exception:  # whatever a worker met, its parent must hear of it
        return {"traceback": traceback.format_exc()}


def _judged(answer: Any) -> Any:
    if isinstance(answer, dict) and "kind" in answer:
        kind = answer.pop("kind")
        raise kind(answer.pop("what"), **answer)
    if isinstance(answer, dict):
        raise RuntimeError(f"A worker failed:\n{answer['traceback']}")  # noqa: TRY004  # not the type is wrong here
    return answer


def _died(what: str) -> ModelError:
    return ModelError(
        what,
        why="The search cannot go on without them; often there was not enough memory.",
        fix="Set a smaller search.n_workers and run again: trials that ended are kept if the search has a place to.",
    )

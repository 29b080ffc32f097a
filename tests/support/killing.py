"""Real processes that are killed at chosen moments, and what the tracking store holds, read past MLflow."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LOOK_EVERY_S = 0.002
_LONGEST_S = 300.0
STAGE, FILE, VERSION, RECORD, MARK, END = "stage", "file", "version", "record", "mark", "end"
"""What a command comes to, in this order: its stage is told, a file of scores appears, a version stands in the
registry, a record in the ledger, the head on the registered model (the last write about who holds which place), and it
ends."""


@dataclass(frozen=True)
class Seen:
    """What the store holds of a registered model and its ledger."""

    n_versions: int
    n_records: int
    mark: str
    n_files: int


@dataclass
class Store:
    """The database of a tracking store, read by SQL: fast enough to see a process between two of its writes.

    ``files`` is a folder in which files are counted too, drafts included.
    """

    connect: Callable[[], Any]
    files: Path
    _connection: Any = field(default=None, repr=False)

    @classmethod
    def of_sqlite(cls, path: Path, files: Path) -> Store:
        """The embedded store."""
        return cls(lambda: sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, timeout=30), files)

    @classmethod
    def of_postgresql(cls, url: str, files: Path) -> Store:
        """A server's database."""
        import psycopg

        return cls(lambda: psycopg.connect(url, autocommit=True), files)

    def seen(self, name: str) -> Seen:
        """What stands there now."""
        if self._connection is None:
            self._connection = self.connect()
        count = "SELECT count(*) FROM model_versions WHERE name = '{}'"
        asked = f"SELECT ({count.format(name)}), ({count.format(f'{name}.ledger')}), "
        asked += f"(SELECT value FROM registered_model_tags WHERE name = '{name}' AND key = 'ledger_head')"
        n_versions, n_records, mark = self._connection.execute(asked).fetchone()
        n_files = sum(len(names) for _, _, names in os.walk(self.files))
        return Seen(int(n_versions), int(n_records), mark or "", n_files)

    def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass(frozen=True)
class Kill:
    """So many seconds after the command came to something."""

    after: str
    seconds: float


@dataclass(frozen=True)
class Course:
    """When a command came to what, in seconds since it began; its last line on standard error and how it ended."""

    at: Mapping[str, float]
    status: int
    said: str

    @property
    def was_killed(self) -> bool:
        """Whether it did not end by itself before."""
        return self.status == -signal.SIGKILL

    def between(self, first: str, last: str) -> float:
        """Seconds between two moments; 0 where it did not come to the first of them."""
        return max(0.0, self.at.get(last, 0.0) - self.at[first]) if first in self.at else 0.0


def watched(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    stage: str,
    store: Store,
    name: str,
    kill: Kill | None = None,
) -> Course:
    """Run a command of ours, see what it comes to, and kill it where that was asked for.

    Parameters
    ----------
    arguments : sequence of str
        Of ``regulars``.
    stage : str
        The beginning of a line on standard error, from which on its moments count.
    kill : Kill or None
        When; None lets it end.
    """
    begun, before, at = time.monotonic(), store.seen(name), dict[str, float]()
    with subprocess.Popen(
        [sys.executable, "-m", "pipelines", *arguments],
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        lines: list[str] = []
        staged = threading.Event()
        reader = threading.Thread(target=_read, args=(process.stderr, stage, lines, staged), daemon=True)
        reader.start()
        try:
            while process.poll() is None:
                now = time.monotonic() - begun
                _note(at, now, staged.is_set(), before, store.seen(name))
                if kill is not None and now >= at.get(kill.after, now + 1) + kill.seconds:
                    process.kill()
                    break
                assert now < _LONGEST_S, f"{arguments} did not end: {lines[-3:]}"
                time.sleep(_LOOK_EVERY_S)
        finally:
            process.kill()
            status = process.wait()
        reader.join()
    at[END] = time.monotonic() - begun
    return Course(at, status, lines[-1].strip() if lines else "")


def _note(at: dict[str, float], now: float, staged: bool, before: Seen, seen: Seen) -> None:
    """The first time that each was seen."""
    come = {
        STAGE: staged,
        FILE: seen.n_files != before.n_files,
        VERSION: seen.n_versions != before.n_versions,
        RECORD: seen.n_records != before.n_records,
        MARK: seen.n_records != before.n_records and seen.mark != before.mark,
    }
    for moment in [moment for moment, is_there in come.items() if is_there and moment not in at]:
        at[moment] = now


def _read(stream: Any, stage: str, lines: list[str], staged: threading.Event) -> None:
    for line in stream:
        lines.append(line)
        if stage in line:
            staged.set()

"""Who works on a study, and who may begin a trial: locks that the system frees when their holder dies.

A timestamp cannot tell a dead process from a slow one; a lock of the kernel, or of the database server, can.
"""

from __future__ import annotations

import fcntl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, Protocol

_CLAIM = "claim"


class Locks(Protocol):
    """What one searcher needs to share a study with others."""

    searcher: str

    def alone(self) -> Any:
        """A context in which no other searcher of the study begins a trial."""
        ...

    def lives(self, searcher: str) -> bool:
        """Whether a searcher is still at work; asked inside `alone` only."""
        ...

    def close(self) -> None:
        """Leave the study."""
        ...


class NoOthers:
    """A study in memory has one searcher."""

    searcher = "this process"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else is there."""
        yield

    def lives(self, searcher: str) -> bool:
        """Only this process is there."""
        return searcher == self.searcher

    def close(self) -> None:
        """Nothing is held."""


class FolderLocks:
    """Locks of files, for processes that see the same folder.

    References
    ----------
    flock(2): a lock belongs to an open file, and ends with the last process that has it open.
    """

    def __init__(self, folder: Path, study: str) -> None:
        self.searcher = uuid.uuid4().hex
        self._claim = folder / f"{study}.claim"
        self._presence = folder / f"{study}.{{}}.here"
        self._here = self._path(self.searcher).open("w")
        fcntl.flock(self._here, fcntl.LOCK_EX)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other process holds the study's claim."""
        lock = FileLock(self._claim)
        lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def lives(self, searcher: str) -> bool:
        """Whether somebody holds the searcher's own file; that of a dead one is removed."""
        if searcher == self.searcher:
            return True
        path = self._path(searcher)
        try:
            with path.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        path.unlink(missing_ok=True)
        return False

    def close(self) -> None:
        """Remove the own file; the lock goes with it."""
        self._path(self.searcher).unlink(missing_ok=True)
        self._here.close()

    def _path(self, searcher: str) -> Path:
        return Path(str(self._presence).format(searcher))


class FileLock:
    """One writer of a file at a time. The lock file stays.

    Freed by the system when its holder dies, while Optuna's own is waited for half a minute.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: IO[str] | None = None

    def acquire(self) -> bool:
        """Wait for it."""
        held = self._path.open("a")
        fcntl.flock(held, fcntl.LOCK_EX)
        self._held = held
        return True

    def release(self) -> None:
        """Let the next one in."""
        if self._held is not None:
            self._held.close()
            self._held = None


def cut_torn_line(path: Path, lock: FileLock) -> None:
    """Cut off a last line without an end: its writer lost power, and the next line would be unreadable too."""
    lock.acquire()
    try:
        content = path.read_bytes() if path.exists() else b""
        if content and not content.endswith(b"\n"):
            with path.open("r+b") as file:
                file.truncate(content.rfind(b"\n") + 1)
    finally:
        lock.release()


class PostgresLocks:
    """Advisory locks of a PostgreSQL server, for processes on any machines.

    They belong to a session. A machine that vanishes without a word is noticed by keepalive packets within about a
    minute. A pooler that shares sessions between clients would break them: give the server's own address.

    References
    ----------
    PostgreSQL manual, 13.3.5, Advisory Locks; 19.3.2, TCP Settings.
    """

    def __init__(self, url: str) -> None:
        import psycopg  # an extra: only searches over machines need it

        self.searcher = uuid.uuid4().hex
        self._session = psycopg.connect(url, autocommit=True, **KEEPALIVE)
        self._ask("SELECT pg_advisory_lock(%s)", self.searcher)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other session holds the claim: one for all studies, as the first of them makes the tables."""
        self._ask("SELECT pg_advisory_lock(%s)", _CLAIM)
        try:
            yield
        finally:
            if not self._session.broken:  # a lost session has lost its locks
                self._ask("SELECT pg_advisory_unlock(%s)", _CLAIM)

    def lives(self, searcher: str) -> bool:
        """Whether a session holds the searcher's own lock."""
        if searcher == self.searcher:
            return True
        if not self._ask("SELECT pg_try_advisory_lock(%s)", searcher):
            return True
        self._ask("SELECT pg_advisory_unlock(%s)", searcher)
        return False

    def close(self) -> None:
        """End the session; its locks go with it."""
        self._session.close()

    def _ask(self, statement: str, name: str) -> bool:
        key = blake2b(f"regulars/{name}".encode(), digest_size=8).digest()
        row = self._session.execute(statement, [int.from_bytes(key, signed=True)]).fetchone()
        return bool(row and row[0])


KEEPALIVE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "options": "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
}
"""Both ends look every half minute whether the other is still there."""

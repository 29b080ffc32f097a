"""Unfinished files of processes that were killed: found, told from those of the living, and cleared away.

Whoever writes below a folder holds its lock together with others; who can have it alone knows that nobody is writing,
so that every draft that is there was left behind. The kernel gives a lock back when its process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = "writers.lock"
_DRAFT = re.compile(r"\.?draft-\d+\b.*")


def draft_of(final: Path) -> Path:
    """Where this process writes what will be called ``final``: beside it, so that a rename is one step."""
    return final.with_name(f".draft-{os.getpid()}-{final.name}")


@contextmanager
def drafting(root: Path) -> Iterator[None]:
    """Write drafts below ``root``; what dead processes left is cleared away first, if nobody else is writing."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / _LOCK).open("w") as lock:
        if _alone(lock.fileno()):
            _clear(root)
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _alone(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _clear(root: Path) -> None:
    for folder, folders, files in os.walk(root):
        for name in [name for name in folders if _DRAFT.fullmatch(name)]:
            shutil.rmtree(Path(folder) / name, ignore_errors=True)
            folders.remove(name)
        for name in files:
            if _DRAFT.fullmatch(name):
                (Path(folder) / name).unlink(missing_ok=True)

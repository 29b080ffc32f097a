"""Scores as Parquet: ``scores/<task>/as_of=<day>/version=<n>/part-<number>-<key>.parquet``.

The folders are Hive partitions, so that any tool reads a version, a cutoff or a whole task as one table; they are named
``as_of``, since the files have a column ``cutoff``. ``_scores.json`` says what the parts of a version hold.

All versions of a cutoff take their places together, by one rename: a reader sees what was there before or what is there
now, and files of different scorings have different names, so that nobody reads some of either. Until then parts are
gathered in ``scores/.unfinished``, each under its name when it is whole, in folders named after the key of what they
were scored with. A killed process leaves them there; who scores the same again goes on with them.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet as pq

from pipelines.adapters.drafts import draft_of, drafting
from pipelines.core.errors import BusyError
from pipelines.core.scores import KeptScores, ScoreFigures, ScorePart, Scoring

_NOTE, _UNFINISHED = "_scores.json", ".unfinished"
_EXCHANGE, _HERE = 2, -100
"""RENAME_EXCHANGE and AT_FDCWD of Linux's ``renameat2``."""


class FileScores:
    """Scores under a workspace's ``data`` folder."""

    def __init__(self, data: Path) -> None:
        self._data, self._folder = data, data / "scores"

    def find(self, task: str, cutoff: datetime | None, version: str) -> KeptScores | None:
        """What is kept, or None; a scoring whose files are gone or cut counts for nothing."""
        return _found(self._folder / task / _as_of(cutoff) / _version(version))

    def kept(self, task: str) -> tuple[KeptScores, ...]:
        """Everything that is kept of a task, oldest cutoff first."""
        notes = sorted((self._folder / task).glob(f"as_of=*/version=*/{_NOTE}"))
        return tuple(found for found in (_found(note.parent) for note in notes) if found is not None)

    def read(self, kept: KeptScores, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Its rows, part after part.

        Raises
        ------
        BusyError
            If they were replaced meanwhile.
        """
        for part in kept.parts:
            try:
                yield _rows(kept.path / part.name, columns)
            except FileNotFoundError as error:
                raise BusyError(
                    f"The scores of '{kept.scoring.task}' were replaced while they were read.",
                    why="Some of the old ones and some of the new ones belong to different scorings.",
                    fix="Run again.",
                ) from error

    @contextmanager
    def writing(self, task: str, cutoff: datetime | None) -> Iterator[FileCutoffDraft]:
        """Gather parts of some versions, where nobody else does."""
        gathered = self._folder / _UNFINISHED / task / _as_of(cutoff)
        with drafting(self._data), _alone(gathered.with_name(f"{gathered.name}.lock"), task):
            yield FileCutoffDraft(gathered, self._folder / task / _as_of(cutoff), self._folder / task / _file(cutoff))

    def write_table(self, name: str, cutoff: datetime | None, rows: pd.DataFrame) -> Path:
        """Write one table of one cutoff, such as segments; it replaces an earlier one in one step."""
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        final = folder / _file(cutoff)
        draft = draft_of(final)
        with drafting(self._data):
            try:
                rows.to_parquet(draft, index=False)
                draft.replace(final)
            finally:
                draft.unlink(missing_ok=True)
        return final


class FileCutoffDraft:
    """The versions of one cutoff, each in a folder of its own below ``gathered``, which are to become ``final``.

    ``before`` is the file in which an earlier release kept the scores of the cutoff.
    """

    def __init__(self, gathered: Path, final: Path, before: Path) -> None:
        self._gathered, self._final, self._before = gathered, final, before

    def draft(self, scoring: Scoring) -> FileScoresDraft:
        """Gather the parts of a version; what was gathered of it for another key is cleared away."""
        folder = self._gathered / f"{scoring.version}-{scoring.key[:16]}"
        for left in [left for left in self._gathered.glob(f"{scoring.version}-*") if left != folder]:
            shutil.rmtree(left, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        return FileScoresDraft(scoring, folder)

    def publish(self, finished: Sequence[KeptScores]) -> tuple[KeptScores, ...]:
        """By one rename; where the system cannot exchange two folders, readers find none for a moment.

        Files are linked, so that whoever is killed on the way has lost nothing.
        """
        whole = self._gathered / "whole"
        shutil.rmtree(whole, ignore_errors=True)
        for one in finished:
            _link(one, whole / _version(one.scoring.version))
        self._final.parent.mkdir(parents=True, exist_ok=True)
        if not self._final.exists():
            whole.rename(self._final)
        elif not _exchanged(whole, self._final):
            shutil.rmtree(self._gathered / "before", ignore_errors=True)
            self._final.rename(self._gathered / "before")
            whole.rename(self._final)
        self._before.unlink(missing_ok=True)
        shutil.rmtree(self._gathered, ignore_errors=True)
        return tuple(replace(one, path=self._final / _version(one.scoring.version)) for one in finished)


class FileScoresDraft:
    """Parts of one key that are being gathered. Different parts may be written side by side."""

    def __init__(self, scoring: Scoring, folder: Path) -> None:
        self._scoring, self._folder = scoring, folder

    @property
    def path(self) -> Path:
        """Where the parts are gathered."""
        return self._folder

    def adopt(self, files: Sequence[Path]) -> None:
        """Give files in the folder the names of parts, after those that stood there are taken away."""
        for left in self._parts():
            left.unlink()
        for number, file in enumerate(files):
            file.replace(self._named(number))

    def held(self) -> tuple[int, ...]:
        """The numbers of the parts that stand: each was given its name when it was whole."""
        return tuple(int(path.name.split("-")[1]) for path in self._parts())

    def read(self, number: int) -> pd.DataFrame:
        """A part that stands."""
        return _rows(self._named(number), None)

    def write(self, number: int, rows: pd.DataFrame, every: Mapping[str, str | float]) -> None:
        """Write a part under another name, then give it its own."""
        table = pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
        for name, value in every.items():
            table = table.append_column(name, pa.repeat(pa.scalar(value), len(rows)))
        final = self._named(number)
        draft = draft_of(final)
        try:
            pq.write_table(table, draft, compression="zstd")
            draft.replace(final)
        finally:
            draft.unlink(missing_ok=True)

    def finish(self, figures: ScoreFigures, run_id: str) -> KeptScores:
        """Say what the parts hold."""
        kept = KeptScores(self._folder, self._scoring, figures, tuple(map(_part, self._parts())), run_id)
        draft = draft_of(self._folder / _NOTE)
        draft.write_text(_said(kept), encoding="utf-8")
        draft.replace(self._folder / _NOTE)
        return kept

    def _parts(self) -> list[Path]:
        return sorted(self._folder.glob(f"part-*-{self._scoring.key[:8]}.parquet"))

    def _named(self, number: int) -> Path:
        return self._folder / f"part-{number:05d}-{self._scoring.key[:8]}.parquet"


def _as_of(cutoff: datetime | None) -> str:
    return f"as_of={'none' if cutoff is None else f'{cutoff:%Y-%m-%d}'}"


def _version(number: str) -> str:
    return f"version={number}"


def _file(cutoff: datetime | None) -> str:
    return "cases.parquet" if cutoff is None else f"cutoff={cutoff:%Y-%m-%d}.parquet"


def _rows(path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
    with pq.ParquetFile(path) as file:
        found: pd.DataFrame = file.read(columns=None if columns is None else list(columns)).to_pandas()
        return found


def _part(path: Path) -> ScorePart:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return ScorePart(path.name, pq.read_metadata(path).num_rows, path.stat().st_size, found)


def _said(kept: KeptScores) -> str:
    content = {
        "scoring": kept.scoring.as_dict(),
        "key": kept.scoring.key,
        "run_id": kept.run_id,
        "figures": asdict(kept.figures),
        "parts": [asdict(part) for part in kept.parts],
    }
    return json.dumps(content, indent=1)


def _found(folder: Path) -> KeptScores | None:
    """What is kept; asked again where it was replaced between a look at the note and one at the files."""
    note: bytes | None = b""
    while True:
        before, note = note, _bytes(folder / _NOTE)
        found = None if note is None else _kept(folder, note)
        if found is not None or note in {None, before}:
            return found


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _kept(folder: Path, note: bytes) -> KeptScores | None:
    try:
        said = json.loads(note)
        parts = tuple(ScorePart(**part) for part in said["parts"])
        scoring, figures = Scoring.from_dict(said["scoring"]), ScoreFigures.from_dict(said["figures"])
        whole = all((folder / part.name).stat().st_size == part.n_bytes for part in parts)
    except (OSError, ValueError, TypeError, KeyError):  # nothing there, or another release wrote it in its own way
        return None
    return KeptScores(folder, scoring, figures, parts, said["run_id"]) if whole else None


@contextmanager
def _alone(path: Path, task: str) -> Iterator[None]:
    """Nobody else writes this cutoff; the lock ends with the process, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"Another process is scoring '{task}' at this cutoff.",
                why="Two at once would clear away each other's parts.",
                fix="Wait until it has ended, then run again: what it has scored is not scored twice.",
            ) from error
        yield


def _link(kept: KeptScores, to: Path) -> None:
    """The files of a scoring in another folder too; copied where the system cannot link."""
    to.mkdir(parents=True)
    for name in (_NOTE, *(part.name for part in kept.parts)):
        try:
            os.link(kept.path / name, to / name)
        except OSError:
            shutil.copy2(kept.path / name, to / name)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change names in one step; False where the system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return rename is not None and rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0

"""The lake on disk: Parquet under ``data/``, every write atomic.

``lake/<source>/parts/<digest>/`` holds parts, each a pure function of raw files and mapping; ``manifest.json`` says
which of them are the present tables and is replaced in one step. Parts of the manifest before it are kept, so that a
reader which began with them can end. ``scores/`` holds scores (`pipelines.adapters.scores`), ``truth/<source>/`` what a
simulation knows; ``days/<source>`` holds what a log was reduced to, ``panel/<task>`` feature rows: both may be deleted
at any time, since they are made again from the tables.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
from numpy.typing import NDArray

from pipelines.adapters.drafts import draft_of, drafting
from pipelines.adapters.panels import FilePanels
from pipelines.adapters.raw_files import RawFiles
from pipelines.adapters.reductions import FileReductions
from pipelines.adapters.scores import FileScores
from pipelines.core.errors import BusyError, ConfigError, ContractError, NotEnoughDataError
from pipelines.core.protocols import Engine
from pipelines.tables.manifest import FileManifest, Manifest, PartManifest
from pipelines.tables.parts import Part
from pipelines.tables.reduction import Reduction
from pipelines.tables.source import BROKEN, FILE, ROW, SourceSpec

_LOCK, _PRESENT, _BEFORE, _PART = "lock", "manifest.json", "manifest.before.json", "part.json"


class FileLake:
    """Contract tables and scores under one folder.

    Parameters
    ----------
    data : Path
        The workspace's ``data`` folder.
    home : Path
        What relative raw paths start from.
    engine : Engine
        Reads and writes the tables.
    """

    def __init__(self, data: Path, home: Path, engine: Engine) -> None:
        self._data, self._home, self._engine = data, home, engine
        self._raw: dict[str, RawFiles] = {}
        self._panels, self._reductions = FilePanels(data), FileReductions(data, engine)
        self._scores = FileScores(data)

    def files(self, source: SourceSpec) -> dict[str, tuple[FileManifest, ...]]:
        """The raw files of a source with the SHA-256 of their bytes, by raw table."""
        self._raw[source.name] = RawFiles(
            source, self._home, self._home_of(source.name) / "staged", self._data / "truth" / source.name
        )
        return self._raw[source.name].find()

    def raw(self, source: SourceSpec, file: FileManifest) -> Any:
        """A raw file as an Ibis table, with its name and each row's number."""
        path = self._raw[source.name].parquet(file)
        table = self._opened(path, file)
        added = {FILE: ibis.literal(file.name), BROKEN: ibis.null("string")}
        return table.mutate(**{name: value for name, value in added.items() if name not in table.columns})

    def columns(self, expression: Any) -> dict[str, NDArray[Any]]:
        """The result of an Ibis expression as NumPy columns."""
        return self._engine.columns(expression)

    def find_manifest(self, source: str) -> Manifest | None:
        """What was ingested, or None; a manifest whose tables are gone counts for nothing."""
        path = self._home_of(source) / _PRESENT
        if not path.exists():
            return None
        found = Manifest.read(json.loads(path.read_bytes()), str(path))
        held = [self._part(source, part.data_digest) for table in found.tables.values() for part in table.parts]
        return found if all((folder / "accepted.parquet").is_file() for folder in held) else None

    def manifest(self, source: str) -> Manifest:
        """What was ingested."""
        found = self.find_manifest(source)
        if found is None:
            raise NotEnoughDataError(
                f"The source '{source}' has not been ingested yet.",
                why="There is no log to learn from.",
                fix=f"Run: regulars ingest --source {source}",
            )
        return found

    def table(self, source: str, name: str) -> Any:
        """An ingested contract table as an Ibis table."""
        return self.parts(source, tuple(part.data_digest for part in self.manifest(source).tables[name].parts))

    def parts(self, source: str, digests: tuple[str, ...]) -> Any:
        """The accepted rows of parts that are written, as an Ibis table."""
        return self._engine.read([str(self._part(source, digest) / "accepted.parquet") for digest in digests])

    def quarantine(self, source: str, name: str) -> Any | None:
        """The rows of a contract table that were left out; None if there are none."""
        parts = self.manifest(source).tables[name].parts
        paths = [self._part(source, part.data_digest) / "quarantine.parquet" for part in parts]
        held = [str(path) for path in paths if path.is_file()]
        return self._engine.read(held) if held else None

    @contextmanager
    def writing(self, source: str) -> Iterator[None]:
        """Nobody else writes this source meanwhile; the lock ends with the process, however it ends."""
        home = self._home_of(source)
        home.mkdir(parents=True, exist_ok=True)
        with (home / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BusyError(
                    f"Another process is ingesting '{source}'.",
                    why="Two at once would clear away each other's tables.",
                    fix="Wait until it has ended, then run again.",
                ) from error
            with drafting(self._data):
                yield

    def find_part(self, source: str, part: Part) -> PartManifest | None:
        """A part that is written already, by an earlier ingest or by one that did not end."""
        path = self._part(source, part.digest) / _PART
        if not (path.is_file() and path.with_name("accepted.parquet").is_file()):
            return None
        try:
            return PartManifest.read(json.loads(path.read_bytes()), str(path))
        except ConfigError:  # another release wrote it in its own way
            return None

    @contextmanager
    def draft(self, source: str, part: Part) -> Iterator[FileDraft]:
        """A folder for a part's tables, which gets its name when the block ends well."""
        final = self._part(source, part.digest)
        folder = draft_of(final)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield FileDraft(folder, self._engine)
            shutil.rmtree(final, ignore_errors=True)
            folder.rename(final)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, manifest: Manifest) -> None:
        """Replace the manifest in one step, then clear away what neither it nor the one before names."""
        home = self._home_of(manifest.source)
        present = home / _PRESENT
        if present.exists():
            _replace(home / _BEFORE, present.read_text(encoding="utf-8"))
        _replace(present, manifest.model_dump_json(indent=1))
        kept = {digest[:16] for name in (_PRESENT, _BEFORE) for digest in _digests(home / name)}
        for left in [left for left in (home / "parts").iterdir() if left.name not in kept]:
            shutil.rmtree(left)
        for left in [left for left in home.iterdir() if left.name not in {_PRESENT, _BEFORE, _LOCK, "parts"}]:
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def find_reduction(self, source: str, wanted: Reduction) -> Reduction | None:
        """The newest kept table that was computed as ``wanted`` is."""
        return self._reductions.find(source, wanted)

    def reduction(self, source: str, kept: Reduction) -> Any:
        """A kept reduction as an Ibis table."""
        return self._reductions.table(source, kept)

    def keep_reduction(self, source: str, reduction: Reduction, rows: Iterable[Any]) -> None:
        """Write a reduction."""
        self._reductions.keep(source, reduction, rows)

    @property
    def engine(self) -> Engine:
        """What reads and writes the tables."""
        return self._engine

    @property
    def rows_at_once(self) -> int:
        """How many rows of the log its engine reduces best together."""
        return self._engine.rows_at_once

    @property
    def panels(self) -> FilePanels:
        """Where panels are kept."""
        return self._panels

    @property
    def scores(self) -> FileScores:
        """Where scores are kept."""
        return self._scores

    def kept_segments(self, name: str) -> dict[datetime, str]:
        """The histories of a segmentation that are kept, by when each was chosen."""
        paths = sorted((self._data / "segments" / name).glob("known_at=*.json"))
        return {
            datetime.fromisoformat(path.stem.removeprefix("known_at=")).replace(tzinfo=UTC): path.read_text(
                encoding="utf-8"
            )
            for path in paths
        }

    def keep_segments(self, name: str, known_at: datetime, history: str) -> None:
        """Keep one, in one step; it replaces another that was chosen at the same moment."""
        folder = self._data / "segments" / name
        folder.mkdir(parents=True, exist_ok=True)
        with drafting(self._data):
            _replace(folder / f"known_at={known_at:%Y-%m-%d}.json", history)

    def write_scores(self, task: str, cutoff: datetime | None, scores: pd.DataFrame) -> Path:
        """Write one table of one cutoff, such as segments; replaces an earlier one in one step."""
        return self._scores.write_table(task, cutoff, scores)

    def _home_of(self, source: str) -> Path:
        return self._data / "lake" / source

    def _part(self, source: str, digest: str) -> Path:
        return self._home_of(source) / "parts" / digest[:16]

    def _opened(self, path: Path, file: FileManifest) -> Any:
        try:
            table = self._engine.read([str(path)])
            return table if ROW in table.columns else self._engine.read_numbered(str(path), ROW)
        except Exception as error:  # engines differ in what they raise, and their texts quote customers' rows
            raise ContractError(
                f"{file.name} cannot be read ({type(error).__name__}).",
                why=f"It is a file of the raw table '{file.raw}'; the tables ingested before stay as they are.",
                fix="Give a whole Parquet file, or take it away.",
            ) from error


class FileDraft:
    """A part that is being written into a folder."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self._folder, self._engine = folder, engine

    def write(self, name: str, rows: Any) -> Any:
        """Write a table of the part, in its order; returns what was written as an Ibis table."""
        path = self._folder / f"{name}.parquet"
        self._engine.write(rows, path)
        return self._engine.read([str(path)])

    def finish(self, manifest: PartManifest) -> None:
        """Say what the part holds; the judged rows are no longer needed."""
        (self._folder / "judged.parquet").unlink(missing_ok=True)
        (self._folder / _PART).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")


def _replace(path: Path, text: str) -> None:
    draft = draft_of(path)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _digests(path: Path) -> list[str]:
    """The parts that a manifest names; none if it is not there or another release wrote it."""
    try:
        found = Manifest.read(json.loads(path.read_bytes()), str(path))
    except (FileNotFoundError, ConfigError):
        return []
    return [part.data_digest for table in found.tables.values() for part in table.parts]

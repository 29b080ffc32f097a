"""The lake on disk: Parquet under ``data/``, every write atomic.

``lake/<source>/<digest>/<table>.parquet`` holds tables; ``lake/<source>/manifest.json`` says which digest is the
present one and is replaced in one step. ``scores/<task>/cutoff=<day>.parquet`` holds scores.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import BusyError, ContractError, NotEnoughDataError
from pipelines.core.protocols import Engine
from pipelines.tables.manifest import Manifest
from pipelines.tables.source import SourceSpec

_PACKAGE, _LOCK = "package:", "lock"


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

    def raw(self, source: SourceSpec) -> Mapping[str, Any]:
        """The raw tables of a source as Ibis tables."""
        return {name: self._open(source, name) for name in source.raw}

    def raw_digests(self, source: SourceSpec) -> dict[str, str]:
        """SHA-256 of every raw file, by raw table."""
        digests = {}
        for name in source.raw:
            with self._path(source, name).open("rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
        return digests

    def columns(self, expression: Any) -> dict[str, NDArray[Any]]:
        """The result of an Ibis expression as NumPy columns."""
        return self._engine.columns(expression)

    def find_manifest(self, source: str) -> Manifest | None:
        """What was ingested, or None; a manifest whose tables are gone counts for nothing."""
        path = self._home_of(source) / "manifest.json"
        if not path.exists():
            return None
        found = Manifest.read(json.loads(path.read_bytes()), str(path))
        folder = self._version(source, found.data_digest)
        return found if all((folder / f"{name}.parquet").is_file() for name in found.tables) else None

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
        return self._engine.read(str(self._version(source, self.manifest(source).data_digest) / f"{name}.parquet"))

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
            yield

    def store(self, source: str, data_digest: str, tables: Mapping[str, Any]) -> Mapping[str, int]:
        """Write tables to a draft folder that gets its name only when all of them are whole."""
        final = self._version(source, data_digest)
        draft = final.with_name(f"draft-{os.getpid()}-{final.name}")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        n_rows = {name: self._engine.write(table, draft / f"{name}.parquet") for name, table in tables.items()}
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
        return n_rows

    def publish(self, manifest: Manifest) -> None:
        """Replace the manifest in one step, then clear away what no manifest names."""
        home = self._home_of(manifest.source)
        draft = home / f"manifest.{os.getpid()}.json"
        draft.write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        draft.replace(home / "manifest.json")
        kept = {"manifest.json", _LOCK, self._version(manifest.source, manifest.data_digest).name}
        for left in [left for left in home.iterdir() if left.name not in kept]:
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def write_scores(self, task: str, cutoff: datetime, scores: pd.DataFrame) -> Path:
        """Write the scores of one cutoff; replaces earlier ones of the same cutoff in one step."""
        folder = self._data / "scores" / task
        folder.mkdir(parents=True, exist_ok=True)
        final = folder / f"cutoff={cutoff:%Y-%m-%d}.parquet"
        draft = folder / f".draft-{os.getpid()}.parquet"
        try:
            scores.to_parquet(draft, index=False)
            draft.replace(final)
        finally:
            draft.unlink(missing_ok=True)
        return final

    def _home_of(self, source: str) -> Path:
        return self._data / "lake" / source

    def _version(self, source: str, data_digest: str) -> Path:
        return self._home_of(source) / data_digest[:16]

    def _open(self, source: SourceSpec, name: str) -> Any:
        path = self._path(source, name)
        try:
            return self._engine.read(str(path))
        except Exception as error:  # engines differ in what they raise, and their texts quote customers' rows
            raise ContractError(
                f"Source '{source.name}': {path.name} cannot be read ({type(error).__name__}).",
                why=f"It is the raw table '{name}'.",
                fix="Give a whole Parquet or CSV file.",
            ) from error

    def _path(self, source: SourceSpec, name: str) -> Path:
        given = source.raw[name].path
        path = _in_package(given.removeprefix(_PACKAGE)) if given.startswith(_PACKAGE) else self._home / given
        if path is None or not path.is_file():
            raise ContractError(
                f"Source '{source.name}': the raw table '{name}' is not at {given}.",
                why="There is nothing to ingest.",
                fix=f"Install the package or correct raw.{name}.path in conf/sources/{source.name}.yaml.",
            )
        return path


def _in_package(place: str) -> Path | None:
    """A file that an installed package ships; the package itself is not imported."""
    package, _, file = place.partition("/")
    try:
        found = importlib.util.find_spec(package)
    except (ModuleNotFoundError, ValueError):  # a package inside one that is not there; no name at all
        return None
    return Path(found.origin).parent / file if found is not None and found.origin is not None else None

"""The lake on disk: Parquet under ``data/``, every write atomic.

``lake/<source>/<digest>/<table>.parquet`` holds tables; ``lake/<source>/manifest.json`` says which digest is the
present one and is replaced in one step. ``scores/<task>/cutoff=<day>.parquet`` holds scores.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ContractError, NotEnoughDataError
from pipelines.core.protocols import Engine
from pipelines.tables.manifest import Manifest
from pipelines.tables.source import SourceSpec

_PACKAGE = "package:"


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
        """What was ingested, or None."""
        path = self._home_of(source) / "manifest.json"
        return Manifest.model_validate_json(path.read_bytes()) if path.exists() else None

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
        kept = self._version(manifest.source, manifest.data_digest)
        for folder in [folder for folder in home.iterdir() if folder.is_dir() and folder != kept]:
            if not _is_being_written(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def write_scores(self, task: str, cutoff: datetime, scores: pd.DataFrame) -> Path:
        """Write the scores of one cutoff; replaces earlier ones of the same cutoff in one step."""
        folder = self._data / "scores" / task
        folder.mkdir(parents=True, exist_ok=True)
        final = folder / f"cutoff={cutoff:%Y-%m-%d}.parquet"
        draft = folder / f".draft-{os.getpid()}.parquet"
        scores.to_parquet(draft, index=False)
        draft.replace(final)
        return final

    def _home_of(self, source: str) -> Path:
        return self._data / "lake" / source

    def _version(self, source: str, data_digest: str) -> Path:
        return self._home_of(source) / data_digest[:16]

    def _open(self, source: SourceSpec, name: str) -> Any:
        path = self._path(source, name)
        try:
            return self._engine.read(str(path))
        except Exception as error:  # engines differ in what they raise for a file they cannot read
            raise ContractError(
                f"Source '{source.name}': {path.name} cannot be read: {str(error).splitlines()[0]}.",
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


def _is_being_written(folder: Path) -> bool:
    """Whether a folder is the draft of a process that still runs; a killed one leaves its draft behind."""
    kind, _, rest = folder.name.partition("-")
    if kind != "draft":
        return False
    try:
        os.kill(int(rest.partition("-")[0]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _in_package(place: str) -> Path | None:
    """A file that an installed package ships; the package itself is not imported."""
    package, _, file = place.partition("/")
    try:
        found = importlib.util.find_spec(package)
    except (ModuleNotFoundError, ValueError):  # a package inside one that is not there; no name at all
        return None
    return Path(found.origin).parent / file if found is not None and found.origin is not None else None

"""Where raw tables are: files, folders and globs, databases, the simulated shop; each becomes Parquet to read."""

from __future__ import annotations

import glob
import hashlib
import importlib.util
import os
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet as pq

from pipelines.adapters import csv_files, databases, simulated, workbooks
from pipelines.adapters.drafts import draft_of
from pipelines.core.errors import ContractError
from pipelines.tables.manifest import FileManifest
from pipelines.tables.raw import RawTable, format_of
from pipelines.tables.source import ADDED, SourceSpec

_PACKAGE = "package:"


class RawFiles:
    """The raw files of one source.

    Parameters
    ----------
    source : SourceSpec
        Says where they are.
    home : Path
        What relative paths start from.
    stage : Path
        Where files are put that are not Parquet yet; content-addressed, so that they are made once.
    truth : Path
        Where the simulated shop puts what only it knows.
    """

    def __init__(self, source: SourceSpec, home: Path, stage: Path, truth: Path) -> None:
        self._source, self._home, self._stage, self._truth = source, home, stage, truth
        self._paths: dict[FileManifest, Path] = {}

    def find(self) -> dict[str, tuple[FileManifest, ...]]:
        """The files of every raw table, with the SHA-256 of their bytes."""
        used = {raw for maps in self._source.tables.values() for how in maps for raw in (how.raw, *how.lookup)}
        return {name: tuple(self._found(name, raw)) for name, raw in self._source.raw.items() if name in used}

    def parquet(self, file: FileManifest) -> Path:
        """A Parquet file with the rows of ``file``, made when it is asked for."""
        raw = self._source.raw[file.raw]
        if raw.simulated is not None:
            return self._simulated(raw.simulated)
        path = self._paths[file]
        kind = "parquet" if raw.database is not None else raw.format or format_of(path.name)
        if kind == "parquet":
            _require_free_names(path, raw)
            return path
        if kind == "csv":
            return self._staged(file, lambda target: csv_files.to_parquet(path, raw, target))
        return self._staged(file, lambda target: workbooks.to_parquet(path, target))

    def _found(self, name: str, raw: RawTable) -> list[FileManifest]:
        if raw.database is not None and raw.table is not None:
            return [self._of_database(name, raw.database, raw.table)]
        if raw.simulated is not None:
            digest = simulated.digest_of(self._source.simulation, raw.simulated)
            return [FileManifest(raw=name, name=f"simulated {raw.simulated}", sha256=digest)]
        paths = list(dict.fromkeys(path for given in raw.path for path in self._expanded(name, given)))
        named = _names(paths)
        files = []
        for path in paths:
            kind = raw.format or format_of(path.name)
            _require_known(self._source, name, path, kind)
            digest = csv_files.digest_of(path)
            file = FileManifest(raw=name, name=named[path], sha256=digest)
            self._paths[file] = path
            files.append(file)
        return files

    def _of_database(self, name: str, variable: str, table: str) -> FileManifest:
        """A database has no bytes to take a digest of, so that its rows are fetched first."""
        self._stage.mkdir(parents=True, exist_ok=True)
        draft = draft_of(self._stage / f"{name}.parquet")
        try:
            databases.to_parquet(variable, table, draft)
            file = FileManifest(raw=name, name=table, sha256=csv_files.digest_of(draft))
            final = self._stage / f"{file.sha256[:16]}.parquet"
            draft.replace(final)
        finally:
            draft.unlink(missing_ok=True)
        self._paths[file] = final
        return file

    def _simulated(self, table: str) -> Path:
        """All tables of the simulated shop are generated at once, when the first is asked for."""

        def place(name: str) -> Path:
            return self._stage / f"{simulated.digest_of(self._source.simulation, name)[:16]}.parquet"

        if not place(table).exists():
            self._stage.mkdir(parents=True, exist_ok=True)
            simulated.to_parquet(self._source.simulation, place, self._truth)
        return place(table)

    def _staged(self, file: FileManifest, make: Callable[[Path], None]) -> Path:
        self._stage.mkdir(parents=True, exist_ok=True)
        how = self._source.raw[file.raw].model_dump_json(exclude={"path", "download"})
        final = self._stage / f"{_short(file.sha256 + how)}.parquet"
        if not final.exists():
            draft = draft_of(final)
            try:
                make(draft)
                draft.replace(final)
            finally:
                draft.unlink(missing_ok=True)
        return final

    def _expanded(self, name: str, given: str) -> list[Path]:
        """The files that a path, a folder or a glob stands for, in order."""
        found: list[Path] = []
        place = _in_package(given.removeprefix(_PACKAGE)) if given.startswith(_PACKAGE) else self._home / given
        if place is not None and place.is_dir():
            found = [path for path in place.rglob("*") if not _is_hidden(path.relative_to(place))]
        elif place is not None:
            found = [place] if place.is_file() else [Path(path) for path in glob.glob(str(place), recursive=True)]
        files = sorted(Path(os.path.abspath(path)) for path in found if path.is_file())
        if not files:
            raise self._nothing_at(name, given)
        return files

    def _nothing_at(self, name: str, given: str) -> ContractError:
        download = self._source.raw[name].download
        fetch = f"Fetch it: regulars ingest --source {self._source.name} --download yes. " if download else ""
        return ContractError(
            f"Source '{self._source.name}': the raw table '{name}' is not at {given}.",
            why="There is nothing to ingest.",
            fix=f"{fetch}Give its place: regulars ingest --source {self._source.name} --path FILE; "
            f"or correct raw.{name}.path in conf/sources/{self._source.name}.yaml.",
        )


def _names(paths: list[Path]) -> Mapping[Path, str]:
    """File names; where two are the same, with as much of their folders as tells them apart."""
    seen = Counter(path.name for path in paths)
    common = Path(os.path.commonpath([path.parent for path in paths])) if paths else Path()
    return {path: path.name if seen[path.name] == 1 else path.relative_to(common).as_posix() for path in paths}


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) and "=" not in part for part in path.parts)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _require_known(source: SourceSpec, name: str, path: Path, kind: str | None) -> None:
    if kind is None:
        raise ContractError(
            f"Source '{source.name}': {path.name} is neither Parquet, CSV nor a workbook by its suffix.",
            why="It is not clear how to read it, and leaving it out would lose its rows.",
            fix=f"Declare raw.{name}.format, or name the files with a glob such as folder/*.parquet.",
        )


def _require_free_names(path: Path, raw: RawTable) -> None:
    """A column of the publisher's by one of our names would be taken for ours."""
    try:
        taken = [name for name in pq.read_schema(path).names if name.lower() in ADDED]
    except (pa.ArrowInvalid, OSError):
        return  # whoever reads it says that it is damaged
    if taken and raw.database is None:
        raise ContractError(
            f"{path.name} has a column named {', '.join(taken)}.",
            why=f"Every raw table is given the columns {', '.join(ADDED)}, which say where a row came from.",
            fix="Rename the column in the file.",
        )


def _in_package(place: str) -> Path | None:
    """A file that an installed package ships; the package itself is not imported."""
    package, _, file = place.partition("/")
    try:
        found = importlib.util.find_spec(package)
    except (ModuleNotFoundError, ValueError):  # a package inside one that is not there; no name at all
        return None
    return Path(found.origin).parent / file if found is not None and found.origin is not None else None

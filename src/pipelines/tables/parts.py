"""How an ingest is divided: a part is a pure function of some raw files, the mapping and the contract.

A table whose rows can be judged one by one has one part per file, so that a new file is all that is read when it
arrives. A table with a key or a rule about duplicates is one part: there, rows are judged against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.core.spec import digest
from pipelines.tables.checks import checks_of
from pipelines.tables.contract import TABLES, Table, table_named
from pipelines.tables.manifest import FileManifest
from pipelines.tables.source import SourceSpec, TableMap

_VERSION = 1  # of how rows are read and judged: a release that reads them otherwise adds one


@dataclass(frozen=True)
class Piece:
    """One raw file, read by one map, with all files of the raw tables that it looks columns up in."""

    how: TableMap
    file: FileManifest
    found: Mapping[str, tuple[FileManifest, ...]]

    @property
    def files(self) -> tuple[FileManifest, ...]:
        """Everything that is read for it."""
        return (self.file, *(file for files in self.found.values() for file in files))


@dataclass(frozen=True)
class Part:
    """What is judged and written together."""

    table: Table
    pieces: tuple[Piece, ...]
    digest: str

    @property
    def files(self) -> tuple[FileManifest, ...]:
        """Every file that is read for it, once."""
        return tuple(dict.fromkeys(file for piece in self.pieces for file in piece.files))


def parts_of(source: SourceSpec, files: Mapping[str, tuple[FileManifest, ...]]) -> dict[str, tuple[Part, ...]]:
    """Every part of a source, by contract table.

    Parameters
    ----------
    source : SourceSpec
        Says which raw tables feed which contract table.
    files : mapping of str to tuple of FileManifest
        The files of each raw table.
    """
    parts = {}
    for name, maps in source.tables.items():
        table = table_named(name)
        pieces = [
            Piece(how, file, {other: files[other] for other in how.lookup}) for how in maps for file in files[how.raw]
        ]
        judged_together = source.rules_of(table).duplicates is not None
        groups = [tuple(pieces)] if judged_together else [(piece,) for piece in pieces]
        parts[name] = tuple(Part(table, group, _digest(source, table, group)) for group in groups)
    return parts


def data_digest_of(parts: Mapping[str, tuple[Part, ...]]) -> str:
    """SHA-256 of what the parts of a source hold: the same for the same rows, whenever they came."""
    return digest({name: [part.digest for part in group] for name, group in parts.items()})


def _digest(source: SourceSpec, table: Table, pieces: tuple[Piece, ...]) -> str:
    duplicates = source.rules_of(table).duplicates
    meaning = source.meaning()
    return digest(
        [
            _VERSION,
            {name: meaning[name] for name in ("raw", "currency", "decimals", "zone", "until", "event_types")},
            repr(TABLES),
            [check.name for check in checks_of(table, source)],
            duplicates.model_dump(mode="json") if duplicates else None,
            source.columns(table.name),
            [[piece.how.model_dump(mode="json"), *(file.model_dump() for file in piece.files)] for piece in pieces],
        ]
    )

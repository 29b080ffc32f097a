"""From the raw files of one part to its tables in the lake."""

from __future__ import annotations

from typing import Any

import ibis

from pipelines.core.errors import ContractError
from pipelines.tables.checks import judged
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import PartManifest
from pipelines.tables.mapping import belonging, mapped, source_rows
from pipelines.tables.parts import Part, Piece
from pipelines.tables.reconcile import accepted, counts, left_out, reconciled, refused, statistics
from pipelines.tables.source import FILE, ROW, SourceSpec


def write_part(source: SourceSpec, lake: Lake, part: Part) -> PartManifest:
    """Read, map, judge and write one part; each raw row is read once, and where it went is counted.

    Raises
    ------
    ContractError
        If a raw file cannot be read, lacks a column, or repeats the key of a lookup.
    """
    raws = [_raws(source, lake, part, piece) for piece in part.pieces]
    rows = [mapped(source, part.table.name, piece.how, raw) for piece, raw in zip(part.pieces, raws, strict=True)]
    n_rows, n_elsewhere = _sizes(source, lake, part, raws)
    with lake.draft(source.name, part) as draft:
        held = draft.write("judged", judged(part.table, _below(rows), source))
        inside = draft.write("accepted", accepted(held, part.table))
        outside = lake.columns(counts(held))
        if len(outside["n_rows"]):
            files = {piece.file: raw[piece.how.raw] for piece, raw in zip(part.pieces, raws, strict=True)}
            bad = refused(held)
            kept = [source_rows(raw.semi_join(bad, [FILE, ROW])) for raw in files.values()]  # JSON of these rows only
            draft.write("quarantine", left_out(held, _below(kept)))
        known = lake.columns(statistics(inside, part.table))
        manifest = reconciled(part, n_rows - n_elsewhere, n_elsewhere, known, outside)
        draft.finish(manifest)
    return manifest


def count(lake: Lake, table: Any) -> int:
    """The number of rows."""
    return int(lake.columns(table.count().name("n").as_table())["n"][0])


def _sizes(source: SourceSpec, lake: Lake, part: Part, raws: list[dict[str, Any]]) -> tuple[int, int]:
    """How many rows the raw files hold, and how many of them belong to another table."""
    n_rows = n_elsewhere = 0
    for piece, raw in zip(part.pieces, raws, strict=True):
        n_held = count(lake, raw[piece.how.raw])
        n_rows += n_held
        if piece.how.where is not None:
            n_elsewhere += n_held - count(lake, belonging(source, part.table.name, piece.how, raw))
    return n_rows, n_elsewhere


def _raws(source: SourceSpec, lake: Lake, part: Part, piece: Piece) -> dict[str, Any]:
    """The raw tables that a piece reads."""
    found = {name: _below([lake.raw(source, file) for file in files]) for name, files in piece.found.items()}
    _require_unique(source, lake, piece, found)
    return {piece.how.raw: _told_apart(lake.raw(source, piece.file), piece, part), **found}


def _told_apart(raw: Any, piece: Piece, part: Part) -> Any:
    """Raw rows whose file's name follows that of their raw table, where another one has a file of the same name."""
    raws = {other.file.raw for other in part.pieces if other.file.name == piece.file.name}
    return raw if len(raws) == 1 else raw.mutate(**{FILE: ibis.literal(f"{piece.file.raw}/") + raw[FILE]})


def _below(tables: list[Any]) -> Any:
    """Tables of the same columns below each other."""
    return ibis.union(*tables) if len(tables) > 1 else tables[0]


def _require_unique(source: SourceSpec, lake: Lake, piece: Piece, found: dict[str, Any]) -> None:
    for name, lookup in piece.how.lookup.items():
        keys = found[name].select(*lookup.on.values()).drop_null()
        n_rows, n_keys = count(lake, keys), count(lake, keys.distinct())
        if n_rows != n_keys:
            raise ContractError(
                f"Source '{source.name}': {n_rows - n_keys:,} of {n_rows:,} rows of the raw table '{name}' repeat "
                f"{', '.join(lookup.on.values())}.",
                why=f"Looking columns up by a key that is there twice would multiply rows of '{piece.how.raw}'.",
                fix=f"Look them up by a key that names one row, under 'lookup' in conf/sources/{source.name}.yaml.",
            )

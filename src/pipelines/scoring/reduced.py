"""Reductions that are kept: a log is reduced to days once, and when it grows only its new days are."""

from __future__ import annotations

from typing import Any

from pipelines.core.code import code_digest
from pipelines.core.spec import digest
from pipelines.core.windows import day_moment
from pipelines.features.blocks import Reads
from pipelines.features.panel import measures_of
from pipelines.scoring.log import DAYS, KEYS, THING_KEYS, as_literal, reductions, tables_read
from pipelines.scoring.ranges import Between, ranges_of
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tables.reduction import Reduction, first_days


def reduced(lake: Lake, manifest: Manifest, blocks: tuple[Reads, ...]) -> dict[str, Any]:
    """The kept reductions of all that is ingested, brought up to date.

    Where parts of the log came or went, the days from the first one on that they touch are reduced anew, and the days
    before it stay as they were kept: the result holds the same rows as a reduction of everything.

    Returns
    -------
    dict of str to ibis.Table
        See `reductions`.
    """
    return {
        name: _kept(lake, manifest, blocks, _wanted(manifest, blocks, name, tables))
        for name, tables in tables_read(manifest, blocks).items()
    }


def _wanted(manifest: Manifest, blocks: tuple[Reads, ...], name: str, tables: tuple[str, ...]) -> Reduction:
    return Reduction(
        name=name,
        code=code_digest(),
        how=digest([name, tables, manifest.decimals, _counted(blocks) if name == DAYS else []]),
        order=KEYS.get(name, THING_KEYS),
        parts={key: day for table in tables for key, day in first_days(manifest.tables[table].parts).items()},
    )


def _counted(blocks: tuple[Reads, ...]) -> list[list[object]]:
    """What tells measures apart."""
    return [[one.name, one.said, one.unit, one.needs, one.of_day, one.table] for one in measures_of(blocks)]


def _kept(lake: Lake, manifest: Manifest, blocks: tuple[Reads, ...], wanted: Reduction) -> Any:
    held = lake.find_reduction(manifest.source, wanted)
    if held is None or held.parts != wanted.parts:
        ranges = ranges_of(lake, lake.table(manifest.source, "events"), lake.rows_at_once)
        rows = (_rows(lake, manifest, blocks, wanted, held, between) for between in ranges)
        lake.keep_reduction(manifest.source, wanted, rows)
    return lake.reduction(manifest.source, wanted)


def _rows(
    lake: Lake,
    manifest: Manifest,
    blocks: tuple[Reads, ...],
    wanted: Reduction,
    held: Reduction | None,
    between: Between,
) -> Any:
    """The reduction of some customers."""
    since = wanted.differs_since(held) if held is not None else None
    if held is None or since is None:
        return reductions(lake, manifest, blocks, between)[wanted.name]
    first = as_literal(day_moment(since))
    new = reductions(lake, manifest, blocks, lambda log: between(log).filter(between(log).event_time >= first))[
        wanted.name
    ]
    before = between(lake.reduction(manifest.source, held))
    return before.filter(before.day < since).union(new).order_by(*wanted.order)

"""From parts to the manifest: span, customers, findings, and what changed since the ingest before."""

from __future__ import annotations

from typing import Any

import ibis

from pipelines.core.spec import digest
from pipelines.core.windows import day_moment
from pipelines.tables.contract import CASES, EVENTS
from pipelines.tables.findings import asked, finding
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import (
    About,
    Clock,
    ColumnManifest,
    FileManifest,
    Finding,
    Manifest,
    TableManifest,
    latest_day,
)
from pipelines.tables.source import SourceSpec
from pipelines.tables.writing import count


def manifest_of(source: SourceSpec, lake: Lake, tables: dict[str, TableManifest], before: Manifest | None) -> Manifest:
    """What an ingest leaves, from what its parts hold.

    Parameters
    ----------
    source : SourceSpec
        What was ingested.
    lake : Lake
        Holds the parts, published or not.
    tables : mapping of str to TableManifest
        By contract table.
    before : Manifest or None
        What an earlier ingest left.
    """
    held = {
        name: lake.parts(source.name, tuple(part.data_digest for part in table.parts)) for name, table in tables.items()
    }
    main = held[EVENTS.name if source.kind == "log" else CASES.name]
    return Manifest(
        source=source.name,
        data_digest=digest({name: [part.data_digest for part in table.parts] for name, table in tables.items()}),
        clock=_clock(lake, tables, main),
        n_customers=count(lake, main.select("customer_id" if source.kind == "log" else "case_id").distinct()),
        currency=source.currency,
        decimals=source.decimals,
        tables=tables,
        findings=_findings(lake, tables, held),
        n_late=_n_late(source, lake, tables, before),
        gone=_gone(tables, before),
        about=about(source),
    )


def about(source: SourceSpec) -> About:
    """What the source's file says to people."""
    return About(title=source.title, licence=source.licence, note=source.note)


def columns_of(source: SourceSpec, name: str) -> dict[str, ColumnManifest]:
    """Every mapped column of a contract table, with what it may be used for."""
    mapped, today = source.roles(name), source.as_of_today(name)
    return {
        column: ColumnManifest(kind=kind, role=mapped[column], as_of_today=column in today)
        for column, kind in source.columns(name).items()
        if column in mapped
    }


def _clock(lake: Lake, tables: dict[str, TableManifest], rows: Any) -> Clock | None:
    name, time = (EVENTS.name, "event_time") if EVENTS.name in tables else (CASES.name, "case_time")
    moments = [moment for part in tables[name].parts for moment in (part.first, part.last) if moment is not None]
    if not moments:
        return None
    day = (rows[time].epoch_seconds() // 86_400).cast("int64")
    days = lake.columns(rows.filter(rows[time].notnull()).select(day=day).distinct().order_by("day"))["day"]
    latest = day_moment(latest_day([int(one) for one in days]))
    return Clock(first=min(moments), last=max(moments), latest=latest)


def _findings(lake: Lake, tables: dict[str, TableManifest], held: dict[str, Any]) -> tuple[Finding, ...]:
    filled = {
        name: {column for column in table.columns if table.n_missing.get(column, 0) < table.n_accepted}
        for name, table in tables.items()
        if table.n_accepted
    }
    found = []
    for check in asked(filled):
        answer = lake.columns(check.asks(held))
        found.append(finding(check, int(answer["n_rows"][0] or 0), int(answer["of"][0] or 0)))
    return tuple(one for one in found if one.n_rows)


def _n_late(source: SourceSpec, lake: Lake, tables: dict[str, TableManifest], before: Manifest | None) -> int:
    """Accepted events of parts with new files that lie before what was known to be the end."""
    if before is None or before.clock is None or EVENTS.name not in tables or EVENTS.name not in before.tables:
        return 0
    known = {_named(file) for part in before.tables[EVENTS.name].parts for file in part.files}
    new = [part for part in tables[EVENTS.name].parts if _named(part.files[0]) not in known]
    if not new:
        return 0
    rows = lake.parts(source.name, tuple(part.data_digest for part in new))
    end = ibis.literal(before.clock.latest.replace(tzinfo=None).isoformat(" ")).cast("timestamp(6)")
    return count(lake, rows.filter(rows.event_time < end))


def _gone(tables: dict[str, TableManifest], before: Manifest | None) -> tuple[str, ...]:
    def names(held: dict[str, TableManifest]) -> set[tuple[str, str]]:
        return {_named(file) for table in held.values() for part in table.parts for file in part.files}

    return tuple(name for _, name in sorted(names(before.tables) - names(tables))) if before else ()


def _named(file: FileManifest) -> tuple[str, str]:
    return file.raw, file.name

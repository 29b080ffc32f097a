"""Raw tables → checked contract tables in the lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines.core.errors import ConfigError, ContractError
from pipelines.core.protocols import Run
from pipelines.core.report import Report
from pipelines.core.spec import digest
from pipelines.core.windows import day_moment
from pipelines.flows.outcome import Outcome
from pipelines.tables.checks import CHECKS, REASON, judged
from pipelines.tables.contract import TABLES, Role, table_named
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest, TableManifest, latest_day
from pipelines.tables.mapping import mapped
from pipelines.tables.source import SourceSpec


@dataclass(frozen=True)
class Ingested:
    """What `ingest` left in the lake."""

    manifest: Manifest
    outcome: Outcome


def ingest(source: SourceSpec, lake: Lake, run: Run) -> Ingested:
    """Map, check and store a source; rows that fail a check go to quarantine with the reason."""
    run.progress.stage(f"ingest: {source.title}")
    files = lake.raw_digests(source)
    data_digest = _data_digest(source, files)
    with lake.writing(source.name):
        manifest = _present(source, lake)
        is_new = manifest is None or manifest.data_digest != data_digest
        if manifest is None or is_new:
            manifest = _stored(source, lake, files, data_digest)
    run.tags(
        {
            "data_digest": data_digest,
            "config_digest": source.digest(),
            "outcome": Outcome.DONE if is_new else Outcome.UNCHANGED,
        }
    )
    run.publish(_report(manifest))
    return Ingested(manifest, Outcome.DONE if is_new else Outcome.UNCHANGED)


def _present(source: SourceSpec, lake: Lake) -> Manifest | None:
    """What was ingested before; None if there is nothing, or if another release wrote it in its own way."""
    try:
        return lake.find_manifest(source.name)
    except ConfigError:
        return None


def _stored(source: SourceSpec, lake: Lake, files: dict[str, str], data_digest: str) -> Manifest:
    raw = lake.raw(source)
    tables = {
        name: judged(table_named(name), mapped(source, name, raw[how.raw])) for name, how in source.tables.items()
    }
    counts = {name: _counts(lake, table) for name, table in tables.items()}
    events = tables["events"]
    span = lake.columns(_span(_accepted(events)))
    _require_events(source, span, counts["events"])
    lake.store(source.name, data_digest, {**_in_order(tables), **_quarantine(tables, counts)})
    manifest = Manifest(
        source=source.name,
        data_digest=data_digest,
        files=files,
        first_event=_moment(span["first_event"][0]),
        last_event=_moment(span["last_event"][0]),
        latest=_latest(lake, _accepted(events)),
        n_customers=int(span["n_customers"][0]),
        currency=source.currency,
        decimals=source.decimals,
        tables={name: _table_manifest(counts[name], source.roles(name)) for name in tables},
    )
    lake.publish(manifest)
    return manifest


def _accepted(table: Any) -> Any:
    return table.filter(table[REASON].isnull()).drop(REASON)


def _in_order(tables: dict[str, Any]) -> dict[str, Any]:
    """Accepted rows, ordered by the contract and then by every other column: the same rows give the same file."""
    return {name: _ordered(_accepted(table), table_named(name).order) for name, table in tables.items()}


def _ordered(table: Any, first: tuple[str, ...]) -> Any:
    known = [column for column in first if column in table.columns]
    return table.order_by([*known, *(column for column in table.columns if column not in known)])


def _quarantine(tables: dict[str, Any], counts: dict[str, dict[str | None, int]]) -> dict[str, Any]:
    """Rows that failed a check, with the reason; a table of them only where there are some."""
    held = [name for name in tables if any(reason is not None for reason in counts[name])]
    return {
        f"quarantine_{name}": _ordered(tables[name].filter(tables[name][REASON].notnull()), (REASON,)) for name in held
    }


def _counts(lake: Lake, table: Any) -> dict[str | None, int]:
    found = lake.columns(table.group_by(REASON).agg(n_rows=lambda rows: rows.count()).order_by(REASON))
    return {reason: int(n_rows) for reason, n_rows in zip(found[REASON], found["n_rows"], strict=True)}


def _span(events: Any) -> Any:
    return events.agg(
        first_event=events.event_time.min(),
        last_event=events.event_time.max(),
        n_customers=events.customer_id.nunique(),
    )


def _latest(lake: Lake, events: Any) -> datetime:
    day = (events.event_time.epoch_seconds() // 86_400).cast("int64")
    days = lake.columns(events.select(day=day).distinct().order_by("day"))["day"]
    return day_moment(latest_day([int(one) for one in days]))


def _moment(value: Any) -> datetime:
    moment: datetime = value.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def _table_manifest(counts: dict[str | None, int], roles: dict[str, Role]) -> TableManifest:
    quarantined = {reason: n_rows for reason, n_rows in counts.items() if reason is not None}
    return TableManifest(
        n_read=sum(counts.values()), n_accepted=counts.get(None, 0), quarantined=quarantined, roles=roles
    )


def _data_digest(source: SourceSpec, files: dict[str, str]) -> str:
    return digest([source.digest(), files, repr(TABLES), [check.reason for check in CHECKS]])


def _require_events(source: SourceSpec, span: dict[str, Any], counts: dict[str | None, int]) -> None:
    if not span["n_customers"][0]:
        reasons = ", ".join(f"{n_rows:,} {reason}" for reason, n_rows in counts.items()) or "the file holds no rows"
        raise ContractError(
            f"Source '{source.name}' has no acceptable event among {sum(counts.values()):,} rows: {reasons}.",
            why="There is nothing to learn from; the tables ingested before stay as they are.",
            fix=f"Correct tables.events in conf/sources/{source.name}.yaml, or the raw file.",
        )


def _report(manifest: Manifest) -> Report:
    metrics = {
        f"{name}.{count}": float(value)
        for name, table in manifest.tables.items()
        for count, value in (
            ("n_read", table.n_read),
            ("n_accepted", table.n_accepted),
            ("n_quarantined", sum(table.quarantined.values())),
        )
    }
    return Report(metrics, {"report/manifest.json": manifest.model_dump(mode="json")})

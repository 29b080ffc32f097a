"""Raw tables → checked contract tables in the lake."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.core.errors import ConfigError
from pipelines.core.protocols import Progress, Run
from pipelines.core.report import Artifact, Report
from pipelines.flows.outcome import Outcome
from pipelines.tables.assembly import about, columns_of, manifest_of
from pipelines.tables.lake import Lake
from pipelines.tables.limits import require_in_time, require_known_limits, require_rows, require_within_limits
from pipelines.tables.manifest import Manifest, TableManifest
from pipelines.tables.parts import Part, data_digest_of, parts_of
from pipelines.tables.reconcile import described, reconciliation
from pipelines.tables.source import SourceSpec
from pipelines.tables.writing import write_part


@dataclass(frozen=True)
class Ingested:
    """What `ingest` left in the lake."""

    manifest: Manifest
    outcome: Outcome


def ingest(source: SourceSpec, lake: Lake, run: Run) -> Ingested:
    """Map, check and store a source; rows that fail a check go to quarantine with the reason.

    Only parts that are not in the lake yet are read (see `pipelines.tables.parts`), so the same files twice change
    nothing; a feed beyond its limits is refused and leaves everything as it was.
    """
    run.progress.stage(f"ingest: {source.title or source.name}")
    require_known_limits(source)
    with lake.writing(source.name):
        before = _present(source, lake)
        parts = parts_of(source, lake.files(source))
        is_new = before is None or before.data_digest != data_digest_of(parts)
        manifest = _stored(source, lake, parts, before, run.progress) if before is None or is_new else before
        require_within_limits(source, manifest)
        if is_new:
            require_in_time(source, manifest)
        manifest = manifest.model_copy(update={"about": about(source)})
        if manifest != before:
            lake.publish(manifest)
    outcome = Outcome.DONE if is_new else Outcome.UNCHANGED
    run.tags({"data_digest": manifest.data_digest, "config_digest": source.digest(), "outcome": outcome})
    run.publish(_report(source, manifest))
    run.describe(described(manifest))
    return Ingested(manifest, outcome)


def _present(source: SourceSpec, lake: Lake) -> Manifest | None:
    """What was ingested before; None if there is nothing, or if another release wrote it in its own way."""
    try:
        return lake.find_manifest(source.name)
    except ConfigError:
        return None


def _stored(
    source: SourceSpec, lake: Lake, parts: dict[str, tuple[Part, ...]], before: Manifest | None, progress: Progress
) -> Manifest:
    """Write what is not there yet; nothing of it can be seen before it is published."""
    known = {part.digest: lake.find_part(source.name, part) for group in parts.values() for part in group}
    new = [part for group in parts.values() for part in group if known[part.digest] is None]
    progress.stage(f"ingest: {len(new)} new of {len(known)} parts")
    for place, part in enumerate(new):
        progress.step(place, len(new), f"{part.table.name}: {part.files[0].name}")
        known[part.digest] = write_part(source, lake, part)
    tables = {
        name: TableManifest(
            parts=tuple(found for part in group if (found := known[part.digest]) is not None),
            columns=columns_of(source, name),
        )
        for name, group in parts.items()
    }
    require_rows(source, tables)
    return manifest_of(source, lake, tables, before)


def _report(source: SourceSpec, manifest: Manifest) -> Report:
    metrics = {
        f"{name}.{count}": float(value)
        for name, table in manifest.tables.items()
        for count, value in (
            ("n_read", table.n_read),
            ("n_accepted", table.n_accepted),
            ("n_duplicates", table.n_duplicates),
            ("n_quarantined", sum(table.quarantined.values())),
        )
    }
    artifacts: dict[str, Artifact] = {
        "report/source.json": source.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "report/manifest.json": manifest.model_dump(mode="json"),
        "report/reconciliation.parquet": reconciliation(manifest),
    }
    return Report(metrics, artifacts)

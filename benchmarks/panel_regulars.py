"""The project's own sides of `panel`: a lake whose events are the log as it stands, and the panel of its customers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.core.windows import DAY, parse_cutoff
from pipelines.scoring.reduced import reduced
from pipelines.scoring.stored import kept_panel
from pipelines.tables.contract import Kind, Role
from pipelines.tables.manifest import Clock, ColumnManifest, FileManifest, Manifest, PartManifest, TableManifest
from pipelines.tasks.panel_task import PanelTask

LOG, DIGEST = "log", "0" * 64
KINDS = {
    "customer_id": Kind.TEXT,
    "event_time": Kind.TIME,
    "event_type": Kind.TEXT,
    "order_id": Kind.TEXT,
    "product_id": Kind.TEXT,
    "quantity": Kind.INTEGER,
    "amount": Kind.MONEY,
}


def task(windows: tuple[int, ...], days: int) -> PanelTask:
    """Everybody who bought in the log of so many days, by sums in windows, recency and tenure."""
    return PanelTask.read(
        {
            "name": "panel",
            "title": "A panel",
            "positive": "buys nothing more",
            "source": LOG,
            "population": {"type": "active", "within": f"P{days}D"},
            "outcome": {"type": "no_purchase", "horizon": f"P{days}D"},
            "timeline": {"history": "P1D"},
            "features": [{"type": "windowed", "lengths": [f"P{window}D" for window in windows]}, {"type": "recency"}],
            "search": {"space": {"num_leaves": {"low": 4, "high": 8, "kind": "int"}}},
            "baselines": [],
            "gates": [],
        },
        "panel_regulars.py",
    )


def lake(log: Path, folder: Path, start: str, days: int) -> FileLake:
    """A lake in ``folder`` that holds the log as its one part, as `ingest` would have written it."""
    part = folder / "data/lake" / LOG / "parts" / DIGEST[:16]
    part.mkdir(parents=True, exist_ok=True)
    if not (part / "accepted.parquet").exists():
        (part / "accepted.parquet").symlink_to(log.resolve())
    first = parse_cutoff(start)
    whole = PartManifest(
        data_digest=DIGEST,
        files=(FileManifest(raw=LOG, name=log.name, sha256=DIGEST),),
        n_elsewhere=0,
        n_read=1,
        n_accepted=1,
        n_duplicates=0,
        first=first,
        last=first + days * DAY,
    )
    columns = {name: ColumnManifest(kind=kind, role=Role.FEATURE) for name, kind in KINDS.items()}
    manifest = Manifest(
        source=LOG,
        data_digest=DIGEST,
        clock=Clock(first=first, last=first + days * DAY, latest=first + days * DAY),
        n_customers=1,
        currency="EUR",
        decimals=2,
        tables={"events": TableManifest(parts=(whole,), columns=columns)},
    )
    (folder / "data/lake" / LOG / "manifest.json").write_text(manifest.model_dump_json(), encoding="utf-8")
    (folder / "spill").mkdir(exist_ok=True)
    return FileLake(folder / "data", folder, DuckDBEngine(folder / "spill"))


def build(spec: PanelTask, shop: FileLake, cutoffs: tuple[int, ...]) -> Path:
    """The panel at cutoffs given in days of the log; where it is."""
    clock = shop.manifest(LOG).times
    kept = kept_panel(spec, shop, clock.latest, tuple(clock.first + timedelta(day) for day in cutoffs))
    return Path(shop.panels.place(kept.name))


def reduce(spec: PanelTask, shop: FileLake) -> None:
    """The days of customers alone, as they are kept."""
    reduced(shop, shop.manifest(LOG), spec.features)

"""A tiny shop whose log comes in several files, so that it can grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.core.windows import day_moment, day_number
from pipelines.flows.ingest import ingest
from pipelines.scoring.history import history
from pipelines.scoring.panel import Panel, panel
from pipelines.tables.source import SourceSpec
from pipelines.tasks.panel_task import PanelTask
from support.memory import MemoryRun
from support.shop import SOURCE, START, TASK, sales

FIRST = day_number(datetime.fromisoformat(f"{START}T00:00:00+00:00"))
GROWING = SourceSpec.read({**SOURCE, "raw": {"sales": {"path": "raw/*.parquet"}}, "tables": {
    "events": {
        "from": "sales",
        "columns": {**SOURCE["tables"]["events"]["columns"], "category": "what"},
    }
}}, "test")  # fmt: skip
CHURN = PanelTask.read(
    {
        **TASK,
        "sensitive": [],
        "features": [
            *TASK["features"],
            {"type": "baskets", "lengths": ["P28D"]},
            {"type": "decay"},
            {"type": "assortment", "lengths": ["P56D"]},
        ],
    },
    "test",
)


def cutoffs(*days: int) -> tuple[datetime, ...]:
    """Moments so many days after the shop's first."""
    return tuple(day_moment(FIRST + day) for day in days)


END = cutoffs(200)[0]


def log(n_customers: int = 60, seed: int = 1) -> pd.DataFrame:
    """Its sales, with what was bought, in the order of time."""
    bought = sales(n_customers, seed).sort_values("at", ignore_index=True)
    return bought.assign(what=[("tea", "cups", "cake")[place % 3] for place in bought.index])


@dataclass
class Growing:
    """A shop with a lake under ``root``; nothing is ingested yet."""

    root: Path

    def __post_init__(self) -> None:
        (self.root / "raw").mkdir(parents=True, exist_ok=True)
        self.lake = FileLake(self.root / "data", self.root, DuckDBEngine())

    def add(self, rows: pd.DataFrame, name: str) -> Growing:
        """One more file, or another one of the name, ingested."""
        rows.to_parquet(self.root / "raw" / f"{name}.parquet", index=False)
        return self.ingest()

    def remove(self, name: str) -> Growing:
        """A file less."""
        (self.root / "raw" / f"{name}.parquet").unlink()
        return self.ingest()

    def ingest(self) -> Growing:
        ingest(GROWING, self.lake, MemoryRun())
        return self

    def described(self, known_at: datetime, at: Sequence[datetime]) -> Panel:
        """Its panel straight from the log, with nothing kept."""
        return panel(CHURN, history(self.lake, GROWING.name, known_at, CHURN.features), tuple(at))


def between(rows: pd.DataFrame, first: int, end: int) -> pd.DataFrame:
    """The rows of days ``[first, end)`` of the shop's log."""
    at = (rows["at"] - pd.Timestamp(START)) / pd.Timedelta(days=1)
    return rows[(at >= first) & (at < end)]


def same(one: Panel, other: Panel) -> bool:
    """Whether two panels hold the same bytes for the same customers and cutoffs."""
    return (
        one.customer_id.tolist() == other.customer_id.tolist()
        and one.cutoff.tolist() == other.cutoff.tolist()
        and one.rows.columns.tolist() == other.rows.columns.tolist()
        and one.rows.to_numpy().tobytes() == other.rows.to_numpy().tobytes()
    )

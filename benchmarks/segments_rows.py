"""Customers of a simulated shop as its panel describes them, and the planted type of each."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from quality_rows import PROJECT, ingested

from pipelines.config.files import load_task
from pipelines.core.windows import DAY
from pipelines.features.funnel import Funnel
from pipelines.features.recency import Recency
from pipelines.features.windowed import Windowed
from pipelines.scoring.stored import read_panel
from pipelines.segments.snapshots import Snapshot
from pipelines.tasks.panel_task import PanelTask
from pipelines.tasks.population import Active

SOURCE = "simulated_shop"
WINDOW_DAYS, SEEN_DAYS, BETWEEN_DAYS = 182, 56, 28
"""Customers are described by half a year, all of which they must have had; they were seen lately; cutoffs are four
weeks apart."""
SHARES = (0.12, 0.56, 0.16, 0.16)
"""Most sign-ups are passing customers, fewer of whom are still there to be described: those who are divide evenly."""
FEATURES = ("n_sessions", "n_views", "n_carted", "n_orders", "amount", "carted_per_view", "session_depth")
"""What an owner would segment by: how often, how deep, how much."""


@dataclass(frozen=True)
class Known:
    """Two neighbouring snapshots, the later one last, and the planted type of every row of the last; codes from 0."""

    snapshots: tuple[Snapshot, ...]
    planted: NDArray[np.int64]


def known(n_customers: int, n_days: int, separation: float, seed: int, folder: Path) -> Known:
    """Simulate a shop, ingest its log and describe its customers, by the code that training and scoring use.

    Nothing but the types is planted: campaigns and drifts would be structure of their own.
    """
    said = {"n_customers": n_customers, "n_days": n_days, "seed": seed, "drifts": "[]", "campaigns": "[]"}
    said |= {"unfairness": "[]", "planted.separation": separation}
    said["planted.shares"] = "[" + ",".join(map(str, SHARES)) + "]"
    overrides = " ".join(f"simulation.{name}={value}" for name, value in said.items())
    with tempfile.TemporaryDirectory(dir=folder) as place:
        lake = ingested(SOURCE, Path(place), "", overrides)
        end = lake.manifest(SOURCE).span.end
        cutoffs = (end - BETWEEN_DAYS * DAY, end)
        found = read_panel(_task(), lake, end, cutoffs)
        (truth,) = Path(place).rglob("truth_customers.parquet")
        types = pd.read_parquet(truth, columns=["customer_id", "planted_type"]).set_index("customer_id")["planted_type"]
    mine = _described(found.rows)
    snapshots = []
    for cutoff in cutoffs:
        here = found.at((cutoff,)) & mine
        rows = found.rows.loc[here, [_named(name) for name in FEATURES]].reset_index(drop=True)
        snapshots.append(Snapshot(cutoff, found.customer_id[here].astype(np.int64), rows))
    last = types.reindex(snapshots[-1].customer)
    return Known(tuple(snapshots), last.cat.codes.to_numpy(np.int64))


def _task() -> PanelTask:
    """The grocer's churn, of this shop and by these features."""
    task = load_task(PROJECT / "conf", "churn")
    length = (WINDOW_DAYS * DAY,)
    features = (Windowed(lengths=length), Recency(), Funnel(lengths=length))
    population = Active(within=WINDOW_DAYS * DAY)
    changes = {"source": SOURCE, "population": population, "features": features, "sensitive": ()}
    return task.model_copy(update=changes)


def _described(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Who had the whole window and was seen lately; of those, no feature is null."""
    mine = (rows["tenure_days"] >= WINDOW_DAYS) & (rows["view_recency_days"] <= SEEN_DAYS)
    return mine.to_numpy()


def _named(name: str) -> str:
    return f"{name}_{WINDOW_DAYS}d"

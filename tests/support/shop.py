"""A tiny shop on disk: enough customers and weeks for every joint of the loop, small enough for a test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.config.files import load_source, load_task
from pipelines.tables.source import SourceSpec
from pipelines.tasks.panel_task import PanelTask

START = np.datetime64("2020-01-01")
N_DAYS = 300

SOURCE = {
    "name": "tiny_shop",
    "title": "A tiny shop",
    "licence": "none: made by the tests",
    "currency": "EUR",
    "raw": {"sales": {"path": "raw/sales.parquet"}, "people": {"path": "raw/people.csv"}},
    "tables": {
        "events": {
            "from": "sales",
            "columns": {
                "customer_id": "who",
                "event_time": "at",
                "event_type": {"constant": "purchase"},
                "order_id": "basket",
                "amount": "paid",
            },
        },
        "customers": {
            "from": "people",
            "columns": {"customer_id": "who", "band": {"from": "band", "role": "sensitive"}},
        },
    },
}
TASK = {
    "name": "tiny_churn",
    "title": "Churn in a tiny shop",
    "description": "Who bought in the last 42 days and buys nothing in the next 21?",
    "positive": "churn",
    "source": "tiny_shop",
    "seed": 7,
    "population": {"type": "active", "within": "P42D"},
    "outcome": {"type": "no_purchase", "horizon": "P21D"},
    "timeline": {"history": "P42D", "n_test": 4, "n_folds": 2, "n_valid": 3},
    "features": [
        {"type": "windowed", "lengths": ["P14D", "P42D"]},
        {"type": "recency"},
        {"type": "rhythm"},
    ],
    "model": {"n_bags": 1, "max_rounds": 40, "early_stopping": 10},
    "search": {
        "n_trials": 2,
        "n_startup": 2,
        "space": {
            "learning_rate": {"low": 0.1, "high": 0.3},
            "num_leaves": {"low": 4, "high": 8, "kind": "int"},
        },
    },
    "policy": {"type": "top_share"},
    "baselines": [{"type": "prevalence"}, {"type": "recency_rule"}],
    "n_resamples": 100,
    "sensitive": ["band"],
    "gates": [
        {"type": "beats_baselines", "metric": "roc_auc"},
        {"type": "beats_champion", "metric": "roc_auc", "margin": 0.08},
        {"type": "calibrated", "max_ece": 0.1},
        {"type": "earns"},
        {"type": "fair"},
        {"type": "stable_over_time", "max_drop": 0.1},
        {"type": "no_leakage"},
        {"type": "has_signature"},
        {"type": "survives_edges"},
        {"type": "fast_enough"},
        {"type": "additive"},
        {"type": "traceable"},
        {"type": "not_older"},
    ],
}


@dataclass(frozen=True)
class Shop:
    """A workspace with configuration and raw files."""

    root: Path
    task: PanelTask
    source: SourceSpec
    lake: FileLake
    customer_ids: tuple[str, ...]


def sales(n_customers: int = 600, seed: int = 1, *, slower: float = 1.0, slow_from: int = 240) -> pd.DataFrame:
    """Purchases of customers who buy in their own rhythm until they stop.

    ``slower`` stretches everybody's gaps from day ``slow_from`` on.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n_customers):
        gap, stops = rng.uniform(3, 20), rng.uniform(60, 700)
        day = rng.uniform(0, 30)
        while day < min(N_DAYS, stops):
            minute = int(rng.integers(0, 1440))
            at = START + np.timedelta64(int(day) * 1440 + minute, "m")
            rows.append((f"client-{number:05d}", at, f"b{len(rows)}", round(float(rng.gamma(2, 12)) + 0.01, 2)))
            day += rng.gamma(3, gap / 3) * (slower if day > slow_from else 1.0)
    return pd.DataFrame(rows, columns=["who", "at", "basket", "paid"])


def make_shop(root: Path, bought: pd.DataFrame | None = None) -> Shop:
    """Write the shop below ``root``; nothing is ingested yet."""
    bought = sales() if bought is None else bought
    for folder in ("raw", "conf/sources", "conf/tasks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "MLproject").write_text("name: tiny\n", encoding="utf-8")
    write_sales(root, bought)
    who = sorted(bought["who"].unique())
    people = pd.DataFrame({"who": who[::2], "band": ["young" if i % 3 else "old" for i in range(len(who[::2]))]})
    people.to_csv(root / "raw/people.csv", index=False)
    (root / "conf/sources/tiny_shop.yaml").write_text(yaml.safe_dump(SOURCE), encoding="utf-8")
    (root / "conf/tasks/tiny_churn.yaml").write_text(yaml.safe_dump(TASK), encoding="utf-8")
    return Shop(
        root=root,
        task=load_task(root / "conf", "tiny_churn"),
        source=load_source(root / "conf", "tiny_shop"),
        lake=FileLake(root / "data", root, DuckDBEngine()),
        customer_ids=tuple(who),
    )


def write_sales(root: Path, bought: pd.DataFrame) -> None:
    """Replace the shop's feed."""
    bought.to_parquet(root / "raw/sales.parquet", index=False)

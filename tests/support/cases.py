"""A small finished feature table on disk, and a task over it."""

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
from pipelines.tasks.table_task import TableTask

SOURCE = {
    "name": "tiny_cases",
    "kind": "table",
    "title": "Tiny cases",
    "licence": "none: made by the tests",
    "currency": "EUR",
    "raw": {"rows": {"path": "raw/rows.csv"}},
    "tables": {
        "cases": {
            "from": "rows",
            "columns": {
                "case_id": "id",
                "customer_id": "who",
                "label": "left",
                "months": {"from": "months", "as": "integer"},
                "fee": {"from": "fee", "as": "money"},
                "plan": "plan",
                "known_later": {"from": "later", "as": "number", "as_of_today": True},
                "band": {"from": "band", "role": "sensitive"},
            },
        }
    },
}
TASK = {
    "kind": "table",
    "name": "tiny_leavers",
    "title": "Who leaves?",
    "positive": "leaves",
    "source": "tiny_cases",
    "seed": 3,
    "split": {"type": "grouped", "test_share": 0.3, "n_folds": 3},
    "model": {"n_bags": 1, "max_rounds": 60, "early_stopping": 10},
    "search": {"n_trials": 2, "n_startup": 2, "space": {"num_leaves": {"low": 4, "high": 8, "kind": "int"}}},
    "baselines": [{"type": "prevalence"}],
    "n_resamples": 100,
    "slices": ["plan"],
    "sensitive": ["band"],
    "gates": [
        {"type": "beats_baselines", "metric": "roc_auc"},
        {"type": "beats_champion", "metric": "roc_auc", "margin": 0.05},
        {"type": "has_signature"},
    ],
}


@dataclass(frozen=True)
class CasesShop:
    """A workspace with configuration and one raw file."""

    root: Path
    task: TableTask
    source: SourceSpec
    lake: FileLake


def rows(n_rows: int = 900, seed: int = 1) -> pd.DataFrame:
    """Cases who leave the earlier the shorter they stayed, and by their plan."""
    rng = np.random.default_rng(seed)
    months, plan = rng.integers(0, 60, n_rows), rng.choice(["monthly", "yearly", "free"], n_rows)
    odds = 1.5 - months / 15 + np.where(plan == "monthly", 1.5, -0.5)
    left = rng.random(n_rows) < 1 / (1 + np.exp(-odds))
    return pd.DataFrame(
        {
            "id": [f"case-{place:05d}" for place in range(n_rows)],
            "who": [f"person-{place // 2:05d}" for place in range(n_rows)],
            "left": np.where(left, "Yes", "No"),
            "months": months,
            "fee": rng.uniform(5, 50, n_rows).round(2),
            "plan": plan,
            "later": left + rng.normal(0, 0.1, n_rows),
            "band": rng.choice(["young", "old"], n_rows),
        }
    )


def make_cases(root: Path, table: pd.DataFrame | None = None, source: dict | None = None, **task: object) -> CasesShop:
    """Write the workspace below ``root``; nothing is ingested yet."""
    for folder in ("raw", "conf/sources", "conf/tasks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "MLproject").write_text("name: tiny\n", encoding="utf-8")
    (rows() if table is None else table).to_csv(root / "raw/rows.csv", index=False)
    (root / "conf/sources/tiny_cases.yaml").write_text(yaml.safe_dump(source or SOURCE), encoding="utf-8")
    (root / "conf/tasks/tiny_leavers.yaml").write_text(yaml.safe_dump({**TASK, **task}), encoding="utf-8")
    return CasesShop(
        root=root,
        task=load_task(root / "conf", "tiny_leavers"),
        source=load_source(root / "conf", "tiny_cases"),
        lake=FileLake(root / "data", root, DuckDBEngine()),
    )

"""Customers and a registered model for batch scoring: a kept panel, and a registry of its own."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import mlflow
import numpy as np
from scoring_data import FEATURES, N_LEARNED, made, scorer

from pipelines.adapters.panels import FilePanels
from pipelines.adapters.registry import MlflowModels
from pipelines.core.panels import PanelPart
from pipelines.core.protocols import NewVersion

PANEL, STORE = "churn/benchmark", "sqlite:///mlflow.db"
AT_ONCE = 50_000
"""Customers of a row group, about as many as a panel of ten purchase days each has."""


def cutoff_of(n_rows: int) -> datetime:
    """Every size is a cutoff of its own."""
    return datetime(2017, 1, len(str(n_rows)), tzinfo=UTC)


def write_panel(n_rows: int) -> None:
    """So many customers, some after others."""
    cutoff = cutoff_of(n_rows)
    keys = {cutoff: {"features": "benchmark"}}
    nullable = {feature.name: feature.null_rule != "never" for feature in FEATURES}
    with FilePanels(Path("data")).writing(PANEL, keys, nullable) as draft:
        for begin in range(0, n_rows, AT_ONCE):
            n_now = min(AT_ONCE, n_rows - begin)
            ids = np.array([f"customer-{number:09d}" for number in range(begin, begin + n_now)], object)
            columns = made(n_now, seed=begin).to_numpy().T
            draft.write(PanelPart(ids, np.arange(n_now), columns, {cutoff: slice(0, n_now)}, {}))


def register(n_rounds: int) -> None:
    """The model, in a registry of its own."""
    mlflow.set_tracking_uri(STORE)
    rows = made(N_LEARNED)
    shipped = scorer(rows, n_rounds)
    with mlflow.start_run() as run:
        pass
    example = rows.head(5)
    version = NewVersion("churn", shipped, example, None, "", "{}", "")
    MlflowModels().register(SimpleNamespace(run_id=run.info.run_id), version)  # type: ignore[arg-type]  # no more is asked of a run


if __name__ == "__main__":
    n_rounds, *sizes = map(int, sys.argv[1:])
    register(n_rounds)
    for n_rows in sizes:
        write_panel(n_rows)

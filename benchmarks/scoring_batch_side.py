"""One side of batch scoring: a panel in Parquet and a registered model in, scores in Parquet out."""

from __future__ import annotations

import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet as pq
from scoring_panel import FEATURES, PANEL, STORE, cutoff_of

from pipelines.adapters.panels import FilePanels
from pipelines.adapters.registry import MlflowModels
from pipelines.adapters.scores import FileScores
from pipelines.core.protocols import ModelVersion
from pipelines.core.scores import Scoring
from pipelines.scoring.batches import AT_ONCE, Batches, written
from pipelines.scoring.cases import Cases

NAMES = [feature.name for feature in FEATURES]


def regulars(n_rows: int, n_reasons: int) -> None:
    """As `pipelines.flows.score` does it."""
    cutoff, panels = cutoff_of(n_rows), FilePanels(Path("data"))
    scorer = MlflowModels().load(ModelVersion("churn", "1", "", "", None, "", "")).scorer

    def read(numbers):
        for held in panels.pieces(PANEL, cutoff, NAMES, AT_ONCE, numbers):
            rows = pd.DataFrame(held.columns)
            keys = pd.DataFrame({"customer_id": held.customer_ids, "cutoff": np.datetime64(cutoff.date(), "us")})
            yield Cases(rows, FEATURES, keys, held.customer, held.customer_ids, None)

    def scored(cases):
        found = scorer.score(cases.to_score, n_reasons)
        return pd.concat([cases.keys, found], axis=1).assign(in_force=True)

    scoring = Scoring("churn", "1", cutoff, "champion", 0.0, "", "", "", "", "", n_reasons)
    batches = Batches(panels.size(PANEL, cutoff), "", read)
    with FileScores(Path("data")).writing("churn", cutoff) as writing:
        draft = writing.draft(scoring)
        tally = written(draft, batches, scored, {"model_version": "1", "run_id": "benchmark"}, lambda _: None)
        writing.publish([draft.finish(tally.figures, "benchmark")])


def mlflow_pyfunc(n_rows: int, n_reasons: int) -> None:
    """A plain loop over the batches of the same file."""
    model = mlflow.pyfunc.load_model("models:/churn/1")
    writer = None
    with pq.ParquetFile(FilePanels(Path("data")).path(PANEL, cutoff_of(n_rows))) as file:
        for batch in file.iter_batches(AT_ONCE, columns=["customer_id", *NAMES]):
            rows = batch.to_pandas()
            scored = model.predict(rows[NAMES], params={"n_reasons": n_reasons})
            table = pa.Table.from_pandas(pd.concat([rows[["customer_id"]], scored], axis=1), preserve_index=False)
            writer = writer or pq.ParquetWriter("mlflow.parquet", table.schema, compression="zstd")
            writer.write_table(table)
    writer.close()


if __name__ == "__main__":
    mlflow.set_tracking_uri(STORE)
    side, n_rows, n_reasons = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    {"regulars": regulars, "mlflow_pyfunc": mlflow_pyfunc}[side](n_rows, n_reasons)

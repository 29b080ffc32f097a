"""One side of the scoring benchmark: reads the model and the rows, scores them with reasons, and writes the scores."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd

from pipelines.models import tree_shap
from pipelines.scoring.scorer import Scorer

if __name__ == "__main__":
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    side, rows = sys.argv[1:]
    if side == "pred_contrib":
        tree_shap.BULK = sys.maxsize  # what the peer is: the same scorer with the other engine
    scored = Scorer.load(Path("model")).score(pd.read_parquet(rows))
    scored.to_parquet(f"{side}.parquet")

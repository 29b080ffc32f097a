"""What MLflow loads and serves: a thin door around the scorer. ``loader_module`` of every logged model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.scoring.scorer import Scorer


class ServedScorer:
    """The scorer as ``mlflow.pyfunc``, ``mlflow models serve`` and ``spark_udf`` call it."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Score, decision and reasons, one row per case; there are no ``params``."""
        return self._scorer.score(model_input)

    def get_raw_model(self) -> Scorer:
        """The scorer itself, which also knows log-odds and SHAP values."""
        return self._scorer


def _load_pyfunc(path: str) -> ServedScorer:
    """Called by MLflow with the folder that was logged as ``data_path``."""
    return ServedScorer(Scorer.load(Path(path)))

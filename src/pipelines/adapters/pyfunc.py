"""What MLflow loads and serves: a thin door around what was registered. ``loader_module`` of every logged model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.core.protocols import Shippable
from pipelines.scoring.assigner import ASSIGNER, Assigner
from pipelines.scoring.scorer import Scorer

N_REASONS = "n_reasons"
"""What callers may say beside the rows."""


class Served:
    """A scorer or assigner as ``mlflow.pyfunc``, ``mlflow models serve`` and ``spark_udf`` call it."""

    def __init__(self, model: Shippable) -> None:
        self._model = model

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """What it says of each case, one row each.

        ``params`` of a scorer may say ``n_reasons``: how many reasons each row gets, and 0 is much faster than one.
        """
        n_reasons = (params or {}).get(N_REASONS)
        if n_reasons is None or not isinstance(self._model, Scorer):
            return self._model.score(model_input)
        return self._model.score(model_input, int(n_reasons))

    def get_raw_model(self) -> Shippable:
        """The model itself, which knows more than it serves."""
        return self._model


def _load_pyfunc(path: str) -> Served:
    """Called by MLflow with the folder that was logged as ``data_path``; what lies in it says what it is."""
    folder = Path(path)
    return Served(Assigner.load(folder) if (folder / ASSIGNER).is_file() else Scorer.load(folder))

"""What MLflow loads in the saboteur drill: ``loader_module`` of models whose behaviour is at fault, of no others."""

from __future__ import annotations

from pathlib import Path

from pipelines.adapters.pyfunc import Served
from pipelines.sabotage.sabotaged import Sabotaged


def _load_pyfunc(path: str) -> Served:
    """Called by MLflow with the folder that was logged as ``data_path``."""
    return Served(Sabotaged.load(Path(path)))

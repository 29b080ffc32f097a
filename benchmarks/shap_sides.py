"""One side of the SHAP benchmark: reads the model and the rows, explains them, and writes the values of the first."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]  # shap.py there is no library

import numpy as np  # noqa: E402  # after the path is cleared
import pandas as pd  # noqa: E402

N_THREADS = 2


def regulars(model: str, rows: np.ndarray) -> np.ndarray:
    from pipelines.models.lightgbm import Trees
    from pipelines.models.tree_shap import contributions

    return contributions(Trees.from_texts([Path(model).read_text(encoding="utf-8")]), pd.DataFrame(rows))[:, :-1]


def pred_contrib(model: str, rows: np.ndarray) -> np.ndarray:
    import lightgbm as lgb

    return lgb.Booster(model_file=model).predict(rows, pred_contrib=True, num_threads=N_THREADS)[:, :-1]


def shap_tree_explainer(model: str, rows: np.ndarray) -> np.ndarray:
    import lightgbm as lgb
    import shap

    return shap.TreeExplainer(lgb.Booster(model_file=model)).shap_values(rows)


def woodelf_explainer(model: str, rows: np.ndarray) -> np.ndarray:
    import lightgbm as lgb
    from woodelf import WoodelfExplainer

    return WoodelfExplainer(lgb.Booster(model_file=model)).shap_values(pd.DataFrame(rows), verbose=False)


if __name__ == "__main__":
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    side, name, n_rows, n_checked = sys.argv[1:]
    given = np.load("rows.npy", mmap_mode="r")[: int(n_rows)]
    explain = {one.__name__: one for one in (regulars, pred_contrib, shap_tree_explainer, woodelf_explainer)}[side]
    values = explain(f"{name}.txt", np.array(given))
    np.save(f"{side}_{name}.npy", np.asarray(values[: int(n_checked)], np.float64))

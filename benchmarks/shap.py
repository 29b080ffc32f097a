"""Exact SHAP values of 40 features and 250 trees, beside LightGBM's own, shap.TreeExplainer and woodelf-explainer."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]  # this file is named like a library
sys.path.append(str(HERE))

import numpy as np  # noqa: E402  # the library that this file shares its name with is imported by others
from harness import Measured, arguments, finish, measured  # noqa: E402

OURS = "regulars"
PEERS = ("pred_contrib", "shap_tree_explainer", "woodelf_explainer")
MODELS = {"numeric": PEERS, "categorical": ("pred_contrib",)}
"""Who explains what: woodelf-explainer refuses categorical splits, and shap hands them to LightGBM."""
SIZES = {"small": ((5_000,), 60), "full": ((100_000, 1_000_000), 250)}
N_CHECKED = 1_000
TOLERANCE = {"woodelf_explainer": 1e-4}
"""In log-odds; it calculates in float32. The others agree to 1e-6."""


def main() -> None:
    options = _options()
    sizes, n_trees = SIZES[options.size]
    sizes = tuple(options.rows or sizes)
    results: list[Measured] = []
    figures: dict[str, float] = {}
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        data = [sys.executable, str(HERE / "shap_data.py"), str(max(sizes)), str(n_trees)]
        subprocess.run(data, cwd=folder, check=True)  # in a process of its own: what it took would count for the sides
        for n_rows in sizes:
            peers = n_rows <= (options.peer_rows or max(sizes))
            for model, others in MODELS.items():
                ran = {side: _side(side, model, n_rows, Path(folder)) for side in (OURS, *(others if peers else ()))}
                results += ran.values()
                figures |= _agreement(model, n_rows, Path(folder), tuple(ran))
                figures[f"rows_a_minute.{model}.{n_rows}"] = n_rows / ran[OURS].seconds * 60
                named = {"numeric": "", "categorical": ", categorical splits"}[model]
                ratios |= {f"{one}{named}": ran[one].seconds / ran[OURS].seconds for one in others if one in ran}
    finish(options, "shap", results, ratios=ratios, figures=figures)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", help="in place of the size's")
    parser.add_argument("--peer-rows", type=int, help="peers explain no more than so many rows")
    return arguments(__doc__ or "", parser)


def _side(side: str, model: str, n_rows: int, folder: Path) -> Measured:
    name = f"{side}, {model}, {n_rows}"
    command = [sys.executable, str(HERE / "shap_sides.py"), side, model, str(n_rows), str(N_CHECKED)]
    found = measured(name, n_rows, command, folder)
    return Measured(f"{side}, {model}", n_rows, found.seconds, found.cpu_seconds, found.peak_mb)


def _agreement(model: str, n_rows: int, folder: Path, sides: tuple[str, ...]) -> dict[str, float]:
    """The largest difference from ours in log-odds; values that differ are no peer's."""
    ours = np.load(folder / f"{OURS}_{model}.npy")
    found = {
        side: float(np.abs(np.load(folder / f"{side}_{model}.npy") - ours).max()) for side in sides if side != OURS
    }
    for side, difference in found.items():
        if difference > TOLERANCE.get(side, 1e-6):
            sys.exit(f"{side} tells other SHAP values of the {model} model: {difference:g}")
    return {f"difference.{side}.{model}.{n_rows}": value for side, value in found.items()}


if __name__ == "__main__":
    main()

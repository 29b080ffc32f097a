"""A search of equal folds, space, rounds and number of trials, beside plain Optuna with LightGBM's pruning callback."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from harness import Measured, arguments, finish, measured

HERE = Path(__file__).parent
OURS, TWO = "regulars", "regulars, 2 workers"
PEERS = ("optuna", "optuna, bins kept")
SIZES = {"small": (6_000, 12), "full": (30_000, 30)}
N_FEATURES, N_FOLDS = 32, 3


def main() -> None:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # threads that spin while they wait make a busy machine 100 times slower
    options = _options()
    n_rows, n_trials = SIZES[options.size]
    n_rows, n_trials = options.rows or n_rows, options.trials or n_trials
    results: list[Measured] = []
    said: dict[str, dict[str, float]] = {}
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.npz"
        np.savez(rows, **made(n_rows))
        for side in (OURS, TWO, *PEERS):
            python = options.peer_python if side in PEERS else sys.executable
            if side in PEERS and not _has_peer(python):
                notes.append(f"{side}: optuna-integration is not installed; give an interpreter, --peer-python.")
                continue
            told = Path(folder) / "told.json"
            command = [python, str(HERE / "search_sides.py"), side, str(rows), str(n_trials), str(told)]
            results.append(measured(side, n_rows * N_FOLDS, command, Path(folder)))
            said[side] = json.loads(told.read_text(encoding="utf-8"))
    seconds = {one.name: one.seconds for one in results}
    ratios = {
        f"{peer}, to {ours}": seconds[peer] / seconds[ours] for peer in PEERS if peer in seconds for ours in (OURS, TWO)
    }
    figures = {f"{name}.{side}": value for side, one in said.items() for name, value in one.items()}
    figures |= {f"trials_per_minute.{side}": n_trials / spent * 60 for side, spent in seconds.items()}
    figures["one_worker_over_two"] = seconds[OURS] / seconds[TWO]
    finish(options, "search", results, ratios=ratios, figures=figures, notes=tuple(notes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, help="training rows of the last fold, in place of the size's")
    parser.add_argument("--trials", type=int, help="in place of the size's")
    parser.add_argument(
        "--peer-python",
        default=os.environ.get("SEARCH_PEER_PYTHON", sys.executable),
        help="the interpreter that has optuna-integration, if it is not this one (also: SEARCH_PEER_PYTHON)",
    )
    return arguments(__doc__ or "", parser)


def made(n_rows: int) -> dict[str, np.ndarray]:
    """Rows in the order of time: counts, amounts and gaps, a third of them empty of signal, a few null."""
    rng = np.random.default_rng(20_170_101)
    n_all = n_rows * 3 // 2
    taste = rng.normal(size=(n_all, 6))
    mixed = taste @ rng.normal(size=(6, N_FEATURES)) * (np.arange(N_FEATURES) % 3 > 0)
    rows = np.round(np.exp(0.5 * (mixed + rng.normal(size=mixed.shape))) * 10, 1)
    rows[rng.random(rows.shape) < 0.05] = np.nan
    signal = taste[:, 0] + np.maximum(taste[:, 1], 0) * taste[:, 2] - 0.5 * np.abs(taste[:, 3])
    label = rng.random(n_all) < 1 / (1 + np.exp(2.6 - 1.2 * signal))
    return {"rows": rows, "label": label.astype(np.int8)}


def _has_peer(python: str) -> bool:
    return subprocess.run([python, "-c", "import optuna_integration"], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    main()

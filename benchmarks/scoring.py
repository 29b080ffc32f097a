"""Scoring from Parquet to Parquet: with LightGBM's own SHAP values, and in a plain loop over `mlflow.pyfunc`."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from harness import Measured, arguments, finish, measured
from pyarrow import dataset

HERE = Path(__file__).parent
OURS, CONTRIB, PYFUNC = "regulars", "pred_contrib", "mlflow_pyfunc"
SIZES = {"small": ((10_000,), (20_000,), 25), "full": ((100_000, 1_000_000), (1_000_000, 10_000_000), 150)}
REASONS = {0: "without reasons", 3: "with reasons"}


def main() -> None:
    options = _options()
    sizes, batch_sizes, n_rounds = SIZES[options.size]
    results: list[Measured] = []
    ratios: dict[str, float] = {}
    figures: dict[str, float] = {}
    found = (results, ratios, figures)
    with tempfile.TemporaryDirectory() as folder:
        if options.only != "batches":
            _reasons(
                Path(folder), tuple(options.rows or sizes), n_rounds, options.peer_rows, (results, ratios, figures)
            )
        if options.only != "reasons":
            _batches(Path(folder), tuple(options.batch_rows or batch_sizes), n_rounds, found)
    finish(options, "scoring", results, ratios=ratios, figures=figures)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", help="in place of the size's")
    parser.add_argument("--peer-rows", type=int, help="pred_contrib scores no more than so many rows")
    parser.add_argument("--batch-rows", type=int, nargs="+", help="in place of the size's, of batch scoring")
    parser.add_argument("--only", choices=["reasons", "batches"], help="one of the two comparisons")
    return arguments(__doc__ or "", parser)


Found = tuple[list[Measured], dict[str, float], dict[str, float]]


def _reasons(place: Path, sizes: tuple[int, ...], n_rounds: int, peer_rows: int | None, found: Found) -> None:
    """The same scorer with reasons by either engine, all rows at once."""
    results, ratios, figures = found
    _made("scoring_data.py", n_rounds, sizes, place)
    for n_rows in sizes:
        sides = (OURS, CONTRIB) if n_rows <= (peer_rows or max(sizes)) else (OURS,)
        ran = {side: _side(side, n_rows, place) for side in sides}
        results += ran.values()
        figures[f"customers_a_second.{n_rows}"] = n_rows / ran[OURS].seconds
        if CONTRIB in ran:
            ratios[CONTRIB] = ran[CONTRIB].seconds / ran[OURS].seconds
            figures[f"same_reasons.{n_rows}"] = _same(place)


def _batches(place: Path, sizes: tuple[int, ...], n_rounds: int, found: Found) -> None:
    """A registered model over a kept panel, batch by batch."""
    results, ratios, figures = found
    _made("scoring_panel.py", n_rounds, sizes, place)
    for n_rows in sizes:
        for n_reasons, words in REASONS.items():
            ran = {side: _batch_side(side, n_rows, n_reasons, place) for side in (OURS, PYFUNC)}
            results += ran.values()
            name = words.replace(" ", "_")
            ratio = ran[PYFUNC].seconds / ran[OURS].seconds
            ratios[PYFUNC if n_reasons == 0 else f"{PYFUNC}, {words}"] = ratio
            figures[f"batch.{name}.customers_a_second.{n_rows}"] = n_rows / ran[OURS].seconds
            figures[f"batch.{name}.cpu_ratio.{n_rows}"] = ran[PYFUNC].cpu_seconds / ran[OURS].cpu_seconds
            figures[f"batch.{name}.same_columns.{n_rows}"] = _same_batches(place, n_reasons)


def _made(script: str, n_rounds: int, sizes: tuple[int, ...], place: Path) -> None:
    """In a process of its own: what it took would count for the sides."""
    command = [sys.executable, str(HERE / script), str(n_rounds), *map(str, sizes)]
    subprocess.run(command, cwd=place, check=True, stderr=subprocess.DEVNULL)


def _side(side: str, n_rows: int, folder: Path) -> Measured:
    command = [sys.executable, str(HERE / "scoring_side.py"), side, f"rows_{n_rows}.parquet"]
    return measured(side, n_rows, command, folder)


def _batch_side(side: str, n_rows: int, n_reasons: int, folder: Path) -> Measured:
    shutil.rmtree(folder / "data/scores", ignore_errors=True) if side == OURS else None
    command = [sys.executable, str(HERE / "scoring_batch_side.py"), side, str(n_rows), str(n_reasons)]
    found = measured(f"{side}, batches {REASONS[n_reasons]}", n_rows, command, folder)
    print(found, file=sys.stderr, flush=True)  # the largest take a while
    return found


def _same(folder: Path) -> float:
    """The share of customers of whom both say all the same."""
    ours, peers = (pd.read_parquet(folder / f"{side}.parquet") for side in (OURS, CONTRIB))
    return float((ours == peers).all(axis=1).mean())


def _same_batches(folder: Path, n_reasons: int) -> float:
    """The share of columns in which both say the same of every row, in the same order."""
    same: list[bool] = []
    for name in ("customer_id", "score", "decision", *(f"reason_{rank}" for rank in range(1, n_reasons + 1))):
        ours, peers = (
            dataset.dataset(folder / path, format="parquet", exclude_invalid_files=True).to_table(columns=[name])[name]
            for path in ("data/scores/churn", "mlflow.parquet")
        )
        same.append(bool(ours.combine_chunks().equals(peers.combine_chunks())))
    return float(np.mean(same))


if __name__ == "__main__":
    main()

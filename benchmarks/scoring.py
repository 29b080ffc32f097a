"""Scoring with reason codes from Parquet to Parquet, beside the same with LightGBM's own SHAP values."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
from harness import Measured, arguments, finish, measured

HERE = Path(__file__).parent
OURS, PEER = "regulars", "pred_contrib"
SIZES = {"small": ((10_000,), 25), "full": ((100_000, 1_000_000), 150)}


def main() -> None:
    options = _options()
    sizes, n_rounds = SIZES[options.size]
    sizes = tuple(options.rows or sizes)
    results: list[Measured] = []
    ratios: dict[str, float] = {}
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        data = [sys.executable, str(HERE / "scoring_data.py"), str(n_rounds), *map(str, sizes)]
        subprocess.run(data, cwd=folder, check=True)  # in a process of its own: what it took would count for the sides
        for n_rows in sizes:
            sides = (OURS, PEER) if n_rows <= (options.peer_rows or max(sizes)) else (OURS,)
            ran = {side: _side(side, n_rows, place) for side in sides}
            results += ran.values()
            figures[f"customers_a_second.{n_rows}"] = n_rows / ran[OURS].seconds
            if PEER in ran:
                ratios[PEER] = ran[PEER].seconds / ran[OURS].seconds
                figures[f"same_reasons.{n_rows}"] = _same(place)
    finish(options, "scoring", results, ratios=ratios, figures=figures)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", help="in place of the size's")
    parser.add_argument("--peer-rows", type=int, help="the peer scores no more than so many rows")
    return arguments(__doc__ or "", parser)


def _side(side: str, n_rows: int, folder: Path) -> Measured:
    command = [sys.executable, str(HERE / "scoring_side.py"), side, f"rows_{n_rows}.parquet"]
    return measured(side, n_rows, command, folder)


def _same(folder: Path) -> float:
    """The share of customers of whom both say all the same."""
    ours, peers = (pd.read_parquet(folder / f"{side}.parquet") for side in (OURS, PEER))
    return float((ours == peers).all(axis=1).mean())


if __name__ == "__main__":
    main()

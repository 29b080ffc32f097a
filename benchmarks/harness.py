"""What every benchmark shares: the size switch, a measured process, the machine, and where results are written."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Measured:
    """One process, as the operating system accounts for it."""

    name: str
    rows: int
    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Limits:
    """What a process may take before it is ended."""

    seconds: float
    mb: float


class UnfinishedError(Exception):
    """A process that was ended at its limits, or by the system for want of memory."""


def arguments(description: str, parser: argparse.ArgumentParser | None = None) -> argparse.Namespace:
    """``--size small|full``, ``--json FILE`` and ``--readme``, beside what ``parser`` knows already."""
    parser = parser or argparse.ArgumentParser()
    parser.description = description
    parser.add_argument("--size", choices=["small", "full"], default="small")
    parser.add_argument("--json", type=Path, help="write the result as one JSON object")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    return parser.parse_args()


def measured(name: str, rows: int, command: list[str], folder: Path, limits: Limits | None = None) -> Measured:
    """Run a command in ``folder`` and account for it; its children count for time, the largest one for memory.

    Raises
    ------
    UnfinishedError
        If it went beyond ``limits``.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "REGULARS_"))}
    start = time.monotonic()
    log = folder / f"{name.replace(' ', '_')}.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
        if limits is not None:
            _watch(process.pid, limits)
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if limits is not None and os.waitstatus_to_exitcode(status) == -signal.SIGKILL:
        raise UnfinishedError(f"{name} did not finish {rows:,} rows in {limits.mb:,.0f} MB and {limits.seconds:.0f} s")
    if os.waitstatus_to_exitcode(status) not in {0, 4}:  # 4: drift that a person should look at
        sys.exit(f"{name} failed:\n{log.read_text()}")
    return Measured(name, rows, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _watch(pid: int, limits: Limits) -> None:
    """Return when the process has ended; end it when it is beyond its limits."""
    start = time.monotonic()
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        mb = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        if mb > limits.mb or time.monotonic() - start > limits.seconds:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def available_mb() -> float:
    """Memory that nobody uses now."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) / 1024


def machine() -> str:
    """Cores, memory and Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def finish(
    options: argparse.Namespace,
    benchmark: str,
    results: list[Measured],
    *,
    ratios: dict[str, float],
    figures: dict[str, float],
    notes: tuple[str, ...] = (),
) -> None:
    """Print the table of all figures; write it as JSON and into the README where asked."""
    content = {"results": [asdict(result) for result in results], "ratios": ratios, "figures": figures}
    shown = [processes_table(results, ratios), "", _figures_table(figures), *(f"\n{note}" for note in notes)]
    publish(options, benchmark, content, "\n".join(shown))


def publish(options: argparse.Namespace, benchmark: str, content: dict[str, object], table: str) -> None:
    """Print a table; write it into the README, and the content (results, ratios, figures) as JSON, where asked."""
    print(f"{benchmark} ({options.size}) on {machine()}\n\n{table}")
    if options.json:
        named = {"benchmark": benchmark, "size": options.size, "machine": machine(), **content}
        options.json.write_text(json.dumps(named, indent=1), encoding="utf-8")
    if options.readme:
        command = f"python benchmarks/{benchmark}.py --size {options.size} --readme"
        write_readme(benchmark, f"`{command}` on {machine()}:\n\n{table}")


def write_readme(benchmark: str, text: str) -> None:
    """Replace what stands between the benchmark's markers in the README."""
    path = PROJECT / "README.md"
    before, opening, rest = path.read_text(encoding="utf-8").partition(f"<!-- {benchmark}: begin -->\n")
    _, closing, after = rest.partition(f"<!-- {benchmark}: end -->")
    if not (opening and closing):
        sys.exit(f"README.md has no place for '{benchmark}'")
    path.write_text(f"{before}{opening}{text}\n{closing}{after}", encoding="utf-8")


def processes_table(results: list[Measured], ratios: dict[str, float]) -> str:
    """What each process took, and the ratios to peers."""
    lines = ["| what | rows | seconds | CPU seconds | peak MB |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {one.name} | {one.rows:,} | {one.seconds:.0f} | {one.cpu_seconds:.0f} | {one.peak_mb:,.0f} |"
        for one in results
    ]
    if ratios:
        lines += ["", "| peer | its time / ours |", "|---|---:|"]
        lines += [f"| {peer} | {ratio:.2f} |" for peer, ratio in ratios.items()]
    return "\n".join(lines)


def _figures_table(figures: dict[str, float]) -> str:
    lines = ["| figure | value | 95 % interval |", "|---|---:|---|"]
    lines += [_figure(name, figures) for name in figures if not name.endswith((".ci_low", ".ci_high"))]
    return "\n".join(lines)


def _figure(name: str, figures: dict[str, float]) -> str:
    ends = [figures.get(f"{name}.{end}") for end in ("ci_low", "ci_high")]
    interval = f"[{ends[0]:.4f}, {ends[1]:.4f}]" if None not in ends else ""
    return f"| {name} | {figures[name]:.4f} | {interval} |"

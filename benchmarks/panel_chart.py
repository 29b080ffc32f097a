"""The chart of `panel`: the seconds of each side, by the number of cutoffs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.core.style import BLUE, INK, ORANGE, panel

Size = tuple[int, int, int]
"""Events and customers of the log, and cutoffs."""


def chart(found: Sequence[tuple[Size, str, float]], file: Path) -> None:
    """Draw the log that most sides read at two numbers of cutoffs or more; else, at one."""
    log = _most_read(found)
    seconds = {(side, n): took for (*read, n), side, took in found if tuple(read) == log}
    counts = sorted({n for _, n in seconds}, reverse=True)
    names = [name for name in dict.fromkeys(side for side, _ in seconds) if (name, counts[0]) in seconds]
    names.sort(key=lambda name: seconds[name, counts[0]])
    title = f"One panel from {log[0]:,} events of {log[1]:,} customers"
    figure, axes = panel(title, "wall-clock seconds, reading and writing included", "", height=1.2 + 0.55 * len(names))
    thick = 0.8 / len(counts)
    for place, (n, colour) in enumerate(zip(counts, (BLUE, ORANGE), strict=False)):
        drawn = [(at, seconds[name, n]) for at, name in enumerate(names) if (name, n) in seconds]
        heights = [at + (place - (len(counts) - 1) / 2) * thick for at, _ in drawn]
        bars = axes.barh(heights, [took for _, took in drawn], thick * 0.92, color=colour, label=f"{n} cutoffs")
        axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=8, color=INK)
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.grid(visible=False, axis="y")
    axes.legend(frameon=False, loc="upper right")
    figure.savefig(file, dpi=150)


def _most_read(found: Sequence[tuple[Size, str, float]]) -> tuple[int, int]:
    """The log with the most sides; of equals, the larger one."""
    sides: dict[tuple[int, int], set[str]] = {}
    for (n_events, n_customers, _), side, _ in found:
        sides.setdefault((n_events, n_customers), set()).add(side)
    return max(sides, key=lambda log: (len(sides[log]), log))

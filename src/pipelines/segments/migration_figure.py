"""Who moved where between the last two cutoffs, as a heat map."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.figure import Figure

from pipelines.core.style import INK, literal
from pipelines.core.windows import said
from pipelines.segments.journeys import AWAY, migration
from pipelines.segments.persona_words import state_name
from pipelines.segments.personas import Told


def migration_figure(told: Told) -> Figure | None:
    """Of each earlier state, the share that is in each later one; numbers are customers. None with one cutoff."""
    if len(told.journey.cutoffs) < 2:
        return None
    table = migration(told.journey)
    table = table.loc[table.sum(axis=1) > 0, table.sum(axis=0) > 0]
    counts = table.to_numpy(np.float64)
    share = counts / counts.sum(axis=1, keepdims=True)
    n_rows, n_columns = counts.shape
    wide = max(0.66, min(1.25, 6.2 / n_columns))
    figure = Figure(figsize=(3.4 + wide * n_columns, 2.2 + 0.42 * n_rows), layout="constrained", facecolor="white")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.argwhere(counts > 0):
        colour = "white" if share[row, column] > 0.6 else INK
        text = f"{100 * share[row, column]:.0f} %\n{int(counts[row, column]):,}"
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour, linespacing=0.95)
    width = max(9, round(wide * 14))
    columns = [_header(state_name(told, int(one)), width) for one in table.columns]
    axes.set_xticks(range(n_columns), [literal(one) for one in columns], fontsize=8, color=INK)
    rows = [textwrap.shorten(state_name(told, int(one)), 34, placeholder="…") for one in table.index]
    axes.set_yticks(range(n_rows), [literal(one) for one in rows], fontsize=8.5, color=INK)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    earlier, later = told.journey.cutoffs[-2:]
    axes.set_xlabel(f"on {said(later)}", fontsize=9, color=INK)
    axes.set_ylabel(f"on {said(earlier)}", fontsize=9, color=INK)
    figure.suptitle(_title(told), x=0.01, ha="left", fontsize=11, color=INK)
    return figure


def _header(name: str, width: int) -> str:
    """A name in lines that a column bears; a long word stands as it is."""
    return "\n".join(textwrap.wrap(name, width, max_lines=4, placeholder="…", break_long_words=False))


def _title(told: Told) -> str:
    """How many of those who are in the population at both cutoffs kept their segment."""
    before, after = told.journey.state[:, -2], told.journey.state[:, -1]
    both = (before != AWAY) & (after != AWAY)
    days = (told.journey.cutoffs[-1] - told.journey.cutoffs[-2]).days
    if not both.any():
        return f"Nobody is in the population both times, {days} days apart"
    kept = 100 * float((before[both] == after[both]).mean())
    return f"{kept:.0f} % of those in the population both times kept their segment over {days} days"

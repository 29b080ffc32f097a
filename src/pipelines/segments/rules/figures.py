"""Two figures of micro-segments: how sizes move, and how far segments are the same customers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipelines.core.style import BLUE, GREY, INK, literal
from pipelines.segments.rules.compute import shared, sizes_of
from pipelines.segments.rules.rule import SEGMENT, Said
from pipelines.segments.rules.words import changed, percent

_N_COLUMNS, _FEW = 3, 24
MAX_SHOWN = 40
"""So many segments at most can be told apart in a figure."""


def sizes_figure(sizes: pd.DataFrame, said: dict[str, Said]) -> Figure:
    """The share of known customers in each segment over time, each on an axis of its own.

    Parameters
    ----------
    sizes : DataFrame
        From `sizes_over_time`.
    said : mapping of segment to Said
        Their titles, in order.
    """
    shown = list(said)[:MAX_SHOWN]
    n_rows = math.ceil(len(shown) / _N_COLUMNS)
    figure = Figure(figsize=(9.0, 0.6 + 1.7 * n_rows), layout="constrained", facecolor="white")
    figure.suptitle(_sizes_title(sizes, said), x=0.01, ha="left", fontsize=11, color=INK)
    every = figure.subplots(n_rows, _N_COLUMNS, squeeze=False).ravel()
    for axes, name in zip(every, shown, strict=False):
        _draw_sizes(axes, sizes[sizes[SEGMENT] == name], said[name].title)
    for axes in every[len(shown) :]:
        axes.remove()
    return figure


def overlaps_figure(members: pd.DataFrame, said: dict[str, Said]) -> Figure:
    """Of each segment's customers (rows), the share that is in each other segment (columns) too.

    Parameters
    ----------
    members : DataFrame
        From `members`.
    said : mapping of segment to Said
        Their titles, in order.
    """
    shown = list(said)[:MAX_SHOWN]
    both = shared(members[["customer_id", *shown]])
    sizes = np.diag(both)
    with np.errstate(invalid="ignore"):
        shares = both / sizes[:, None]
    np.fill_diagonal(shares, np.nan)
    side = 3.2 + 0.42 * len(shown)
    figure = Figure(figsize=(side + 1.2, side), layout="constrained", facecolor="white")
    axes = figure.subplots()
    axes.set_title(_overlaps_title(shares, [said[name].title for name in shown]), loc="left", fontsize=11, color=INK)
    _draw_shares(figure, axes, shares)
    labels = [f"{literal(said[name].title)} ({n:,})" for name, n in zip(shown, sizes, strict=True)]
    axes.set_yticks(range(len(shown)), labels, fontsize=8)
    axes.set_xticks(
        range(len(shown)), [literal(said[name].title) for name in shown], fontsize=8, rotation=50, ha="right"
    )
    axes.set_ylabel("of the customers in …", color=INK)
    axes.set_xlabel("… this share is also in", color=INK)
    return figure


def _draw_sizes(axes: Axes, rows: pd.DataFrame, title: str) -> None:
    days, share = [moment.replace(tzinfo=None) for moment in rows.cutoff], 100 * rows.share.to_numpy()
    axes.plot(days, share, color=BLUE, marker="o", markersize=3, linewidth=1.4)
    axes.set_title(literal(title), loc="left", fontsize=9, color=INK)
    at_end: dict[str, Any] = {"textcoords": "offset points", "fontsize": 8, "color": INK, "va": "center"}
    axes.annotate(f"{rows.n_members.iloc[-1]:,}", (days[-1], share[-1]), (4, 0), **at_end)
    axes.set_ylim(0, max(1.15 * float(share.max()), 0.1))
    axes.set_xticks([days[0], days[-1]] if len(days) > 1 else days, labels=_days(days), fontsize=8)
    axes.tick_params(axis="y", labelsize=8)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter("{x:g} %")
    axes.margins(x=0.18)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis="y", color="#E6E6E6", linewidth=0.8)


def _days(days: list[pd.Timestamp]) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in ([days[0], days[-1]] if len(days) > 1 else days)]


def _draw_shares(figure: Figure, axes: Axes, shares: np.ndarray) -> None:
    axes.set_facecolor("#F2F2F2")
    image = axes.imshow(100 * shares, cmap="Blues", vmin=0, vmax=100)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, format="{x:g} %")
    bar.outline.set_visible(False)
    if len(shares) > _FEW:
        return
    for (row, column), share in np.ndenumerate(shares):
        if np.isfinite(share):
            colour = "white" if share > 0.6 else INK if share >= 0.005 else GREY
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7, color=colour)


def _sizes_title(sizes: pd.DataFrame, said: dict[str, Said]) -> str:
    first, last = sizes_of(sizes, 0), sizes_of(sizes, -1)
    moved = {name: abs(last.share[name] - first.share[name]) for name in said}
    most = max(moved, key=lambda name: moved[name])
    told = changed(first.share[most], last.share[most])
    return f"Share of the known customers in each segment: most moved '{literal(said[most].title)}', {told}"


def _overlaps_title(shares: np.ndarray, titles: list[str]) -> str:
    if not np.isfinite(shares).any():
        return "No two segments share customers"
    row, column = np.unravel_index(int(np.nanargmax(shares)), shares.shape)
    one, other = literal(titles[row]), literal(titles[column])
    return f"{percent(float(shares[row, column]))} of '{one}' are also '{other}'"

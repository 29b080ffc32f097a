"""Figures of what moves the score overall: groups of features, dependence, interactions, and ranks over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from pipelines.core.style import BLUE, CYCLE, GREY, INK, ORANGE, literal
from pipelines.explain.dependence import Dependence, dependence, smoothed
from pipelines.explain.explanation import FloatArray
from pipelines.explain.interactions import Interactions
from pipelines.features.catalogue import Feature

N_BARS = 10
N_IN_MAP = 8
_GOLDEN = 0.6180339887498949
_TAIL = 0.995
_RARE = 0.02
"""A part with fewer of the rows has no line of its own."""


def groups_figure(by: Mapping[str, pd.DataFrame], n_rows: int) -> Figure:
    """Bars of what moves the score, by idea, by block and by window, with 95 % intervals."""
    tables = {name: table.head(N_BARS) for name, table in by.items() if name != "feature"}
    heights = [max(2, len(table)) for table in tables.values()]
    figure = Figure(figsize=(8.5, 1.6 + 0.3 * sum(heights)), layout="constrained", facecolor="white")
    every = figure.subplots(len(tables), 1, height_ratios=heights, sharex=True, squeeze=False)[:, 0]
    for axes, (name, table), colour in zip(every, tables.items(), CYCLE, strict=False):
        _bars(axes, table, name, colour)
    first = next(iter(tables.values()))
    top = f"'{literal(str(first.iloc[0, 0]))}' moves the score most" if len(first) else "No feature"
    figure.suptitle(f"{top} (n = {n_rows:,} rows)", x=0.01, ha="left", fontsize=11, color=INK)
    every[-1].set_xlabel("mean |SHAP value| of the group: average move of the raw score (log-odds)", color=INK)
    return figure


def _bars(axes: Axes, table: pd.DataFrame, name: str, colour: str) -> None:
    places, means = np.arange(len(table)), table["mean_abs_shap"].to_numpy()
    axes.barh(places, means, color=colour, height=0.65)
    ends = np.stack([means - table["ci_low"].to_numpy(), table["ci_high"].to_numpy() - means])
    if np.isfinite(ends).all():
        axes.errorbar(means, places, xerr=np.maximum(ends, 0), fmt="none", ecolor=INK, elinewidth=1.1, capsize=2.5)
    axes.set_yticks(places, [_short(one) for one in table[name]], fontsize=9)
    axes.invert_yaxis()
    axes.set_title(f"by {name}", loc="left", fontsize=9.5, color=INK)
    _plain(axes, "x")


def dependence_figure(found: Sequence[Dependence]) -> Figure:
    """Six panels: each row's value against its SHAP value, with the median of like values."""
    n_columns = 3
    n_rows = max(1, -(-len(found) // n_columns))
    figure = Figure(figsize=(11.0, 0.6 + 3.1 * n_rows), layout="constrained", facecolor="white")
    every = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes, one in zip(every, found, strict=False):
        _dependence(axes, one)
    for axes in every[len(found) :]:
        axes.set_axis_off()
    n_shown = found[0].at.size if found else 0
    title = f"How the score moves with the features that matter most (n = {n_shown:,} rows)"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    figure.supylabel("SHAP value: move of the raw score (log-odds)", fontsize=10, color=INK)
    return figure


def _dependence(axes: Axes, found: Dependence) -> None:
    known = found.is_known
    at, moves = found.at[known], found.moves[known]
    spread = at + (_jitter(at.size) - 0.5) * 0.5 if found.ticks else at
    axes.axhline(0, color=GREY, linewidth=0.9)
    axes.scatter(spread, moves, s=5, color=BLUE, alpha=0.3, linewidths=0)
    axes.plot(
        *found.typical(),
        **({"ls": "", "marker": "_", "ms": 22, "mew": 2.4} if found.ticks else {"lw": 2}),
        color=ORANGE,
    )
    if found.ticks:
        axes.set_xticks(range(len(found.ticks)), [_short(one, 14) for one in found.ticks], rotation=40, ha="right")
    elif at.size:
        axes.plot(*found.typical(), color=ORANGE, lw=2)
        bottom = np.full(at.size, 0.012)
        axes.plot(at, bottom, "|", color=INK, alpha=0.25, ms=5, transform=axes.get_xaxis_transform())
        _end_at_tail(axes, at)
    axes.set_xlabel(_axis_of(found.feature), fontsize=9, color=INK)
    axes.tick_params(labelsize=8)
    if found.null_share > 0:
        said = f"unknown in {found.null_share:.1%} of the rows: {found.null_move:+.2f}"
        axes.set_title(said, loc="right", fontsize=8, color=GREY)
    _plain(axes, "both")


def _end_at_tail(axes: Axes, at: FloatArray) -> None:
    """A few huge values would squeeze all others into one column."""
    low, tail, high = np.quantile(at, [0, _TAIL, 1])
    if high - low > 2 * (tail - low) > 0:
        axes.set_xlim(low - 0.05 * (tail - low), tail + 0.05 * (tail - low))


def interactions_figure(found: Interactions, features: Sequence[Feature]) -> Figure:
    """A map of how strongly the top features act together, and how the strongest pair does."""
    figure = Figure(figsize=(11.0, 5.0), layout="constrained", facecolor="white")
    over, beside = figure.subplots(1, 2, width_ratios=(1.15, 1))
    strengths = found.strengths()
    shown = np.argsort(-strengths.sum(axis=0), kind="stable")[:N_IN_MAP]
    image = _map(over, strengths[np.ix_(shown, shown)], [features[place].name for place in shown])
    figure.colorbar(image, ax=over, label="mean |interaction| (log-odds)", shrink=0.8)
    title = f"Which features act together, beyond what each does alone (n = {len(found.rows):,} rows)"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    if strengths.max(initial=0.0) > 0:
        one, other = (int(place) for place in np.unravel_index(int(np.argmax(strengths)), strengths.shape))
        _pair(figure, beside, found, features, one, other)
    else:
        beside.set_axis_off()
    return figure


def _map(axes: Axes, strengths: FloatArray, names: Sequence[str]) -> AxesImage:
    image = axes.imshow(strengths, cmap="Blues", vmin=0)
    said = [_short(name) for name in names]
    axes.set_xticks(range(len(said)), said, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(said)), said, fontsize=8)
    most = strengths.max(initial=0.0)
    for row, column in np.argwhere(strengths >= 0.005):
        colour = "white" if strengths[row, column] > 0.6 * most else INK
        text = f"{strengths[row, column]:.2f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    axes.spines[:].set_visible(False)
    return image


def _pair(figure: Figure, axes: Axes, found: Interactions, features: Sequence[Feature], one: int, other: int) -> None:
    """The one feature across, what the pair adds upward, and the other feature as colour: low, middle, high."""
    together = found.of_pair(one, other)
    matrix = found.rows.to_numpy(np.float64)
    across = dependence(features[one], matrix[:, one], together)
    axes.axhline(0, color=GREY, linewidth=0.9)
    for colour, (said, mask) in zip(CYCLE, _parted(features[other], matrix[:, other]).items(), strict=False):
        mask = mask & across.is_known
        at = across.at[mask] + ((_jitter(int(mask.sum())) - 0.5) * 0.4 if across.ticks else 0.0)
        axes.scatter(at, together[mask], s=11, color=colour, alpha=0.45, linewidths=0)
        axes.plot(*smoothed(across.at[mask], together[mask], 8), color=colour, lw=1.8, label=said)
    if across.ticks:
        axes.set_xticks(range(len(across.ticks)), [_short(tick, 14) for tick in across.ticks], rotation=40, ha="right")
    elif across.is_known.any():
        _end_at_tail(axes, across.at[across.is_known])
    axes.set_xlabel(_axis_of(features[one]), fontsize=9, color=INK)
    axes.set_ylabel("what the pair adds together (log-odds)", fontsize=9, color=INK)
    axes.legend(title=_short(features[other].name), fontsize=8, title_fontsize=8, frameon=False)
    axes.tick_params(labelsize=8)
    _plain(axes, "both")


def _parted(feature: Feature, values: FloatArray) -> dict[str, np.ndarray]:
    """Rows by thirds of a number, or by the most frequent levels of a text."""
    if feature.levels:
        found = dependence(feature, values, np.zeros_like(values))
        return {_short(tick): found.at == place for place, tick in enumerate(found.ticks[:4])}
    known = np.isfinite(values)
    if not known.any():
        return {"unknown": ~known}
    low, high = np.quantile(values[known], [1 / 3, 2 / 3])
    parts = {
        f"up to {low:.3g}": known & (values <= low),
        f"to {high:.3g}": known & (values > low) & (values <= high),
        "above": known & (values > high),
        "unknown": ~known,
    }
    return {said: mask for said, mask in parts.items() if mask.mean() > _RARE}


def ranks_figure(ranks: pd.DataFrame, n_shown: int = 8) -> Figure:
    """Ranks of the ideas through the moments: what leads at the end, and where it came from.

    Parameters
    ----------
    ranks : DataFrame of shape (n_ideas, n_moments)
        1 moves the score most; the last column decides which are shown.
    n_shown : int
        How many ideas.
    """
    figure = Figure(figsize=(8.5, 0.42 * n_shown + 1.6), layout="constrained", facecolor="white")
    axes = figure.subplots()
    shown = ranks.sort_values(ranks.columns[-1], kind="stable").head(n_shown)
    at = np.arange(ranks.shape[1])
    for place, (name, row) in enumerate(shown.iterrows()):
        inside = row.to_numpy(np.float64)
        colour = CYCLE[place % len(CYCLE)]
        axes.plot(at, inside, "-o", color=colour, lw=2.2, ms=6)
        axes.text(at[-1] + 0.12, inside[-1], _short(str(name)), va="center", fontsize=9, color=INK)
    axes.set_xticks(at, [literal(str(column)) for column in ranks.columns], fontsize=8, rotation=20, ha="right")
    lowest = float(shown.to_numpy().max(initial=1))
    axes.set_ylim(lowest + 0.5, 0.5)
    axes.set_xlim(-0.3, at[-1] + 0.12 + 0.36 * max(1, at.size - 1) / 2 + 0.6)
    axes.set_yticks(range(1, int(lowest) + 1))
    axes.set_ylabel("rank (1 moves the score most)", color=INK, fontsize=10)
    axes.set_title("Do the same things matter at other times?", loc="left", fontsize=11, color=INK)
    _plain(axes, "y")
    return figure


def _axis_of(feature: Feature) -> str:
    is_plain = feature.levels or feature.unit in {"", "integer", "number", "boolean"} or feature.unit in feature.name
    unit = "" if is_plain else f" ({literal(feature.unit)})"
    return f"{_short(feature.name, 40)}{unit}"


def _short(text: object, width: int = 34) -> str:
    said = " ".join(str(text).split())
    return literal(said if len(said) <= width else f"{said[: width - 1]}…")


def _jitter(n: int) -> FloatArray:
    """Evenly spread in [0, 1), the same on every run."""
    return np.asarray((np.arange(n) * _GOLDEN) % 1.0, dtype=np.float64)


def _plain(axes: Axes, grid: str) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis=grid, color="#E6E6E6", linewidth=0.8)  # type: ignore[arg-type]  # one of x, y, both
    axes.set_axisbelow(True)

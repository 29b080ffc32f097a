"""Figures of personas: the profile as a heat map, sizes and revenue, scores, the traits of one, and sizes over time."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipelines.core.intervals import Interval
from pipelines.core.style import BLUE, GREY, INK, ORANGE, literal, panel
from pipelines.core.windows import day_number
from pipelines.segments.described import NOISE
from pipelines.segments.effects import NEGLIGIBLE, Effect, surely
from pipelines.segments.journeys import AWAY
from pipelines.segments.persona_words import short_meaning, typical
from pipelines.segments.personas import Persona, Told

FloatArray = NDArray[np.float64]

MAX_FEATURES = 25
N_TRAITS = 8
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
MARKERS, DASHES = ("o", "^", "s", "D"), ("-", "--", ":", "-.")
DIVERGING = LinearSegmentedColormap.from_list("less and more", ["#0072B2", "#8FC3E0", "#FFFFFF", "#F3C98B", "#D57B00"])
"""Blue is less and orange more than the rest: told apart by every kind of colour vision."""


def look(told: Told, segment: int) -> tuple[str, str, str]:
    """Colour, marker and line of a segment, the same in every figure; grey crosses belong to none."""
    if segment == NOISE:
        return GREY, "x", "-"
    place = sorted(one for one in told.names if one != NOISE).index(segment)
    again = place // len(COLOURS) % len(MARKERS)
    return COLOURS[place % len(COLOURS)], MARKERS[again], DASHES[again]


def profile_figure(told: Told) -> Figure:
    """Segments by features: the colour is the effect size against the rest, the number the typical value."""
    personas = told.personas
    delta = np.array([[effect.delta.estimate for effect in one.effects] for one in personas]).T
    strength = np.nanmax(np.abs(np.nan_to_num(delta)), axis=1)
    shown = np.sort(np.argsort(-strength, kind="stable")[:MAX_FEATURES])
    wide = max(0.68, min(1.3, 6.0 / len(personas)))
    figure = Figure(
        figsize=(3.6 + wide * len(personas), 1.9 + 0.34 * len(shown)), layout="constrained", facecolor="white"
    )
    axes = figure.subplots()
    image = axes.imshow(np.nan_to_num(delta[shown]), cmap=DIVERGING, vmin=-1, vmax=1, aspect="auto")
    for row, feature in enumerate(shown):
        for column, one in enumerate(personas):
            _cell(axes, one.effects[feature], row, column)
    axes.set_xticks(range(len(personas)), [_header(one, round(wide * 15)) for one in personas], fontsize=8, color=INK)
    axes.xaxis.tick_top()
    labels = [_short(short_meaning(personas[0].effects[feature].feature), 44) for feature in shown]
    axes.set_yticks(range(len(shown)), labels, fontsize=8.5, color=INK)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    _lines_between(axes, len(shown), len(personas))
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.5, aspect=40, pad=0.02)
    bar.set_label("effect against the rest (Cliff's delta): blue has less, orange more", fontsize=8.5, color=INK)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8)
    figure.suptitle(_profile_title(told, len(shown)), x=0.01, ha="left", fontsize=11, color=INK)
    return figure


def shares_figure(told: Told) -> Figure:
    """Of each segment its share of customers beside its share of revenue, with intervals."""
    personas = sorted(told.personas, key=lambda one: -one.revenue_share.estimate)
    figure, axes = panel(_shares_title(told), "share", "", width=8.0, height=1.5 + 0.52 * len(personas))
    places = np.arange(len(personas), dtype=np.float64)
    _bars(axes, places - 0.19, [one.share for one in personas], "#9CB4C4", "of customers")
    _bars(axes, places + 0.19, [one.revenue_share for one in personas], BLUE, f"of the {told.described.value_said}")
    axes.set_yticks(places, [_short(one.name, 34) for one in personas], fontsize=9)
    axes.set_ylim(len(personas) - 0.4, -0.6)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes.grid(visible=False, axis="y")
    figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=2)
    return figure


def scores_figure(told: Told) -> Figure | None:
    """The mean score of each task by segment, with intervals; None without scores."""
    titles = [score.title for score in told.personas[0].scores]
    if not titles:
        return None
    height = 1.4 + 0.36 * len(told.personas)
    figure = Figure(figsize=(8.5, height), layout="constrained", facecolor="white")
    every = figure.subplots(1, len(titles), sharey=True, squeeze=False)[0]
    for column, (axes, title) in enumerate(zip(every, titles, strict=True)):
        _score_dots(axes, told, column)
        axes.set_title(_short(title, 60 // len(titles)), loc="left", fontsize=9.5, color=INK)
    every[0].set_yticks(range(len(told.personas)), [_short(one.name, 34) for one in told.personas], fontsize=9)
    every[0].set_ylim(len(told.personas) - 0.5, -0.5)
    figure.suptitle(_scores_title(told), x=0.01, ha="left", fontsize=11, color=INK)
    return figure


def traits_figure(told: Told, one: Persona) -> Figure:
    """The strongest effects of one segment with their simultaneous intervals."""
    known = [effect for effect in one.effects if np.isfinite(effect.delta.estimate)]
    top = sorted(known, key=lambda effect: -abs(effect.delta.estimate))[:N_TRAITS]
    figure, axes = panel("", "Cliff's delta against the rest", "", width=6.4, height=1.7 + 0.42 * max(1, len(top)))
    figure.suptitle(_traits_title(one), x=0.01, ha="left", fontsize=11, color=INK)
    axes.axvline(0, color=GREY, linewidth=0.9)
    for place, effect in enumerate(top):
        delta = effect.delta
        colour = ORANGE if delta.estimate > 0 else BLUE
        axes.barh(place, delta.estimate, color=colour, height=0.6)
        axes.plot([delta.low, delta.high], [place, place], color=INK, linewidth=1.2)
        text = f"{typical(effect, effect.inside)} vs {typical(effect, effect.outside)}"
        axes.text(1.04, place, text, va="center", fontsize=8.5, color=INK)
    labels = ["\n".join(textwrap.wrap(short_meaning(effect.feature), 24)[:2]) for effect in top]
    axes.set_yticks(range(len(top)), [literal(label) for label in labels], fontsize=8.5)
    axes.set_ylim(max(1, len(top)) - 0.5, -0.5)
    axes.set_xlim(-1.0, 1.0)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    axes.text(1.04, -0.62, "typical: segment vs rest", fontsize=8, color=GREY, va="bottom")
    axes.grid(visible=False, axis="y")
    return figure


def sizes_figure(told: Told) -> Figure | None:
    """The share of each segment at each cutoff, named at the right; None with one cutoff."""
    if len(told.journey.cutoffs) < 2:
        return None
    figure, axes = panel(_sizes_title(told), "cutoff", "share of customers", width=9.0, height=4.6)
    ends: list[tuple[float, int]] = []
    at = [day_number(one) for one in told.journey.cutoffs]  # matplotlib counts dates in days since 1970-01-01, as we do
    for segment in (one for one in told.journey.states if one != AWAY):
        rows, (colour, marker, dash) = told.sizes[told.sizes["segment"] == segment], look(told, segment)
        share = rows["share"].to_numpy(np.float64)
        if len(told.names) <= len(COLOURS):  # more bands would hide each other
            axes.fill_between(at, rows["share.ci_low"], rows["share.ci_high"], color=colour, alpha=0.15, linewidth=0)
        axes.plot(at, share, color=colour, marker=marker, linestyle=dash, linewidth=1.8, markersize=5)
        ends.append((float(share[-1]), segment))
    axes.set_ylim(0, max(0.05, float(told.sizes["share.ci_high"].max()) * 1.05))
    _named_at_right(axes, told, sorted(ends), at[-1])
    axes.set_xticks(at, [f"{one:%Y-%m-%d}" for one in told.journey.cutoffs], fontsize=8)
    axes.tick_params(axis="x", rotation=25)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    return figure


def spread(places: Sequence[float], least: float) -> FloatArray:
    """Places moved apart as little as a simple sweep can, ascending, so that none is closer than ``least`` to the next.

    Examples
    --------
    >>> spread([0.1, 0.11, 0.5], 0.05)
    array([0.08, 0.13, 0.5 ])
    """
    found = np.array(places, np.float64)
    for _ in range(200):
        gaps = np.diff(found)
        tight = np.flatnonzero(gaps < least - 1e-9)
        if not tight.size:
            break
        for at in tight:
            push = max(0.0, (least - (found[at + 1] - found[at])) / 2)
            found[at] -= push
            found[at + 1] += push
    return np.asarray(found.round(12))


def _named_at_right(axes: Axes, told: Told, ends: Sequence[tuple[float, int]], last: float) -> None:
    low, high = axes.get_ylim()
    places = spread([share for share, _ in ends], 0.055 * (high - low))
    places = np.clip(places - min(0.0, places.min() - low) - max(0.0, places.max() - high), low, None)
    for place, (_, segment) in zip(places, ends, strict=True):
        colour = look(told, segment)[0]
        name = _short(told.names[segment], 30)
        axes.annotate(
            name, (last, place), (10, 0), textcoords="offset points", fontsize=8.5, color=INK, va="center",
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": colour, "linewidth": 1.2},
            annotation_clip=False,
        )  # fmt: skip


def _cell(axes: Axes, effect: Effect, row: int, column: int) -> None:
    is_dark = effect.delta.estimate < -0.75
    text = typical(effect, effect.inside).replace(f" {effect.feature.unit}", "")
    axes.text(column, row, literal(text), ha="center", va="center", fontsize=8, color="white" if is_dark else INK)


def _header(one: Persona, width: int) -> str:
    name = "\n".join(textwrap.wrap(one.name, max(9, width), max_lines=4, placeholder="…", break_long_words=False))
    return literal(f"{name}\n({100 * one.share.estimate:.0f} %)")


def _lines_between(axes: Axes, n_rows: int, n_columns: int) -> None:
    axes.set_xticks(np.arange(n_columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(n_rows + 1) - 0.5, minor=True)
    axes.grid(visible=True, which="minor", color="white", linewidth=2)
    axes.tick_params(which="minor", length=0)


def _bars(axes: Axes, places: FloatArray, found: Sequence[Interval], colour: str, label: str) -> None:
    share = np.array([one.estimate for one in found])
    axes.barh(places, np.nan_to_num(share), height=0.36, color=colour, label=label)
    for place, one in zip(places, found, strict=True):
        axes.plot([one.low, one.high], [place, place], color=INK, linewidth=1.2)
        if np.isfinite(one.estimate):
            end = one.high if np.isfinite(one.high) else one.estimate
            axes.annotate(
                f"{100 * one.estimate:.0f} %", (end, place), (5, 0), textcoords="offset points", va="center",
                fontsize=8.5, color=INK,
            )  # fmt: skip


def _score_dots(axes: Axes, told: Told, column: int) -> None:
    for place, one in enumerate(told.personas):
        mean, colour = one.scores[column].mean, look(told, one.segment)[0]
        axes.plot([mean.low, mean.high], [place, place], color=colour, linewidth=2.2)
        axes.plot([mean.estimate], [place], marker="o", color=colour, markersize=6)
    everybody = told.described.scores[told.personas[0].scores[column].title]
    if np.isfinite(everybody).any():
        axes.axvline(float(np.nanmean(everybody)), color=GREY, linestyle="--", linewidth=1)
    axes.set_xlabel("mean score (dashed: all customers)", fontsize=8.5, color=INK)
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes.set_xlim(left=0)
    axes.tick_params(labelsize=8.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis="x", color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)


def _profile_title(told: Told, n_shown: int) -> str:
    every = [effect for one in told.personas for effect in one.effects if np.isfinite(effect.delta.estimate)]
    n_features = len(told.described.features)
    part = f" (the {n_shown} of {n_features} features that differ most)" if n_shown < n_features else ""
    if not every or len(told.personas) < 2:
        return f"Typical values of the segments{part}"
    top = max(every, key=lambda effect: abs(surely(effect.delta)))
    values = f"{typical(top, top.inside)} against {typical(top, top.outside)}"
    return f"'{_short(told.names[top.segment], 34)}' stands apart most{part}: {_lower(top)} {literal(values)}"


def _lower(effect: Effect) -> str:
    said = short_meaning(effect.feature)
    return literal(said[:1].lower() + said[1:])


def _shares_title(told: Told) -> str:
    real = [one for one in told.personas if np.isfinite(one.revenue_share.estimate)]
    if not real:
        return "Nobody spent anything"
    top = max(real, key=lambda one: one.revenue_share.estimate)
    share, revenue = 100 * top.share.estimate, 100 * top.revenue_share.estimate
    return f"'{_short(top.name, 34)}': {share:.0f} % of customers, {revenue:.0f} % of revenue"


def _scores_title(told: Told) -> str:
    first = [one for one in told.personas if np.isfinite(one.scores[0].mean.estimate)]
    if len(first) < 2:
        return "Scores by segment"
    top = max(first, key=lambda one: one.scores[0].mean.estimate)
    return f"'{_short(top.name, 34)}' scores highest on '{_short(top.scores[0].title, 34)}'"


def _traits_title(one: Persona) -> str:
    n_sure = sum(abs(surely(effect.delta)) >= NEGLIGIBLE for effect in one.effects)
    return f"{n_sure} of {len(one.effects)} features surely differ by more than a little"


def _sizes_title(told: Told) -> str:
    change: dict[int, float] = {}
    for segment in (one for one in told.journey.states if one != AWAY):
        share = told.sizes.loc[told.sizes["segment"] == segment, "share"].to_numpy(np.float64)
        change[segment] = float(share[-1] - share[0])
    most = max(change, key=lambda one: abs(change[one]))
    moved = 100 * change[most]
    if abs(moved) < 1:
        return "Sizes hardly change: no segment by a hundredth of the customers"
    return f"'{_short(told.names[most], 34)}' changed most: {moved:+.1f} points from first to last cutoff"


def _short(text: str, width: int) -> str:
    said = " ".join(text.split())
    return literal(said if len(said) <= width else f"{said[: width - 1]}…")

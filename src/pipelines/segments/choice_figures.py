"""How a segmentation was chosen, as figures and a table: first the numbers, then the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.core.report import Report
from pipelines.core.style import BLUE, CYCLE, GREEN, GREY, INK, ORANGE, panel, panels
from pipelines.segments.choice import ChoiceSpec, Measured
from pipelines.segments.structure import Structure

_MARKERS = "osD^vP*X"
_LEVELS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def choice_report(trials: Sequence[Measured], winner: Measured, structure: Structure, choice: ChoiceSpec) -> Report:
    """Figures, table and metrics of a choice.

    Parameters
    ----------
    trials : sequence of Measured
        All candidates that were tried.
    winner : Measured
        The chosen one, which is one of them.
    structure : Structure
    choice : ChoiceSpec
        What they were judged by.

    Returns
    -------
    Report
        ``choice/trade_off.png``, ``choice/by_number.png``, ``choice/gap.png``, ``choice/stability.png`` and
        ``choice/trials.parquet``; metrics of the winner under ``segments.``.
    """
    return Report(
        metrics=choice_metrics(winner, structure),
        artifacts={
            "choice/trade_off.png": trade_off_figure(trials, winner, choice),
            "choice/by_number.png": by_number_figure(trials, winner),
            "choice/gap.png": gap_figure(trials, structure),
            "choice/stability.png": stability_figure(winner),
            "choice/trials.parquet": trials_table(trials),
        },
    )


def choice_metrics(winner: Measured, structure: Structure) -> dict[str, float]:
    """What is known of the chosen segmentation, by metric name; what was not measured is left out."""
    measured = {
        "n": float(winner.n_segments),
        "score": winner.score,
        "separation": winner.separation,
        "stability": winner.stability,
        "size": winner.size,
        "smallest_share": min(winner.shares),
        "noise": winner.noise,
        "silhouette": winner.silhouette,
        "silhouette_reference": winner.silhouette_reference,
        "davies_bouldin": winner.davies_bouldin,
        "calinski_harabasz": winner.calinski_harabasz,
        "gap": winner.gap,
        "jaccard_smallest": min(winner.jaccard, default=None),
        "ari_resamples": _mean(winner.ari_resamples),
        "ari_definition": _mean(winner.ari_definition),
        "ari_membership": _mean(winner.ari_membership),
        "structure_found": float(structure.found),
        "structure_p_value": structure.p_value,
        "structure_statistic": structure.statistic,
    }
    return {f"segments.{name}": value for name, value in measured.items() if value is not None}


def trials_table(trials: Sequence[Measured]) -> pd.DataFrame:
    """One row per candidate.

    Returns
    -------
    DataFrame
        ``number``, ``segmenter``, ``n_segments``, ``shape``, ``scale``, ``winsorise``, ``refused`` (text, empty if it
        was not), ``score``, its parts, every measure (NaN where there is none), and means over resamples and cutoffs.
    """
    return pd.DataFrame([_row(one) for one in trials])


def best_by_number(trials: Sequence[Measured]) -> tuple[Measured, ...]:
    """For each number of segments, the candidate with the largest score that was not refused, fewest segments first."""
    best: dict[int, Measured] = {}
    for one in trials:
        if not one.refused and (one.n_segments not in best or one.score > best[one.n_segments].score):
            best[one.n_segments] = one
    return tuple(best[n] for n in sorted(best))


def trade_off_figure(trials: Sequence[Measured], winner: Measured, choice: ChoiceSpec) -> Figure:
    """Draw separation against stability, with lines of equal score for evenly sized segments."""
    usable = [one for one in trials if not one.refused]
    title = f"Chosen: {winner.candidate} (score {winner.score:.2f})"
    figure, axes = panel(
        title, "Separation (0.5 is that of data without groups)", "Stability (1: the same segments again)", width=7.6
    )
    kinds = list(dict.fromkeys(one.candidate.segmenter.type for one in usable))
    for kind, marker, color in zip(kinds, cycle(_MARKERS), cycle(CYCLE), strict=False):
        of = [one for one in usable if one.candidate.segmenter.type == kind]
        axes.scatter(
            [one.separation for one in of],
            [one.stability for one in of],
            s=[20 + 90 * one.size**2 for one in of],
            marker=marker,
            color=color,
            alpha=0.75,
            label=f"{kind.replace('_', ' ')} ({len(of)})",
        )
        for one in of:
            axes.annotate(str(one.n_segments), (one.separation, one.stability), fontsize=6, ha="center", va="center")
    axes.scatter([winner.separation], [winner.stability], s=260, facecolors="none", edgecolors=INK, linewidths=1.6)
    _equal_scores(axes, usable, choice)
    _note(axes, len(trials) - len(usable))
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def by_number_figure(trials: Sequence[Measured], winner: Measured) -> Figure:
    """Draw, by number of segments, what the best candidate with as many comes to."""
    best = best_by_number(trials)
    title = f"{winner.n_segments} segments score best ({winner.score:.2f})"
    figure, axes = panel(title, "Number of segments (best candidate with as many)", "From 0 to 1", width=7.6)
    number = [one.n_segments for one in best]
    axes.plot(number, [one.score for one in best], color=INK, marker="o", linewidth=2, label="score")
    axes.plot(number, [one.stability for one in best], color=BLUE, marker="o", label="stability")
    axes.plot(number, [min(one.jaccard) for one in best], color=BLUE, linestyle=":", label="smallest Jaccard")
    axes.plot(number, [one.size for one in best], color=GREEN, marker="o", label="usable size")
    axes.plot(number, [_or_nan(one.silhouette) for one in best], color=ORANGE, marker="o", label="silhouette")
    null = [_or_nan(one.silhouette_reference) for one in best]
    axes.plot(number, null, color=ORANGE, linestyle=":", label="silhouette without groups")
    axes.axvline(winner.n_segments, color=GREY, linewidth=1, zorder=0)
    axes.set_ylim(0, 1.02)
    _whole(axes, number)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def gap_figure(trials: Sequence[Measured], structure: Structure) -> Figure:
    """Draw the gap by number of segments: above 0, clusters are tighter than those of data without groups."""
    best = [one for one in best_by_number(trials) if one.gap is not None]
    title = "Tighter than a continuum" if structure.found else "No tighter than a continuum, however many segments"
    figure, axes = panel(
        f"{title} (p = {structure.p_value:.2g})", "Number of segments", "Gap (difference of logarithms)"
    )
    number = [one.n_segments for one in best]
    error = [2 * _or_nan(one.gap_se) for one in best]
    axes.errorbar(number, [_or_nan(one.gap) for one in best], yerr=error, color=BLUE, marker="o", capsize=3)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.annotate("bars: 2 standard errors of the reference", (0.02, 0.02), xycoords="axes fraction", fontsize=8)
    _whole(axes, number)
    return figure


def stability_figure(winner: Measured) -> Figure:
    """Draw the chosen segments' Jaccard indices, and the agreement of neighbouring cutoffs."""
    title = f"Found again: smallest Jaccard index {min(winner.jaccard):.2f}, stability {winner.stability:.2f}"
    labels = ("Segment, largest first", "Pair of neighbouring cutoffs, oldest first")
    figure, (left, right) = panels(title, labels, "From 0 to 1")
    number = np.arange(1, winner.n_segments + 1)
    left.bar(number, winner.jaccard, color=BLUE, alpha=0.55, label="Jaccard index over resamples")
    left.plot(number, winner.shares, color=INK, marker="D", markersize=6, linestyle="", label="share of customers")
    left.axhline(0.6, color=GREY, linewidth=1, linestyle=":")
    left.set_ylim(0, 1.15)
    _whole(left, number.tolist())
    left.legend(frameon=False, fontsize=8, loc="upper right")
    _over_time(right, winner)
    return figure


def _over_time(axes: Axes, winner: Measured) -> None:
    if not winner.ari_definition:
        axes.annotate("one cutoff only", (0.5, 0.5), xycoords="axes fraction", ha="center", color=GREY)
        axes.set_xticks([])
        return
    for values, color, label in (
        (winner.ari_definition, BLUE, "same rows, two fits (definition)"),
        (winner.ari_membership, ORANGE, "same customers, two times (membership)"),
    ):
        axes.plot(range(1, len(values) + 1), values, color=color, marker="o", label=label)
    axes.axhline(0.8, color=GREY, linewidth=1, linestyle=":")
    _whole(axes, list(range(1, len(winner.ari_definition) + 1)))
    axes.legend(frameon=False, fontsize=8, loc="lower left")


def _equal_scores(axes: Axes, usable: Sequence[Measured], choice: ChoiceSpec) -> None:
    low, high = min(one.separation for one in usable), max(one.separation for one in usable)
    at = np.linspace(max(0.0, low - 0.05), min(1.0, high + 0.05), 60)
    grid = np.linspace(0, 1.02, 60)
    score = np.array([[choice.score(x, y, 1.0) for x in at] for y in grid])
    lines = axes.contour(at, grid, score, levels=_LEVELS, colors=GREY, linewidths=0.7, linestyles=":")
    axes.clabel(lines, fontsize=7, fmt="%.1f")
    axes.set_ylim(0, 1.02)


def _note(axes: Axes, n_refused: int) -> None:
    words = f"number: segments; area: evenness; dotted: equal scores; {n_refused} refused are not shown"
    axes.annotate(words, (0.02, 0.02), xycoords="axes fraction", fontsize=7, color=INK)


def _whole(axes: Axes, number: Sequence[int]) -> None:
    axes.set_xticks(list(number), [str(one) for one in number])


def _row(one: Measured) -> dict[str, object]:
    transforms = one.candidate.transforms
    measures = ("silhouette", "silhouette_reference", "davies_bouldin", "calinski_harabasz", "gap", "gap_se")
    return {
        "number": one.number,
        "segmenter": one.candidate.segmenter.type,
        "n_segments": one.n_segments,
        "shape": transforms.shape,
        "scale": transforms.scale,
        "winsorise": transforms.winsorise,
        "refused": one.refused,
        **{name: getattr(one, name) for name in ("score", "separation", "stability", "size", "noise")},
        "smallest_share": min(one.shares, default=np.nan),
        **{name: _or_nan(getattr(one, name)) for name in measures},
        "jaccard_smallest": min(one.jaccard, default=np.nan),
        **{name: _or_nan(_mean(getattr(one, name))) for name in ("ari_resamples", "ari_definition", "ari_membership")},
    }


def _mean(values: tuple[float, ...]) -> float | None:
    return float(np.mean(values)) if values else None


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value

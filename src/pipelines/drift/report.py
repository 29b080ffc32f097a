"""A verdict as metrics, JSON and a figure."""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from pipelines.core.intervals import Interval
from pipelines.core.report import Report
from pipelines.core.style import BLUE, GREY, INK, RED, panel
from pipelines.drift.verdict import FeatureShift, Verdict

MAX_SHOWN = 15


def drift_report(verdict: Verdict, html: str) -> Report:
    """What a drift check logs.

    Parameters
    ----------
    verdict : Verdict
        The conclusion.
    html : str
        Evidently's page beside it.

    Returns
    -------
    Report
        Metrics ``drift.n_rows``, ``drift.n_shifted``, ``drift.share_shifted`` and, where measured,
        ``drift.score_shift`` with its interval; artifacts ``drift/verdict.json``, ``drift/report.html`` and
        ``drift/shifts.png``.
    """
    metrics = {
        "drift.n_rows": float(verdict.size.n_current_rows),
        "drift.n_shifted": float(len(verdict.shifted)),
        "drift.share_shifted": verdict.share_shifted,
    }
    if verdict.score_shift is not None:
        metrics |= _named("drift.score_shift", verdict.score_shift)
    return Report(
        metrics,
        {
            "drift/verdict.json": verdict.as_dict(),
            "drift/report.html": html,
            "drift/shifts.png": shift_figure(verdict),
        },
    )


def shift_figure(verdict: Verdict) -> Figure:
    """The farthest shifts with intervals, and the limit that an interval must lie above to count."""
    limit, rows = verdict.spec.max_shift, _shown(verdict)
    title = (
        f"{verdict.kind.value}: {len(verdict.shifted)} of {sum(one.votes for one in verdict.features)} features moved"
    )
    sizes = f"(n = {verdict.size.n_current_rows:,} against {verdict.size.n_reference_rows:,} rows)"
    xlabel = "Kolmogorov-Smirnov distance between reference and current"
    figure, axes = panel(f"{title} {sizes}", xlabel, "feature", width=8.0, height=1.8 + 0.27 * max(1, len(rows)))
    for place, (_, effect, colour) in enumerate(rows):
        if not math.isnan(effect.low):
            axes.plot([effect.low, effect.high], [place, place], color=colour, linewidth=2, alpha=0.6)
        axes.plot([effect.estimate], [place], color=colour, marker="o", markersize=5)
    axes.axvline(limit, color=INK, linestyle="--", linewidth=1)
    for words, colour in (("shifted", RED), ("within the limit, or not sure", BLUE), ("does not vote", GREY)):
        axes.plot([], [], color=colour, marker="o", linestyle="", label=words)
    axes.plot([], [], color=INK, linestyle="--", linewidth=1, label=f"limit {limit:g}")
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set(ylim=(max(1, len(rows)) - 0.4, -0.6), xlim=(0, 1 if not rows else None))
    figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=4)
    return figure


def _shown(verdict: Verdict) -> list[tuple[str, Interval, str]]:
    """The score, and the farthest features."""
    measured = [(one, one.effect) for one in verdict.features if one.effect is not None]
    farthest = sorted(measured, key=lambda pair: -pair[1].estimate)[:MAX_SHOWN]
    rows = [(one.name, effect, _colour(one)) for one, effect in farthest]
    if verdict.score_shift is None:
        return rows
    moved = verdict.score_shift.low > verdict.spec.max_score_shift
    return [("the score", verdict.score_shift, RED if moved else BLUE), *rows]


def _colour(feature: FeatureShift) -> str:
    if not feature.votes:
        return GREY
    return RED if feature.shifted else BLUE


def _named(name: str, found: Interval) -> dict[str, float]:
    return {name: found.estimate, f"{name}.ci_low": found.low, f"{name}.ci_high": found.high}

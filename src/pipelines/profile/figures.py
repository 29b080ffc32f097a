"""Three figures of a profile: events by week, how long gaps last, and churners that return."""

from __future__ import annotations

import math
from typing import Any

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from pipelines.core.style import BLUE, CYCLE, GREY, ORANGE, RED, panel
from pipelines.profile.facts import Facts, Weeks
from pipelines.profile.gaps import Silence
from pipelines.profile.horizon import MAX_RETURNING, Suggestion
from pipelines.profile.oddities import LOW_SHARE, percent
from pipelines.profile.profile import Profile

Counts = NDArray[Any]
_MANY_WEEKS = 120
_PALE = 0.4
_SHARES = (1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
_DAYS = (1, 2, 4, 7, 14, 28, 56, 91, 182, 364, 728)


def weeks_figure(facts: Facts) -> Figure:
    """Events by week and type, stacked; weeks whose days are not all known are pale."""
    weeks = facts.weeks
    figure, axes = panel(_weeks_title(weeks), "week (its Monday)", "events", width=8.0)
    handles: list[Patch] = []
    below = np.zeros(len(weeks.monday))
    for number, one in enumerate(facts.types[: len(CYCLE) - 1]):
        _bars(axes, weeks, weeks.n_events[number], below, CYCLE[number])
        handles.append(Patch(color=CYCLE[number], label=f"{one.name}: {weeks.n_events[number].sum():,}"))
        below = below + weeks.n_events[number]
    rest = weeks.total - below
    if rest.any():
        _bars(axes, weeks, rest, below, GREY)
        handles.append(Patch(color=GREY, label=f"other types: {rest.sum():,.0f}"))
    if not weeks.is_whole.all():
        handles.append(Patch(color=GREY, alpha=_PALE, label="pale: not all days are known"))
    locator = mdates.AutoDateLocator(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]  # matplotlib.dates has none
    axes.xaxis.set_major_locator(locator)
    formatter = mdates.ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]  # the same
    axes.xaxis.set_major_formatter(formatter)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    figure.legend(handles=handles, frameon=False, fontsize=9, loc="outside lower center", ncols=3)
    return figure


def gaps_figure(profile: Profile) -> Figure:
    """The Kaplan-Meier curve of the gap between purchase days, with the suggested horizon."""
    share = profile.survival.share
    figure, axes = panel(
        _gaps_title(profile),
        "days without a purchase, after a purchase day (both axes logarithmic)",
        "share of gaps that last longer",
        width=8.0,
    )
    gaps = profile.facts.gaps
    said = f"Kaplan-Meier: {gaps.ended.total:,} gaps ended, {gaps.still_open.total:,} still open (censored)"
    known = share > 0
    axes.step(np.arange(len(share))[known][1:], share[known][1:], where="post", color=BLUE, linewidth=2, label=said)
    _log_axes(axes, len(share), float(share[known].min()))
    if isinstance(profile.suggestion, Suggestion):
        _mark(axes, profile.suggestion.horizon, profile.survival.after(profile.suggestion.horizon))
    figure.legend(frameon=False, fontsize=9, loc="outside lower center")
    return figure


def returns_figure(profile: Profile) -> Figure:
    """By horizon, the share of silences that end within the follow-up, with the curve's own answer behind it."""
    told, follow_up = profile.told_silences, profile.follow_up
    figure, axes = panel(
        _returns_title(profile), "days without a purchase (horizon)", f"share that buys again within {follow_up} days",
        width=8.0,
    )  # fmt: skip
    _draw_silences(axes, told)
    _draw_curve(axes, profile)
    axes.axhline(MAX_RETURNING, color=GREY, linestyle=":", label=f"rule: fewer than {percent(MAX_RETURNING)}")
    if isinstance(profile.suggestion, Suggestion):
        horizon = profile.suggestion.horizon
        axes.axvline(horizon, color=RED, linestyle="--", linewidth=1, label=f"suggested horizon: {horizon} days")
    axes.set(ylim=(0, 1.02), xlim=(0, 1.05 * max([28, *(one.horizon for one in told)])))
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes.set_xticks(_spread([one.horizon for one in told]))
    figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=2)
    return figure


def _bars(axes: Axes, weeks: Weeks, n: Counts, below: Counts, colour: str) -> None:
    """Matplotlib counts dates in days since 1970-01-01, as we do."""
    width = 7 if len(weeks.monday) > _MANY_WEEKS else 6.2
    for part, alpha in ((weeks.is_whole, 1.0), (~weeks.is_whole, _PALE)):
        monday = weeks.monday[part]
        axes.bar(monday, n[part], bottom=below[part], width=width, align="edge", color=colour, alpha=alpha)


def _weeks_title(weeks: Weeks) -> str:
    total = weeks.total[weeks.is_whole]
    if not len(total):
        return "No week is known as a whole"
    median = float(np.median(total))
    n_low = int((total < LOW_SHARE * median).sum())
    if n_low:
        return f"{n_low} of {len(total)} whole weeks held less than a fifth of the median week's {median:,.0f} events"
    return f"{len(total)} whole weeks hold {total.min():,} to {total.max():,} events, the median week {median:,.0f}"


def _gaps_title(profile: Profile) -> str:
    ended = profile.facts.gaps.ended
    if not ended.total:
        return "Nobody bought on two days"
    return (
        f"Of the gaps that ended, half lasted {ended.quantile(0.5)} days at most and nine of ten {ended.quantile(0.9)}"
    )


def _returns_title(profile: Profile) -> str:
    found, follow_up = profile.suggestion, profile.follow_up
    told = {one.horizon: one for one in profile.told_silences}
    chosen = found.silence if isinstance(found, Suggestion) else next(iter(told.values()), None)
    if chosen is None:
        return "No silence could be followed up"
    share = percent(chosen.returning.estimate)
    return f"Of customers silent for {chosen.horizon} days, {share} buy again within {follow_up} more"


def _log_axes(axes: Axes, n_days: int, smallest: float) -> None:
    """Both logarithmic: what happens to one gap in a hundred is what churn is about."""
    lowest = max([0.001, *(one for one in _SHARES if one <= smallest)])
    days, shares = [day for day in _DAYS if day <= max(7, n_days)], [one for one in _SHARES if one >= lowest]
    axes.set(xscale="log", yscale="log", xlim=(0.9, max(8, n_days)), ylim=(0.9 * lowest, 1.1))
    axes.set_xticks(days, [f"{day}" for day in days])
    axes.set_yticks(shares, [f"{100 * one:g} %" for one in shares])
    axes.minorticks_off()


def _mark(axes: Axes, horizon: int, share: float) -> None:
    axes.axvline(horizon, color=RED, linestyle="--", linewidth=1)
    if not math.isnan(share):
        axes.plot([horizon], [share], color=RED, marker="o")
        axes.annotate(
            f"suggested horizon: {horizon} days;\n{percent(share)} of the gaps\nlast longer", (horizon, share), (8, 16),
            textcoords="offset points", fontsize=9, color=RED,
        )  # fmt: skip


def _draw_silences(axes: Axes, told: tuple[Silence, ...]) -> None:
    place = [one.horizon for one in told]
    axes.vlines(
        place, [one.returning.low for one in told], [one.returning.high for one in told], color=BLUE, linewidth=2
    )
    label = "silences with a complete follow-up, 95 % intervals count customers"
    axes.plot(place, [one.returning.estimate for one in told], color=BLUE, marker="o", linestyle="", label=label)


def _draw_curve(axes: Axes, profile: Profile) -> None:
    last = max([0, *(one.horizon for one in profile.told_silences)])
    days = np.arange(1, last + 1)
    share = [profile.survival.returning(int(day), profile.follow_up) for day in days]
    axes.plot(days, share, color=ORANGE, linewidth=1.2, zorder=1, label="from the Kaplan-Meier curve, all gaps")


def _spread(places: list[int]) -> list[int]:
    """Ticks that do not run into each other: none closer than a thirtieth of the axis to the one before."""
    kept: list[int] = []
    for place in places:
        if not kept or place - kept[-1] >= max(places) / 30:
            kept.append(place)
    return kept

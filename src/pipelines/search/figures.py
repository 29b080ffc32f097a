"""Three figures of a search and its table of trials: first the numbers, then the drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipelines.core.report import Report
from pipelines.core.style import BLUE, GREY, INK, ORANGE, panel
from pipelines.search.found import Found, Trial
from pipelines.tasks.search_space import Allowed, Choices, Range, SearchSpec

FloatArray = NDArray[np.float64]


def search_figures(found: Found, spec: SearchSpec) -> Report:
    """How the loss fell, which parameters mattered, where good trials lie, and every trial.

    Parameters
    ----------
    found : Found
        The trials; at least one was fitted on every fold.
    spec : SearchSpec
        The space that they were drawn from.

    Returns
    -------
    Report
        ``search/history.png``, ``search/trials.parquet``; ``search/parallel.png`` if anything was searched, and
        ``search/importance.png`` if there is an importance.
    """
    drawn: dict[str, Figure] = {"search/history.png": history_figure(found)}
    if found.importance:
        drawn["search/importance.png"] = importance_figure(found)
    if spec.space:
        drawn["search/parallel.png"] = parallel_figure(found, spec)
    return Report(artifacts={**drawn, "search/trials.parquet": trials_table(found.trials)})


def trials_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """One row per trial.

    Returns
    -------
    DataFrame
        ``number`` (int), ``state``, ``loss`` (NaN if pruned), ``n_folds`` (int: how many it was fitted on),
        ``loss_so_far`` (mean over those folds), ``n_rounds`` (NaN if pruned), ``was_known`` (bool) and a column
        ``params.<name>`` per parameter.

    Examples
    --------
    >>> trials_table([Trial(0, {"x": 1.0}, 0.5, "complete", 9, (0.4, 0.6))])[["loss", "n_folds", "params.x"]]
       loss  n_folds  params.x
    0   0.5        2       1.0
    """
    return pd.DataFrame(
        [
            {
                "number": trial.number,
                "state": trial.state,
                "loss": np.nan if trial.loss is None else trial.loss,
                "n_folds": len(trial.losses),
                "loss_so_far": _so_far(trial),
                "n_rounds": np.nan if trial.n_rounds is None else float(trial.n_rounds),
                "was_known": trial.was_known,
                **{f"params.{name}": float(value) for name, value in trial.params.items()},
            }
            for trial in trials
        ]
    )


def best_so_far(trials: Sequence[Trial]) -> FloatArray:
    """The smallest loss up to each trial, shape (n_trials,); NaN before the first that was not pruned.

    Examples
    --------
    >>> best_so_far([Trial(0, {}, 0.5, "complete"), Trial(1, {}, None, "pruned"), Trial(2, {}, 0.4, "complete")])
    array([0.5, 0.5, 0.4])
    """
    losses = np.array([np.nan if trial.loss is None else trial.loss for trial in trials])
    return np.asarray(np.fmin.accumulate(losses), dtype=np.float64)


def along_axis(allowed: Allowed, values: FloatArray) -> FloatArray:
    """Where values lie between the ends of their axis, in [0, 1]; by order where only choices are allowed.

    Examples
    --------
    >>> along_axis(Range(low=1, high=100, scale="log"), np.array([1.0, 10.0, 100.0]))
    array([0. , 0.5, 1. ])
    >>> along_axis(Choices(choices=(0, 1)), np.array([1.0]))
    array([1.])
    """
    if isinstance(allowed, Choices):
        place = {value: i / (len(allowed.choices) - 1) for i, value in enumerate(allowed.choices)}
        return np.array([place[value] for value in values])
    low, high = allowed.low, allowed.high
    if allowed.scale == "log":
        return np.asarray(np.log(values / low) / np.log(high / low), dtype=np.float64)
    return np.asarray((values - low) / (high - low), dtype=np.float64)


def history_figure(found: Found) -> Figure:
    """Draw the loss of every trial and the best so far; a pruned one stands at the mean of the folds that it saw."""
    complete = [trial for trial in found.trials if trial.loss is not None]
    best = min(complete, key=lambda trial: (_so_far(trial), trial.number))
    title = f"Trial {best.number} of {len(found.trials)} is best: log loss {found.loss:.4f}"
    figure, axes = panel(title, "Trial", "Mean validation log loss (nats)")
    pruned = [trial for trial in found.trials if trial.loss is None]
    _points(axes, complete, BLUE, "o", f"fitted on every fold (n = {len(complete)})")
    _points(axes, pruned, GREY, "x", f"pruned (n = {len(pruned)}), mean of its folds")
    numbers = [trial.number for trial in found.trials]
    axes.step(numbers, best_so_far(found.trials), where="post", color=ORANGE, label="best so far")
    _zoom(axes, np.array([_so_far(trial) for trial in complete]))
    axes.legend(frameon=False, fontsize=8)
    return figure


def importance_figure(found: Found) -> Figure:
    """Draw the share of the loss's variance that each parameter accounts for."""
    shares = dict(sorted(found.importance.items(), key=lambda item: item[1]))
    n_complete = sum(trial.loss is not None for trial in found.trials)
    title = f"{list(shares)[-1]} accounts for {max(shares.values()):.0%} of the differences in loss"
    figure, axes = panel(title, f"Share of the variance of the loss (fANOVA, n = {n_complete} trials)", "Parameter")
    axes.barh(list(shares), list(shares.values()), color=BLUE)
    axes.set_xlim(0, 1)
    return figure


def parallel_figure(found: Found, spec: SearchSpec) -> Figure:
    """Draw each trial that was fitted on every fold as a line through its parameters; a log range has a log axis."""
    complete = [trial for trial in found.trials if trial.loss is not None]
    ordered = sorted(complete, key=lambda trial: -_so_far(trial))
    n_best = max(1, len(ordered) // 4)
    title = f"Where the best {n_best} of {len(ordered)} trials lie"
    figure, axes = panel(title, "Parameter, from the low to the high end of its range", "", width=9.0)
    names = list(spec.space)
    places = {
        name: along_axis(spec.space[name], np.array([float(trial.params[name]) for trial in ordered])) for name in names
    }
    for i in range(len(ordered)):
        is_best = i >= len(ordered) - n_best
        style = {"color": ORANGE, "linewidth": 1.6, "zorder": 3} if is_best else {"color": GREY, "linewidth": 0.7}
        axes.plot(range(len(names)), [places[name][i] for name in names], alpha=0.8, **style)  # type: ignore[arg-type]  # a colour is text, a width is not
    _ends(axes, spec)
    handles = [axes.plot([], [], color=color)[0] for color in (ORANGE, GREY)]
    axes.legend(handles, ["smallest losses", "others"], frameon=False, fontsize=8, loc="upper right")
    return figure


def _ends(axes: Axes, spec: SearchSpec) -> None:
    """Each axis with its name, scale and ends."""
    axes.set_xticks(range(len(spec.space)), [_named(name, one) for name, one in spec.space.items()], fontsize=8)
    axes.set_yticks([])
    axes.set_ylim(-0.12, 1.2)
    axes.spines["left"].set_visible(False)
    for i, allowed in enumerate(spec.space.values()):
        axes.axvline(i, color=INK, linewidth=0.8, ymin=0.12 / 1.32, ymax=1.12 / 1.32)
        ends = (
            (allowed.choices[0], allowed.choices[-1]) if isinstance(allowed, Choices) else (allowed.low, allowed.high)
        )
        axes.text(i, -0.04, f"{ends[0]:g}", ha="center", va="top", fontsize=8, color=INK)
        axes.text(i, 1.04, f"{ends[1]:g}", ha="center", va="bottom", fontsize=8, color=INK)


def _named(name: str, allowed: Allowed) -> str:
    is_log = isinstance(allowed, Range) and allowed.scale == "log"
    return f"{name.replace('_', ' ')}\n{'(log)' if is_log else ''}"


def _points(axes: Axes, trials: Sequence[Trial], color: str, marker: str, label: str) -> None:
    axes.scatter(
        [one.number for one in trials], [_so_far(one) for one in trials], color=color, marker=marker, label=label
    )


def _zoom(axes: Axes, losses: FloatArray) -> None:
    """To the better three quarters and a margin: one hopeless trial must not flatten the others."""
    low, high = float(losses.min()), float(np.quantile(losses, 0.75))
    if high > low:
        axes.set_ylim(low - 0.1 * (high - low), min(float(losses.max()), high + 2 * (high - low)) + 0.1 * (high - low))


def _so_far(trial: Trial) -> float:
    """The loss, or what is known of it."""
    if trial.loss is not None:
        return trial.loss
    return float(np.mean(trial.losses)) if trial.losses else float("nan")

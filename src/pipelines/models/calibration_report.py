"""How a calibration was chosen, as a table and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.core.report import Artifact, Report
from pipelines.core.style import BLUE, INK, ORANGE, panel
from pipelines.models.calibration_choice import SIMPLEST, CalibrationTrial

_PER = 1_000
"""Differences of log loss are a few thousandths of a nat."""


def choice_table(trials: Sequence[CalibrationTrial]) -> pd.DataFrame:
    """One row per candidate and judged period; the losses are null where no period judged.

    Returns
    -------
    DataFrame
        ``type``, ``period``, ``n_rows``, ``log_loss``, ``brier``, ``ece``, ``difference`` (to the sigmoid, in that
        period) and ``is_chosen``.
    """
    columns = ["type", "period", "n_rows", "log_loss", "brier", "ece", "difference", "is_chosen"]
    rows = [
        {"type": trial.type, "is_chosen": trial.is_chosen, **asdict(one)} for trial in trials for one in trial.by_period
    ]
    return pd.DataFrame(rows, columns=columns)


def choice_figure(trials: Sequence[CalibrationTrial]) -> Figure:
    """Draw each candidate's held-out log loss beside the sigmoid's: a dot per period, and the mean with 2 errors."""
    judged = [trial for trial in trials if trial.by_period]
    figure, axes = panel(
        _title(trials), f"Held-out log loss minus that of the {SIMPLEST} (nats per {_PER:,} rows)", "", height=3.2
    )
    axes.axvline(0, color=INK, linewidth=0.8)
    for place, trial in enumerate(judged):
        _draw(axes, place, trial)
    axes.set_yticks(range(len(judged)), [_name(trial) for trial in judged])
    axes.set_ylim(max(1, len(judged)) - 0.5, -0.5)
    if judged:
        n_rows, n_periods = sum(one.n_rows for one in judged[0].by_period), len(judged[0].by_period)
        size = f"n = {n_rows:,} rows in {n_periods} later period{'s' * (n_periods > 1)}"
        handles, names = axes.get_legend_handles_labels()
        shown = dict(zip(names, handles, strict=True))
        axes.legend(list(shown.values()), list(shown), title=size, frameon=False, fontsize=8, title_fontsize=8)
    return figure


def choice_report(trials: Sequence[CalibrationTrial]) -> Report:
    """All of a choice.

    Returns
    -------
    Report
        ``report/calibration_choice.json`` with every candidate, its figures and its reason, and the figure
        ``report/calibration_choice.png``. Metrics ``calibration.<type>.log_loss``, ``.brier`` and ``.ece`` of held-out
        periods, for those that were judged.
    """
    content = [
        {**asdict(trial), **{name: _nullable(getattr(trial, name)) for name in ("difference", "standard_error")}}
        for trial in trials
    ]
    metrics = {
        f"calibration.{trial.type}.{name}": trial.mean(name)
        for trial in trials
        if trial.by_period
        for name in ("log_loss", "brier", "ece")
    }
    artifacts: dict[str, Artifact] = {
        "report/calibration_choice.json": {"candidates": content},
        "report/calibration_choice.png": choice_figure(trials),
    }
    return Report(metrics, artifacts)


def _title(trials: Sequence[CalibrationTrial]) -> str:
    chosen = next(trial for trial in trials if trial.is_chosen)
    if not chosen.by_period:
        return f"{_name(chosen)} is taken: no later period could judge the others"
    if chosen.type == SIMPLEST:
        return f"{_name(chosen)} is kept: no other is clearly better on later periods"
    return f"{_name(chosen)} is chosen: {-_PER * chosen.difference:.1f} nats per {_PER:,} rows better, in every period"


def _name(trial: CalibrationTrial) -> str:
    return {"venn_abers": "Venn-Abers"}.get(trial.type, trial.type.capitalize())


def _draw(axes: Axes, place: int, trial: CalibrationTrial) -> None:
    colour = ORANGE if trial.is_chosen else BLUE
    periods = _PER * np.array([one.difference for one in trial.by_period])
    axes.plot(periods, [place] * periods.size, "o", color=colour, alpha=0.4, markersize=5, label="one period")
    mean, reach = _PER * trial.difference, 2 * _PER * trial.standard_error
    axes.errorbar(mean, place, xerr=reach, fmt="D", color=colour, markersize=5, capsize=3, label="mean, 2 row errors")


def _nullable(value: float) -> float | None:
    return None if np.isnan(value) else value

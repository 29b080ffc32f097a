"""Four figures of a model beside its baselines: first the numbers, then the drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from pipelines.core.intervals import FloatArray, IntArray, Interval, rate_interval
from pipelines.core.report import Report
from pipelines.core.style import BLUE, GREY, INK, panel
from pipelines.evaluation.additive import N_BINS, equal_mass_bins
from pipelines.evaluation.evaluate import LabelArray, Predictions
from pipelines.evaluation.metrics import METRICS, Metric

MODEL = "model"
_Place = Literal["lower right", "upper right", "upper left"]
_METRIC = {metric.name: metric for metric in METRICS}


@dataclass(frozen=True)
class Curve:
    """A line through a plane of shares.

    Parameters
    ----------
    x, y : float array of shape (n_points,)
        Both in [0, 1], by descending threshold.
    """

    x: FloatArray
    y: FloatArray


@dataclass(frozen=True)
class CalibrationBin:
    """Rows of about the same predicted probability.

    Parameters
    ----------
    n_rows : int
        How many.
    predicted : float
        Their mean probability.
    observed : Interval
        Their share of positives, with customers as clusters.
    """

    n_rows: int
    predicted: float
    observed: Interval

    @property
    def agrees(self) -> bool:
        """Whether the prediction lies inside the interval of the observed rate."""
        return self.observed.low <= self.predicted <= self.observed.high


def roc_curve(label: ArrayLike, score: ArrayLike) -> Curve:
    """False positive rate and true positive rate, one point per distinct score.

    Examples
    --------
    >>> curve = roc_curve([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1])
    >>> curve.x.tolist(), curve.y.tolist()
    ([0.0, 0.0, 0.5, 1.0], [0.0, 0.5, 1.0, 1.0])
    """
    n_chosen, n_caught = _counts(label, score)
    n_missed = n_chosen - n_caught
    return Curve(n_missed / n_missed[-1], n_caught / n_caught[-1])


def pr_curve(label: ArrayLike, score: ArrayLike) -> Curve:
    """Recall and precision, one point per distinct score; no point where nothing is chosen.

    Examples
    --------
    >>> curve = pr_curve([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1])
    >>> curve.x.tolist(), curve.y.round(2).tolist()
    ([0.5, 1.0, 1.0], [1.0, 0.67, 0.5])
    """
    n_chosen, n_caught = _counts(label, score)
    return Curve(n_caught[1:] / n_caught[-1], n_caught[1:] / n_chosen[1:])


def gain_curve(label: ArrayLike, score: ArrayLike) -> Curve:
    """Share of rows chosen and share of positives among them, one point per distinct score.

    The lift at a share is the slope of the ray from the origin to the curve.

    Examples
    --------
    >>> curve = gain_curve([1, 0, 0, 1], [0.9, 0.5, 0.5, 0.1])
    >>> curve.x.tolist(), curve.y.tolist()
    ([0.0, 0.25, 0.75, 1.0], [0.0, 0.5, 0.5, 1.0])
    """
    n_chosen, n_caught = _counts(label, score)
    return Curve(n_chosen / n_chosen[-1], n_caught / n_caught[-1])


def calibration_bins(label: LabelArray, customer: IntArray, probability: FloatArray) -> tuple[CalibrationBin, ...]:
    """Predicted and observed rates in ten bins of equally many rows; fewer where many probabilities are equal.

    Parameters
    ----------
    label : array of shape (n_rows,)
        Labels, 0 or 1.
    customer : integer array of shape (n_rows,)
        The customer of each row.
    probability : float array of shape (n_rows,)
        Calibrated probability of a positive.

    Examples
    --------
    >>> bins = calibration_bins(np.array([0, 0, 1, 1]), np.arange(4), np.array([0.2, 0.2, 0.8, 0.8]))
    >>> [(one.n_rows, one.predicted, str(one.observed)) for one in bins]
    [(2, 0.2, '0.000 [0.000, 0.658]'), (2, 0.8, '1.000 [0.342, 1.000]')]
    """
    place = equal_mass_bins(probability)
    members = [place == i for i in range(N_BINS)]
    return tuple(
        CalibrationBin(
            n_rows=int(rows.sum()),
            predicted=float(probability[rows].mean()),
            observed=rate_interval(label[rows], customer[rows]),
        )
        for rows in members
        if rows.any()
    )


def roc_figure(label: LabelArray, model: Predictions, baselines: Mapping[str, Predictions]) -> Figure:
    """Draw the ROC curve of each model, with its area."""
    shown = _shown(label, model, baselines, _METRIC["roc_auc"])
    title = f"A positive outranks a negative {_percent(shown[MODEL].value)} of the time"
    figure, axes = panel(title + _best(shown, _percent), "False positive rate", "True positive rate (recall)")
    for name, one in shown.items():
        curve = roc_curve(label, one.predictions.raw)
        axes.plot(curve.x, curve.y, label=f"{_plain(name)}: {one.value:.3f}", zorder=one.zorder)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="random: 0.500")
    return _finished(figure, axes, label, "ROC-AUC", "lower right")


def pr_figure(label: LabelArray, model: Predictions, baselines: Mapping[str, Predictions]) -> Figure:
    """Draw precision against recall for each model, with its average precision."""
    shown, prevalence = _shown(label, model, baselines, _METRIC["pr_auc"]), float(np.mean(label))
    average = shown[MODEL].value
    title = f"Average precision {average:.2f}, {average / prevalence:.1f} times the prevalence"
    figure, axes = panel(title + _best(shown, "{:.2f}".format), "Recall", "Precision")
    for name, one in shown.items():
        curve = pr_curve(label, one.predictions.raw)
        axes.plot(curve.x, curve.y, drawstyle="steps-pre", label=f"{_plain(name)}: {one.value:.3f}", zorder=one.zorder)
    axes.axhline(prevalence, color=GREY, linestyle=":", label=f"prevalence: {prevalence:.3f}")
    axes.set_ylim(0, 1.02)
    return _finished(figure, axes, label, "Average precision", "upper right")


def gain_figure(label: LabelArray, model: Predictions, baselines: Mapping[str, Predictions]) -> Figure:
    """Draw the cumulative gain of each model over rays of equal lift."""
    shown = _shown(label, model, baselines, _METRIC["lift_at_10pct"])
    lift = shown[MODEL].value
    title = f"The top tenth holds {_percent(lift / 10)} of the positives: lift {lift:.1f}"
    figure, axes = panel(
        title + _best(shown, "{:.1f}".format), "Share of rows chosen, highest score first", "Share of positives (gain)"
    )
    for name, one in shown.items():
        curve = gain_curve(label, one.predictions.raw)
        axes.plot(curve.x, curve.y, label=f"{_plain(name)}: {one.value:.2f}", zorder=one.zorder)
    axes.axvline(0.1, color=INK, linewidth=0.8, linestyle="--")
    _draw_lift_rays(axes)
    return _finished(figure, axes, label, "Lift at 10 %", "lower right")


def calibration_figure(
    label: LabelArray, customer: IntArray, model: Predictions, baselines: Mapping[str, Predictions]
) -> Figure:
    """Draw observed against predicted rates, over the number of rows at each probability.

    The bars are the model's 95 % intervals with customers as clusters: that is what the customers are for.
    """
    shown = _shown(label, model, baselines, _METRIC["ece"])
    bins = {name: calibration_bins(label, customer, one.predictions.probability) for name, one in shown.items()}
    n_agree, gap = sum(one.agrees for one in bins[MODEL]), shown[MODEL].value
    title = f"Predicted and observed agree in {n_agree} of {len(bins[MODEL])} bins, mean gap {gap:.3f}"
    figure, axes = panel(title, "Predicted probability (mean of the bin)", "Observed share of positives")
    for name, one in shown.items():
        predicted = [part.predicted for part in bins[name]]
        observed = [part.observed.estimate for part in bins[name]]
        axes.plot(
            predicted, observed, marker="o", markersize=4, label=f"{_plain(name)}: {one.value:.3f}", zorder=one.zorder
        )
    _draw_intervals(axes, bins[MODEL])
    end = max(max(part.predicted, part.observed.high) for parts in bins.values() for part in parts)
    axes.plot([0, end], [0, end], color=GREY, linestyle=":", label="perfect: 0.000")
    _draw_counts(axes, model.probability)
    return _finished(figure, axes, label, "ECE, bars are 95 % intervals", "upper left")


def evaluation_figures(
    label: LabelArray, customer: IntArray, model: Predictions, baselines: Mapping[str, Predictions]
) -> Report:
    """Draw all four.

    Parameters
    ----------
    label : array of shape (n_rows,)
        Labels, 0 or 1; both must occur.
    customer : integer array of shape (n_rows,)
        The customer of each row, as any integer code.
    model : Predictions
        Of the model, for these rows.
    baselines : mapping of str to Predictions
        Of each baseline, for the same rows.

    Returns
    -------
    Report
        Figures ``report/roc.png``, ``report/pr.png``, ``report/gain.png`` and ``report/calibration.png``.
    """
    return Report(
        artifacts={
            "report/roc.png": roc_figure(label, model, baselines),
            "report/pr.png": pr_figure(label, model, baselines),
            "report/gain.png": gain_figure(label, model, baselines),
            "report/calibration.png": calibration_figure(label, customer, model, baselines),
        }
    )


def _counts(label: ArrayLike, score: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Rows and positives at or above each distinct score, from none to all."""
    scores = np.asarray(score, dtype=np.float64)
    descending = np.argsort(-scores, kind="stable")
    ordered = scores[descending]
    is_last = np.append(ordered[1:] != ordered[:-1], True)
    n_caught = np.cumsum(np.asarray(label, dtype=np.float64)[descending])[is_last]
    n_chosen = np.flatnonzero(is_last) + 1.0
    return np.insert(n_chosen, 0, 0.0), np.insert(n_caught, 0, 0.0)


@dataclass(frozen=True)
class _Shown:
    """One line of a figure."""

    predictions: Predictions
    value: float
    zorder: int


def _shown(
    label: LabelArray, model: Predictions, baselines: Mapping[str, Predictions], metric: Metric
) -> dict[str, _Shown]:
    """The model first, and on top."""
    models = {MODEL: model, **baselines}
    return {
        name: _Shown(one, metric.function(label, one.read_by(metric)), zorder=3 if name == MODEL else 2)
        for name, one in models.items()
    }


def _best(shown: Mapping[str, _Shown], text: Callable[[float], str]) -> str:
    """What the best baseline reaches, for the title."""
    baselines = {name: one.value for name, one in shown.items() if name != MODEL}
    if not baselines:
        return ""
    best = max(baselines, key=lambda name: baselines[name])
    return f" ({_plain(best)}: {text(baselines[best])})"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _draw_lift_rays(axes: Axes) -> None:
    for lift in (1, 2, 3, 5):
        axes.plot([0, 1 / lift], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
        name = f"lift {lift}" if lift > 1 else "random"
        axes.annotate(
            name, (1 / lift, 1), (-3, 0), textcoords="offset points", ha="right", va="bottom", fontsize=8, color=GREY
        )
    axes.set_ylim(0, 1.06)


def _draw_intervals(axes: Axes, bins: Sequence[CalibrationBin]) -> None:
    predicted = [one.predicted for one in bins]
    low, high = [one.observed.low for one in bins], [one.observed.high for one in bins]
    axes.vlines(predicted, low, high, color=BLUE, linewidth=1.2, zorder=3)


def _draw_counts(axes: Axes, probability: FloatArray) -> None:
    """A flat histogram along the bottom, with its own axis."""
    counts = axes.twinx()
    n_rows, _, _ = counts.hist(probability, bins=40, color=GREY, alpha=0.35)
    counts.set_ylim(0, 4 * float(np.max(n_rows)))
    counts.set_ylabel("Rows", color=INK)
    counts.spines["top"].set_visible(False)
    axes.set_zorder(counts.get_zorder() + 1)
    axes.patch.set_visible(False)


def _finished(figure: Figure, axes: Axes, label: LabelArray, value: str, place: _Place) -> Figure:
    n_rows, n_positive = label.size, int(np.sum(label))
    axes.legend(
        title=f"{value}\nn = {n_rows:,} rows, {n_positive:,} positive",
        loc=place,
        frameon=False,
        fontsize=8,
        title_fontsize=8,
    )
    return figure

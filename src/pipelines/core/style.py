"""One look for every figure: readable in light and dark, colour-blind safe (Okabe & Ito's palette)."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#333333"
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8A8A8A"
CYCLE = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9", GREY)


def literal(text: str) -> str:
    r"""Text that a figure draws as it is written: between two dollar signs, matplotlib would read a formula.

    Examples
    --------
    >>> literal("$x_1$")
    '\\$x_1\\$'
    """
    return text.replace("$", r"\$")


def panel(title: str, xlabel: str, ylabel: str, *, width: float = 6.4, height: float = 4.4) -> tuple[Figure, Axes]:
    """A figure with one set of axes, a title that states the finding, and both axes labelled.

    Returns
    -------
    (Figure, Axes)
        Not known to pyplot: nothing global changes and nothing needs closing.
    """
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    _dressed(axes, xlabel, ylabel)
    return figure, axes


def panels(
    title: str, xlabels: tuple[str, ...], ylabel: str, *, width: float = 8.0, height: float = 4.4
) -> tuple[Figure, tuple[Axes, ...]]:
    """A figure with axes side by side that share the vertical one, under a title that states the finding.

    Returns
    -------
    (Figure, tuple of Axes)
        One set of axes per label in ``xlabels``; not known to pyplot.
    """
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    found = tuple(figure.subplots(1, len(xlabels), sharey=True, squeeze=False)[0])
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    for place, (axes, xlabel) in enumerate(zip(found, xlabels, strict=True)):
        _dressed(axes, xlabel, ylabel if place == 0 else "")
    return figure, found


def _dressed(axes: Axes, xlabel: str, ylabel: str) -> None:
    axes.set_xlabel(xlabel, color=INK)
    axes.set_ylabel(ylabel, color=INK)
    axes.set_prop_cycle(color=CYCLE)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)

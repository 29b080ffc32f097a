"""How well features tell the values of sensitive columns apart, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from pipelines.core.style import BLUE, GREY, literal, panel

if TYPE_CHECKING:  # it draws what the report holds, and the report calls it
    from pipelines.fairness.proxies import Proxies


def proxies_figure(found: Proxies) -> Figure:
    """ROC-AUC of every value that is large enough, with intervals; grey where chance may do as well."""
    shown = [
        (column.column, level, level.roc_auc)
        for column in found.columns
        for level in column.levels
        if level.roc_auc is not None
    ]
    n_told = sum(one.low > 0.5 for _, _, one in shown)
    title = f"Features tell {n_told} of {len(shown)} values from the others better than chance"
    figure, axes = panel(title, "ROC-AUC out of fold", "value", width=8.0, height=1.5 + 0.4 * len(shown))
    axes.axvline(0.5, color=GREY, linewidth=1, linestyle="--")
    for place, (_, _, one) in enumerate(shown):
        colour = BLUE if one.low > 0.5 else GREY
        axes.plot([one.low, one.high], [place, place], color=colour, linewidth=2, alpha=0.6)
        axes.plot([one.estimate], [place], color=colour, marker="o", markersize=6)
    names = [f"{literal(column)}: {literal(level.name)} ({level.n_customers:,})" for column, level, _ in shown]
    axes.set_yticks(range(len(shown)), names)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    return figure

"""What a panel covers: how many rows each cutoff has, how many of them have an outcome, and how many are positive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.report import Report

if TYPE_CHECKING:  # who only counts need not wait for it
    from matplotlib.figure import Figure

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Coverage:
    """Counts by cutoff, oldest first; all arrays of shape (n_cutoffs,).

    Parameters
    ----------
    cutoffs : tuple of datetime
        Midnights UTC.
    n_rows : ndarray of int64
        Eligible customers.
    n_labelled : ndarray of int64
        Those whose outcome window has ended; the others are censored and have no label.
    n_positive : ndarray of int64
        Positive labels.
    """

    cutoffs: tuple[datetime, ...]
    n_rows: IntArray
    n_labelled: IntArray
    n_positive: IntArray

    @property
    def n_censored(self) -> int:
        """Rows without a label."""
        return int((self.n_rows - self.n_labelled).sum())

    @property
    def prevalence(self) -> float:
        """Share of positives among the labelled rows; NaN if there are none."""
        n_labelled = self.n_labelled.sum()
        return float(self.n_positive.sum() / n_labelled) if n_labelled else float("nan")

    def report(self, positive: str) -> Report:
        """Metrics, a table by cutoff and a figure; ``positive`` is what a positive customer does."""
        metrics = {
            "panel.n_rows": float(self.n_rows.sum()),
            "panel.n_cutoffs": float(len(self.cutoffs)),
            "panel.n_censored": float(self.n_censored),
        }
        known = {"panel.prevalence": self.prevalence} if self.n_labelled.any() else {}
        return Report(
            metrics | known, {"report/cutoffs.parquet": self._table(), "report/cutoffs.png": self._figure(positive)}
        )

    def _table(self) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "cutoff": [cutoff.replace(tzinfo=None) for cutoff in self.cutoffs],
                "n_rows": self.n_rows,
                "n_labelled": self.n_labelled,
                "n_censored": self.n_rows - self.n_labelled,
                "n_positive": self.n_positive,
            }
        )

    def _figure(self, positive: str) -> Figure:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        from pipelines.core.style import BLUE, GREY, ORANGE, panel

        title = f"{self.n_rows.sum():,} rows at {len(self.cutoffs)} cutoffs, {self.prevalence:.1%} {positive}"
        figure, axes = panel(f"{title}, {self.n_censored:,} not known yet", "cutoff", "customers", width=8.0)
        at, below = [cutoff.replace(tzinfo=None) for cutoff in self.cutoffs], np.zeros(len(self.cutoffs))
        parts = {
            positive: (self.n_positive, ORANGE),
            f"not {positive}": (self.n_labelled - self.n_positive, BLUE),
            "outcome not known yet": (self.n_rows - self.n_labelled, GREY),
        }
        for label, (counts, colour) in parts.items():
            axes.bar(at, counts, bottom=below, width=5, color=colour, label=label)  # type: ignore[arg-type]  # dates
            below = below + counts
        locator = AutoDateLocator(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]  # matplotlib.dates has none
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]  # the same
        axes.yaxis.set_major_formatter("{x:,.0f}")
        figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=3)
        return figure

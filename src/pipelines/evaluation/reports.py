"""Slices, ageing and differences as a run keeps them: metrics, tables and figures by their path."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.core.report import Artifact, Report
from pipelines.evaluation.ageing import Ageing
from pipelines.evaluation.evaluate import Evaluation
from pipelines.evaluation.interval_figures import ageing_figure, differences_figure, slice_figure
from pipelines.evaluation.slices import Slice, slice_table


def slices_report(slices: Sequence[Slice], found: Evaluation) -> Report:
    """``report/slices.parquet``, and a figure ``report/by_<column>.png`` per column.

    Examples
    --------
    >>> from pipelines.core.intervals import Interval
    >>> found = Evaluation(9, 9, 0.5, {"roc_auc": Interval(0.8, 0.7, 0.9)}, {}, {})
    >>> small = Slice("age band", "35-44", 9, 9, 0.5, {}, "9 rows, fewer than 200")
    >>> list(slices_report([small], found).artifacts)
    ['report/slices.parquet', 'report/by_age_band.png']
    """
    artifacts: dict[str, Artifact] = {"report/slices.parquet": slice_table(tuple(slices))}
    for column in dict.fromkeys(one.column for one in slices):
        artifacts[f"report/by_{_file_name(column)}.png"] = slice_figure(slices, column, found)
    return Report(artifacts=artifacts)


def ageing_report(found: Ageing) -> Report:
    """Metrics ``ageing.*``, ``report/ageing.parquet`` and ``report/ageing.png``."""
    return Report(found.metrics(), {"report/ageing.parquet": found.table(), "report/ageing.png": ageing_figure(found)})


def differences_report(found: Evaluation) -> Report:
    """``report/differences.png``."""
    return Report(artifacts={"report/differences.png": differences_figure(found)})


def _file_name(column: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_") or "column"

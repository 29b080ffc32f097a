"""An evaluation in words and one table, for the page of a run."""

from __future__ import annotations

from pipelines.core.intervals import Interval
from pipelines.evaluation.evaluate import Evaluation, Intervals
from pipelines.evaluation.metrics import METRICS


def as_markdown(found: Evaluation, title: str, positive: str) -> str:
    """The test figures as Markdown.

    Parameters
    ----------
    found : Evaluation
        Of the test.
    title : str
        What was predicted.
    positive : str
        What a positive customer does, as in ``churns``.

    Returns
    -------
    str
        A heading, a sentence about the rows, and a table of every metric with its 95 % interval: the model, each
        baseline, and the paired difference to it.
    """
    rows = [("model", found.model)]
    for name, metrics in found.baselines.items():
        rows += [(name.replace("_", " "), metrics), (f"model minus {name.replace('_', ' ')}", found.differences[name])]
    names = [metric.name for metric in METRICS]
    return "\n".join(
        [
            f"## {title}",
            "",
            f"Test: {found.n_rows:,} rows of {found.n_customers:,} customers, {found.prevalence:.1%} {positive}. "
            "Brackets hold 95 % intervals that resample customers.",
            "",
            _row("", names),
            _row("---", ["---"] * len(names)),
            *(_row(name, _cells(metrics, names)) for name, metrics in rows),
        ]
    )


def _cells(metrics: Intervals, names: list[str]) -> list[str]:
    return [_cell(metrics[name]) for name in names]


def _cell(interval: Interval) -> str:
    return f"{interval.estimate:.4f} [{interval.low:.4f}, {interval.high:.4f}]"


def _row(first: str, cells: list[str]) -> str:
    return "| " + " | ".join([first, *cells]) + " |"

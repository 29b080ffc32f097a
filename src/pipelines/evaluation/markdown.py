"""An evaluation in words and one table, for the page of a run: the short version of `pipelines.evaluation.page`."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.core.intervals import Interval
from pipelines.evaluation.ageing import Ageing
from pipelines.evaluation.evaluate import Evaluation, Intervals
from pipelines.evaluation.metrics import METRICS
from pipelines.evaluation.slices import Slice
from pipelines.evaluation.words import ageing_words, calibration_words, doubts, of_the_rows, slice_words, verdict

_SPECIAL = str.maketrans({"<": "&lt;", ">": "&gt;", "|": "\\|", "`": "'"})


def as_markdown(
    found: Evaluation,
    title: str,
    positive: str,
    *,
    description: str = "",
    slices: Sequence[Slice] = (),
    aged: Ageing | None = None,
) -> str:
    """The test figures as Markdown.

    Parameters
    ----------
    found : Evaluation
        Of the test.
    title : str
        What was predicted.
    positive : str
        What a positive customer does, as in ``churns``.
    description : str
        The question, in a sentence.
    slices : sequence of Slice
        Where the model was measured on parts.
    aged : Ageing, optional
        How it ages.

    Returns
    -------
    str
        The question, the rows, the verdict in words, a table of every metric with its 95 % interval (the model, the
        champion, each baseline, and the paired differences), calibration, ageing, where it fails and what to doubt.
        Names from data cannot break the table or become HTML.
    """
    reasons = doubts(found, slices, aged)
    return "\n".join(
        [
            f"## {_safe(title)}",
            *(["", _safe(description)] if description else []),
            "",
            f"Test: {of_the_rows(found, positive)}",
            "",
            _safe(" ".join(verdict(found))),
            "",
            *_table(found),
            *_part("How it is calibrated", [calibration_words(found)]),
            *_part("How it ages", ageing_words(aged) if aged else []),
            *_part("Where it fails", slice_words(slices, found) if slices else []),
            *_part("What to doubt", reasons),
        ]
    )


def _table(found: Evaluation) -> list[str]:
    rows = [("model", found.model)]
    if found.champion and found.over_champion:
        rows += [("champion", found.champion), ("model minus champion", found.over_champion)]
    for name, metrics in found.baselines.items():
        rows += [(_plain(name), metrics), (f"model minus {_plain(name)}", found.differences[name])]
    names = [metric.name for metric in METRICS]
    return [_row("", names), _row("---", ["---"] * len(names)), *(_row(name, _cells(of, names)) for name, of in rows)]


def _part(title: str, sentences: Sequence[str]) -> list[str]:
    return ["", f"### {title}", "", *(f"- {_safe(sentence)}" for sentence in sentences)] if sentences else []


def _cells(metrics: Intervals, names: list[str]) -> list[str]:
    return [_cell(metrics[name]) for name in names]


def _cell(interval: Interval) -> str:
    return f"{interval.estimate:.4f} [{interval.low:.4f}, {interval.high:.4f}]"


def _row(first: str, cells: list[str]) -> str:
    return "| " + " | ".join([first, *cells]) + " |"


def _plain(name: str) -> str:
    return _safe(name.replace("_", " "))


def _safe(text: str) -> str:
    return text.translate(_SPECIAL)

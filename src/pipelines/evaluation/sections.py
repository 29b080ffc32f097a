"""The parts of the page that an evaluation can fill: each takes what was measured and gives a `Section`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from pipelines.core.intervals import Interval
from pipelines.evaluation.ageing import Ageing
from pipelines.evaluation.evaluate import Evaluation, Intervals
from pipelines.evaluation.interval_figures import ageing_figure, differences_figure, slice_figure
from pipelines.evaluation.metrics import METRICS
from pipelines.evaluation.page import KeyFigure, Section
from pipelines.evaluation.slices import Slice
from pipelines.evaluation.words import (
    ageing_words,
    calibration_words,
    cell,
    differences_of,
    doubts,
    is_better,
    of_the_rows,
    said,
    slice_words,
    verdict,
)

_CAPTIONS = {
    "roc": "The further a line bends to the upper left, the better its model tells positives from negatives.",
    "pr": "Precision is the share of positives among those chosen. Look at the left: that is where a budget is spent.",
    "gain": "How many of all positives are reached by contacting a share of the customers. The dashed line is a tenth.",
    "calibration": "A point on the dotted line is a probability that comes true. Bars that miss the line are off.",
}
_SHOWN_OF_SLICES = ("roc_auc", "lift_at_10pct", "calibration_gap")


def key_figures(found: Evaluation) -> tuple[KeyFigure, ...]:
    """The numbers at the top: ranking, top tenth, calibration, and how many rows say so."""
    auc, lift, ece = (found.model[name] for name in ("roc_auc", "lift_at_10pct", "ece"))
    return (
        KeyFigure("ROC-AUC", f"{auc.estimate:.3f}", _ends(auc, 3)),
        KeyFigure("Lift of the top tenth", f"{lift.estimate:.2f}", _ends(lift, 2)),
        KeyFigure("Calibration error", f"{ece.estimate:.3f}", f"at most {ece.high:.3f} (95 %)"),
        KeyFigure("Positive", f"{found.prevalence:.1%}", "of the rows"),
        KeyFigure("Rows", f"{found.n_rows:,}", f"of {found.n_customers:,} customers"),
    )


def protocol(question: str, parts: Mapping[str, str]) -> Section:
    """What was asked, and how time was divided: ``parts`` says of each part which cutoffs it holds."""
    table = pd.DataFrame({"part": list(parts), "what it holds": list(parts.values())})
    return Section("Question and protocol", question, table if parts else None)


def headline(found: Evaluation, positive: str) -> Section:
    """The verdict in words, and every metric of every model with its interval."""
    models: dict[str, Intervals] = {"model": found.model}
    models |= {"champion": found.champion} if found.champion else {}
    models |= found.baselines
    columns = {"metric": [_with_arrow(metric.name, metric.greater_is_better) for metric in METRICS]}
    columns |= {_plain(name): [cell(one.get(metric.name)) for metric in METRICS] for name, one in models.items()}
    words = [" ".join(verdict(found)), calibration_words(found), of_the_rows(found, positive)]
    return Section("Verdict", "\n\n".join(words), pd.DataFrame(columns))


def beats(found: Evaluation) -> Section:
    """Paired differences to the champion and to every baseline, as a figure and a table."""
    others = differences_of(found)
    columns = {"metric": [said(metric.name) for metric in METRICS]}
    for name, one in others.items():
        columns[f"model minus {_plain(name)}"] = [_marked(metric.name, one) for metric in METRICS]
    words = (
        "Differences are paired: the same rows and the same resamples for both, so that what both find hard cancels. "
        "A tick says that the whole interval lies on the better side, a cross on the worse."
    )
    caption = "Each bar is a paired difference with its 95 % interval: right of the line is better, across it is a tie."
    return Section("What it beats", words, pd.DataFrame(columns), {caption: differences_figure(found)})


def curves(figures: Mapping[str, Figure]) -> Section:
    """The figures of `evaluation_figures`, by artifact path; others keep their name as a caption."""
    named = {path.rsplit("/", 1)[-1].removesuffix(".png"): figure for path, figure in figures.items()}
    return Section("Curves", figures={_CAPTIONS.get(name, _plain(name)): figure for name, figure in named.items()})


def by_level(slices: Sequence[Slice], found: Evaluation, title: str = "Where it fails") -> Section:
    """A figure per column and a table of all levels; ``found`` is of all the rows that were divided."""
    columns = list(dict.fromkeys(one.column for one in slices))
    figures = {
        f"By {_plain(column)}. The dashed line is the value over all rows; red is an interval that lies off it or, on "
        "the right, off zero.": slice_figure(slices, column, found)
        for column in columns
    }
    words = "\n".join(f"- {sentence}" for sentence in slice_words(slices, found))
    return Section(title, words, _slice_page_table(slices), figures)


def ages(found: Ageing) -> Section:
    """How the model ages, in words, a figure and a table."""
    caption = (
        "Each bar compares models of one age with fresh ones, which have newer rows and more of them. Above zero, age "
        f"costs something; a bar wholly above {found.margin:g} has cost too much."
    )
    rows = [(age.n_weeks, age.n_rows, age.n_origins, cell(age.loss, 4), cell(age.log_loss, 4)) for age in found.ages]
    names = ["weeks since training", "rows", "models", "ROC-AUC lost", "log loss added"]
    table = pd.DataFrame(rows, columns=names)
    if all(age.log_loss is None for age in found.ages):
        table = table.drop(columns="log loss added")
    return Section("How it ages", " ".join(ageing_words(found)), table, {caption: ageing_figure(found)})


def in_doubt(
    found: Evaluation, slices: Sequence[Slice] = (), aged: Ageing | None = None, more: Sequence[str] = ()
) -> Section:
    """What to doubt, the caller's reasons too; it says so where there is none."""
    reasons = [*doubts(found, slices, aged), *more]
    words = "\n".join(f"- {reason}" for reason in reasons)
    return Section("What to doubt", words or "Nothing that these checks look for.", is_warning=bool(reasons))


def provenance(values: Mapping[str, str]) -> Section:
    """Digests, seed and versions: what is needed to get the same page again."""
    table = pd.DataFrame({"what": list(values), "value": list(values.values())})
    return Section("Where it comes from", "With these the run can be repeated to the same figures.", table)


def _ends(value: Interval, digits: int) -> str:
    return "interval not known" if math.isnan(value.low) else f"{value.low:.{digits}f} to {value.high:.{digits}f}"


def _slice_page_table(slices: Sequence[Slice]) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for one in slices:
        row: dict[str, object] = {"by": _plain(one.column), "level": one.level, "rows": one.n_rows}
        row |= {"customers": one.n_customers, "positive": f"{one.prevalence:.1%}"}
        row |= {said(name): cell(one.metrics[name]) if one.metrics else "" for name in _SHOWN_OF_SLICES}
        rows.append(row | {"note": one.note})
    table = pd.DataFrame(rows)
    empty = [*(["note"] if not any(one.note for one in slices) else [])]
    empty += ["by"] if len({one.column for one in slices}) < 2 else []
    return table.drop(columns=empty, errors="ignore")


def _marked(metric: str, difference: Intervals) -> str:
    better = is_better(metric, difference[metric])
    return cell(difference[metric]) + {True: " ✓", False: " ✗", None: " ·"}[better]


def _with_arrow(metric: str, greater_is_better: bool) -> str:
    return f"{said(metric)} {'↑' if greater_is_better else '↓'}"


def _plain(name: str) -> str:
    return name.replace("_", " ")

"""Evidently's page on data drift, to look at beside the verdict. The only module that imports evidently."""

from __future__ import annotations

import html
import warnings

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

from pipelines.drift.values import numbers

METHOD, THRESHOLD = "wasserstein", 0.38
"""One test for every size: Evidently's default changes at 1,000 reference rows, and its verdict with it. A normal
column moved by 0.38 standard deviations has a Kolmogorov-Smirnov distance of 0.15."""

_PAGE = "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>Drift</title></head><body></body></html>"


def drift_html(
    reference: pd.DataFrame, current: pd.DataFrame, *, rng: np.random.Generator, max_rows: int = 5_000
) -> str:
    """Evidently's ``DataDriftPreset`` as a page of its own, whatever the columns hold.

    Parameters
    ----------
    reference, current : DataFrame
        Feature rows; every column of the reference is looked for in the current rows.
    rng : Generator
        Source of the sample.
    max_rows : int
        Rows per side; more are sampled, since time and the size of the page grow with them.

    Returns
    -------
    str
        HTML, with a banner that says which rows and columns it is about. Columns that are missing, hold no numbers or
        no value at all are named there: Evidently raises on them, or leaves them out without a word. Names are
        escaped.
    """
    sides = (_sampled(reference, rng, max_rows), _sampled(current, rng, max_rows))
    shown, left_out = _columns(*sides)
    page = _rendered(*(_finite(side, shown) for side in sides))
    return page.replace("<body>", "<body>" + _banner(len(sides[0]), len(sides[1]), left_out), 1)


def _sampled(rows: pd.DataFrame, rng: np.random.Generator, max_rows: int) -> pd.DataFrame:
    if len(rows) <= max_rows:
        return rows
    return rows.iloc[np.sort(rng.choice(len(rows), max_rows, replace=False))]


def _columns(reference: pd.DataFrame, current: pd.DataFrame) -> tuple[list[str], dict[str, str]]:
    """The columns to show, and why each of the others is left out."""
    reasons = {name: _unfit(name, reference, current) for name in reference.columns}
    left_out = {name: reason for name, reason in reasons.items() if reason}
    return [name for name in reasons if name not in left_out], left_out


def _unfit(name: str, reference: pd.DataFrame, current: pd.DataFrame) -> str:
    if name not in current.columns:
        return "missing from the current rows"
    for side, rows in {"reference": reference, "current rows": current}.items():
        values = numbers(rows[name])
        if values is None:
            return f"no numbers in the {side}"
        if not np.isfinite(values).any():
            return f"no value in the {side}"
    return ""


def _finite(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """In double precision, for Evidently does not know decimals; infinities as null, for its histograms have no end."""
    values = {html.escape(str(name)): numbers(rows[name]) for name in names}
    return pd.DataFrame(values, dtype=np.float64).replace([np.inf, -np.inf], np.nan)


def _rendered(reference: pd.DataFrame, current: pd.DataFrame) -> str:
    if reference.empty or reference.columns.empty:
        return _PAGE
    definition = DataDefinition(numerical_columns=list(reference.columns))
    report = Report([DataDriftPreset(num_method=METHOD, num_threshold=THRESHOLD)])
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # 0 / 0 in a constant column or one row
        snapshot = report.run(
            Dataset.from_pandas(current, data_definition=definition),
            Dataset.from_pandas(reference, data_definition=definition),
        )
        return str(snapshot.get_html_str(as_iframe=False))


def _banner(n_reference: int, n_current: int, left_out: dict[str, str]) -> str:
    lines = [
        f"{n_current:,} current and {n_reference:,} reference rows (sampled where there were more), numeric columns, "
        f"normed Wasserstein distance, flagged from {THRESHOLD:g}. This page is for looking; what was decided, and "
        "why, is in verdict.json.",
        *(f"Left out: {html.escape(str(name))} ({html.escape(reason)})." for name, reason in left_out.items()),
    ]
    style = "margin:1rem;padding:0.8rem;border:1px solid #888;border-radius:4px;font-family:sans-serif"
    return f"<div role='note' style='{style}'>{'<br>'.join(lines)}</div>"

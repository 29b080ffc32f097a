"""What a run shows of its explanations. The only module that imports shap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import numpy as np
import pandas as pd
import shap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from pipelines.core.report import Report
from pipelines.core.style import BLUE, INK, literal, panel
from pipelines.explain.explanation import Explanation, FloatArray, check_additive, importance, thinned

MAX_ROWS = 2_000
MAX_FEATURES = 15


def explain_report(
    explanation: Explanation, case_ids: ArrayLike, cutoffs: Sequence[datetime] | ArrayLike | None
) -> Report:
    """The explanation as figures and tables, refused unless it is additive.

    Parameters
    ----------
    explanation : Explanation
        Of the rows to log; the beeswarm draws at most 2,000 of them, evenly spaced.
    case_ids : array-like of shape (n_rows,)
        Keyed hashes of the customers, never their ids.
    cutoffs : array-like of shape (n_rows,) or None
        When each row was described; None where rows have no time.

    Returns
    -------
    Report
        Metric ``explain.additivity_gap`` (log-odds); artifacts ``explain/bar.png``, ``explain/beeswarm.png``,
        ``explain/shap_values.parquet`` (all rows) and ``explain/importance.json``.

    Raises
    ------
    ModelError
        If the values do not add up to the raw score.
    """
    gap = check_additive(explanation)
    ranking = importance(explanation)
    return Report(
        {"explain.additivity_gap": gap},
        {
            "explain/bar.png": _bar(explanation),
            "explain/beeswarm.png": _beeswarm(thinned(explanation, MAX_ROWS)),
            "explain/shap_values.parquet": _table(explanation, case_ids, cutoffs),
            "explain/importance.json": {"unit": "log-odds", "features": ranking.to_dict(orient="records")},
        },
    )


def _bar(explanation: Explanation) -> Figure:
    top = _phrase_top(explanation)
    figure, axes = panel(f"{top} (n = {len(explanation.rows):,} rows)", "", "", width=8.5, height=5.6)
    if len(explanation.rows):
        shap.plots.bar(_for_shap(explanation).abs.mean(0), max_display=MAX_FEATURES, ax=axes, show=False)
        for bar in axes.patches:
            bar.set_facecolor(BLUE)
        for text in axes.texts:
            text.set(color=INK, fontsize=9)
    _label(figure, "mean |SHAP value|: average move of the raw score (log-odds)")
    return figure


def _beeswarm(explanation: Explanation) -> Figure:
    title = f"Who is moved, and which way (n = {len(explanation.rows):,} rows)"
    figure, axes = panel(title, "", "", width=8.5, height=5.6)
    if len(explanation.rows):
        with _global_randomness_put_back():
            shap.plots.beeswarm(
                _for_shap(explanation), max_display=MAX_FEATURES, ax=axes, show=False, plot_size=None, s=9
            )
    _label(figure, "SHAP value: move of the raw score (log-odds); right raises it")
    return figure


def _phrase_top(explanation: Explanation) -> str:
    ranking = importance(explanation)["feature"]
    return f"'{literal(str(ranking.iloc[0]))}' moves the score most" if len(ranking) else "No feature"


def _label(figure: Figure, xlabel: str) -> None:
    """Give both axes their names back: shap sets its own, and larger fonts than ours."""
    axes = figure.axes[0]
    axes.set_xlabel(xlabel, fontsize=10, color=INK)
    axes.set_ylabel("feature", fontsize=10, color=INK)
    axes.tick_params(labelsize=9)
    axes.spines["left"].set_visible(False)


def _for_shap(explanation: Explanation) -> shap.Explanation:
    return shap.Explanation(
        values=explanation.values,
        base_values=explanation.base,
        data=_drawable(explanation.rows),
        feature_names=[literal(str(name)) for name in explanation.rows.columns],
    )


def _drawable(rows: pd.DataFrame) -> FloatArray:
    """Feature values as colours: text and infinities have none and come out grey."""
    numbers = rows.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    finite = np.where(np.isfinite(numbers), numbers, np.nan)
    return np.where(np.isnan(finite).all(axis=0), 0.0, finite)


@contextmanager
def _global_randomness_put_back() -> Iterator[None]:
    """Let shap draw its jitter from a fixed state: it knows only NumPy's global one, which is not ours to use up."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.set_state(np.random.RandomState(0).get_state())  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def _table(
    explanation: Explanation, case_ids: ArrayLike, cutoffs: Sequence[datetime] | ArrayLike | None
) -> pd.DataFrame:
    when = {} if cutoffs is None else {"cutoff": cutoffs}
    about = pd.DataFrame({"case_id": case_ids, **when, "base": explanation.base, "raw": explanation.raw})
    values = pd.DataFrame(explanation.values, columns=explanation.rows.columns)
    return pd.concat([about, values], axis=1).sort_values(["case_id", "cutoff"], kind="stable", ignore_index=True)

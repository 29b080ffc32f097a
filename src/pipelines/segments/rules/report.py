"""Micro-segments as metrics, tables and figures."""

from __future__ import annotations

import pandas as pd

from pipelines.core.report import Artifact, Report
from pipelines.segments.rules.compute import overlaps, sizes_of
from pipelines.segments.rules.figures import overlaps_figure, sizes_figure
from pipelines.segments.rules.spec import RuleSegments
from pipelines.segments.rules.words import as_markdown


def report(spec: RuleSegments, members: pd.DataFrame, sizes: pd.DataFrame) -> Report:
    """Everything that a run keeps of micro-segments; no row of anybody and no id.

    Parameters
    ----------
    spec : RuleSegments
        The rules.
    members, sizes : DataFrame
        From `members` and `sizes_over_time`, of one moment of knowledge.

    Returns
    -------
    Report
        Metrics ``segments.<name>.n_members`` and ``.share`` at the last cutoff, ``segments.n_known`` and
        ``segments.n_empty``; figures, ``segments.md``, ``sizes.parquet`` and ``overlaps.parquet`` under ``report/``.
    """
    pairs, last = overlaps(members), sizes_of(sizes, -1)
    artifacts: dict[str, Artifact] = {
        "report/sizes.png": sizes_figure(sizes, spec.said),
        "report/segments.md": as_markdown(spec.title, spec.said, sizes, pairs),
        "report/sizes.parquet": sizes.assign(cutoff=[f"{moment:%Y-%m-%d}" for moment in sizes.cutoff]),
    }
    if len(spec.said) > 1:
        artifacts |= {"report/overlaps.png": overlaps_figure(members, spec.said), "report/overlaps.parquet": pairs}
    return Report(_metrics(last), artifacts)


def _metrics(last: pd.DataFrame) -> dict[str, float]:
    """Of each segment at the last cutoff."""
    of_segments = {
        f"segments.{name}.{what}": float(last[what][name]) for name in last.index for what in ("n_members", "share")
    }
    whole = {"segments.n_known": float(last.n_known.iloc[0]), "segments.n_empty": float((last.n_members == 0).sum())}
    return of_segments | whole

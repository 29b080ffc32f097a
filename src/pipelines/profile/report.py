"""A profile as metrics, figures and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipelines.core.intervals import Interval
from pipelines.core.report import Report
from pipelines.core.windows import day_moment
from pipelines.profile.counts import Histogram
from pipelines.profile.facts import Facts
from pipelines.profile.figures import gaps_figure, returns_figure, weeks_figure
from pipelines.profile.gaps import Silence
from pipelines.profile.horizon import Suggestion
from pipelines.profile.profile import Profile
from pipelines.profile.words import LEVELS, as_markdown


def report_of(profile: Profile) -> Report:
    """Everything that a run keeps of a profile; no row of anybody and no id.

    Returns
    -------
    Report
        Metrics ``describe.*``; figures, ``profile.json``, ``profile.md``, ``missing.parquet`` and ``weeks.parquet``
        under ``report/``.
    """
    return Report(
        metrics_of(profile),
        {
            "report/events_by_week.png": weeks_figure(profile.facts),
            "report/gaps.png": gaps_figure(profile),
            "report/churners_that_return.png": returns_figure(profile),
            "report/profile.json": as_json(profile),
            "report/profile.md": as_markdown(profile),
            "report/missing.parquet": missing(profile.facts),
            "report/weeks.parquet": weeks(profile.facts),
        },
    )


def metrics_of(profile: Profile) -> dict[str, float]:
    """Numbers of one profile that compare with another's."""
    facts, found = profile.facts, profile.suggestion
    buying, gaps = facts.buying, facts.gaps
    metrics = {
        "describe.n_events": facts.n_events,
        "describe.n_customers": facts.customers.n_seen,
        "describe.n_products": facts.products.n_seen,
        "describe.n_orders": buying.baskets.total,
        "describe.n_buyers": buying.n_buyers,
        "describe.n_oddities": len(profile.oddities),
        "describe.span_days": facts.span_days,
        "describe.n_gaps": gaps.ended.total,
        **_with_interval("describe.repeat_rate", buying.repeat_rate),
    }
    if gaps.ended.total:
        metrics |= {f"describe.gap_days.q{100 * level:.0f}": gaps.ended.quantile(level) for level in LEVELS}
    for one in profile.told_silences:
        metrics |= _with_interval(f"describe.returning_after_{one.horizon}d", one.returning)
    if isinstance(found, Suggestion):
        metrics |= {"describe.horizon_days": found.horizon, "describe.within_days": found.within}
    return {name: float(value) for name, value in metrics.items() if math.isfinite(value)}


def as_json(profile: Profile) -> dict[str, object]:
    """The whole profile as JSON can say it; money in minor units, NaN as null."""
    facts, buying = profile.facts, profile.facts.buying
    histograms = {
        "gap_days": facts.gaps.ended,
        "purchase_days_of_a_customer": buying.purchase_days,
        "orders_of_a_customer": buying.orders,
        "basket_minor": buying.baskets,
        "price_minor": buying.prices,
        "quantity": buying.quantities,
    }
    return {
        "source": facts.source,
        "currency": facts.currency,
        "decimals": facts.decimals,
        "span": [f"{facts.span.start:%Y-%m-%d}", f"{facts.span.end:%Y-%m-%d}"],
        "first_event": facts.first_event.isoformat(),
        "last_event": facts.last_event.isoformat(),
        "metrics": metrics_of(profile),
        "types": [{**vars(one), "first": one.first.isoformat(), "last": one.last.isoformat()} for one in facts.types],
        "columns": [{**vars(one), "share_missing": one.share_missing} for one in facts.columns],
        "customers": _listed(vars(facts.customers)),
        "products": _listed(vars(facts.products)),
        "quantiles": {name: _quantiles(one) for name, one in histograms.items()},
        "gap_survival": [round(float(share), 6) for share in profile.survival.share],
        "follow_up_days": profile.follow_up,
        "silences": [_silence(one) for one in profile.told_silences],
        "suggestion": _suggestion(profile.suggestion),
        "oddities": list(profile.oddities),
    }


def missing(facts: Facts) -> pd.DataFrame:
    """One row per mapped column: ``table``, ``column``, ``role``, ``n_rows``, ``n_missing``, ``share_missing``."""
    return pd.DataFrame(
        {
            "table": [one.table for one in facts.columns],
            "column": [one.column for one in facts.columns],
            "role": [one.role for one in facts.columns],
            "n_rows": [one.n_rows for one in facts.columns],
            "n_missing": [one.n_missing for one in facts.columns],
            "share_missing": [one.share_missing for one in facts.columns],
        }
    )


def weeks(facts: Facts) -> pd.DataFrame:
    """One row per week: ``monday``, ``is_whole``, ``paid_minor``, and one column of events per type."""
    weeks = facts.weeks
    return pd.DataFrame(
        {
            "monday": [f"{day_moment(int(day)):%Y-%m-%d}" for day in weeks.monday],
            "is_whole": weeks.is_whole,
            "paid_minor": weeks.paid,
            **{f"n_{one.name}": weeks.n_events[number] for number, one in enumerate(facts.types)},
        }
    )


def _with_interval(name: str, one: Interval) -> dict[str, float]:
    return {name: one.estimate, f"{name}.ci_low": one.low, f"{name}.ci_high": one.high}


def _quantiles(histogram: Histogram) -> dict[str, int] | None:
    if not histogram.total:
        return None
    levels = {f"q{100 * level:.0f}": histogram.quantile(level) for level in LEVELS}
    return {"n": histogram.total, **levels, "largest": histogram.largest}


def _listed(values: Mapping[str, Any]) -> dict[str, object]:
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}


def _silence(one: Silence) -> dict[str, object]:
    ends = {"returning": one.returning.estimate, "ci_low": one.returning.low, "ci_high": one.returning.high}
    return {"horizon_days": one.horizon, "n_silences": one.n_silences, "n_customers": one.n_customers, **ends}


def _suggestion(found: Suggestion | str) -> dict[str, object]:
    if isinstance(found, str):
        return {"none_because": found}
    return {
        "horizon_days": found.horizon,
        "within_days": found.within,
        "n_active": found.n_active,
        "rule": str(found.rule),
        "yaml": list(found.yaml),
    }

"""What is true of the simulated shop, and what no model may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from pipelines.core.errors import UsageError
from pipelines.core.intervals import FloatArray
from pipelines.simulation import defaults
from pipelines.simulation.campaigns import Campaign
from pipelines.simulation.columns import categorical
from pipelines.simulation.future import p_no_order
from pipelines.simulation.law import Law, law_of
from pipelines.simulation.people import Bools, People, people_of, share_active_at_start, share_of_cells, was_active
from pipelines.simulation.spec import MAX_HORIZON_DAYS, ShopSpec
from pipelines.simulation.unfairness import N_CELLS


def truth_customers(spec: ShopSpec, chunk: int) -> pd.DataFrame:
    """The latent type of each customer of a chunk; its columns are in `COLUMNS`."""
    law = law_of(spec)
    people = people_of(spec, law, chunk)
    return pd.DataFrame(
        {
            "customer_id": people.customer_id,
            "sessions_per_day": law.types.visits[people.kind],
            "conversion": law.types.conversion[people.kind],
            "lapse_hazard": law.types.lapse[people.kind] * law.gaps[people.gap],
            "price_elasticity": law.types.elasticity[people.kind],
            "favourite_category": categorical(people.favourite, defaults.CATEGORIES),
            "share_unlogged": law.lost_of_cell[people.cell],
            "products_per_cart": 1 / law.types.last_kept[people.kind],
            "planted_type": categorical(law.types.planted[people.kind], defaults.PLANTED_NAMES),
        }
    )


def truth_at(spec: ShopSpec, chunk: int, cutoffs: Sequence[date], horizon_days: int) -> pd.DataFrame:
    """The true state and prospects of each customer at each cutoff.

    Parameters
    ----------
    chunk : int
        Number of the chunk, from 0.
    cutoffs : sequence of date
        Midnights UTC after the start of the log and up to its end.
    horizon_days : int
        Length of the outcome window ``[cutoff, cutoff + horizon)``.

    Returns
    -------
    pandas.DataFrame
        One row per cutoff and customer who had signed up before it; its columns are in `COLUMNS`. Orders are those
        placed, logged or not: labels read from the log differ where a purchase feed is blank or missing.

    Raises
    ------
    UsageError
        If a cutoff or the horizon is out of range.
    """
    law = law_of(spec)
    days = cutoff_days(spec, cutoffs, horizon_days)
    people = people_of(spec, law, chunk)
    active = was_active(spec, law, people, chunk)
    parts = [_truth_on(spec, law, people, active[:, day - 1], day, horizon_days) for day in days]
    return pd.concat(parts, ignore_index=True)


def cutoff_days(spec: ShopSpec, cutoffs: Sequence[date], horizon_days: int) -> list[int]:
    """Days from the start to each cutoff.

    Raises
    ------
    UsageError
        If a cutoff or the horizon is out of range, or there is no cutoff.
    """
    days = [spec.day_of(cutoff) for cutoff in cutoffs]
    outside = [str(cutoff) for cutoff, day in zip(cutoffs, days, strict=True) if not 0 < day <= spec.n_days]
    if outside or not days:
        raise UsageError(
            f"The cutoffs {', '.join(outside)} are not in the log." if outside else "No cutoff was given.",
            why="The state of a customer is known from the evening of the first day to that of the last.",
            fix=f"Use dates after {spec.start} and up to {spec.end}.",
        )
    if not 1 <= horizon_days <= MAX_HORIZON_DAYS:
        raise UsageError(
            f"A horizon of {horizon_days} days was asked for.",
            why=f"The law of the shop is laid out for {MAX_HORIZON_DAYS} days after the log.",
            fix=f"Use 1 to {MAX_HORIZON_DAYS} days.",
        )
    return days


def truth_campaigns(spec: ShopSpec) -> pd.DataFrame:
    """The true average effect of each campaign that is sent within the log; its columns are in `COLUMNS`.

    Averages are over the law of the shop, not over the customers who happened to be drawn: over cells, types, sign-up
    days and states, by an exact forward recursion.
    """
    law = law_of(spec)
    rows = []
    for campaign in spec.campaigns:
        if 0 <= spec.day_of(campaign.sent) < spec.n_days:
            rows += _effects(spec, law, campaign)
    columns = ["campaign_id", "segment", "effect_days", "share_of_contacted", "orders_control", "orders_treatment"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(effect_orders=frame["orders_treatment"] - frame["orders_control"])


def truth_calendar(spec: ShopSpec) -> pd.DataFrame:
    """Everything that is planted: campaigns, drifts, unfairness, types of customers; its columns are in `COLUMNS`."""
    rows: list[tuple[str, date, date, str]]
    rows = [(one.type, one.since, getattr(one, "until", spec.end), one.model_dump_json()) for one in spec.drifts]
    rows += [("campaign", one.sent, one.until, one.model_dump_json()) for one in spec.campaigns]
    rows += [(one.type, spec.start, spec.end, one.model_dump_json()) for one in spec.unfairness]
    rows += [("types", spec.start, spec.end, one.model_dump_json()) for one in (spec.planted,) if one]
    frame = pd.DataFrame(rows, columns=["planted", "since", "until", "size"])
    happens = [spec.start < until and since < spec.end for _, since, until, _ in rows]
    dates = {name: frame[name].to_numpy(dtype="datetime64[us]") for name in ("since", "until")}
    return frame.assign(**dates, happens=np.array(happens, dtype=bool))


def _truth_on(spec: ShopSpec, law: Law, people: People, active: Bools, day: int, horizon_days: int) -> pd.DataFrame:
    known = people.signup_day < day
    state, arm = active.astype(np.int64), people.arm_on(spec, day)
    hazard = law.lapse[people.gap, people.kind, day]
    is_active_today = np.where(active, 1 - hazard, defaults.COMEBACK)
    none = p_no_order(law, day, horizon_days)
    frame = pd.DataFrame(
        {
            "customer_id": people.customer_id,
            "cutoff": np.full(active.size, np.datetime64(spec.start, "us") + np.timedelta64(day, "D")),
            "is_active": active,
            "churn_hazard": hazard,
            "purchase_rate_per_day": is_active_today * law.orders(day)[arm, people.kind],
            "p_no_purchase": none[people.gap, people.consents.astype(np.int64), arm, people.kind, state],
        }
    )
    return frame.loc[known].reset_index(drop=True)


def _effects(spec: ShopSpec, law: Law, campaign: Campaign) -> list[tuple[str, str, int, float, float, float]]:
    """Expected orders per contacted customer in both arms, for everybody and for both price sensitivities."""
    sent = spec.day_of(campaign.sent)
    active, lapsed = _contacted(spec, law, sent)
    total = active + lapsed
    orders = np.zeros((2, *active.shape))
    for day in range(sent, sent + campaign.effect_days + 1):
        active, lapsed = _next_day(law, active, lapsed, day)
        if day > sent:
            orders += law.orders(day)[:, None, :] * active
    is_sensitive = law.types.is_sensitive
    segments = {"all": is_sensitive | True, "steady": ~is_sensitive, "sensitive": is_sensitive}
    rows = []
    for name, of in segments.items():
        n = float((total * of).sum())
        control, treatment = (float((arm * of).sum()) / n for arm in orders)
        rows.append((campaign.campaign_id, name, campaign.effect_days, n / float(total.sum()), control, treatment))
    return rows


def _contacted(spec: ShopSpec, law: Law, sent: int) -> tuple[FloatArray, FloatArray]:
    """Shares of customers by cell and type, active and lapsed on the eve of ``sent``, signed up before it."""
    prior, n_types = law.types.prior, law.types.n_types
    gap = np.repeat(law.gap_of_cell[:, None], n_types, axis=1).astype(np.int64)
    kind = np.repeat(np.arange(n_types)[None, :], N_CELLS, axis=0)
    before = np.arange(-defaults.EXISTING_DAYS, 0)
    active_share = np.mean([share_active_at_start(law, np.full(1, day), kind, gap) for day in before], axis=0)
    whole = defaults.EXISTING_SHARE * share_of_cells(spec, -1)[:, None] * prior
    active, lapsed = whole * active_share, whole * (1 - active_share)
    for day in range(sent):
        active, lapsed = _next_day(law, active, lapsed, day)
        active = active + (1 - defaults.EXISTING_SHARE) / spec.n_days * share_of_cells(spec, day)[:, None] * prior
    return active, lapsed


def _next_day(law: Law, active: FloatArray, lapsed: FloatArray, day: int) -> tuple[FloatArray, FloatArray]:
    lapse = law.lapse[law.gap_of_cell, :, day]
    now = active * (1 - lapse) + lapsed * defaults.COMEBACK
    return now, active + lapsed - now

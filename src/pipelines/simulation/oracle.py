"""What the best possible model could know: the exact posterior, given only what a model may see.

A hidden Markov model over type and state, filtered forward day by day. What it sees of a customer is the sign-up day,
the contacts, the logged sessions of each past day by outcome and by the products that their carts kept, and, if it may,
age band, gender and region; given those, the rest of the log tells nothing about the future (but for two traces that
are left unused: returns of orders that a missing feed swallowed, and the device as a hint at the region). It knows the
law of the shop, the calendar of campaigns and drifts included: where a drift begins inside the horizon, no model could
know as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.intervals import FloatArray
from pipelines.simulation import defaults
from pipelines.simulation.future import ACTIVE, LAPSED, p_no_order
from pipelines.simulation.law import Law, law_of
from pipelines.simulation.log import kept_in_carts
from pipelines.simulation.people import People, people_of, share_active_at_start, share_of_cells, was_active
from pipelines.simulation.sessions import BROWSE, CART, ORDER, sessions_of
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.truth import cutoff_days

Ints = NDArray[np.int64]
MORE_KEPT = 3  # beside the three outcomes: products in carts besides the first of each
DAYS_TO_RESCALE = 7  # a week's probabilities are far from the smallest number


@dataclass(frozen=True)
class _Told:
    """What the logged sessions tell, but for the registrations, which everybody has; one element each.

    ``counts``, of shape (n_sessions, 4), has one at its outcome, and how many products the cart kept beside the first.
    """

    customer: Ints
    day: Ints
    counts: Ints


@dataclass(frozen=True)
class _Group:
    """Customers who may share a lapse gap and a tracking loss, in the order of sign-up, and their prior over types.

    The prior sums to the probability of belonging to the group: 1 where the cell is known.
    """

    gap: int
    lost: float
    rows: Ints
    prior: FloatArray


@dataclass(frozen=True)
class _Forecast:
    """Log probability of what was seen and of the group; what follows given both; shape (n_customers,) each."""

    log_evidence: FloatArray
    p_active: FloatArray
    p_none: FloatArray


def oracle_at(spec: ShopSpec, chunk: int, cutoffs: Sequence[date], horizon_days: int) -> pd.DataFrame:
    """The attainable forecast of each customer at each cutoff, with age, gender and region known.

    Parameters
    ----------
    chunk, cutoffs, horizon_days
        As in `truth_at`.

    Returns
    -------
    pandas.DataFrame
        One row per cutoff and customer who had signed up before it, in the order of `truth_at`; its columns are in
        `COLUMNS`.

    Raises
    ------
    UsageError
        If a cutoff or the horizon is out of range.
    """
    law = law_of(spec)
    people = people_of(spec, law, chunk)
    return _oracle(spec, law, people, _known_groups(law, people), (chunk, cutoffs, horizon_days))


def blind_oracle_at(spec: ShopSpec, chunk: int, cutoffs: Sequence[date], horizon_days: int) -> pd.DataFrame:
    """The same without sight of age, gender and region: what a model without sensitive columns can attain.

    It weighs every combination of lapse gap and tracking loss by how well it explains the log.
    """
    law = law_of(spec)
    people = people_of(spec, law, chunk)
    return _oracle(spec, law, people, _blind_groups(spec, law, people), (chunk, cutoffs, horizon_days))


def _known_groups(law: Law, people: People) -> list[_Group]:
    order, prior = np.argsort(people.signup_day, kind="stable"), law.types.prior
    lost = law.lost_of_cell[people.cell]
    groups = []
    for gap, share in product(range(law.gaps.size), np.unique(law.lost_of_cell)):
        rows = order[((people.gap == gap) & (lost == share))[order]]
        groups.append(_Group(gap, float(share), rows, prior[people.cell[rows]]))
    return [group for group in groups if group.rows.size]


def _blind_groups(spec: ShopSpec, law: Law, people: People) -> list[_Group]:
    order, prior = np.argsort(people.signup_day, kind="stable"), law.types.prior
    days, day = np.unique(people.signup_day[order], return_inverse=True)
    shares = np.stack([share_of_cells(spec, int(one)) for one in days])  # n_days, n_cells
    groups = []
    for gap, lost in product(range(law.gaps.size), np.unique(law.lost_of_cell)):
        cells = (law.gap_of_cell == gap) & (law.lost_of_cell == lost)
        if cells.any():
            groups.append(_Group(gap, float(lost), order, (shares[:, cells] @ prior[cells])[day.ravel()]))
    return groups


def _oracle(
    spec: ShopSpec, law: Law, people: People, groups: list[_Group], asked: tuple[int, Sequence[date], int]
) -> pd.DataFrame:
    chunk, cutoffs, horizon_days = asked
    days = cutoff_days(spec, cutoffs, horizon_days)
    told = _told(spec, law, people, chunk)
    futures = {day: p_no_order(law, day, horizon_days) for day in sorted(set(days))}
    forecasts: dict[int, list[_Forecast]] = {day: [] for day in futures}
    for group in groups:
        for day, forecast in _forecasts(spec, law, people, told, group, futures):
            forecasts[day].append(forecast)
    return pd.concat([_frame(spec, people, forecasts[day], day) for day in days], ignore_index=True)


def _forecasts(  # one step of the recursion needs them all
    spec: ShopSpec, law: Law, people: People, told: _Told, group: _Group, futures: dict[int, FloatArray]
) -> Iterator[tuple[int, _Forecast]]:
    """Filter a group forward and look ahead on the eve of each day asked for.

    The joint probabilities of type and state with what was seen are kept up to a factor per customer, whose log is
    kept beside them, and are updated in place: they are the whole cost.
    """
    signup_day = people.signup_day[group.rows]
    share = share_active_at_start(
        law, signup_day[:, None], np.arange(law.types.n_types)[None, :], np.full((1, 1), group.gap, np.int64)
    )
    share = np.where(signup_day[:, None] < 0, share, 1.0)
    active, lapsed, log_factor = group.prior * share, group.prior * (1 - share), np.zeros(signup_day.size)
    seen = _seen(spec, people, told, group)
    for day in range(max(futures)):
        old, known = np.searchsorted(signup_day, [day, day + 1])
        _move(active[:old], lapsed[:old], law.lapse[group.gap, :, day])
        _weigh(
            active[:known],
            lapsed[:known],
            _logged_rates(law, group.lost, day),
            law.types.last_kept,
            _arms(spec, people, group, day),
            seen[day],
        )
        if day % DAYS_TO_RESCALE == 0 or day + 1 in futures:
            _rescale(active[:known], lapsed[:known], log_factor[:known])
        if day + 1 in futures:
            belief = active[:known], lapsed[:known], log_factor[:known]
            yield day + 1, _forecast(spec, people, group, belief, futures[day + 1], day + 1)


def _told(spec: ShopSpec, law: Law, people: People, chunk: int) -> _Told:
    """Without the purchase feed, an order looks like an abandoned cart."""
    sessions = sessions_of(spec, law, people, was_active(spec, law, people, chunk), chunk)
    logged = sessions.where(sessions.is_logged)
    outcome = np.where((logged.outcome == ORDER) & law.is_missing[logged.day], CART, logged.outcome)
    counts = np.zeros((outcome.size, MORE_KEPT + 1), np.int64)
    counts[np.arange(outcome.size), outcome] = 1
    counts[:, MORE_KEPT] = np.maximum(kept_in_carts(spec, law, people, logged, chunk) - 1, 0)
    tells = ~logged.is_registration
    return _Told(logged.customer[tells], logged.day[tells], counts[tells])


def _seen(spec: ShopSpec, people: People, told: _Told, group: _Group) -> list[tuple[Ints, Ints]]:
    """Of each day, the group's rows with a logged session and sums of their counts; shapes (n,) and (n, 4)."""
    n = people.kind.size
    row_of = np.full(n, -1)
    row_of[group.rows] = np.arange(group.rows.size)
    mine = np.flatnonzero(row_of[told.customer] >= 0)
    key = told.day[mine] * n + row_of[told.customer[mine]]
    order = np.argsort(key, kind="stable")
    cells, first = np.unique(key[order], return_index=True)
    counts = np.add.reduceat(told.counts[mine[order]], first) if cells.size else told.counts[:0]
    bounds = np.searchsorted(cells, np.arange(spec.n_days + 1) * n)
    return [((cells % n)[low:high], counts[low:high]) for low, high in pairwise(bounds)]


def _arms(spec: ShopSpec, people: People, group: _Group, day: int) -> Ints | None:
    """Arms of the group's customers, or None on days when no campaign is at work."""
    arms = people.arm_on(spec, day)
    return arms[group.rows] if arms.any() else None


def _logged_rates(law: Law, lost: float, day: int) -> FloatArray:
    """Expected logged sessions of an active customer by arm, outcome and type; shape (2, 3, n_types)."""
    visits = law.types.visits * law.season[day]
    order = law.orders(day)
    cart = np.broadcast_to(visits * law.carts, order.shape)
    rates = np.empty((2, 3, law.types.n_types))
    rates[:, BROWSE] = (visits - order - cart) * (1 - lost)
    is_missing = bool(law.is_missing[day])
    rates[:, CART] = cart * (1 - lost) + order * is_missing
    rates[:, ORDER] = order * (not is_missing)
    return rates


def _move(active: FloatArray, lapsed: FloatArray, lapse: FloatArray) -> None:
    """One night, in place: some lapse, some are back."""
    net = active * lapse - lapsed * defaults.COMEBACK
    active -= net
    lapsed += net


def _weigh(  # as `_forecasts`
    active: FloatArray,
    lapsed: FloatArray,
    rates: FloatArray,
    last_kept: FloatArray,
    arms: Ints | None,
    seen: tuple[Ints, Ints],
) -> None:
    """One day, in place: times the probability of what was logged.

    Counts of each outcome are Poisson; what a cart keeps is geometric, so only the number of carts and of the products
    besides the first of each matter.
    """
    rows, counts = seen
    silence = np.exp(-rates.sum(axis=1))
    ends = np.stack([np.ones(last_kept.size), last_kept, last_kept])
    more = np.broadcast_to(1 - last_kept, (2, 1, last_kept.size))
    each = np.concatenate([rates * ends, more], axis=1)
    if arms is None:
        active *= silence[0]
        active[rows] *= np.prod(each[0] ** counts[:, :, None], axis=1)
    else:
        active *= silence[arms[: len(active)]]
        active[rows] *= np.prod(each[arms[rows]] ** counts[:, :, None], axis=1)
    lapsed[rows] = 0.0


def _rescale(active: FloatArray, lapsed: FloatArray, log_factor: FloatArray) -> None:
    total = active.sum(axis=1) + lapsed.sum(axis=1)
    active /= total[:, None]
    lapsed /= total[:, None]
    log_factor += np.log(total)


def _forecast(  # as `_forecasts`
    spec: ShopSpec,
    people: People,
    group: _Group,
    belief: tuple[FloatArray, FloatArray, FloatArray],
    future: FloatArray,
    day: int,
) -> _Forecast:
    active, lapsed, log_factor = belief
    rows = group.rows[: log_factor.size]
    none = future[group.gap, people.consents[rows].astype(np.int64), people.arm_on(spec, day)[rows]]
    whole = _Forecast(*(np.full(people.kind.size, fill) for fill in (-np.inf, 0.0, 0.0)))
    whole.log_evidence[rows] = log_factor
    whole.p_active[rows] = active.sum(axis=1)
    whole.p_none[rows] = (active * none[..., ACTIVE] + lapsed * none[..., LAPSED]).sum(axis=1)
    return whole


def _frame(spec: ShopSpec, people: People, forecasts: list[_Forecast], day: int) -> pd.DataFrame:
    """The groups' forecasts, each by how probable it is that the customer belongs there."""
    known = people.signup_day < day
    evidence = np.stack([one.log_evidence[known] for one in forecasts])
    weight = np.exp(evidence - evidence.max(axis=0))
    weight /= weight.sum(axis=0)
    return pd.DataFrame(
        {
            "customer_id": people.customer_id[known],
            "cutoff": np.full(known.sum(), np.datetime64(spec.start, "us") + np.timedelta64(day, "D")),
            "p_active": (weight * np.stack([one.p_active[known] for one in forecasts])).sum(axis=0),
            "p_no_purchase": (weight * np.stack([one.p_none[known] for one in forecasts])).sum(axis=0),
        }
    )

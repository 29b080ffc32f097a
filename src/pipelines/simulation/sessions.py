"""When each customer came and how it ended: Poisson sessions on active days, at times that never overlap."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipelines.core.intervals import FloatArray
from pipelines.simulation import defaults
from pipelines.simulation.law import Law
from pipelines.simulation.people import People
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.streams import Purpose, stream

BROWSE, CART, ORDER = range(3)
DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Sessions:
    """Sessions of a chunk, ordered by customer and time; one element each.

    Attributes
    ----------
    customer : integer array of shape (n_sessions,)
        Position of the customer in the chunk.
    day : integer array
        Days from the start.
    outcome : integer array
        `BROWSE`, `CART` (abandoned) or `ORDER`.
    is_registration : boolean array
        The session in which a customer signed up: always there, always logged, so it tells nothing.
    is_logged : boolean array
        Whether the tracking saw it.
    start_seconds, room_seconds : float arrays
        Seconds from midnight to the first event, and how long the session may last.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.int64]
    outcome: NDArray[np.int8]
    is_registration: NDArray[np.bool_]
    is_logged: NDArray[np.bool_]
    start_seconds: FloatArray
    room_seconds: FloatArray

    def where(self, mask: NDArray[np.bool_]) -> Sessions:
        """The sessions of the mask."""
        return Sessions(**{field.name: getattr(self, field.name)[mask] for field in fields(self)})


def sessions_of(spec: ShopSpec, law: Law, people: People, active: NDArray[np.bool_], chunk: int) -> Sessions:
    """Every session of a chunk, logged or not.

    A customer's sessions over all days are one Poisson number, spread over the days by season; those on days on which
    the customer was not active are dropped. That is the same law as a Poisson number on each active day.
    """
    rng = stream(spec.seed, chunk, Purpose.SESSIONS)
    customer, day = _visits(spec, law, people, rng)
    seen = active[customer, day]
    new = np.flatnonzero(people.signup_day >= 0)
    key = np.concatenate([customer[seen] * spec.n_days + day[seen], new * spec.n_days + people.signup_day[new]])
    is_registration = np.arange(key.size) >= key.size - new.size
    order = np.argsort(2 * key + ~is_registration)  # on its day, the registration comes first
    key, is_registration = key[order], is_registration[order]
    outcome = _outcomes(spec, law, people, key, rng)
    outcome[is_registration] = BROWSE
    kept = rng.random(key.size) >= law.lost_of_cell[people.cell[key // spec.n_days]]
    start, room = _times(key, rng)
    is_logged = kept | (outcome == ORDER) | is_registration
    return Sessions(key // spec.n_days, key % spec.n_days, outcome, is_registration, is_logged, start, room)


def _visits(
    spec: ShopSpec, law: Law, people: People, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Customer and day of each possible session after the sign-up."""
    elapsed = np.concatenate([[0.0], law.season[: spec.n_days].cumsum()])
    begin = elapsed[np.maximum(people.signup_day, 0)]
    n_visits = rng.poisson(law.types.visits[people.kind] * (elapsed[-1] - begin))
    customer = np.repeat(np.arange(n_visits.size), n_visits)
    moment = begin[customer] + rng.random(customer.size) * (elapsed[-1] - begin)[customer]
    day = np.searchsorted(elapsed, moment, side="right") - 1
    return customer, np.minimum(day, spec.n_days - 1)


def _outcomes(
    spec: ShopSpec, law: Law, people: People, key: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int8]:
    customer, day = key // spec.n_days, key % spec.n_days
    kind = people.kind[customer]
    treated = _is_treated(spec, people, customer, day)
    order = law.conversion[kind, day] * np.where(treated, law.lift[kind, day], 1.0)
    draw = rng.random(key.size)
    return np.where(draw < order, ORDER, np.where(draw < order + law.carts[kind], CART, BROWSE)).astype(np.int8)


def _is_treated(
    spec: ShopSpec, people: People, customer: NDArray[np.int64], day: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether a campaign that treated the customer is at work on the day; at most one is."""
    treated = np.zeros(day.shape, dtype=bool)
    for number, campaign in enumerate(spec.campaigns):
        at_work = (day > spec.day_of(campaign.sent)) & (day < spec.day_of(campaign.until))
        treated |= at_work & (people.arms[customer, number] == 1)
    return treated


def _times(key: NDArray[np.int64], rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Start and room of each session, from its place among the sessions of that customer and day.

    The day's visits are cut into equal shares, one per session, which begins in the first half of its own.
    """
    first = np.concatenate([[True], key[1:] != key[:-1]])
    group = first.cumsum() - 1
    begin = np.flatnonzero(first)
    n_same = np.diff(np.append(begin, key.size))[group]
    place = np.arange(key.size) - begin[group]
    hours = np.append(0.0, np.cumsum(defaults.HOUR)) / np.sum(defaults.HOUR)
    seconds = np.arange(hours.size) * 3_600.0
    start = np.interp((place + 0.5 * rng.random(key.size)) / n_same, hours, seconds)
    end = np.interp((place + 1) / n_same, hours, seconds)
    return start, np.minimum(end - start, defaults.MAX_SESSION_SECONDS) - 1.0

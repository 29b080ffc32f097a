"""The event log of a chunk: what happened in each session, and the returns that followed."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipelines.simulation import defaults
from pipelines.simulation.catalog import Catalog
from pipelines.simulation.drifts import (
    ADD,
    PAGE_VIEW,
    PURCHASE,
    REMOVE,
    RETURN,
    SEARCH,
    VIEW,
)
from pipelines.simulation.law import Law
from pipelines.simulation.people import People
from pipelines.simulation.sessions import BROWSE, DAY_SECONDS, ORDER, Sessions
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.streams import Purpose, stream

Ints = NDArray[np.int64]
NOTHING = -1


@dataclass(frozen=True)
class Rows:
    """Event rows as arrays; `NOTHING` stands where a column does not apply.

    ``micros`` counts from the start of the log, ``price_day`` is the day of the price, ``detail`` the page or the
    category searched for.
    """

    customer: Ints
    session: Ints
    micros: Ints
    price_day: NDArray[np.int16]
    event_type: NDArray[np.int8]
    product: NDArray[np.int32]
    quantity: NDArray[np.int32]
    device: NDArray[np.int8]
    detail: NDArray[np.int8]

    def take(self, rows: Ints) -> Rows:
        """Rows by position."""
        return Rows(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def then(self, other: Rows) -> Rows:
        """These rows and others after them."""
        return Rows(
            **{
                name.name: np.concatenate([getattr(self, name.name), getattr(other, name.name)])
                for name in fields(self)
            }
        )

    def days(self, spec: ShopSpec) -> NDArray[np.datetime64]:
        """The date of each row."""
        return np.datetime64(spec.start) + self.micros // int(DAY_SECONDS * 1e6)


@dataclass(frozen=True)
class _Funnel:
    """How many steps of each kind a session has; shape (n_sessions,) each."""

    pages: Ints
    searches: Ints
    views: Ints
    adds: Ints
    removes: Ints
    purchases: Ints

    @property
    def n_events(self) -> Ints:
        return self.pages + self.searches + self.views + self.adds + self.removes + self.purchases


def rows_of(  # what happened follows from all of them
    spec: ShopSpec, law: Law, people: People, sessions: Sessions, catalog: Catalog, chunk: int
) -> Rows:
    """Everything that happened, before any feed broke, ordered by customer and time.

    Parameters
    ----------
    sessions : Sessions
        The logged ones.
    """
    rng = stream(spec.seed, chunk, Purpose.EVENTS)
    funnel = _funnel(law, people, sessions, rng)
    rows = _in_sessions(people, sessions, funnel, catalog, rng)
    returns = _returns(spec, rows, catalog, stream(spec.seed, chunk, Purpose.RETURNS))
    span = spec.n_days * int(DAY_SECONDS * 1e6)
    places = np.searchsorted(rows.customer * span + rows.micros, returns.customer * span + returns.micros, "right")
    n = rows.micros.size
    return rows.then(returns).take(np.insert(np.arange(n), places, np.arange(n, n + returns.micros.size)))


def kept_in_carts(spec: ShopSpec, law: Law, people: People, sessions: Sessions, chunk: int) -> Ints:
    """Products that each logged session leaves in its cart or buys, 0 without a cart; the log shows them in any feed.

    Parameters
    ----------
    sessions : Sessions
        The logged ones, all of them.
    """
    return _kept(law, people, sessions, stream(spec.seed, chunk, Purpose.EVENTS))


def _kept(law: Law, people: People, sessions: Sessions, rng: np.random.Generator) -> Ints:
    """The first draw of the stream of events."""
    last = law.types.last_kept[people.kind[sessions.customer]]
    kept: Ints = (sessions.outcome != BROWSE) * rng.geometric(last)
    return kept


def _funnel(law: Law, people: People, sessions: Sessions, rng: np.random.Generator) -> _Funnel:
    """Counts of steps. A cart that is left and one that is bought look the same but for the purchase."""
    n = sessions.day.size
    has_cart = sessions.outcome != BROWSE
    kept = _kept(law, people, sessions, rng)
    removed = has_cart * (rng.geometric(defaults.MORE_REMOVED, n) - 1)
    return _Funnel(
        pages=rng.geometric(defaults.MORE_PAGES, n) - 1,
        searches=rng.geometric(defaults.MORE_SEARCHES, n) - 1,
        views=kept + removed + rng.geometric(defaults.MORE_VIEWS, n),
        adds=kept + removed,
        removes=removed,
        purchases=np.where(sessions.outcome == ORDER, kept, 0),
    )


def _in_sessions(
    people: People, sessions: Sessions, funnel: _Funnel, catalog: Catalog, rng: np.random.Generator
) -> Rows:
    """Pages, searches, then each product viewed and perhaps added, then removals, then one order."""
    session = np.repeat(np.arange(funnel.n_events.size), funnel.n_events)
    event_type, item = _steps(funnel)
    customer = sessions.customer[session]
    item_at = np.repeat(funnel.views.cumsum() - funnel.views, funnel.n_events) + item
    favourite = people.favourite[np.repeat(sessions.customer, funnel.views)]
    viewed = catalog.draw(favourite, rng)
    pieces = rng.geometric(defaults.MORE_PIECES, favourite.size).astype(np.int32)
    of_product, of_cart = item != NOTHING, event_type >= ADD
    item_at = np.where(of_product, item_at, 0)
    return Rows(
        customer=customer,
        session=session,
        micros=_micros(sessions, funnel, event_type, session, rng),
        price_day=sessions.day.astype(np.int16)[session],
        event_type=event_type,
        product=np.where(of_product, viewed[item_at], np.int32(NOTHING)),
        quantity=np.where(of_cart, pieces[item_at], np.int32(NOTHING)),
        device=_devices(people, sessions, rng)[session],
        detail=_details(people.favourite[customer], event_type, rng),
    )


def _steps(funnel: _Funnel) -> tuple[NDArray[np.int8], NDArray[np.int16]]:
    """Type of each event, and which of the session's viewed products it is about; sessions are short, so int16."""
    n_events = funnel.n_events
    begin = n_events.cumsum() - n_events + funnel.pages + funnel.searches
    step = (np.arange(n_events.sum()) - np.repeat(begin, n_events)).astype(np.int16)
    searches, adds, shown, kept = (
        np.repeat(counts.astype(np.int16), n_events)
        for counts in (funnel.searches, funnel.adds, funnel.views + funnel.adds, n_events - funnel.purchases)
    )
    kept = kept - np.repeat((funnel.pages + funnel.searches).astype(np.int16), n_events)
    in_pairs = (step >= 0) & (step < 2 * adds)
    event_type = np.full(step.size, VIEW, np.int8)
    event_type[in_pairs & (step % 2 == 1)] = ADD
    event_type[step < 0] = SEARCH
    event_type[step < -searches] = PAGE_VIEW
    event_type[step >= shown] = REMOVE
    event_type[step >= kept] = PURCHASE
    item = np.where(step >= shown, step - shown, np.where(in_pairs, step // 2, step - adds))
    return event_type, np.where(step < 0, np.int16(NOTHING), item)


def _micros(
    sessions: Sessions, funnel: _Funnel, event_type: NDArray[np.int8], session: Ints, rng: np.random.Generator
) -> Ints:
    """Times: gaps of at least a second, squeezed where the session has less room; one moment for all of an order."""
    first = funnel.n_events.cumsum() - funnel.n_events
    gap = 1.0 + defaults.GAP_SECONDS * rng.standard_exponential(event_type.size)
    gap[1:][(event_type[1:] == PURCHASE) & (event_type[:-1] == PURCHASE)] = 0.0
    gap[first] = 0.0
    elapsed = gap.cumsum()
    elapsed -= elapsed[first][session]
    squeeze = np.minimum(1.0, sessions.room_seconds / np.maximum(elapsed[first + funnel.n_events - 1], 1.0))
    seconds = sessions.start_seconds[session] + elapsed * squeeze[session]
    micros: Ints = (sessions.day * int(DAY_SECONDS * 1e6))[session] + (seconds * 1e3).astype(np.int64) * 1_000
    return micros


def _devices(people: People, sessions: Sessions, rng: np.random.Generator) -> NDArray[np.int8]:
    other = np.searchsorted(np.cumsum(defaults.DEVICE_SHARES)[:-1], rng.random(sessions.day.size))
    own = rng.random(sessions.day.size) < defaults.OWN_DEVICE_SHARE
    return np.where(own, people.device[sessions.customer], other).astype(np.int8)


def _details(favourite: Ints, event_type: NDArray[np.int8], rng: np.random.Generator) -> NDArray[np.int8]:
    detail = np.full(event_type.size, NOTHING, np.int8)
    pages, searches = np.flatnonzero(event_type == PAGE_VIEW), np.flatnonzero(event_type == SEARCH)
    detail[pages] = np.searchsorted(np.cumsum(defaults.PAGE_SHARES)[:-1], rng.random(pages.size))
    other = np.searchsorted(np.cumsum(defaults.CATEGORY_SHARES)[:-1], rng.random(searches.size))
    detail[searches] = np.where(rng.random(searches.size) < defaults.FAVOURITE_SHARE, favourite[searches], other)
    return detail


def _returns(spec: ShopSpec, rows: Rows, catalog: Catalog, rng: np.random.Generator) -> Rows:
    """Lines sent back whole, some days after, in the working hours of the warehouse; before the log ends."""
    bought = np.flatnonzero(rows.event_type == PURCHASE)
    risk = np.array(defaults.CATEGORY_RETURNS)[rows.product[bought] // catalog.n_per_category]
    lines = rows.take(bought[rng.random(bought.size) < risk])
    n = lines.micros.size
    wait = np.minimum(rng.geometric(1 / (defaults.MEAN_RETURN_DAYS - 2), n) + 2, defaults.MAX_RETURN_DAYS)
    day = lines.micros // int(DAY_SECONDS * 1e6) + wait
    millis = rng.integers(8 * 3_600_000, 17 * 3_600_000, n)
    fresh = Rows(
        customer=lines.customer,
        session=lines.session,
        micros=day * int(DAY_SECONDS * 1e6) + millis * 1_000,
        price_day=lines.price_day,
        event_type=np.full(n, RETURN, np.int8),
        product=lines.product,
        quantity=lines.quantity,
        device=np.full(n, NOTHING, np.int8),
        detail=np.full(n, NOTHING, np.int8),
    ).take(np.flatnonzero(day < spec.n_days))
    return fresh.take(np.lexsort((fresh.micros, fresh.customer)))

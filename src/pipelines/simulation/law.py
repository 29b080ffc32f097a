"""The law of the shop: every rate and hazard by type and day, from which events, truth and oracle all follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ConfigError
from pipelines.core.intervals import FloatArray
from pipelines.simulation import defaults
from pipelines.simulation.drifts import PURCHASE, Days
from pipelines.simulation.latent import Types, types_of
from pipelines.simulation.spec import MAX_HORIZON_DAYS, ShopSpec
from pipelines.simulation.unfairness import N_CELLS


@dataclass(frozen=True)
class Law:
    """Rates and hazards; days run from the start to one longest horizon after the end.

    On each day an active customer first may lapse, a lapsed one may come back; then an active customer makes a Poisson
    number of sessions, each of which ends, independently, in an order, an abandoned cart, or neither. A lapsed
    customer does nothing.

    Attributes
    ----------
    types : Types
        The latent types, whose order is that of every axis ``n_types``.
    season : array of shape (n_days,)
        Sessions relative to a mean day.
    conversion : array of shape (n_types, n_days)
        Probability that a session of an untreated customer ends in an order.
    carts : array of shape (n_types,)
        Probability that a session ends in an abandoned cart.
    lapse : array of shape (n_gaps, n_types, n_days)
        Probability that a customer who was active the day before lapses.
    lift : array of shape (n_types, n_days)
        Factor on the conversion of customers treated by the campaign at work that day.
    treated : array of shape (n_days,)
        Treatment share of the campaign sent on that day; 0 where none is.
    gaps : array of shape (n_gaps,)
        Factors on the lapse hazard that cells have.
    gap_of_cell : integer array of shape (n_cells,)
        First index into ``lapse``.
    lost_of_cell : array of shape (n_cells,)
        Share of sessions without an order that stay unlogged.
    is_missing : boolean array of shape (n_days,)
        Days without purchase rows.
    """

    types: Types
    season: FloatArray
    conversion: FloatArray
    carts: FloatArray
    lapse: FloatArray
    lift: FloatArray
    treated: FloatArray
    gaps: FloatArray
    gap_of_cell: NDArray[np.intp]
    lost_of_cell: FloatArray
    is_missing: NDArray[np.bool_]

    def orders(self, day: int) -> FloatArray:
        """Expected orders of an active customer on a day, untreated and treated; shape (2, n_types)."""
        untreated = self.types.visits * self.season[day] * self.conversion[:, day]
        return np.stack([untreated, untreated * self.lift[:, day]])


def law_of(spec: ShopSpec) -> Law:
    """The law of a shop.

    Raises
    ------
    ConfigError
        If campaigns and price cuts together would make more orders than there are sessions.
    """
    days, types = spec.days(MAX_HORIZON_DAYS), types_of(spec.planted)
    prices = np.prod([np.ones(days.shape), *(drift.price_factor(days) for drift in spec.drifts)], axis=0)
    lapse_factor = np.prod([np.ones(N_CELLS), *(planted.lapse_factor() for planted in spec.unfairness)], axis=0)
    gaps, gap_of_cell = np.unique(lapse_factor, return_inverse=True)
    law = Law(
        types=types,
        season=_season(days),
        conversion=types.conversion[:, None] * prices ** types.elasticity[:, None],
        carts=types.conversion * defaults.ABANDONED_PER_ORDER,
        lapse=_lapse(spec, types, gaps),
        lift=_lift(spec, types),
        treated=_treated(spec),
        gaps=gaps,
        gap_of_cell=gap_of_cell.ravel(),
        lost_of_cell=1 - np.prod([np.ones(N_CELLS), *(1 - planted.lost() for planted in spec.unfairness)], axis=0),
        is_missing=_is_missing(spec),
    )
    if float((law.conversion * law.lift + law.carts[:, None]).max()) > 1:
        raise ConfigError(
            "Price cuts and campaign lifts together leave more orders and carts than sessions.",
            why="A session ends in one order, one abandoned cart, or neither.",
            fix="Lower the lifts, or raise the price factors.",
        )
    return law


def active_share(n_days: FloatArray, lapse: FloatArray) -> FloatArray:
    """Probability of being active ``n_days`` after an active day, under a constant hazard.

    A two-state chain forgets its start at the rate ``1 - lapse - comeback`` a day.

    Examples
    --------
    >>> float(active_share(np.array(0.0), np.array(0.01)))
    1.0
    """
    settled = defaults.COMEBACK / (defaults.COMEBACK + lapse)
    return settled + (1 - settled) * (1 - lapse - defaults.COMEBACK) ** n_days


def _season(days: Days) -> FloatArray:
    weekday = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    month = days.astype("datetime64[M]").astype(np.int64) % 12
    season: FloatArray = np.array(defaults.WEEKDAY)[weekday] * np.array(defaults.MONTH)[month]
    return season


def _lapse(spec: ShopSpec, types: Types, gaps: FloatArray) -> FloatArray:
    days = spec.days(MAX_HORIZON_DAYS)
    shock = np.prod([np.ones(days.shape), *(drift.lapse_factor(days) for drift in spec.drifts)], axis=0)
    by_type = types.lapse[:, None] * np.where(types.is_sensitive[:, None], shock, 1.0)
    return np.asarray(np.minimum(gaps[:, None, None] * by_type, 0.99), dtype=np.float64)


def _lift(spec: ShopSpec, types: Types) -> FloatArray:
    days = spec.days(MAX_HORIZON_DAYS)
    lift = np.ones((types.n_types, days.size))
    for campaign in spec.campaigns:
        at_work = (days > np.datetime64(campaign.sent)) & (days < np.datetime64(campaign.until))
        by_type = np.where(types.is_sensitive, campaign.lift_sensitive, campaign.lift_steady)
        lift = np.where(at_work, by_type[:, None], lift)
    return lift


def _treated(spec: ShopSpec) -> FloatArray:
    """A campaign sent before the log or after its end reaches nobody."""
    treated = np.zeros(spec.n_days + MAX_HORIZON_DAYS)
    for campaign in spec.campaigns:
        if 0 <= spec.day_of(campaign.sent) < spec.n_days:
            treated[spec.day_of(campaign.sent)] = campaign.treatment_share
    return treated


def _is_missing(spec: ShopSpec) -> NDArray[np.bool_]:
    days = spec.days()
    purchases = np.full(days.shape, PURCHASE, np.int8)
    is_missing = np.zeros(days.shape, dtype=bool)
    for drift in spec.drifts:
        is_missing |= drift.n_copies(days, purchases) == 0
    return is_missing

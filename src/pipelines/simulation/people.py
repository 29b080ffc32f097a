"""Who the customers of a chunk are, what they truly are like, and on which days they were active."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.intervals import FloatArray
from pipelines.simulation import defaults
from pipelines.simulation.drifts import MixShift
from pipelines.simulation.law import Law, active_share
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.streams import Purpose, stream
from pipelines.simulation.unfairness import CELL_SHAPE

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
MOBILE = defaults.DEVICES.index("mobile")


@dataclass(frozen=True)
class People:
    """The customers of a chunk, one element each; what is latent is marked so.

    Attributes
    ----------
    customer_id : integer array of shape (n_customers,)
        Ascending.
    age : integer array
        Years.
    cell : integer array
        Age band, gender and region as one number.
    consents : boolean array
        Whether they may be contacted.
    signup_day : integer array
        Days from the start of the log; negative before it.
    arms : integer array of shape (n_customers, n_campaigns)
        1 treated, 0 control, -1 not contacted.
    device, favourite : integer arrays
        Latent: usual device, favourite category.
    kind : integer array
        Latent: the type.
    gap : integer array
        Latent: index into ``Law.lapse``.
    """

    customer_id: Ints
    age: Ints
    cell: Ints
    consents: Bools
    signup_day: Ints
    arms: NDArray[np.int8]
    device: Ints
    favourite: Ints
    kind: Ints
    gap: Ints

    def arm_on(self, spec: ShopSpec, day: int) -> Ints:
        """1 for those treated by the campaign at work on a day, else 0."""
        for number, campaign in enumerate(spec.campaigns):
            if spec.day_of(campaign.sent) < day < spec.day_of(campaign.until):
                return np.maximum(self.arms[:, number], 0).astype(np.int64)
        return np.zeros(self.kind.size, np.int64)


def people_of(spec: ShopSpec, law: Law, chunk: int) -> People:
    """The customers of one chunk; the same whatever else is generated."""
    first = chunk * spec.customers_per_chunk
    n = min(spec.customers_per_chunk, spec.n_customers - first)
    rng = stream(spec.seed, chunk, Purpose.PEOPLE)
    signup_day = _signup_days(spec, n, rng)
    band = _draw(defaults.AGE_SHARES, n, rng)
    low, high = (np.array(defaults.AGE_BOUNDS)[band + step] for step in (0, 1))
    region = _draw(defaults.REGION_SHARES, n, rng)
    device = _draw(defaults.DEVICE_SHARES, n, rng)
    region, device = _shifted(spec, chunk, signup_day, region, device)
    cell = np.ravel_multi_index((band, _draw(defaults.GENDER_SHARES, n, rng), region), CELL_SHAPE).astype(np.int64)
    consents = rng.random(n) < defaults.CONSENT_SHARE
    return People(
        customer_id=np.arange(first + 1, first + n + 1),
        age=rng.integers(low, high),
        cell=cell,
        consents=consents,
        signup_day=signup_day,
        arms=_arms(spec, chunk, consents, signup_day),
        device=device,
        favourite=_draw(defaults.CATEGORY_SHARES, n, rng),
        kind=_kinds(law, cell, rng),
        gap=law.gap_of_cell[cell].astype(np.int64),
    )


def was_active(spec: ShopSpec, law: Law, people: People, chunk: int) -> Bools:
    """Whether each customer was active on each day; shape (n_customers, n_days).

    False before the sign-up, true on its day. Who signed up before the log had time to lapse under the plain hazard.
    """
    rng = stream(spec.seed, chunk, Purpose.STATES)
    n = people.kind.size
    active = rng.random(n) < share_active_at_start(law, people.signup_day, people.kind, people.gap)
    states = np.zeros((spec.n_days, n), dtype=bool)
    group = people.gap * law.types.n_types + people.kind
    for day in range(spec.n_days):
        draw = rng.random(n)
        stays = draw >= law.lapse[:, :, day].ravel()[group]
        moved = np.where(active, stays, draw < defaults.COMEBACK)
        active = np.where(people.signup_day < day, moved, people.signup_day == day)
        states[day] = active
    return np.ascontiguousarray(states.T)


def share_active_at_start(law: Law, signup_day: Ints, kind: Ints, gap: Ints) -> FloatArray:
    """Probability of being active on the eve of the log; 0 for who signs up later."""
    tenure = np.maximum(-1 - signup_day, 0).astype(np.float64)
    before = law.types.lapse[kind] * law.gaps[gap]
    return np.where(signup_day < 0, active_share(tenure, before), 0.0)


def share_of_cells(spec: ShopSpec, day: int) -> FloatArray:
    """Distribution of the cell of a customer who signs up on a day; shape (n_cells,)."""
    region = np.array(defaults.REGION_SHARES)
    for shift in _shifts(spec):
        if spec.day_of(shift.since) <= day:
            whole = np.eye(len(defaults.REGIONS))[defaults.REGIONS.index(shift.region)]
            region = (1 - shift.share) * region + shift.share * whole
    shares = np.einsum("a,g,r->agr", np.array(defaults.AGE_SHARES), np.array(defaults.GENDER_SHARES), region)
    return np.asarray(shares, dtype=np.float64).ravel()


def _signup_days(spec: ShopSpec, n: int, rng: np.random.Generator) -> Ints:
    before = rng.integers(-defaults.EXISTING_DAYS, 0, n)
    during = rng.integers(0, spec.n_days, n)
    return np.where(rng.random(n) < defaults.EXISTING_SHARE, before, during)


def _shifts(spec: ShopSpec) -> list[MixShift]:
    return [drift for drift in spec.drifts if isinstance(drift, MixShift)]


def _shifted(spec: ShopSpec, chunk: int, signup_day: Ints, region: Ints, device: Ints) -> tuple[Ints, Ints]:
    """Region and device after every mix shift; its draws are its own, so that without a shift nothing else moves."""
    rng = stream(spec.seed, chunk, Purpose.MIX_SHIFT)
    for shift in _shifts(spec):
        moved = (signup_day >= spec.day_of(shift.since)) & (rng.random(signup_day.size) < shift.share)
        region = np.where(moved, defaults.REGIONS.index(shift.region), region)
        device = np.where(moved, MOBILE, device)
    return region, device


def _arms(spec: ShopSpec, chunk: int, consents: Bools, signup_day: Ints) -> NDArray[np.int8]:
    """Each campaign contacts who consents and signed up before its day; it must fall into the log."""
    rng = stream(spec.seed, chunk, Purpose.CONTACTS)
    arms = np.full((consents.size, len(spec.campaigns)), -1, np.int8)
    for number, campaign in enumerate(spec.campaigns):
        sent = spec.day_of(campaign.sent)
        treated = rng.random(consents.size) < campaign.treatment_share
        contacted = consents & (signup_day < sent) & (0 <= sent < spec.n_days)
        arms[:, number] = np.where(contacted, treated, -1)
    return arms


def _kinds(law: Law, cell: Ints, rng: np.random.Generator) -> Ints:
    cumulative = law.types.prior.cumsum(axis=1)[cell]
    kind: Ints = (rng.random(cell.size)[:, None] >= cumulative).sum(axis=1)
    return np.minimum(kind, law.types.n_types - 1)


def _draw(shares: tuple[float, ...], n: int, rng: np.random.Generator) -> Ints:
    """``n`` draws of an index with these probabilities."""
    return np.minimum(np.searchsorted(np.cumsum(shares), rng.random(n), side="right"), len(shares) - 1)

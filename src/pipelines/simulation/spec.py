"""What can be asked of the simulated shop."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pipelines.core.spec import Spec
from pipelines.simulation.campaigns import CAMPAIGNS, Campaign
from pipelines.simulation.defaults import CATEGORIES
from pipelines.simulation.drifts import DRIFTS, Drift
from pipelines.simulation.planted import PlantedTypes
from pipelines.simulation.unfairness import UNFAIRNESS, Unfairness

MAX_HORIZON_DAYS = 366


class ShopSpec(Spec):
    """A simulated shop: size, seed, period, and what is planted in it.

    Drifts and campaigns whose dates lie outside the period never happen; `truth_calendar` says which do.

    Attributes
    ----------
    n_customers : int
        Customers over the whole period, ids ``1 … n_customers``. Expect about 170 events each in 540 days.
    seed : int
        The same seed gives the same shop; another seed gives another one under the same law.
    start : date
        First day of the log, UTC.
    n_days : int
        Days of the log.
    n_products : int
        Products on sale, spread evenly over the categories.
    customers_per_chunk : int
        Customers generated at once: it bounds the memory, and is part of what the seed means.
    campaigns, drifts, unfairness : tuple
        What is planted; an empty tuple plants nothing of the kind.
    planted : PlantedTypes, optional
        A few types of customers in place of the shop's own many; part of the spec's content only where it is given, so
        that what identifies a shop without them is what it was before there were any.

    Examples
    --------
    >>> shop = ShopSpec(n_customers=25_000)
    >>> shop.n_chunks, shop.end.isoformat()
    (3, '2024-06-24')
    """

    n_customers: Annotated[int, Field(ge=1_000, le=10_000_000)] = 20_000
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    start: date = date(2023, 1, 1)
    n_days: Annotated[int, Field(ge=28, le=1_830)] = 540
    n_products: Annotated[int, Field(ge=80, le=1_000_000)] = 1_000
    customers_per_chunk: Annotated[int, Field(ge=1_000, le=20_000)] = 10_000
    campaigns: tuple[Campaign, ...] = CAMPAIGNS
    drifts: tuple[Drift, ...] = DRIFTS
    unfairness: tuple[Unfairness, ...] = UNFAIRNESS
    planted: PlantedTypes | None = Field(default=None, exclude_if=lambda planted: planted is None)

    @model_validator(mode="after")
    def _campaigns_stand_apart(self) -> ShopSpec:
        names = [campaign.campaign_id for campaign in self.campaigns]
        if len(set(names)) < len(names):
            raise ValueError(f"two campaigns share an id among {names}: name each differently")
        for one, other in pairwise(sorted(self.campaigns, key=lambda campaign: campaign.sent)):
            if other.sent + timedelta(days=1) < one.until:
                raise ValueError(
                    f"campaign '{other.campaign_id}' works before '{one.campaign_id}' has ended on {one.until}, so "
                    f"neither has an effect of its own: send it on {one.until - timedelta(days=1)} or later"
                )
        return self

    @property
    def end(self) -> date:
        """The first day after the log."""
        return self.start + timedelta(days=self.n_days)

    @property
    def n_chunks(self) -> int:
        """Chunks of customers, numbered from 0; the last may be smaller."""
        return -(-self.n_customers // self.customers_per_chunk)

    def days(self, n_more: int = 0) -> NDArray[np.datetime64]:
        """The dates of the log and of ``n_more`` days after it; shape (n_days + n_more,)."""
        return np.datetime64(self.start) + np.arange(self.n_days + n_more)

    def day_of(self, moment: date) -> int:
        """Days from the start to a date; negative before it."""
        return (moment - self.start).days

    def n_products_per_category(self) -> int:
        """Products of each category; what does not divide is not made."""
        return self.n_products // len(CATEGORIES)

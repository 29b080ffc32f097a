"""Randomised campaigns with known effects. A new one is one `Campaign` in the spec's tuple."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from pipelines.core.spec import Spec

Lift = Annotated[float, Field(gt=0, le=1.7)]


class Campaign(Spec):
    """One contact of every consenting customer who signed up before; a coin decides who is treated.

    Attributes
    ----------
    campaign_id : str
        Its name, unique in a shop.
    sent : date
        The day of the contact, 09:00 UTC. The effect begins with the next day.
    treatment_share : float in (0, 1)
        Probability of treatment; the others are the control, recorded as such.
    effect_days : int
        Days on which treated customers order more or less often per session.
    lift_steady, lift_sensitive : float
        Factor on the probability that a session ends in an order, for customers with low and with high price
        sensitivity; 1 is no effect, below 1 is harm. It never changes how often they come or whether they lapse.
    """

    campaign_id: str
    sent: date
    channel: str = "email"
    treatment_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    effect_days: Annotated[int, Field(ge=1, le=90)]
    lift_steady: Lift
    lift_sensitive: Lift

    @property
    def until(self) -> date:
        """The first day without an effect."""
        return self.sent + timedelta(days=self.effect_days + 1)


CAMPAIGNS: tuple[Campaign, ...] = (
    # A voucher works on those who look at prices.
    Campaign(campaign_id="voucher", sent=date(2023, 5, 15), effect_days=21, lift_steady=1.05, lift_sensitive=1.40),
    # A newsletter that nobody needed: the true effect is zero, and a test must say so.
    Campaign(campaign_id="newsletter", sent=date(2023, 7, 10), effect_days=14, lift_steady=1.0, lift_sensitive=1.0),
    # A pushy reminder: it annoys the one half and moves the other.
    Campaign(
        campaign_id="reminder",
        sent=date(2023, 9, 4),
        channel="push",
        effect_days=14,
        lift_steady=0.80,
        lift_sensitive=1.25,
    ),
    # Free delivery is worth the same to everybody; sent to a small treatment group, after the price shock.
    Campaign(
        campaign_id="free_delivery",
        sent=date(2024, 3, 4),
        treatment_share=0.3,
        effect_days=28,
        lift_steady=1.20,
        lift_sensitive=1.20,
    ),
)
"""What the shop sends unless told otherwise; ``()`` sends nothing."""

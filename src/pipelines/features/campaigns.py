"""Campaigns: how often a customer was reached, and what came back."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from pipelines.features.blocks import FloatArray
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.facts import Fact, InWindows, Words, counted, days_since, part_of
from pipelines.features.measures import N_CONTACTS, Measure, Rows
from pipelines.features.spine import Spine


class Campaigns(InWindows):
    """Contacts and responses in each window, and days since the last contact.

    A contact is a row of the table ``contacts`` by which the customer was reached: its variant is ``treatment`` or
    unknown; the control group was not. A response counts in the window in which it happened, whichever contact it
    answers, so that there can be more of them than contacts.

    Parameters
    ----------
    responses : list of str
        The event types that are responses, such as ``redeem_coupon``; without any, contacts are all that is counted.
    """

    type: Literal["campaigns"] = "campaigns"
    responses: tuple[str, ...] = ()

    @property
    def chosen(self) -> tuple[Fact, ...]:
        """Contacts, and if there can be responses, those and their rate."""
        if not self.responses:
            return (counted(N_CONTACTS),)
        answered = _answers(self.responses)
        return (
            counted(N_CONTACTS),
            replace(counted(answered), name="n_responses"),
            part_of(
                "responses_per_contact",
                "responses per campaign contact",
                answered,
                N_CONTACTS,
                "the customer was not reached in the window",
                Words("ratio", "campaigns", "{value} {response|responses} per campaign contact", "no campaign contact"),
            ),
        )

    def features(self, currency: str) -> tuple[Feature, ...]:
        """One or three per window, then ``contact_recency_days``."""
        recency = Feature(
            "contact_recency_days",
            "Days from the last day with a campaign contact to the cutoff",
            "days",
            "all history",
            "the customer was not reached before the cutoff",
            self.type,
            "last campaign contact {value} {day|days} ago",
            idea="campaigns",
            absent="no campaign contact so far",
        )
        return (*super().features(currency), recency)

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Exact counts, divided once, and whole days."""
        return np.column_stack([super().emit(days, spine), days_since(days, spine, N_CONTACTS)])


@functools.cache
def _answers(types: tuple[str, ...]) -> Measure:
    """Events of these types; the same object each time, since measures are told apart by identity."""

    def rows(events: Rows) -> Any:
        return events.event_type.isin(types)

    return Measure(
        f"n_responses_{'_'.join(types)}",
        "responses to campaigns",
        "responses",
        (),
        rows,
        told="{value} {response|responses} to campaigns",
        idea="campaigns",
    )

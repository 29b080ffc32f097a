"""Every kind of rule."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipelines.segments.rules.behaviour import OfCustomers, OfEvents, OfSessions
from pipelines.segments.rules.rfm import Rfm
from pipelines.segments.rules.sequence import Sequence

RULES = (OfEvents, OfSessions, Sequence, OfCustomers, Rfm)
"""A new kind of rule is one class and one line here and below."""
AnyRule = Annotated[OfEvents | OfSessions | Sequence | OfCustomers | Rfm, Field(discriminator="type")]

"""Who is described: the population of a task. A new one is one class and one line in `AnyPopulation`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pipelines.core.spec import Days, Spec
from pipelines.core.windows import DAY
from pipelines.features.days import CustomerDays
from pipelines.features.kernel import active_pairs
from pipelines.features.spine import Spine, cutoff_days


class Active(Spec):
    """Customers who bought in ``[cutoff - within, cutoff)``."""

    type: Literal["active"] = "active"
    within: Days

    @property
    def in_words(self) -> str:
        """Who is eligible."""
        return f"customers who bought in the {self.within.days} days"

    def spine(self, days: CustomerDays, cutoffs: tuple[datetime, ...]) -> Spine:
        """Who is eligible when."""
        return Spine(*active_pairs(days.offsets, days.day, days.activity, cutoff_days(cutoffs), self.within // DAY))


AnyPopulation = Active

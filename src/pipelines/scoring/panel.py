"""From customer days to a panel: the same code builds training rows and the rows that are scored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.features.days import CustomerDays
from pipelines.features.panel import feature_rows
from pipelines.features.spine import Spine, cutoff_days
from pipelines.models.classifier import Dataset
from pipelines.tasks.described import Describes


@dataclass(frozen=True)
class Panel:
    """Feature rows of the eligible customers at every cutoff.

    Parameters
    ----------
    spine : Spine
        Who and when, ordered by customer and cutoff.
    rows : DataFrame of float64, shape (n_rows, n_features)
        In the order of the spine.
    customer_ids : ndarray of object, shape (n_customers,)
        What the spine's codes stand for.
    """

    spine: Spine
    rows: pd.DataFrame
    customer_ids: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.spine)

    @property
    def customer_id(self) -> NDArray[np.object_]:
        """The customer of every row."""
        return self.customer_ids[self.spine.customer]

    @property
    def cutoff(self) -> NDArray[np.datetime64]:
        """The cutoff of every row, UTC."""
        return self.spine.cutoff.astype("datetime64[D]").astype("datetime64[us]")

    def at(self, cutoffs: tuple[datetime, ...]) -> NDArray[np.bool_]:
        """Which rows belong to these cutoffs."""
        found: NDArray[np.bool_] = np.isin(self.spine.cutoff, cutoff_days(cutoffs))
        return found


@dataclass(frozen=True)
class LabelledPanel:
    """A panel whose outcome windows are all complete."""

    panel: Panel
    label: NDArray[np.int8]

    def at(self, cutoffs: tuple[datetime, ...]) -> LabelledPanel:
        """The part that belongs to these cutoffs."""
        mask = self.panel.at(cutoffs)
        part = Panel(self.panel.spine.at(mask), self.panel.rows[mask].reset_index(drop=True), self.panel.customer_ids)
        return LabelledPanel(part, self.label[mask])

    @property
    def dataset(self) -> Dataset:
        """What a model learns from."""
        return Dataset(self.panel.rows, self.label)


def panel(task: Describes, days: CustomerDays, cutoffs: tuple[datetime, ...]) -> Panel:
    """Feature rows of the task's population, all cutoffs in one pass."""
    spine = task.population.spine(days, cutoffs)
    return Panel(spine, feature_rows(days, spine, task.features), days.customer_ids)

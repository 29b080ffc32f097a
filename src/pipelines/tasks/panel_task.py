"""Rows are customers at weekly cutoffs, described from the log."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import model_validator

from pipelines.core.spec import digest
from pipelines.features.blocks import Reads
from pipelines.features.panel import AnyBlock, catalogue
from pipelines.tables.contract import CUSTOMERS
from pipelines.tasks.outcome import AnyOutcome
from pipelines.tasks.population import AnyPopulation
from pipelines.tasks.task import TaskSpec
from pipelines.tasks.timeline import TimelineSpec


class PanelTask(TaskSpec):
    """A population, its outcome, how time is divided, and the blocks that describe a customer at a cutoff.

    Parameters
    ----------
    segments : tuple of str
        Segmentations of the same source whose segments are features too, each as it was fitted by the row's cutoff.
    """

    kind: Literal["panel"] = "panel"
    population: AnyPopulation
    outcome: AnyOutcome
    timeline: TimelineSpec
    features: tuple[AnyBlock, ...]
    segments: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_features_once(self) -> Self:
        if not self.features:
            raise ValueError("features is empty: the model would have nothing to learn from")
        names = [*(feature.name for feature in catalogue(self.features, currency="")), *self.segments]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"features emits {', '.join(repeated[:5])} twice: two blocks describe the same")
        return self

    @property
    def reads(self) -> tuple[Reads, ...]:
        """What of the log it takes to describe and to label: the blocks and the outcome."""
        return (*self.features, self.outcome)

    @property
    def horizon(self) -> timedelta:
        """Length of the outcome window."""
        return self.outcome.horizon

    @property
    def sensitive_table(self) -> str:
        """Sensitive columns are those of customers."""
        return CUSTOMERS.name

    @property
    def population_in_words(self) -> str:
        """Customers of the population at a weekly cutoff."""
        return f"{self.population.in_words} before a weekly cutoff"

    def label_digest(self) -> str:
        """SHA-256 of source, population and outcome. The model's digest holds it too."""
        return digest(self.model_dump(mode="json", include={"source", "population", "outcome"}))

    def feature_digest(self) -> str:
        """SHA-256 of source, population, outcome, blocks, and segmentations if there are any."""
        told = {"source", "population", "outcome", "features", *({"segments"} if self.segments else ())}
        return digest(self.model_dump(mode="json", include=told))

    def protocol_digest(self) -> str:
        """SHA-256 of the timeline."""
        return self.timeline.digest()

    def described_as(self, other: PanelTask) -> PanelTask:
        """The task with the other's blocks and segments."""
        return self.model_copy(update={"features": other.features, "segments": other.segments})

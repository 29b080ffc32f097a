"""Whoever describes customers at cutoffs: a task, which has an outcome, or a segmentation, which has none."""

from __future__ import annotations

from typing import Protocol

from pipelines.features.blocks import Reads
from pipelines.features.panel import AnyBlock
from pipelines.tasks.outcome import AnyOutcome
from pipelines.tasks.population import AnyPopulation


class Describes(Protocol):
    """Who is described, from which source, and by what."""

    @property
    def name(self) -> str:
        """What its rows are kept under."""
        ...

    @property
    def source(self) -> str:
        """The ingested log."""
        ...

    @property
    def population(self) -> AnyPopulation:
        """Who is eligible when."""
        ...

    @property
    def features(self) -> tuple[AnyBlock, ...]:
        """The blocks."""
        ...

    @property
    def outcome(self) -> AnyOutcome | None:
        """What is labelled; None where nothing is."""
        ...

    @property
    def reads(self) -> tuple[Reads, ...]:
        """What of the log it takes: the blocks, and the outcome if there is one."""
        ...

    def feature_digest(self) -> str:
        """SHA-256 of everything above but the name."""
        ...

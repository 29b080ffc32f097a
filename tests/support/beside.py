"""A registry with a shadow that only one test knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from pipelines.core.ledger import Chain, Event, Standing
from pipelines.core.protocols import CHAMPION, LoadedModel, ModelVersion
from pipelines.flows.ledger import Step, entry_of
from pipelines.flows.score import scorer_of
from pipelines.policy.policies import AnySettled
from pipelines.scoring.scorer import Scorer
from support.memory import MemoryLedger, MemoryModels, MemoryRun

RUN = MemoryRun("beside")


def ledger_of(task: str, standing: Standing) -> MemoryLedger:
    """A ledger of one record, which says who stands where."""
    entry, ledger = entry_of(task, Chain(), Step(Event.ADOPTED), standing, RUN), MemoryLedger()
    ledger.append(entry)
    ledger.mark(task, entry.digest)
    return ledger


@dataclass
class Beside:
    """Another registry, which stays as it is, and a shadow: the champion with something changed.

    ``known_at`` is when both are said to have been trained, if not when the champion was; the shadow decides about
    ``share`` of the customers.
    """

    models: MemoryModels
    task: str = "tiny_churn"
    known_at: datetime | None = None
    shadow: ModelVersion | None = None
    scorer: Scorer | None = None
    share: float = 0.0

    def put_shadow(self, policy: AnySettled, **changes: object) -> None:
        champion = self.models.find(self.task, CHAMPION)
        self.scorer = replace(scorer_of(self.models, champion), policy=policy, **changes)
        self.shadow = replace(champion, version="99", digest=self.scorer.digest())

    @property
    def standing(self) -> Standing:
        champion = self.models.find(self.task, CHAMPION)
        shadow = None if self.shadow is None else self.shadow.version
        return Standing(champion.version, shadow=shadow, share=self.share)

    @property
    def ledger(self) -> MemoryLedger:
        return ledger_of(self.task, self.standing)

    def aliases(self, task: str) -> dict[str, str]:
        return self.standing.aliases

    def find(self, task: str, alias: str) -> ModelVersion | None:
        return self.version(task, self.standing.aliases.get(alias))

    def version(self, task: str, number: str | None) -> ModelVersion | None:
        is_shadow = self.shadow is not None and number == self.shadow.version
        found = self.shadow if is_shadow else self.models.version(task, number)
        return found if found is None or self.known_at is None else replace(found, known_at=self.known_at)

    def load(self, version: ModelVersion) -> LoadedModel:
        if self.shadow is not None and version.version == self.shadow.version:
            return LoadedModel(self.scorer, self.scorer.names, has_example=True)
        return self.models.load(version)

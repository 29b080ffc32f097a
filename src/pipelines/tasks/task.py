"""One task file tells the whole story of one model."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from pipelines.core.spec import Spec, digest
from pipelines.drift.verdict import DriftSpec
from pipelines.fairness.findings import FairnessSpec
from pipelines.features.panel import AnyBlock, catalogue
from pipelines.gates.gates import AnyGate
from pipelines.models.baselines import AnyBaseline
from pipelines.models.calibration import Sigmoid
from pipelines.models.lightgbm import LightGBM
from pipelines.policy.top_share import TopShare
from pipelines.tasks.outcome import AnyOutcome
from pipelines.tasks.population import AnyPopulation
from pipelines.tasks.search_space import SearchSpec
from pipelines.tasks.timeline import TimelineSpec


class TaskSpec(Spec):
    """Source, population, outcome, features, model, search, policy, fairness, gates and drift of one model."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    description: str = ""
    positive: str
    source: str
    seed: Annotated[int, Field(ge=0)] = 1
    population: AnyPopulation
    outcome: AnyOutcome
    timeline: TimelineSpec
    features: tuple[AnyBlock, ...]
    model: LightGBM = LightGBM()
    search: SearchSpec
    calibration: Sigmoid = Sigmoid()
    policy: TopShare = TopShare()
    baselines: tuple[AnyBaseline, ...]
    n_reasons: Annotated[int, Field(ge=1, le=10)] = 3
    n_resamples: Annotated[int, Field(ge=100)] = 1_000
    sensitive: tuple[str, ...] = ()
    fairness: FairnessSpec = FairnessSpec()
    gates: tuple[AnyGate, ...]
    drift: DriftSpec = DriftSpec()

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        if not self.features:
            raise ValueError("features is empty: the model would have nothing to learn from")
        for name, declared in (("baselines", self.baselines), ("gates", self.gates)):
            types = [one.type for one in declared]
            repeated = sorted({one for one in types if types.count(one) > 1})
            if repeated:
                raise ValueError(f"{name} names {', '.join(repeated)} twice: their figures would overwrite each other")
        return self

    @model_validator(mode="after")
    def _names_features_once(self) -> Self:
        names = [feature.name for feature in catalogue(self.features, currency="")]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"features emits {', '.join(repeated[:5])} twice: two blocks describe the same")
        return self

    @property
    def horizon(self) -> timedelta:
        """Length of the outcome window."""
        return self.outcome.horizon

    def label_digest(self) -> str:
        """SHA-256 of what makes a label: source, population and outcome. The model's digest holds it too."""
        return digest(self.model_dump(mode="json", include={"source", "population", "outcome"}))

    def feature_digest(self) -> str:
        """SHA-256 of what makes a feature row and its label: source, population, outcome and blocks."""
        whole = self.model_dump(mode="json", include={"source", "population", "outcome", "features"})
        return digest(whole)

"""What every task file tells, whatever its rows are: one file is the whole story of one model."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from pipelines.core.spec import Spec
from pipelines.drift.verdict import DriftSpec
from pipelines.fairness.findings import FairnessSpec
from pipelines.fairness.mitigation import Mitigation
from pipelines.gates.gates import AnyGate
from pipelines.models.baselines import AnyBaseline
from pipelines.models.calibration import Sigmoid
from pipelines.models.calibration_choice import AnyCalibration
from pipelines.models.lightgbm import LightGBM, check_names
from pipelines.policy.policies import AnyPolicy
from pipelines.policy.top_share import TopShare
from pipelines.tasks.search_space import SearchSpec


class TaskSpec(Spec):
    """Source, model, search, policy, fairness, gates and drift of one model; a subclass says what its rows are.

    Parameters
    ----------
    positive : str
        What a positive case does, as in ``churns``.
    slices : tuple of str
        Features by whose levels, or quarters, the figures are told apart.
    changeable : mapping of str to values
        Features that a person or the shop can change, and the values to try when one case is explained. Of a log's
        customers the log itself is changed instead, so that all features move together.
    mitigation : Mitigation or None
        Which ways of evening out are compared, and which of them the shipped model takes; None compares none.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    description: str = ""
    positive: str
    source: str
    seed: Annotated[int, Field(ge=0)] = 1
    model: LightGBM = LightGBM()
    search: SearchSpec
    calibration: AnyCalibration = Sigmoid()
    policy: AnyPolicy = TopShare()
    baselines: tuple[AnyBaseline, ...]
    n_reasons: Annotated[int, Field(ge=1, le=10)] = 3
    n_resamples: Annotated[int, Field(ge=100)] = 1_000
    slices: tuple[str, ...] = ()
    changeable: dict[str, Annotated[tuple[float | str, ...], Field(min_length=1)]] = Field(default_factory=dict)
    sensitive: tuple[str, ...] = ()
    fairness: FairnessSpec = FairnessSpec()
    mitigation: Mitigation | None = None
    gates: tuple[AnyGate, ...]
    drift: DriftSpec = DriftSpec()

    @model_validator(mode="after")
    def _searches_what_exists(self) -> Self:
        check_names(self.search.space)
        return self

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        for name, declared in (("baselines", self.baselines), ("gates", self.gates)):
            types = [one.type for one in declared]
            repeated = sorted({one for one in types if types.count(one) > 1})
            if repeated:
                raise ValueError(f"{name} names {', '.join(repeated)} twice: their figures would overwrite each other")
        return self

    @model_validator(mode="after")
    def _changes_nobody(self) -> Self:
        if fixed := [name for name in self.changeable if name in self.sensitive]:
            raise ValueError(f"changeable names {', '.join(fixed)}, which is sensitive: nobody can change it")
        return self

    @model_validator(mode="after")
    def _mitigates_what_is_sensitive(self) -> Self:
        if self.mitigation is not None and self.mitigation.column not in self.sensitive:
            known = ", ".join(self.sensitive) or "none"
            raise ValueError(f"mitigation.column must be one of 'sensitive' ({known}), got '{self.mitigation.column}'")
        return self

    @property
    def horizon(self) -> timedelta:
        """How long after a row's moment its label is known."""
        raise NotImplementedError

    @property
    def sensitive_table(self) -> str:
        """The contract table that declares the sensitive columns."""
        raise NotImplementedError

    @property
    def population_in_words(self) -> str:
        """Whom a row is about."""
        raise NotImplementedError

    @property
    def keeps_sides(self) -> bool:
        """Whether a row stays with the same part when rows are added, although nothing orders them in time."""
        return False

    def label_digest(self) -> str:
        """SHA-256 of what makes a label."""
        raise NotImplementedError

    def feature_digest(self) -> str:
        """SHA-256 of what makes a feature row and its label."""
        raise NotImplementedError

    def protocol_digest(self) -> str:
        """SHA-256 of how rows are divided into those that are learned from and those that judge."""
        raise NotImplementedError

    def described_as(self, other: Self) -> Self:
        """The task with the other's features: its rows and labels, as the other describes them."""
        raise NotImplementedError

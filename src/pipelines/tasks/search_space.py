"""What a search may try."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, FiniteFloat, Tag, model_validator

from pipelines.core.spec import Spec


class Range(Spec):
    """Where a parameter may lie, both ends included."""

    low: FiniteFloat
    high: FiniteFloat
    scale: Literal["linear", "log"] = "linear"
    kind: Literal["float", "int"] = "float"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high or (self.scale == "log" and self.low <= 0):
            raise ValueError(f"needs low < high, and low > 0 on a log scale; got {self.low} and {self.high}")
        if self.kind == "int" and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(f"needs whole numbers for kind: int; got {self.low} and {self.high}")
        return self


class Choices(Spec):
    """The values that a parameter may take, in no order; a switch is ``[0, 1]``."""

    choices: Annotated[tuple[FiniteFloat, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _different(self) -> Self:
        if len(set(self.choices)) < len(self.choices):
            raise ValueError(f"needs different values; got {', '.join(f'{value:g}' for value in self.choices)}")
        return self


def _shape(given: object) -> str:
    names = given if isinstance(given, dict) else given.model_dump() if isinstance(given, Spec) else ()
    return "choices" if "choices" in names else "range"


Allowed = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choices")],
    Discriminator(_shape),
]
"""A range, or ``{choices: [...]}``."""


class SearchSpec(Spec):
    """Budget and space of a search.

    Parameters
    ----------
    n_trials : int
        Trials that end, pruned ones among them; a search that goes on where another stopped counts its trials too.
    n_startup : int
        Trials drawn at random before the sampler learns from them.
    space : dict of str to Range or Choices
        By parameter.
    timeout : timedelta, optional
        ISO 8601, such as ``PT10M``: no trial is begun later than this; one always ends.
    n_workers : int
        Processes that fit at the same time, with one thread each. Only a search with one repeats exactly.
    """

    n_trials: Annotated[int, Field(ge=1)] = 30
    n_startup: Annotated[int, Field(ge=1)] = 8
    space: dict[str, Allowed]
    timeout: Annotated[timedelta, Field(gt=timedelta(0))] | None = None
    n_workers: Annotated[int, Field(ge=1, le=256)] = 1

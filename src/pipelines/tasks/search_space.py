"""What a search may try."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

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


class SearchSpec(Spec):
    """Budget and space of a search."""

    n_trials: Annotated[int, Field(ge=1)] = 30
    n_startup: Annotated[int, Field(ge=1)] = 8
    space: dict[str, Range]

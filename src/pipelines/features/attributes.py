"""Attributes: what the shop knows of a customer beside what they did, where it may be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pipelines.core.errors import ConfigError
from pipelines.features.blocks import Block, FloatArray, Need
from pipelines.features.catalogue import Feature, level_word
from pipelines.features.days import CustomerDays
from pipelines.features.spine import Spine
from pipelines.features.wording import plain

Levels = Annotated[tuple[str, ...], Field(min_length=1)]


class Attributes(Block):
    """Columns of ``customers`` that the source allows: not sensitive, and not known as of today only.

    An attribute is taken to have been the same at every cutoff: a source whose column changes over time declares it as
    ``as_of_today``, and then it is left out.

    Parameters
    ----------
    levels : mapping of str to tuple of str
        Of each column its levels that get a feature, written as they are in the data: 1 for customers who have it, 0
        for those who have another.
    numbers : tuple of str
        Columns that are numbers already.
    """

    type: Literal["attributes"] = "attributes"
    levels: Mapping[str, Levels] = Field(default_factory=dict)
    numbers: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_something_once(self) -> Self:
        both = sorted({*self.levels} & {*self.numbers})
        if both:
            raise ValueError(f"{', '.join(both)} stands under 'levels' and under 'numbers'")
        names = [feature.name for feature in self.features("")]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"two levels would have features of one name, {', '.join(repeated)}")
        if not names:
            raise ValueError("name columns under 'levels' or 'numbers'")
        return self

    @property
    def attributes(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(dict.fromkeys((*self.levels, *self.numbers)))

    @property
    def needs(self) -> tuple[tuple[Need, ...], ...]:
        """All of its columns."""
        return (tuple(("customers", name) for name in self.attributes),)

    def features(self, currency: str) -> tuple[Feature, ...]:
        """One per level, then one per number."""
        of_levels = [(column, level) for column, levels in self.levels.items() for level in levels]
        return (
            *(
                _feature(f"{column}_is_{level_word(level)}", f"{column} is {level}", "0 or 1", column)
                for column, level in of_levels
            ),
            *(_feature(f"{column}_of_customer", column, "number", column) for column in self.numbers),
        )

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """NaN for customers of whom it is not known."""
        of_levels = [_has(days.attributes[column], level) for column, levels in self.levels.items() for level in levels]
        of_numbers = [_number(name, days.attributes[name]) for name in self.numbers]
        return np.column_stack([*of_levels, *of_numbers])[spine.customer]


def _has(values: NDArray[Any], level: str) -> FloatArray:
    return np.array([np.nan if pd.isna(value) else float(str(value) == level) for value in values], np.float64)


def _number(name: str, values: NDArray[Any]) -> FloatArray:
    try:
        return values.astype(np.float64)
    except ValueError as error:
        raise ConfigError(
            f"The column {name} of customers holds texts that are not numbers.",
            why="The block 'attributes' names it under 'numbers'.",
            fix=f"Map it with 'as: number' in the source file, or name its values under 'levels': {{{name}: [...]}}.",
        ) from error


def _feature(name: str, said: str, unit: str, column: str) -> Feature:
    return Feature(
        name=name,
        meaning=f"{said[0].upper()}{said[1:]}",
        unit=unit,
        window="none",
        null_rule=f"the {column} of the customer is not known",
        block="attributes",
        phrase=f"{plain(said)}: {{value}}",
        idea=column,
        absent=f"{plain(column)}: unknown",
    )

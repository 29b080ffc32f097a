"""Planted types of customers: a few ways to shop, as far apart as asked, whose truth a segmentation is held against."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from pipelines.core.intervals import FloatArray
from pipelines.core.spec import Spec
from pipelines.simulation.defaults import PLANTED_NAMES, PLANTED_STEPS


class PlantedTypes(Spec):
    """Customers of a few types stand in place of the shop's own grid of visits, conversion and lapse.

    Types differ in how often they come, how often a session ends in a cart or an order, how soon they lapse, and how
    much they put into a cart. Within a type, visits and conversion are spread the same whatever the separation. Age,
    gender and region tell nothing about the type.

    Attributes
    ----------
    n_types : int
        The first so many of `PLANTED_NAMES`.
    separation : float
        Factor on the steps of `PLANTED_STEPS`, which are those of log rates; 0 makes all types the same, so that there
        is nothing to find.
    shares : tuple of float
        Probability of each type; the same for all if empty.

    Examples
    --------
    >>> PlantedTypes(n_types=2).probabilities.tolist()
    [0.5, 0.5]
    >>> PlantedTypes(n_types=3, separation=0).factors("visits").tolist()
    [1.0, 1.0, 1.0]
    """

    n_types: Annotated[int, Field(ge=2, le=len(PLANTED_NAMES))] = len(PLANTED_NAMES)
    separation: Annotated[float, Field(ge=0, le=2.5)] = 1.0
    shares: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()

    @model_validator(mode="after")
    def _shares_are_probabilities(self) -> PlantedTypes:
        if self.shares and len(self.shares) != self.n_types:
            raise ValueError(
                f"{len(self.shares)} shares for {self.n_types} types: give one per type, or none for equal shares"
            )
        if self.shares and not math.isclose(sum(self.shares), 1, abs_tol=1e-9):
            raise ValueError(f"the shares sum to {sum(self.shares):g}: they are probabilities, so make them sum to 1")
        return self

    @property
    def probabilities(self) -> FloatArray:
        """Probability of each type; shape (n_types,)."""
        return np.array(self.shares) if self.shares else np.full(self.n_types, 1 / self.n_types)

    def factors(self, rate: str) -> FloatArray:
        """What each type multiplies a rate of `PLANTED_STEPS` by; shape (n_types,)."""
        steps = np.array(PLANTED_STEPS[rate][: self.n_types])
        return np.asarray(np.exp(self.separation * steps), dtype=np.float64)

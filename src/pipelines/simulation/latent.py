"""The latent types: a finite grid, so that truth and oracle are exact sums and not approximations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.intervals import FloatArray
from pipelines.simulation import defaults
from pipelines.simulation.planted import PlantedTypes
from pipelines.simulation.unfairness import CELL_SHAPE, N_CELLS

_GRID = np.indices(
    (len(defaults.VISITS), len(defaults.CONVERSION), len(defaults.LAPSE), len(defaults.ELASTICITY))
).reshape(4, -1)


@dataclass(frozen=True)
class Types:
    """What each latent type is like; every array but the prior has shape (n_types,).

    Attributes
    ----------
    visits : float array
        Sessions per mean day while active.
    conversion : float array
        Probability that a session ends in an order at list prices, untreated.
    lapse : float array
        Daily probability of lapsing, without gaps and shocks.
    elasticity : float array
        Percent change of conversion per percent of price.
    is_sensitive : boolean array
        Whether it is the more price-sensitive half.
    last_kept : float array
        Probability that a product kept in a cart is the last: carts keep ``1 / last_kept`` on average.
    planted : integer array
        Which of `PLANTED_NAMES` it belongs to; -1 where none is planted.
    prior : float array of shape (n_cells, n_types)
        Probability of each type given age band, gender and region; rows sum to 1.
    """

    visits: FloatArray
    conversion: FloatArray
    lapse: FloatArray
    elasticity: FloatArray
    is_sensitive: NDArray[np.bool_]
    last_kept: FloatArray
    planted: NDArray[np.int64]
    prior: FloatArray

    @property
    def n_types(self) -> int:
        """How many there are."""
        return self.visits.size


def type_prior() -> FloatArray:
    """Probability of each of the shop's own types given age band, gender and region.

    Returns
    -------
    array of shape (n_cells, n_types)
        Rows sum to 1. Given the cell, visits, conversion, lapse and elasticity are independent.

    Examples
    --------
    >>> type_prior().shape, bool(np.allclose(type_prior().sum(axis=1), 1))
    ((75, 36), True)
    """
    age, gender, region = np.indices(CELL_SHAPE).reshape(3, N_CELLS, 1)
    visits, conversion, lapse, elasticity = _GRID
    prior = (
        np.array(defaults.VISITS_BY_AGE)[age, visits]
        * np.array(defaults.CONVERSION_BY_GENDER)[gender, conversion]
        * np.array(defaults.LAPSE_BY_REGION)[region, lapse]
        * np.array(defaults.ELASTICITY_BY_AGE)[age, elasticity]
    )
    return np.asarray(prior, dtype=np.float64)


TYPES = Types(
    visits=np.array(defaults.VISITS)[_GRID[0]],
    conversion=np.array(defaults.CONVERSION)[_GRID[1]],
    lapse=np.array(defaults.LAPSE)[_GRID[2]],
    elasticity=np.array(defaults.ELASTICITY)[_GRID[3]],
    is_sensitive=_GRID[3] == 1,
    last_kept=np.full(_GRID.shape[1], defaults.MORE_KEPT),
    planted=np.full(_GRID.shape[1], -1),
    prior=type_prior(),
)
"""The shop's own, where no others are planted."""


def types_of(planted: PlantedTypes | None) -> Types:
    """The types of a shop: its own, or those that are planted in their place.

    A planted type is a grid too: three visit rates by three conversions around its own, by two elasticities, which
    depend on age alone.

    Examples
    --------
    >>> types_of(None).n_types, types_of(PlantedTypes(n_types=4)).n_types
    (36, 72)
    """
    if planted is None:
        return TYPES
    shape = (planted.n_types, len(defaults.PLANTED_NODES), len(defaults.PLANTED_NODES), len(defaults.ELASTICITY))
    kind, visits, conversion, elasticity = np.indices(shape).reshape(4, -1)
    spread = np.exp(defaults.PLANTED_SPREAD * np.array(defaults.PLANTED_NODES))
    more_kept = (1 / defaults.MORE_KEPT - 1) * planted.factors("more_kept")
    weights = np.array(defaults.PLANTED_WEIGHTS)
    share = planted.probabilities[kind] * weights[visits] * weights[conversion]
    age = np.indices(CELL_SHAPE).reshape(3, N_CELLS, 1)[0]
    return Types(
        visits=defaults.PLANTED_VISITS * planted.factors("visits")[kind] * spread[visits],
        conversion=defaults.PLANTED_CONVERSION * planted.factors("conversion")[kind] * spread[conversion],
        lapse=defaults.PLANTED_LAPSE * planted.factors("lapse")[kind],
        elasticity=np.array(defaults.ELASTICITY)[elasticity],
        is_sensitive=elasticity == 1,
        last_kept=(1 / (1 + more_kept))[kind],
        planted=kind,
        prior=np.asarray(share * np.array(defaults.ELASTICITY_BY_AGE)[age, elasticity], dtype=np.float64),
    )

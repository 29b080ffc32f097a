"""The latent types: a finite grid, so that truth and oracle are exact sums and not approximations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.intervals import FloatArray
from pipelines.simulation import defaults
from pipelines.simulation.unfairness import CELL_SHAPE, N_CELLS

_GRID = np.indices(
    (len(defaults.VISITS), len(defaults.CONVERSION), len(defaults.LAPSE), len(defaults.ELASTICITY))
).reshape(4, -1)


@dataclass(frozen=True)
class Types:
    """What each latent type is like; every array has shape (n_types,).

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
    """

    visits: FloatArray
    conversion: FloatArray
    lapse: FloatArray
    elasticity: FloatArray
    is_sensitive: NDArray[np.bool_]


TYPES = Types(
    visits=np.array(defaults.VISITS)[_GRID[0]],
    conversion=np.array(defaults.CONVERSION)[_GRID[1]],
    lapse=np.array(defaults.LAPSE)[_GRID[2]],
    elasticity=np.array(defaults.ELASTICITY)[_GRID[3]],
    is_sensitive=_GRID[3] == 1,
)
N_TYPES = _GRID.shape[1]


def type_prior() -> FloatArray:
    """Probability of each type given age band, gender and region.

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

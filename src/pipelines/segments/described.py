"""What a persona page is made of: customers at one cutoff, the segments they are in, and what is known of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from pipelines.core.errors import ContractError, NotEnoughDataError
from pipelines.core.spec import Spec
from pipelines.core.windows import said
from pipelines.features.catalogue import Feature

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NOISE = 0
"""The id of those who belong to no segment."""
UNKNOWN = "unknown"
"""What a demographic column says of a customer of whom nothing is known."""


class RuleSpec(Spec):
    """How simple the rule has to be that anyone can re-create.

    Parameters
    ----------
    max_depth : int
        The most questions that lead to a segment.
    min_leaf_share : float in (0, 0.5)
        The least share of the rows that a branch of the rule speaks of.
    min_gain : float in [0, 1)
        The least share of the rows that each branch must put right beside the rule without it.
    held_out : float in (0, 1)
        The share of the rows that the rule is not fitted on: what its fidelity is measured on.
    max_rows : int
        The most rows that are fitted on and measured; more are sampled.
    """

    max_depth: Annotated[int, Field(ge=1, le=8)] = 4
    min_leaf_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    min_gain: Annotated[float, Field(ge=0, lt=1)] = 0.003
    held_out: Annotated[float, Field(ge=0.1, le=0.9)] = 0.3
    max_rows: Annotated[int, Field(ge=1_000)] = 100_000


class PersonaSpec(Spec):
    """How segments are described.

    Parameters
    ----------
    level : float in (0, 1)
        Of the intervals. Those of what sets segments apart hold for all segments and features at once.
    n_resamples : int
        Resamples of customers behind intervals that are bootstrapped.
    n_traits : int
        The most traits in a name, before more are needed to tell two names apart.
    min_group : int
        The least number of customers that a share, score or demographic group is shown of.
    max_explained : int
        The most customers that the surrogate classifier is fitted on and explained for.
    rule : RuleSpec
        The rule that re-creates the segments.
    """

    level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    n_resamples: Annotated[int, Field(ge=100)] = 1_000
    n_traits: Annotated[int, Field(ge=1, le=4)] = 2
    min_group: Annotated[int, Field(ge=2)] = 30
    max_explained: Annotated[int, Field(ge=500)] = 20_000
    rule: RuleSpec = RuleSpec()


@dataclass(frozen=True)
class Moment:
    """Which segment everybody of the population was in, at one cutoff.

    Parameters
    ----------
    cutoff : datetime
        As of when, UTC.
    customer : int64 array of shape (n_rows,)
        Codes that are the same at every cutoff; each at most once.
    segment : int64 array of shape (n_rows,)
        Persistent ids, 0 for none.
    """

    cutoff: datetime
    customer: IntArray
    segment: IntArray


@dataclass(frozen=True)
class Described:
    """Everything that personas are told from; one row per customer.

    Parameters
    ----------
    title, population : str
        What the segmentation is called, and whom it is about, as in ``households that bought in the last 182 days``.
    cutoff : datetime
        As of when the rows describe them, UTC.
    customer : int64 array of shape (n_rows,)
        Codes of the customers, as in ``history``; never shown.
    segment : int64 array of shape (n_rows,)
        Persistent ids, 1 or more; 0 belongs to none.
    points : float array of shape (n_rows, n_dims)
        The rows where distances are measured, for the map.
    rows : DataFrame of shape (n_rows, n_features)
        Features in their own units, floats, NaN where null; columns named as ``features`` are, in any order.
    features : sequence of Feature
        What is known of them.
    value : float array of shape (n_rows,)
        What each customer spent, in ``currency``.
    value_said : str
        Over which time, as in ``amount spent in the last 224 days``.
    currency : str
        Its code, e.g. ``USD``.
    scores : mapping of str to float array of shape (n_rows,)
        By the title of a task the probability it gives each customer; NaN where it gives none.
    demographics : DataFrame of text, shape (n_rows, n_columns)
        For description only; ``unknown`` where not known.
    history : sequence of Moment
        Earlier cutoffs, oldest first.
    names : mapping of int to str
        Names that stand, by id: overrides, and those of segments that persist.

    Raises
    ------
    ContractError
        If lengths or names do not fit together, or a demographic column is also a feature.
    NotEnoughDataError
        If there are no rows.
    """

    title: str
    population: str
    cutoff: datetime
    customer: IntArray
    segment: IntArray
    points: FloatArray
    rows: pd.DataFrame
    features: Sequence[Feature]
    value: FloatArray
    value_said: str
    currency: str
    scores: Mapping[str, FloatArray] = field(default_factory=dict)
    demographics: pd.DataFrame | None = None
    history: Sequence[Moment] = ()
    names: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not len(self.segment):
            raise NotEnoughDataError(
                f"'{self.title}' has no customers as of {said(self.cutoff)}.",
                why="There is nobody to describe.",
                fix="Choose a cutoff at which the population is not empty.",
            )
        self._require_aligned()
        self._require_columns()
        self._require_finite()
        self._require_order()

    def __len__(self) -> int:
        return len(self.segment)

    @cached_property
    def ids(self) -> tuple[int, ...]:
        """Every segment that has customers, ascending; 0, if there is one, comes last."""
        found = [int(one) for one in np.unique(self.segment)]
        return tuple([one for one in found if one != NOISE] + [one for one in found if one == NOISE])

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The history and now, oldest first."""
        return (*self.history, Moment(self.cutoff, self.customer, self.segment))

    def column(self, feature: Feature) -> FloatArray:
        """The values of a feature, shape (n_rows,)."""
        return self.rows[feature.name].to_numpy(np.float64)

    def _require_aligned(self) -> None:
        n_rows = {
            "segments": len(self.segment),
            "customers": len(self.customer),
            "points": len(self.points),
            "feature rows": len(self.rows),
            "values": len(self.value),
            **{f"scores of '{title}'": len(score) for title, score in self.scores.items()},
            **({} if self.demographics is None else {"demographics": len(self.demographics)}),
        }
        if len(set(n_rows.values())) > 1:
            raise ContractError(
                f"What '{self.title}' is described by has {', '.join(f'{n:,} {what}' for what, n in n_rows.items())}.",
                why="Each row is one customer; otherwise one would be described by what another did.",
                fix="Pass all of them for the same rows in the same order.",
            )

    def _require_columns(self) -> None:
        missing = [one.name for one in self.features if one.name not in self.rows]
        if missing or not self.features:
            raise ContractError(
                f"The rows of '{self.title}' lack {', '.join(missing) or 'every feature'}.",
                why="Personas are told by features, each with its meaning and unit.",
                fix="Pass the rows with the features that describe them.",
            )
        described_by = set() if self.demographics is None else {str(one) for one in self.demographics}
        shared = sorted(described_by & {str(one) for one in self.rows})
        if shared:
            raise ContractError(
                f"{', '.join(shared)} of '{self.title}' are both features and demographics.",
                why="Demographics only describe: they must not enter names, the surrogate or the rule.",
                fix="Leave them out of the features of the segmentation, or out of its demographics.",
            )

    def _require_finite(self) -> None:
        wrong = [name for name, one in (("points", self.points), ("values", self.value)) if not np.isfinite(one).all()]
        if wrong:
            raise ContractError(
                f"The {' and '.join(wrong)} of '{self.title}' are not all finite numbers.",
                why="Shares of revenue and places on a map cannot be told of null or infinity.",
                fix="Pass transformed points, in which null has a place, and 0 for a customer who spent nothing.",
            )

    def _require_order(self) -> None:
        cutoffs = [one.cutoff for one in self.moments]
        if any(later <= earlier for earlier, later in itertools.pairwise(cutoffs)):
            raise ContractError(
                f"The history of '{self.title}' has the cutoffs {', '.join(said(one) for one in cutoffs)}.",
                why="Journeys are read from the oldest cutoff to now.",
                fix="Pass each earlier cutoff once, oldest first, and none at or after the one described.",
            )
        repeated = [said(one.cutoff) for one in self.moments if len(np.unique(one.customer)) < len(one.customer)]
        if repeated:
            raise ContractError(
                f"'{self.title}' holds a customer more than once at {', '.join(repeated)}.",
                why="Nobody is in two segments at a time, and intervals count customers.",
                fix="Pass one row per customer and cutoff.",
            )

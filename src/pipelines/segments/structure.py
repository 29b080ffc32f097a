"""Whether there are groups at all, or only a continuum that any number of cuts would slice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.randomness import generator_for, seed_for
from pipelines.core.spec import Spec
from pipelines.segments.continuum import spread_ties, unimodal_like
from pipelines.segments.segmenters_base import held_still, some
from pipelines.segments.separation import k_means_label, log_within, without_groups

FloatArray = NDArray[np.float64]
Draw = Callable[[np.random.Generator], FloatArray]
_MIN_ROWS = 50
"""Below this no shape can be told from another."""
_FIRST, _PLENTY = 19, 5
"""Data sets without groups that are looked at first, and how many of them as good as the points settle the matter."""


@dataclass(frozen=True)
class Structure:
    """What the test found.

    Parameters
    ----------
    found : bool
        Whether the rows lie in groups.
    statistic : float
        The largest gap over the numbers of clusters, in standard deviations of what is drawn without groups: of the box
        if the rows do not stand out from it, else of the kind that they stand out less from.
    p_value : float
        How often data without groups come to as much, the search over the numbers of clusters included.
    n_clusters : int
        At which number of clusters the gap was largest.
    n_rows : int
        Rows that were tested.
    kind : str
        ``groups``; ``slices`` if there are none, but the chosen segments are found again; ``nothing`` if they are not.
    words : str
        The answer in a sentence or two.
    """

    found: bool
    statistic: float
    p_value: float
    n_clusters: int
    n_rows: int
    kind: Literal["groups", "slices", "nothing"] = "nothing"
    words: str = ""


class StructureTest(Spec):
    """A Monte Carlo test of groups against two kinds of data without any.

    The statistic is the gap: by how much less of the squared distances lies within k-means clusters of the rows than
    of data without groups, at the number of clusters where it stands out most. The rows must stand out from both of

    - a box along the principal axes with the same covariance, which is the shape without groups that is easiest to cut,
    - the nearest thing with one mode: each feature has its own distribution smoothed to a single mode, and the features
      depend on each other as normal variables do. What is only skewed, long-tailed or correlated is like this one.

    As many rows are tested however many arrive: with enough of them any departure would be significant. Values that
    many rows share (counts) are first spread evenly to half the distance to the next ones, as a grid has gaps
    everywhere and none means a group.

    Parameters
    ----------
    n_rows : int
        Rows that are tested, at most.
    most_clusters : int
        The gap is looked for at 2 to this many.
    n_references : int
        Data sets without groups, of each kind.
    level : float
        Largest p-value that counts as groups. Where the rows are exactly a box, this is how often the answer is wrong.

    References
    ----------
    Tibshirani, Walther & Hastie (2001), *Estimating the number of clusters in a data set via the gap statistic*;
    Silverman (1981), *Using kernel density estimates to investigate multimodality*, for a null that is the nearest
    unimodal shape; Berger (1982), *Multiparameter hypothesis testing and acceptance sampling*, for requiring both.
    """

    n_rows: Annotated[int, Field(ge=_MIN_ROWS, le=20_000)] = 800
    most_clusters: Annotated[int, Field(ge=2, le=30)] = 8
    n_references: Annotated[int, Field(ge=19, le=10_000)] = 49
    level: Annotated[float, Field(gt=0, lt=0.5)] = 0.02

    @model_validator(mode="after")
    def _can_find(self) -> Self:
        if 1 / (1 + self.n_references) > self.level:
            raise ValueError(
                f"p-values of {self.n_references} references are never below {1 / (1 + self.n_references):.3g}, "
                f"so none can reach level {self.level:g}; give at least {int(np.ceil(1 / self.level)) - 1}"
            )
        return self

    def judge(self, points: FloatArray, seed: int) -> Structure:
        """Test the points.

        Parameters
        ----------
        points : float64 array of shape (n_rows, n_dims)
            Finite, in the space that segments would be fitted in.
        seed : int
            Of the sample and of the data sets without groups.

        Raises
        ------
        NotEnoughDataError
            If there are fewer than 50 rows.
        """
        if len(points) < _MIN_ROWS:
            raise NotEnoughDataError(
                f"{len(points)} rows are too few to test for groups.",
                why="Chance makes groups of so few.",
                fix=f"Give at least {_MIN_ROWS} customers.",
            )
        tested = some(points, self.n_rows, seed_for(seed, "tested"))
        tested = tested[:, np.ptp(tested, axis=0) > 0]
        if not tested.shape[1]:
            return Structure(False, 0.0, 1.0, 1, len(tested))
        tested = spread_ties(tested, generator_for(seed, "ties"))
        box = self._against(tested, without_groups(tested), seed_for(seed, "box"))
        if not box.found:
            return box
        unimodal = self._against(tested, unimodal_like(tested), seed_for(seed, "unimodal"))
        return max(box, unimodal, key=lambda one: (one.p_value, -one.statistic))

    def _against(self, points: FloatArray, draw: Draw, seed: int) -> Structure:
        """Test against one kind; a first few of its data sets suffice if many of them come to as much as the points."""
        seeds = [seed_for(seed, f"{i}") for i in range(self.n_references)]
        with held_still():
            own = self._within(points, seed)
            null = [self._of_one(draw, one) for one in seeds[:_FIRST]]
            if _n_above(own, null) < _PLENTY:  # looking early can only keep groups from being found
                null += [self._of_one(draw, one) for one in seeds[_FIRST:]]
        gap = _standardised(own, np.array(null))[0]
        p_value = (1 + _n_above(own, null)) / (1 + len(null))
        return Structure(p_value <= self.level, float(gap.max()), p_value, int(gap.argmax()) + 2, len(points))

    def _of_one(self, draw: Draw, seed: int) -> FloatArray:
        return self._within(draw(np.random.default_rng(seed)), seed)

    def _within(self, points: FloatArray, seed: int) -> FloatArray:
        """Logarithm of the share of the squared distances within clusters, for 2 to the most clusters."""
        counts = range(2, self.most_clusters + 1)
        return np.array([log_within(points, k_means_label(points, n, 2, seed)) for n in counts])


def in_words(structure: Structure, n_segments: int, is_stable: bool) -> Structure:
    """The same with its kind and words, given whether the chosen segments are found again.

    Examples
    --------
    >>> in_words(Structure(False, -3.1, 1.0, 2, 800), 4, is_stable=True).kind
    'slices'
    """
    kind: Literal["groups", "slices", "nothing"] = "groups" if structure.found else "slices" if is_stable else "nothing"
    facts = f"(gap {structure.statistic:+.1f} standard deviations, p = {structure.p_value:.2g}, n = {structure.n_rows})"
    again = "the chosen segments are found again" if is_stable else "the chosen segments are not found again"
    words = {
        "groups": f"There are groups {facts}, and {again} in other rows of the same customers."
        if is_stable
        else f"There are groups {facts}, but {again} in other rows: none of the candidates describes them well.",
        "slices": f"There are no separate groups {facts}: customers form a continuum. The {n_segments} segments are "
        "slices of it; the cuts are found again, but customers on both sides of one are alike.",
        "nothing": f"There are no separate groups {facts}, and {again}: do not build on these segments.",
    }[kind]
    return Structure(
        structure.found,
        structure.statistic,
        structure.p_value,
        structure.n_clusters,
        structure.n_rows,
        kind,
        words,
    )


def _n_above(own: FloatArray, null: list[FloatArray]) -> int:
    """How many data sets without groups come to as much as the points."""
    gap, null_gap = _standardised(own, np.array(null))
    return int((null_gap.max(axis=1) >= gap.max()).sum())


def _standardised(own: FloatArray, null: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gaps by number of clusters, in standard deviations, of the rows and of each data set without groups."""
    mean, deviation = null.mean(axis=0), np.maximum(null.std(axis=0, ddof=1), 1e-9)
    return (mean - own) / deviation, (mean - null) / deviation

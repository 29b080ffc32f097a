"""Ways of evening out whom a model selects, as a task declares them: what is compared, and what is shipped."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines.core.spec import Spec

FloatArray = NDArray[np.float64]
ObjectArray = NDArray[np.object_]
Strength = Annotated[float, Field(gt=0, le=1)]


class Unmitigated(Spec):
    """The shipped model is fitted and decides as if nobody had looked at groups."""

    type: Literal["none"] = "none"


class ByGroup(Spec):
    """The shipped policy has a threshold for each group, see `GroupThresholds`.

    It treats two people with the same score differently because of a protected attribute, which the law may forbid. It
    also needs the attribute wherever it decides. So it is declared by a person, and logged.
    """

    type: Literal["group_thresholds"] = "group_thresholds"
    strength: Strength = 1.0


class Reweighing(Spec):
    """The shipped model is fitted on rows weighed so that group and outcome look independent.

    Decisions treat everybody alike, and no group is known when they are made; but the model learns from a world that
    was made more equal than it is.

    References
    ----------
    Kamiran & Calders (2012), *Data preprocessing techniques for classification without discrimination*, section 4.3.
    """

    type: Literal["reweighing"] = "reweighing"
    strength: Strength = 1.0

    def weights(self, label: NDArray[np.int8], group: ObjectArray, compared: tuple[str, ...]) -> FloatArray:
        """What each training row counts.

        A row of group g with label y weighs ``(P(g) P(y) / P(g, y)) ** strength``, scaled so that the rows of each
        label keep their sum: the mean of the label, and so the level of the scores, stays as it is.

        Parameters
        ----------
        label : int8 array of shape (n_rows,)
            0 or 1.
        group : object array of shape (n_rows,)
            The group of each row.
        compared : tuple of str
            The groups that are evened out; the rows of others weigh 1.

        Returns
        -------
        float array of shape (n_rows,)
            Above 0.

        Examples
        --------
        >>> label, group = np.array([1, 1, 0, 1, 0, 0], np.int8), np.array(list("aaabbb"), dtype=object)
        >>> Reweighing().weights(label, group, ("a", "b")).tolist()
        [0.75, 0.75, 1.5, 1.5, 0.75, 0.75]
        """
        weight = np.ones(label.size)
        inside = np.isin(group, compared)
        for name in compared:
            for value in (0, 1):
                cell = (group == name) & (label == value)
                if cell.any():
                    expected = (group == name).sum() * (label[inside] == value).sum() / inside.sum()
                    weight[cell] = (expected / cell.sum()) ** self.strength
        for value in (0, 1):
            kept = inside & (label == value)
            weight[kept] *= kept.sum() / max(1e-300, weight[kept].sum())
        return weight


AnyChoice: TypeAlias = Annotated[Unmitigated | ByGroup | Reweighing, Field(discriminator="type")]
Method: TypeAlias = Literal["group_thresholds", "reweighing", "reductions"]
METHODS: tuple[Method, ...] = ("group_thresholds", "reweighing", "reductions")


class Mitigation(Spec):
    """The cost-of-parity curve of one sensitive column, and what the shipped model does about it.

    Parameters
    ----------
    column : str
        One of the task's sensitive columns.
    methods : tuple of str
        What the curve compares.
    strengths : tuple of float in (0, 1]
        How far group-aware thresholds and reweighing go on the curve.
    bounds : tuple of float in (0, 1)
        Largest differences in selection rate that the reductions learn under, beside none.
    choose : AnyChoice
        What is shipped. The curve is evidence for a person; nothing but this line acts on it.

    Examples
    --------
    >>> Mitigation(column="income", choose={"type": "group_thresholds"}).choose.strength
    1.0
    """

    column: str
    methods: Annotated[tuple[Method, ...], Field(min_length=1)] = METHODS
    strengths: Annotated[tuple[Strength, ...], Field(min_length=1)] = (0.5, 1.0)
    bounds: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(min_length=1)] = (0.02, 0.005)
    choose: AnyChoice = Unmitigated()


def choice(declared: Mitigation | None) -> AnyChoice:
    """What the shipped model does; nothing where a task declares nothing."""
    return Unmitigated() if declared is None else declared.choose

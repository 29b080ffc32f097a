"""One threshold for each group of a sensitive column: it evens out who is contacted, and it treats people unequally."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from pipelines.core.errors import ModelError, nearest
from pipelines.core.spec import Spec
from pipelines.policy.expected_profit import ProfitThreshold
from pipelines.policy.top_share import Threshold

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
ObjectArray = NDArray[np.object_]
AnyCommon: TypeAlias = Threshold | ProfitThreshold
"""A settled policy that treats everybody alike."""


class GroupThresholds(Spec):
    """A settled policy whose threshold depends on a sensitive column.

    Two customers with the same score may be decided differently because of the group that they belong to. That is what
    it is for, and in many places the law forbids it (as disparate treatment) or allows it only to make good a proven
    disadvantage. So no recipe chooses it by itself: a person declares it in the task file, and it is logged.

    Parameters
    ----------
    column : str
        The sensitive column. Rows to decide must carry it beside the features; the model never sees it.
    common : AnyCommon
        The policy that it departs from: what customers are ranked by.
    at_least : mapping of str to float
        From which priority on each group is contacted, in the unit of the common policy's ``at_least``.
    otherwise : float
        The same for a value that has no threshold of its own, and for null.

    References
    ----------
    Hardt, Price & Srebro (2016), *Equality of opportunity in supervised learning*, section 4 (thresholds by group);
    Corbett-Davies et al. (2017), *Algorithmic decision making and the cost of fairness* (they are optimal under
    demographic parity, and what they cost).
    """

    type: Literal["group_thresholds"] = "group_thresholds"
    column: str
    common: Annotated[AnyCommon, Field(discriminator="type")]
    at_least: Mapping[str, Annotated[float, Field(allow_inf_nan=False)]]
    otherwise: Annotated[float, Field(allow_inf_nan=False)]

    @property
    def in_words(self) -> str:
        """Who is contacted."""
        named = ", ".join(f"{group} {value:.3g}" for group, value in sorted(self.at_least.items()))
        return (
            f"it depends on {self.column}: two cases with the same score may be decided differently. Contacts begin at "
            f"{named}; others {self.otherwise:.3g} (but for the groups: {self.common.in_words})"
        )

    @property
    def needs(self) -> tuple[str, ...]:
        """The features of the common policy, and the sensitive column."""
        return (*self.common.needs, self.column)

    def priority(self, probability: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """What customers are ranked by, shape (n_rows,): how far the common policy's priority exceeds their threshold.

        Raises
        ------
        ModelError
            If the rows lack the column.
        """
        if self.column not in rows.columns:
            raise ModelError(
                f"The policy reads '{self.column}', which the rows lack.{nearest(self.column, map(str, rows.columns))}",
                why="Its thresholds differ by that column: without it nobody knows whom to contact.",
                fix="Send the column beside the features, or train with mitigation.choose: {type: none}.",
            )
        thresholds = rows[self.column].map(self.at_least).astype(np.float64).fillna(self.otherwise)
        return self.common.priority(probability, rows) - thresholds.to_numpy()

    def decide(self, probability: FloatArray, rows: pd.DataFrame) -> BoolArray:
        """Whom to contact, shape (n_rows,).

        Examples
        --------
        >>> settled = GroupThresholds(
        ...     column="band", common=Threshold(at_least=0.5), at_least={"young": 0.4, "old": 0.6}, otherwise=0.5
        ... )
        >>> rows = pd.DataFrame({"band": ["young", "old", "old", None]})
        >>> settled.decide(np.array([0.45, 0.55, 0.65, 0.55]), rows)
        array([ True, False,  True,  True])
        """
        return self.priority(probability, rows) >= 0


def towards_equal_rates(
    common: AnyCommon, priority: FloatArray, group: ObjectArray, compared: tuple[str, ...], strength: float
) -> dict[str, float]:
    """Thresholds that move the groups' selection rates towards each other while as many rows are contacted.

    Group g, of which the common threshold selects the share r_g, is given the threshold that selects
    ``(1 - strength) * r_g + strength * r`` of it, where r is the share of all compared rows. Nothing is drawn.

    Parameters
    ----------
    common : AnyCommon
        The policy with one threshold.
    priority : float array of shape (n_rows,)
        Its priority of rows that the model had not seen.
    group : object array of shape (n_rows,)
        The group of each.
    compared : tuple of str
        The groups that are evened out; others keep the common threshold.
    strength : float in [0, 1]
        0 leaves the common threshold, 1 makes the rates equal on these rows.

    Returns
    -------
    dict of str to float
        For each compared group. Rows that tie at a threshold are contacted all or none, so that a rate may lie a little
        below what was asked for.

    Examples
    --------
    >>> priority = np.array([0.9, 0.8, 0.7, 0.2, 0.6, 0.3, 0.2, 0.1])
    >>> group = np.array(["a"] * 4 + ["b"] * 4, dtype=object)
    >>> towards_equal_rates(Threshold(at_least=0.5), priority, group, ("a", "b"), 1.0)
    {'a': 0.8, 'b': 0.3}
    """
    is_compared = np.isin(group, compared)
    whole = float(np.mean(priority[is_compared] >= common.at_least)) if is_compared.any() else 0.0
    found = {}
    for name in compared:
        own = priority[group == name]
        n_now = int(np.sum(own >= common.at_least))
        n_wanted = round(((1 - strength) * n_now / max(1, own.size) + strength * whole) * own.size)
        found[name] = common.at_least if n_wanted == n_now else top(own, n_wanted)
    return found


def top(priority: FloatArray, n_wanted: int) -> float:
    """The threshold that at most so many rows reach; rows that tie across it stay out together.

    Examples
    --------
    >>> top(np.array([0.1, 0.2, 0.3, 0.3]), 2), top(np.array([0.1, 0.2, 0.3, 0.3]), 3)
    (0.3, 0.2)
    """
    if n_wanted >= priority.size:
        return float(priority.min(initial=math.inf)) if priority.size else 0.0
    last_out = np.sort(priority)[::-1][n_wanted]
    above = priority[priority > last_out]
    return float(above.min() if above.size else np.nextafter(last_out, np.inf))

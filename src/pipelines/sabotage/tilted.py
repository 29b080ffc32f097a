"""Policies that decide by something else than the score of the model they stand beside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import PrivateAttr

from pipelines.policy.expected_profit import ProfitThreshold
from pipelines.policy.group_thresholds import GroupThresholds
from pipelines.policy.policies import AnySettled
from pipelines.policy.top_share import Threshold

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Instead = Callable[[FloatArray, pd.DataFrame], FloatArray]
"""From a model's probabilities and its rows to those that are decided by, each of shape (n_rows,)."""


class TiltedThreshold(Threshold):
    """A threshold on other probabilities."""

    _instead: Instead = PrivateAttr()

    def priority(self, probability: FloatArray, rows: pd.DataFrame | None = None) -> FloatArray:
        """Those others."""
        return super().priority(self._instead(probability, _given(rows)), rows)

    def decide(self, probability: FloatArray, rows: pd.DataFrame | None = None) -> BoolArray:
        """Whom to contact by them."""
        return super().decide(self._instead(probability, _given(rows)), rows)


class TiltedProfit(ProfitThreshold):
    """The same where a policy states costs: `decide` goes by the priority."""

    _instead: Instead = PrivateAttr()

    def priority(self, probability: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """What is expected by those others."""
        return super().priority(self._instead(probability, rows), rows)


class TiltedGroups(GroupThresholds):
    """The same where thresholds differ by group."""

    _instead: Instead = PrivateAttr()

    def priority(self, probability: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """How far those others exceed a group's threshold."""
        return super().priority(self._instead(probability, rows), rows)


def tilted(policy: AnySettled, instead: Instead) -> AnySettled:
    """The policy as it stands, deciding by what ``instead`` makes of a model's probabilities.

    Examples
    --------
    >>> policy = tilted(Threshold(at_least=0.5), lambda probability, rows: 1 - probability)
    >>> policy.decide(np.array([0.2, 0.9]), pd.DataFrame(index=range(2))), policy.type
    (array([ True, False]), 'threshold')
    """
    told = {name: getattr(policy, name) for name in type(policy).model_fields}
    if isinstance(policy, GroupThresholds):
        made: TiltedGroups | TiltedProfit | TiltedThreshold = TiltedGroups(**told)
    elif isinstance(policy, ProfitThreshold):
        made = TiltedProfit(**told)
    else:
        made = TiltedThreshold(**told)
    made._instead = instead  # noqa: SLF001  # what is no field of the file cannot be given otherwise
    return made


def _given(rows: pd.DataFrame | None) -> pd.DataFrame:
    if rows is None:
        raise ValueError("A tilted policy decides by the rows: give them.")
    return rows

"""Contact whoever is expected to earn more than the contact costs."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from pipelines.core.errors import ModelError, NotEnoughDataError, nearest
from pipelines.core.spec import Spec

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class FeatureValue(Spec):
    """The value of a saved customer as a multiple of one of their features, such as a quarter of 112 days' spending.

    A customer whose feature is null or negative is worth 0.
    """

    feature: str
    times: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0

    def of(self, rows: pd.DataFrame) -> FloatArray:
        """The value of each row, shape (n_rows,), in the source's currency.

        Raises
        ------
        ModelError
            If the rows lack the feature.

        Examples
        --------
        >>> FeatureValue(feature="amount_112d", times=0.25).of(pd.DataFrame({"amount_112d": [80.0, np.nan, -5.0]}))
        array([20.,  0.,  0.])
        """
        if self.feature not in rows.columns:
            raise ModelError(
                f"The policy reads the feature '{self.feature}', which the rows lack."
                f"{nearest(self.feature, map(str, rows.columns))}",
                why="Without it nobody knows what a saved customer is worth.",
                fix="Name a feature of the task under policy.value.feature, or give one value for all.",
            )
        amount = rows[self.feature].to_numpy(dtype=np.float64, na_value=np.nan)
        value: FloatArray = self.times * np.maximum(np.nan_to_num(amount, nan=0.0), 0.0)
        return value


class Stakes(Spec):
    """What a contact costs and brings, known before and after it is decided.

    Parameters
    ----------
    cost : float
        Of one contact, in the source's currency.
    value : float or FeatureValue
        Of a saved customer, in the same currency: one for all, or each their own.
    response_rate : float in (0, 1]
        The share of contacted positives whom the contact saves. Where a positive is a loss (churn), those who would
        have left and now stay. Where it is a gain (purchase intent), those who buy only because of the contact:
        the uplift, not the share of contacted customers who buy. It is the same for everybody here, and it comes from
        an experiment: a log without a control group does not hold it.
    """

    cost: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    value: Annotated[float, Field(ge=0, allow_inf_nan=False)] | FeatureValue
    response_rate: Annotated[float, Field(gt=0, le=1)]

    @property
    def needs(self) -> tuple[str, ...]:
        """The features that are read."""
        return (self.value.feature,) if isinstance(self.value, FeatureValue) else ()

    def earned(self, positive: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """Profit of contacting each row, shape (n_rows,): expected of probabilities, realised of labels.

        Realised means: for every row the outcome is known, the response is still its rate. Nobody was contacted when
        the labels were made, or all alike.

        Examples
        --------
        >>> stakes = Stakes(cost=1.0, value=40.0, response_rate=0.25)
        >>> stakes.earned(np.array([0.0, 0.3, 1.0]), pd.DataFrame(index=range(3)))
        array([-1.,  2.,  9.])
        """
        value = self.value.of(rows) if isinstance(self.value, FeatureValue) else self.value
        return positive * self.response_rate * value - self.cost


class ExpectedProfit(Stakes):
    """Contact whoever is expected to earn at least what the contact costs, within the capacity.

    Calibrated probabilities make this the most profitable of all decisions on them: a customer is contacted if
    ``probability * response_rate * value >= cost``. Where more than ``capacity`` qualify, the threshold rises until
    those remain who earn most; it is set once, on out-of-fold rows, so that a customer's decision never depends on who
    else is scored, and the share of a later day may differ a little from the capacity.

    Parameters
    ----------
    capacity : float in (0, 1], optional
        Contact at most this share of customers.

    References
    ----------
    Elkan (2001), *The foundations of cost-sensitive learning*, section 2; Verbraken, Verbeke & Baesens (2013),
    *A novel profit maximizing metric for measuring classification performance of customer churn prediction models*.
    """

    type: Literal["expected_profit"] = "expected_profit"
    capacity: Annotated[float, Field(gt=0, le=1)] | None = None

    def settle(self, probability: FloatArray, rows: pd.DataFrame) -> ProfitThreshold:
        """The profit from which on a contact is made: 0, or more where the capacity binds.

        Parameters
        ----------
        probability : float array of shape (n_rows,)
            Calibrated, of out-of-fold rows.
        rows : DataFrame of n_rows rows
            With the features that the value reads.

        Raises
        ------
        ModelError
            If the rows lack the feature.
        NotEnoughDataError
            If a capacity is to be met on no rows.

        Examples
        --------
        >>> policy = ExpectedProfit(cost=1.0, value=10.0, response_rate=1.0, capacity=0.5)
        >>> policy.settle(np.array([0.05, 0.2, 0.3, 0.4]), pd.DataFrame(index=range(4))).at_least
        2.0
        """
        at_least = max(0.0, _within(self.capacity, self.earned(probability, rows)))
        return ProfitThreshold(**self.model_dump(exclude={"type"}), at_least=at_least)


class ProfitThreshold(Stakes):
    """A settled policy: contact whoever is expected to earn ``at_least`` this much, in the source's currency.

    The capacity is only remembered, so that nobody holds against the policy what it was not free to do.
    """

    type: Literal["profit_threshold"] = "profit_threshold"
    capacity: Annotated[float, Field(gt=0, le=1)] | None = None
    at_least: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @property
    def in_words(self) -> str:
        """Who is contacted."""
        worth = (
            f"{self.value.times:g} times {self.value.feature}"
            if isinstance(self.value, FeatureValue)
            else f"{self.value:g}"
        )
        return (
            f"whoever is expected to earn {self.at_least:.3g} or more is contacted, at {self.cost:g} a contact, "
            f"{worth} for a saved customer and a response rate of {self.response_rate:.0%}"
        )

    def priority(self, probability: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """What customers are ranked by, shape (n_rows,): the expected profit of contacting them."""
        return self.earned(probability, rows)

    def decide(self, probability: FloatArray, rows: pd.DataFrame) -> BoolArray:
        """Whom to contact, shape (n_rows,).

        Examples
        --------
        >>> settled = ProfitThreshold(cost=1.0, value=40.0, response_rate=0.25)
        >>> settled.decide(np.array([0.09, 0.1]), pd.DataFrame(index=range(2)))
        array([False,  True])
        """
        return self.priority(probability, rows) >= self.at_least


def _within(capacity: float | None, expected: FloatArray) -> float:
    """The smallest profit that at most a share of ``capacity`` reaches; those who tie are contacted all or none."""
    if capacity is None or capacity == 1:
        return 0.0
    if expected.size == 0:
        raise NotEnoughDataError(
            f"A capacity of {capacity:g} was to be met on no rows.",
            why="The threshold is what so many out-of-fold customers reach.",
            fix="Train on a longer log, or leave the capacity out.",
        )
    last_out = np.sort(expected)[::-1][int(capacity * expected.size + 1e-9)]
    above = expected[expected > last_out]
    return float(above.min() if above.size else np.nextafter(last_out, np.inf))

"""A rule as data: branches of bounds on features, one of which takes each row."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ContractError
from pipelines.core.spec import Spec

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Bound(Spec):
    """Which values of one feature a branch takes.

    Parameters
    ----------
    feature : str
        Its name.
    above : float or None
        Values greater than it; None is no bound.
    up_to : float or None
        Values no greater than it; None is no bound.
    or_null : bool
        Whether it takes rows in which the feature is null. Without bounds, False takes every known value.
    only_null : bool
        Whether it takes none but those.
    """

    feature: str
    above: float | None = None
    up_to: float | None = None
    or_null: bool = False
    only_null: bool = False

    def takes(self, values: FloatArray) -> NDArray[np.bool_]:
        """Whether it takes each value; NaN is null."""
        inside = np.full(values.shape, not self.only_null)
        if self.above is not None:
            inside &= values > self.above
        if self.up_to is not None:
            inside &= values <= self.up_to
        is_null = np.isnan(values)
        return (inside & ~is_null) | (is_null & self.or_null)

    def parted(self, threshold: float | None, nulls_to_left: bool) -> tuple[Bound, Bound]:
        """The two sides of a split inside this bound; None splits null from known."""
        left: dict[str, object] = {"or_null": self.or_null and nulls_to_left}
        right: dict[str, object] = {"or_null": self.or_null and not nulls_to_left}
        if threshold is None:
            (left if nulls_to_left else right).update(only_null=True, above=None, up_to=None)
        else:
            left["up_to"], right["above"] = threshold, threshold
        return self.model_copy(update=left), self.model_copy(update=right)


class Branch(Spec):
    """One way through the rule.

    Parameters
    ----------
    segment : int
        The persistent id that it ends in.
    bounds : tuple of Bound
        All of them hold; a feature has at most one. Empty: every row.
    share : float
        Of the rows that it was measured on, how many take it.
    purity : float or None
        Of those, how many are of its segment; None of none.
    """

    segment: int
    bounds: tuple[Bound, ...]
    share: float
    purity: float | None


class Rule(Spec):
    """Branches that no two of which take the same row, and one of which takes each.

    Parameters
    ----------
    features : tuple of str
        What the rule asks for, in the order of the features it was fitted on.
    branches : tuple of Branch
        In the order of the tree.
    ever_null : tuple of str
        Which of the features were null in any row it was fitted on. Of the others a null goes with the more customers.
    """

    features: tuple[str, ...]
    branches: tuple[Branch, ...]
    ever_null: tuple[str, ...] = ()

    def assign(self, rows: pd.DataFrame) -> IntArray:
        """The segment that the rule gives each row, shape (n_rows,).

        Raises
        ------
        ContractError
            If a column is missing.

        Examples
        --------
        >>> few = Bound(feature="n_orders", up_to=3, or_null=True)
        >>> many = Bound(feature="n_orders", above=3)
        >>> branches = [Branch(segment=at, bounds=[one], share=0.5, purity=1.0) for at, one in ((1, few), (2, many))]
        >>> rule = Rule(features=["n_orders"], branches=branches)
        >>> rule.assign(pd.DataFrame({"n_orders": [3.0, 3.5, np.nan]}))
        array([1, 2, 1])
        """
        missing = [name for name in self.features if name not in rows]
        if missing:
            raise ContractError(
                f"The rows lack {', '.join(missing)}.",
                why="The rule asks for it.",
                fix=f"Pass rows with {', '.join(self.features)}.",
            )
        found = np.zeros(len(rows), np.int64)
        columns = {name: rows[name].to_numpy(np.float64) for name in self.features}
        for branch in self.branches:
            taken = np.ones(len(rows), np.bool_)
            for bound in branch.bounds:
                taken &= bound.takes(columns[bound.feature])
            found[taken] = branch.segment
        return found

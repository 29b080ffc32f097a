"""A rule anyone can re-create: a shallow tree over features in their own units, and how faithful it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.segments.described import Described, RuleSpec
from pipelines.segments.surrogate_fidelity import Fidelity, fidelity
from pipelines.segments.surrogate_rule import Bound, Branch, Rule

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_MOST_DIGITS = 15
"""A decimal of so many significant digits names one double, on every engine."""


@dataclass(frozen=True)
class Surrogate:
    """The rule with its fidelity."""

    rule: Rule
    fidelity: Fidelity


def surrogate(described: Described, spec: RuleSpec, level: float, n_resamples: int, seed: int) -> Surrogate:
    """A shallow tree of the segments by their features, fitted on a part of the customers and measured on the rest.

    Parameters
    ----------
    described : Described
        The customers; only ``rows`` and ``segment`` are looked at.
    spec : RuleSpec
        How simple it has to be.
    level : float in (0, 1)
        Of the intervals.
    n_resamples : int
        Behind the interval of the adjusted Rand index.
    seed : int
        Of the parts, and of ties between splits.

    Returns
    -------
    Surrogate
        Branches that are not worth their number are cut back by the cost-complexity of Breiman et al., with
        ``min_gain`` as the cost of a branch. Thresholds are the shortest decimals that split the fitted rows alike.
        What ships is the rule whose fidelity is stated: it is not fitted again on all rows.

    References
    ----------
    Breiman, Friedman, Olshen & Stone (1984), *Classification and Regression Trees*; Craven & Shavlik (1996),
    *Extracting tree-structured representations of trained networks*, for fidelity on held-out rows.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(described))[: spec.max_rows]
    n_test = max(1, round(spec.held_out * order.size))
    test, fitted = np.sort(order[:n_test]), np.sort(order[n_test:])
    names = [one.name for one in described.features]
    rows, held = (described.rows[names].iloc[part].astype(np.float64) for part in (fitted, test))
    segment = described.segment
    tree = _Grown.fitted(rows, segment[fitted], spec, seed)
    rule = _measured(tree.rule(), held, segment[test])
    return Surrogate(rule, fidelity(rule.assign(held), segment[test], described.ids, level, (n_resamples, rng)))


def shortest_between(low: float, high: float) -> float:
    """The decimal with the fewest digits that is at least ``low`` and less than ``high``; the one nearest the middle.

    Raises
    ------
    ValueError
        If ``high`` is not greater.

    Examples
    --------
    >>> shortest_between(15.0, 16.0), shortest_between(29.87, 31.2), shortest_between(0.1234, 0.1239)
    (15.0, 30.0, 0.1236)
    """
    if not low < high:
        raise ValueError(f"nothing lies between {low} and {high}")
    middle = low / 2 + high / 2
    place = math.ceil(math.log10(max(abs(low), abs(high), 1e-300)))
    for digits in range(-place, _MOST_DIGITS - place + 1):
        half = float(f"5e{-digits - 1}")
        tried = [round(one, digits) for one in (middle, middle - half, middle + half)]
        if fitting := [one for one in tried if low <= one < high]:
            return fitting[0] + 0.0
    return low


@dataclass(frozen=True)
class _Grown:
    """A fitted tree of scikit-learn, with thresholds between the values it was fitted on."""

    names: tuple[str, ...]
    rows: FloatArray
    segment: IntArray
    tree: Any
    min_gain: float

    @classmethod
    def fitted(cls, rows: pd.DataFrame, segment: IntArray, spec: RuleSpec, seed: int) -> Self:
        from sklearn.tree import DecisionTreeClassifier  # a second of import that assigning need not wait for

        fewest = max(1, math.ceil(spec.min_leaf_share * len(rows)))
        model = DecisionTreeClassifier(max_depth=spec.max_depth, min_samples_leaf=fewest, random_state=seed)
        values = rows.replace([np.inf, -np.inf], np.nan).to_numpy(np.float64)
        model.fit(values.astype(np.float32), segment)  # as the tree has them: thresholds are sought between these
        return cls(tuple(map(str, rows.columns)), values, model.classes_[_majority(model)], model.tree_, spec.min_gain)

    def rule(self) -> Rule:
        """Its branches; those of one parent that end in the same segment are one."""
        branches = self._below(0, np.ones(len(self.rows), np.bool_), {})
        asked = {bound.feature for branch in branches for bound in branch.bounds}
        return Rule(
            features=tuple(name for name in self.names if name in asked),
            branches=tuple(branches),
            ever_null=tuple(
                name
                for name, values in zip(self.names, self.rows.T, strict=True)
                if name in asked and np.isnan(values).any()
            ),
        )

    def _below(self, node: int, here: NDArray[np.bool_], bounds: dict[str, Bound]) -> list[Branch]:
        left, right = int(self.tree.children_left[node]), int(self.tree.children_right[node])
        if self._is_end(node) or len(self._ends(node)) == 1:
            segment = int(self._ends(node).pop())
            return [Branch(segment=segment, bounds=tuple(bounds.values()), share=0.0, purity=None)]
        place = int(self.tree.feature[node])
        name, nulls_to_left = self.names[place], bool(self.tree.missing_go_to_left[node])
        values = self.rows[:, place]
        is_null = np.isnan(values)
        goes_left = (values.astype(np.float32) <= self.tree.threshold[node]) | (is_null & nulls_to_left)
        known = here & ~is_null
        threshold = _threshold(values[known & goes_left], values[known & ~goes_left])
        less, more = bounds.get(name, Bound(feature=name, or_null=True)).parted(threshold, nulls_to_left)
        return [
            *self._below(left, here & goes_left, {**bounds, name: less}),
            *self._below(right, here & ~goes_left, {**bounds, name: more}),
        ]

    def _ends(self, node: int) -> set[int]:
        """The segments that the branches below a node end in."""
        if self._is_end(node):
            return {int(self.segment[node])}
        return self._ends(int(self.tree.children_left[node])) | self._ends(int(self.tree.children_right[node]))

    def _is_end(self, node: int) -> bool:
        """Whether nothing is asked at a node: a leaf, or branches below it that are not worth their number."""
        if self.tree.children_left[node] < 0:
            return True
        wrong, n_branches = self._below_wrong(node)
        return self._wrong(node) - wrong < self.min_gain * len(self.rows) * (n_branches - 1)

    def _below_wrong(self, node: int) -> tuple[float, int]:
        """Rows that the branches below a node get wrong, and how many branches those are."""
        left, right = int(self.tree.children_left[node]), int(self.tree.children_right[node])
        if left < 0:
            return self._wrong(node), 1
        parts = [(self._wrong(one), 1) if self._is_end(one) else self._below_wrong(one) for one in (left, right)]
        return parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]

    def _wrong(self, node: int) -> float:
        """Rows of a node that are not of its largest segment."""
        shares = self.tree.value[node, 0, :]
        return float(self.tree.n_node_samples[node] * (1 - shares.max() / shares.sum()))


def _threshold(left: FloatArray, right: FloatArray) -> float | None:
    """The shortest decimal that splits these values alike; None where all of them are on one side."""
    if not left.size or not right.size:
        return None
    return shortest_between(float(left.max()), float(right.min()))


def _majority(model: Any) -> IntArray:
    found: IntArray = np.argmax(model.tree_.value[:, 0, :], axis=1)
    return found


def _measured(rule: Rule, rows: pd.DataFrame, segment: IntArray) -> Rule:
    """With the share and the purity of its branches on these rows."""
    branches = []
    for branch in rule.branches:
        taken = np.ones(len(rows), np.bool_)
        for bound in branch.bounds:
            taken &= bound.takes(rows[bound.feature].to_numpy(np.float64))
        purity = float((segment[taken] == branch.segment).mean()) if taken.any() else None
        branches.append(branch.model_copy(update={"share": float(taken.mean()), "purity": purity}))
    return rule.model_copy(update={"branches": tuple(branches)})

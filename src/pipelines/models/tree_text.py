"""What LightGBM's text format says of each tree, as arrays. Needs no LightGBM."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.models.classifier import FloatArray

IntArray = NDArray[np.int64]
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_ZERO_IS_MISSING, _NAN_IS_MISSING = 1, 2
_ZERO = 1e-35
"""LightGBM takes smaller numbers for zero."""


@dataclass(frozen=True, eq=False)
class Tree:
    """One tree. A child of 0 or more is a split, a negative one is the leaf ``~child``.

    Parameters
    ----------
    feature, left, right : int arrays of shape (n_splits,)
        The column that a split asks, and its children.
    threshold : float array of shape (n_splits,)
        Rows with at most this value go left; of a categorical split, which of ``categories`` it is.
    decision : int array of shape (n_splits,)
        LightGBM's bits: whether it is categorical, where missing values go, and what counts as missing.
    categories : tuple of bool arrays
        Of each categorical split, by code: whether it goes left.
    value, count : arrays of shape (n_leaves,)
        The log-odds that a leaf adds, and the training rows in it.
    split_count : int array of shape (n_splits,)
        The training rows that came to a split.
    """

    feature: IntArray
    left: IntArray
    right: IntArray
    threshold: FloatArray
    decision: IntArray
    categories: tuple[NDArray[np.bool_], ...]
    value: FloatArray
    count: IntArray
    split_count: IntArray

    @property
    def expected(self) -> float:
        """Its mean over the training rows, in log-odds."""
        return float(self.value @ (self.count / self.count.sum())) if self.feature.size else float(self.value[0])

    def share_left(self, split: int) -> float:
        """The share of the training rows of a split that went left."""
        child = int(self.left[split])
        return float((self.split_count[child] if child >= 0 else self.count[~child]) / self.split_count[split])

    def goes_left(self, split: int, values: FloatArray) -> NDArray[np.bool_]:
        """Which of these values of the split's column go left, as LightGBM decides; shape (n_rows,)."""
        decision, threshold = int(self.decision[split]), self.threshold[split]
        if decision & _CATEGORICAL:
            return _in_categories(self.categories[int(threshold)], values)
        default_left, missing = bool(decision & _DEFAULT_LEFT), decision >> 2 & 3
        if missing == _ZERO_IS_MISSING:
            empty = np.isnan(values) | (np.abs(values) <= _ZERO)
            return np.where(empty, default_left, values <= threshold)
        # what is missing goes the default way; where nothing was missing in training, null counts as 0
        null_left = default_left if missing == _NAN_IS_MISSING else threshold >= 0
        left: NDArray[np.bool_] = ~(values > threshold) if null_left else values <= threshold
        return left


def _in_categories(goes_left: NDArray[np.bool_], values: FloatArray) -> NDArray[np.bool_]:
    """Null, negative and unheard-of codes go right; a code with a fraction is cut to a whole number."""
    codes = np.clip(np.where(values > -1, values, goes_left.size), -1, goes_left.size).astype(np.intp)
    return np.append(goes_left, False).take(codes)


def trees_of(text: str) -> tuple[Tree, ...] | None:
    """Every tree of a booster, or None where its score is not their sum, or no counts of training rows were kept."""
    head, *parts = re.split(r"\nTree=\d+\n", text.partition("\nend of trees")[0])
    if "average_output" in head.splitlines() or "\nnum_tree_per_iteration=1\n" not in head:
        return None
    given = [dict(line.split("=", 1) for line in part.splitlines() if "=" in line) for part in parts]
    if any(one.get("is_linear", "0") != "0" for one in given):
        return None
    trees = tuple(_tree(one) for one in given)
    counted = all(tree.feature.size == 0 or min(tree.split_count.min(), tree.count.min()) > 0 for tree in trees)
    return trees if counted else None


def _tree(given: dict[str, str]) -> Tree:
    def floats(name: str) -> FloatArray:
        return np.array(given.get(name, "").split(), np.float64)

    def ints(name: str) -> IntArray:
        return np.array(given.get(name, "").split(), np.int64)

    return Tree(
        feature=ints("split_feature"),
        left=ints("left_child"),
        right=ints("right_child"),
        threshold=floats("threshold"),
        decision=ints("decision_type"),
        categories=_categories(ints("cat_boundaries"), ints("cat_threshold").astype(np.uint32)),
        value=floats("leaf_value"),
        count=ints("leaf_count"),
        split_count=ints("internal_count"),
    )


def _categories(boundaries: IntArray, words: NDArray[np.uint32]) -> tuple[NDArray[np.bool_], ...]:
    """Sets are written as bits of 32-bit words."""
    return tuple(
        (words[begin:end, None] >> np.arange(32, dtype=np.uint32) & 1).astype(bool).ravel()
        for begin, end in itertools.pairwise(boundaries)
    )

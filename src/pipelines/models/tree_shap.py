"""Exact SHAP values of many rows at once, by the WOODELF algorithm in NumPy."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ModelError
from pipelines.models.classifier import FloatArray
from pipelines.models.lightgbm import Trees
from pipelines.models.tree_text import Tree, trees_of

BULK = 1_000
"""From so many rows on WOODELF explains: of 40 trees of 31 leaves it took as much processor time as LightGBM at 500
rows, half at 1,000 and a tenth at 16,000. Below, setting up the trees costs more than it saves."""
_BITS = range(8, 14)
"""The most answers that one table is looked up by. More make fewer look-ups, but larger tables, which pay with many
rows: 13 was fastest of 8 to 14 at 100,000 rows."""
_BLOCK = 32_768
"""Rows at a time: their answers and sums stay in a core's cache, and NumPy's calls cost little beside them."""
_THREADS = 2
_MOST_FEATURES = 60
"""On one path: its answers are the bits of an integer."""
Answer = tuple[int, bool]
"""A split, and whether the row has to go left there."""


def can_explain(trees: Trees) -> bool:
    """Whether the raw score is a plain sum of trees whose training rows were counted; `LightGBM` makes no others."""
    return _parsed(trees) is not None


def explained(trees: Trees, rows: pd.DataFrame) -> FloatArray:
    """SHAP values as `contributions` has them, by whichever engine is faster for so many rows.

    `Trees.contributions` serves few rows, and trees that `can_explain` does not take.
    """
    in_bulk = len(rows) >= BULK and can_explain(trees)
    return contributions(trees, rows) if in_bulk else trees.contributions(rows)


def contributions(trees: Trees, rows: pd.DataFrame) -> FloatArray:
    """Exact SHAP values on the raw score; the last column is the base value.

    They are those of `Trees.contributions` in another order of adding up, in double precision: over rows of 40
    features and 250 trees of 31 leaves differences stay below 1e-13. Null and categorical splits are answered as
    LightGBM answers them. What differs is the time: setting up takes a moment for each tree, after which a row costs
    little.

    Parameters
    ----------
    trees : Trees
        A bag; its boosters' values are averaged, as its raw score is.
    rows : DataFrame, shape (n_rows, n_features)
        Floats, columns by position. Held once more while values are computed, so callers cut large frames.

    Returns
    -------
    ndarray, shape (n_rows, n_features + 1)

    Raises
    ------
    ModelError
        If `can_explain` says no.

    Notes
    -----
    A leaf adds ``w`` to the score of rows that give all of its answers. With ``a_i`` 1 or 0 for whether the row gives
    those on feature ``i``, and ``c_i`` the share of the training rows that did, its path-dependent game is
    ``v(S) = w Π_{i in S} a_i Π_{i not in S} c_i``, and the Shapley value of ``i`` is
    ``w (a_i - c_i) ∫_0^1 Π_{j ≠ i} (c_j + (a_j - c_j) t) dt``, since the weights of Shapley are the integrals of the
    polynomials of Bernstein; Gauss-Legendre integrates it exactly. It depends on the row by the answers alone, so it is
    worked out once for each set of answers and looked up for each row; leaves that lie together share a table.

    References
    ----------
    Nadel & Wettenstein (2026), From decision trees to Boolean logic: a fast and unified SHAP algorithm; the game is
    that of Lundberg, Erion & Lee (2018), Consistent individualized feature attribution for tree ensembles.
    """
    parsed, columns = _required(trees), _columns(rows)
    n_features, n_rows = columns.shape
    found = np.zeros((n_features + 1, n_rows))
    _add_up(_Plan(1 / len(trees.texts), _most_bits(n_rows)), parsed, columns, found)
    found[-1] = sum(tree.expected for tree in parsed) / len(trees.texts)
    return found.T


def interactions(trees: Trees, rows: pd.DataFrame) -> FloatArray:
    """SHAP interaction values on the raw score.

    Parameters
    ----------
    trees, rows
        As `contributions` takes them.

    Returns
    -------
    ndarray, shape (n_rows, n_features, n_features)
        Symmetric, half of an interaction on either side of the diagonal; every row of a matrix sums to the SHAP value
        of its feature. Takes n_rows · n_features² numbers of memory: for a sample of rows.

    Raises
    ------
    ModelError
        If `can_explain` says no.

    References
    ----------
    Lundberg et al. (2020), From local explanations to global understanding with explainable AI for trees, section
    "SHAP interaction values"; Fujimoto, Kojadinovic & Marichal (2006), Axiomatic characterizations of probabilistic and
    cardinal-probabilistic interaction indices.
    """
    parsed, columns = _required(trees), _columns(rows)
    n_features, n_rows = columns.shape
    found = np.zeros((n_features * n_features, n_rows))
    _add_up(_Plan(1 / len(trees.texts), _most_bits(n_rows), n_features), parsed, columns, found)
    upper = found.T.reshape(n_rows, n_features, n_features)
    both: FloatArray = upper + upper.transpose(0, 2, 1)
    diagonal = np.arange(n_features)
    both[:, diagonal, diagonal] = contributions(trees, rows)[:, :-1] - both.sum(axis=2)
    return both


def _parsed(trees: Trees) -> tuple[Tree, ...] | None:
    found: list[Tree] = []
    for text in trees.texts:
        parsed = trees_of(text)
        if parsed is None or any(_longest(tree, 0, frozenset()) > _MOST_FEATURES for tree in parsed if tree.value.size):
            return None
        found += parsed
    return tuple(found)


def _required(trees: Trees) -> tuple[Tree, ...]:
    parsed = _parsed(trees)
    if parsed is None:
        raise ModelError(
            "The trees are no plain sum, or do not say how many training rows came to each split.",
            why="SHAP values would be those of another model.",
            fix="Use Trees.contributions.",
        )
    return parsed


def _columns(rows: pd.DataFrame) -> FloatArray:
    """Shape (n_features, n_rows), each feature in one piece."""
    return np.ascontiguousarray(rows.to_numpy(np.float64).T)


def _longest(tree: Tree, node: int, asked: frozenset[int]) -> int:
    """The most features that one path asks."""
    if node < 0 or tree.feature.size == 0:
        return len(asked)
    more = asked | {int(tree.feature[node])}
    return max(_longest(tree, int(child), more) for child in (tree.left[node], tree.right[node]))


@dataclass(frozen=True)
class _Leaf:
    """What a leaf adds, of each of its features the training rows' share of its answers, and by which bits it asks."""

    value: float
    share: dict[int, float]
    asks: dict[int, tuple[tuple[int, bool], ...]]


@dataclass(frozen=True)
class _Group:
    """Leaves that lie together: the bits of their table, each whether a row gives all of some answers."""

    bits: tuple[tuple[Answer, ...], ...]
    leaves: tuple[_Leaf, ...]
    plan: _Plan

    @functools.cached_property
    def targets(self) -> tuple[int, ...]:
        """The rows of the result that the table adds to."""
        return tuple(dict.fromkeys(target for leaf in self.leaves for target in self.plan.targets(leaf)))

    @functools.cached_property
    def table(self) -> FloatArray | None:
        """By target and pattern; None where there are too many patterns."""
        return self.of(np.arange(2 ** len(self.bits))) if len(self.bits) <= self.plan.most_bits else None

    def of(self, patterns: NDArray[np.int64]) -> FloatArray:
        """What these patterns add, shape (n_targets, n_patterns)."""
        place = {target: number for number, target in enumerate(self.targets)}
        added = np.zeros((len(place), patterns.size))
        answers = [(patterns >> bit & 1).astype(bool) for bit in reversed(range(len(self.bits)))]
        for leaf in self.leaves:
            held = _held(leaf, answers)
            for target, values in zip(self.plan.targets(leaf), _looked_up(leaf, held, self.plan), strict=True):
                added[place[target]] += values
        return added


def _held(leaf: _Leaf, answers: Sequence[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    """Of each of its features, which patterns give the leaf's answers."""
    given = [
        [answers[bit] if wanted else ~answers[bit] for bit, wanted in leaf.asks[feature]] for feature in leaf.share
    ]
    return [functools.reduce(np.logical_and, one) for one in given]


def _looked_up(leaf: _Leaf, held: list[NDArray[np.bool_]], plan: _Plan) -> Iterator[FloatArray]:
    """The leaf's values of each pattern; where patterns outnumber what can be held, from a table of the latter."""
    share = np.array(list(leaf.share.values()))
    if not held or 2 ** len(held) > held[0].size:
        yield from _shapley(np.array(held), share, leaf.value * plan.scale, pairs=plan.n_features > 0)
        return
    at = functools.reduce(lambda code, one: code << 1 | one, held, np.zeros(held[0].size, np.intp))
    for values in _shapley(_patterns(len(held)), share, leaf.value * plan.scale, pairs=plan.n_features > 0):
        yield values.take(at)


@functools.cache
def _patterns(n_bits: int) -> NDArray[np.bool_]:
    """Every pattern, the first bit the highest; shape (n_bits, 2 ** n_bits)."""
    patterns: NDArray[np.bool_] = (np.arange(2**n_bits) >> np.arange(n_bits)[::-1, None] & 1).astype(bool)
    return patterns


def _shapley(held: NDArray[np.bool_], share: FloatArray, value: float, *, pairs: bool) -> FloatArray:
    """Shapley values of a leaf by feature, or half of the interaction by pair; shape (n, n_patterns).

    No factor is 0, since quadrature never asks at the ends: leaving one out is a division.
    """
    moved = held - share[:, None]
    nodes, weights = _quadrature(len(held))
    factors = share[:, None, None] + moved[:, None, :] * nodes[:, None]
    whole = factors.prod(axis=0) * weights[:, None]
    if not pairs:
        values: FloatArray = value * moved * (whole / factors).sum(axis=1)
        return values
    halves = [
        value / 2 * moved[one] * moved[other] * (whole / (factors[one] * factors[other])).sum(axis=0)
        for one, other in combinations(range(len(held)), 2)
    ]
    return np.array(halves).reshape(len(halves), held.shape[1])


@functools.cache
def _quadrature(n_features: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [0, 1], exact for polynomials of degree ``n_features - 1``."""
    nodes, weights = np.polynomial.legendre.leggauss(n_features // 2 + 1)
    return (nodes + 1) / 2, weights / 2


@dataclass(frozen=True)
class _Plan:
    """How trees are cut into groups.

    Parameters
    ----------
    scale : float
        What leaves are multiplied by: one over the number of boosters.
    most_bits : int
        Of one table.
    n_features : int
        0 for SHAP values; for interactions, what the row of a pair is numbered by.
    """

    scale: float
    most_bits: int
    n_features: int = 0

    def targets(self, leaf: _Leaf) -> tuple[int, ...]:
        """The rows of the result that a leaf adds to."""
        if not self.n_features:
            return tuple(leaf.share)
        return tuple(min(pair) * self.n_features + max(pair) for pair in combinations(leaf.share, 2))

    def groups(self, tree: Tree) -> tuple[_Group, ...]:
        """Subtrees as large as a table can hold, tables worked out; a leaf too deep for one stands alone."""
        found = tuple(self._below(tree, 0, {}, {})) if tree.feature.size else ()
        for group in found:
            _ = group.table  # here, once, before blocks of rows ask for it side by side
        return found

    def _below(
        self, tree: Tree, node: int, path: dict[int, tuple[Answer, ...]], share: dict[int, float]
    ) -> Iterator[_Group]:
        if node < 0 or len(path) + _n_splits(tree, node) <= self.most_bits:
            bits = list(path.values())
            asks: dict[int, tuple[tuple[int, bool], ...]] = {
                feature: ((place, True),) for place, feature in enumerate(path)
            }
            leaves = tuple(_leaves(tree, node, asks, share, bits))
            yield _Group(tuple(bits), leaves, self)
            return
        feature = int(tree.feature[node])
        for child, went_left, part in _children(tree, node):
            answers = (*path.get(feature, ()), (node, went_left))
            shares = {**share, feature: share.get(feature, 1.0) * part}
            yield from self._below(tree, child, {**path, feature: answers}, shares)


def _most_bits(n_rows: int) -> int:
    """So many that rows outnumber the patterns of a full table by two to four."""
    return min(max(n_rows.bit_length() - 2, _BITS.start), _BITS.stop - 1)


def _leaves(
    tree: Tree,
    node: int,
    asks: dict[int, tuple[tuple[int, bool], ...]],
    share: dict[int, float],
    bits: list[tuple[Answer, ...]],
) -> Iterator[_Leaf]:
    """The leaves below; every split on the way becomes a bit."""
    if node < 0:
        yield _Leaf(float(tree.value[~node]), share, asks)
        return
    bit, feature = len(bits), int(tree.feature[node])
    bits.append(((node, True),))
    for child, went_left, part in _children(tree, node):
        more = {**asks, feature: (*asks.get(feature, ()), (bit, went_left))}
        yield from _leaves(tree, child, more, {**share, feature: share.get(feature, 1.0) * part}, bits)


def _children(tree: Tree, node: int) -> tuple[tuple[int, bool, float], ...]:
    left = tree.share_left(node)
    return (int(tree.left[node]), True, left), (int(tree.right[node]), False, 1 - left)


def _n_splits(tree: Tree, node: int) -> int:
    return 0 if node < 0 else 1 + _n_splits(tree, int(tree.left[node])) + _n_splits(tree, int(tree.right[node]))


def _add_up(plan: _Plan, trees: Iterable[Tree], columns: FloatArray, found: FloatArray) -> None:
    """Tree by tree, blocks of rows side by side; the tables of a tree are made while the one before is looked up."""
    blocks = [slice(begin, begin + _BLOCK) for begin in range(0, columns.shape[1], _BLOCK)]
    with ThreadPoolExecutor(_THREADS if len(blocks) > 1 else 1) as pool:
        running: list[Future[None]] = []
        for tree in trees:
            groups = plan.groups(tree)
            for done in running:
                done.result()
            running = [pool.submit(_add, tree, groups, columns[:, block], found[:, block]) for block in blocks]
        for done in running:
            done.result()


def _add(tree: Tree, groups: tuple[_Group, ...], columns: FloatArray, found: FloatArray) -> None:
    """What one tree adds to a block of rows."""
    answers: dict[Answer, NDArray[np.bool_]] = {}
    for node, feature in enumerate(tree.feature):
        answers[node, True] = tree.goes_left(node, columns[feature])
    buffer = np.empty(columns.shape[1])
    for group in groups:
        table, at = group.table, _given(group, answers, columns.shape[1])
        if table is None:  # of so many patterns few occur
            at, patterns = pd.factorize(at)
            table = group.of(patterns)
        for target, values in zip(group.targets, table, strict=True):
            np.take(values, at, out=buffer, mode="clip")  # clipping nothing: NumPy would copy the buffer to raise
            found[target] += buffer


def _given(group: _Group, answers: dict[Answer, NDArray[np.bool_]], n_rows: int) -> NDArray[np.intp]:
    """The pattern of each row."""
    pattern: NDArray[Any] = np.zeros(n_rows, np.uint16 if len(group.bits) <= 16 else np.int64)
    for bit in group.bits:
        pattern <<= 1
        pattern |= functools.reduce(np.logical_and, [_answer(answers, one) for one in bit]).view(np.uint8)
    return pattern.astype(np.intp)


def _answer(answers: dict[Answer, NDArray[np.bool_]], wanted: Answer) -> NDArray[np.bool_]:
    if wanted not in answers:
        answers[wanted] = ~answers[wanted[0], True]
    return answers[wanted]

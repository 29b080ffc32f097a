"""The usual mistakes of a benchmark, made on purpose. A new one is one function and one line in `MISTAKES`.

Each gives a claim, which is what its own test shows, and the worth of the same recipe: refitted on nothing but the
honest development rows, choices included, and scored on the honest test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import exp, log

import numpy as np

from pipelines.core.randomness import generator_for, seed_for
from pipelines.evaluation.inflation import Claim, Judged
from pipelines.evaluation.metrics import roc_auc
from pipelines.models.lightgbm import LightGBM, Trees
from pipelines.scoring.peeking import Peek, Sides
from pipelines.scoring.resampled import Rows, drawn, interpolated, repeated
from pipelines.scoring.training import Tuned
from pipelines.tasks.search_space import Allowed, Choices

N_TRIED = 8
"""Configurations among which the mistaken protocols choose.

The middle of the space, the library's own defaults (what most benchmarks begin with, and free to learn rows by heart),
and random draws.
"""
Resample = Callable[[Rows, np.random.Generator], Rows]


@dataclass(frozen=True)
class Bench:
    """What every mistake is made with.

    Parameters
    ----------
    model : LightGBM
        What is not searched, as one booster.
    chosen : Tuned
        The one declared configuration, at rounds that were chosen honestly.
    tried : tuple of dict
        What a choice may fall on.
    honest : Sides
        The task's own rows and split.
    fold : tuple of Rows
        Training and validation rows inside the development rows: where a choice costs nothing.
    peek : Peek
        Rows that know part of their outcome, or why there are none.
    seed : int
        Of the task.
    obstacles : mapping of str to str
        Mistakes that this task cannot make, and why.
    """

    model: LightGBM
    chosen: Tuned
    tried: tuple[dict[str, float], ...]
    honest: Sides
    fold: tuple[Rows, Rows]
    peek: Peek
    seed: int
    obstacles: Mapping[str, str] = field(default_factory=dict)

    def fitted(self, rows: Rows, chosen: Tuned | None = None) -> Trees:
        """A model on these rows, of the declared configuration if no other is given."""
        one = chosen or self.chosen
        return self.model.fit(rows.dataset, one.params, one.n_rounds, self._seed)

    def best_on(self, train: Rows, judged: Rows) -> tuple[Tuned, Judged]:
        """The configuration with the best ROC-AUC on ``judged``, at the rounds that suit ``judged`` best."""
        fold = self.model.fold(train.dataset, judged.dataset)
        tried = [Tuned(params, max(1, fold.judge(params, self._seed).n_rounds)) for params in self.tried]
        found = [(one, judged_by(self.fitted(train, one), judged)) for one in tried]
        return max(found, key=lambda one: roc_auc(judged.label, one[1].raw))

    def generator(self, purpose: str) -> np.random.Generator:
        """Of whatever a mistake draws."""
        return generator_for(self.seed, f"inflate/{purpose}")

    @property
    def _seed(self) -> int:
        return seed_for(self.seed, "inflate")


@dataclass(frozen=True)
class Mistake:
    """One mistake: what is done, for people, and the claim that comes of it."""

    name: str
    said: str
    made: Callable[[Bench], Claim]


def middle(space: Mapping[str, Allowed]) -> dict[str, float]:
    """The middle of every range, on its own scale.

    Examples
    --------
    >>> from pipelines.tasks.search_space import Range
    >>> middle({"num_leaves": Range(low=4, high=64, scale="log", kind="int"), "share": Range(low=0.5, high=1)})
    {'num_leaves': 16.0, 'share': 0.75}
    """
    return {name: _at(allowed, 0.5) for name, allowed in space.items()}


def tried(space: Mapping[str, Allowed], rng: np.random.Generator) -> tuple[dict[str, float], ...]:
    """What a choice may fall on; draws are uniform on the scale of each range."""
    drawn_ones = ({name: _at(allowed, rng.random()) for name, allowed in space.items()} for _ in range(N_TRIED - 2))
    return (middle(space), {}, *drawn_ones)


def judged_by(trees: Trees, rows: Rows) -> Judged:
    """What a model says of some rows."""
    return Judged(rows.label, rows.subject, trees.raw(rows.values))


def _repeated(bench: Bench) -> Claim:
    return _resampled_first(bench, repeated)


def _interpolated(bench: Bench) -> Claim:
    return _resampled_first(bench, interpolated)


def _resampled_first(bench: Bench, resample: Resample) -> Claim:
    """Balanced, then divided: what was made of a row judges a model that has learned the row."""
    sides, rng = bench.honest, bench.generator(resample.__name__)
    train, judged = drawn(resample(sides.whole, rng), sides.test_share, rng)
    worth = bench.fitted(resample(sides.develop, rng))
    return Claim(judged_by(bench.fitted(train), judged), judged_by(worth, sides.known))


def _random_split(bench: Bench) -> Claim:
    sides = bench.honest
    train, judged = drawn(sides.whole, sides.test_share, bench.generator("random_split"))
    return Claim(judged_by(bench.fitted(train), judged), judged_by(bench.fitted(sides.develop), sides.known))


def _proxies(bench: Bench) -> Claim:
    sides = _peeking(bench)
    trees = bench.fitted(sides.develop)
    return Claim(judged_by(trees, sides.test), judged_by(trees, sides.known))


def _chosen_on_test(bench: Bench) -> Claim:
    """The worth is that of a choice by the same means, made inside the development rows."""
    sides = bench.honest
    _, claimed = bench.best_on(sides.develop, sides.test)
    chosen, _ = bench.best_on(*bench.fold)
    return Claim(claimed, judged_by(bench.fitted(sides.develop, chosen), sides.known))


def _all_together(bench: Bench) -> Claim:
    sides, rng = bench.peek.sides or bench.honest, bench.generator("all_together")
    _, claimed = bench.best_on(*drawn(repeated(sides.whole, rng), sides.test_share, rng))
    develop = repeated(sides.develop, rng)
    chosen, _ = bench.best_on(*drawn(develop, sides.test_share, rng))
    return Claim(claimed, judged_by(bench.fitted(develop, chosen), sides.known))


MISTAKES = (
    Mistake("repeated", "Rows of the rarer outcome were repeated to balance, then rows were divided.", _repeated),
    Mistake(
        "interpolated",
        "Blends of neighbours with the rarer outcome (SMOTE) were added to balance, then rows were divided.",
        _interpolated,
    ),
    Mistake("random_split", "Rows were divided at random, whatever their time and subject.", _random_split),
    Mistake("proxies", "", _proxies),
    Mistake(
        "chosen_on_test",
        f"The test chose among {N_TRIED} configurations, and when to stop; its worth is that of a choice inside the "
        "development rows.",
        _chosen_on_test,
    ),
    Mistake(
        "all_together",
        "Proxies where there are some, repeated rows, a random split, and a choice on the test.",
        _all_together,
    ),
)
"""In the order in which they are shown."""


def _peeking(bench: Bench) -> Sides:
    if bench.peek.sides is None:
        raise ValueError(f"There is nothing to peek at: {bench.peek.said}.")
    return bench.peek.sides


def _at(allowed: Allowed, share: float) -> float:
    if isinstance(allowed, Choices):
        return allowed.choices[min(int(share * len(allowed.choices)), len(allowed.choices) - 1)]
    low, high = allowed.low, allowed.high
    value = exp(log(low) + share * log(high / low)) if allowed.scale == "log" else low + share * (high - low)
    return float(round(value)) if allowed.kind == "int" else value

"""What a search found, as plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Trial:
    """One configuration that was tried.

    Parameters
    ----------
    number : int
        Its place in the search, from 0. A trial whose process died leaves its place to another.
    params : dict
        What was tried.
    loss : float or None
        Mean log loss over all folds; None if it was pruned.
    state : str
        ``complete`` or ``pruned``.
    n_rounds : int or None
        Mean of the folds' best rounds; None if it was pruned.
    losses : tuple of float
        Of the folds that it was fitted on, oldest first.
    was_known : bool
        Whether it had ended before this process began.
    """

    number: int
    params: dict[str, float]
    loss: float | None
    state: str
    n_rounds: int | None = None
    losses: tuple[float, ...] = ()
    was_known: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Found:
    """What the search chose, on training and validation rows only.

    Parameters
    ----------
    params : dict
        The parameters with the smallest mean log loss over the folds.
    n_rounds : int
        Mean of the folds' best rounds.
    loss : float
        Mean log loss over the folds.
    trials : tuple of Trial
        All that ended, in order.
    n_before : int
        Of them, how many had ended before this process began.
    importance : dict of str to float
        Share of the variance of the loss that each parameter accounts for; they sum to 1. Empty if too few trials were
        fitted on every fold, or if their losses are all the same.
    stopped_early : bool
        Whether time ran out before the budget of trials did.
    """

    params: dict[str, float]
    n_rounds: int
    loss: float
    trials: tuple[Trial, ...]
    n_before: int = 0
    importance: dict[str, float] = field(default_factory=dict)
    stopped_early: bool = False


OnTrial = Callable[[Trial, float], None]
"""Called for each trial, in the order of their numbers, with the best loss up to it."""

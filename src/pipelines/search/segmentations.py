"""A seeded search for the segmentation to use: which segmenter, how many segments, on which transforms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import optuna
from optuna.samplers import TPESampler

from pipelines.core.errors import ModelError
from pipelines.core.randomness import seed_for
from pipelines.segments.choice import Candidate, ChoiceSpec, Measured, SegmentSpace
from pipelines.segments.choice_measure import Measuring
from pipelines.segments.snapshots import Snapshot
from pipelines.segments.structure import Structure, in_words

OnTrial = Callable[[Measured, float], None]
"""Called for each candidate, in order, with the best score up to it."""
_MOST_REPEATS = 20
"""Known candidates in a row that the sampler may ask for before the search takes the next unknown one."""


@dataclass(frozen=True)
class Chosen:
    """What the search chose.

    Parameters
    ----------
    candidate : Candidate
        With the largest score.
    measured : Measured
        What is known of it.
    trials : tuple of Measured
        All candidates that were tried, in order.
    structure : Structure
        Whether there are groups, and what the segments then are.
    """

    candidate: Candidate
    measured: Measured
    trials: tuple[Measured, ...]
    structure: Structure


def choose(
    space: SegmentSpace, choice: ChoiceSpec, snapshots: Sequence[Snapshot], seed: int, on_trial: OnTrial
) -> Chosen:
    """Try candidates and choose the one with the best trade-off of separation, stability and size.

    All candidates are tried if the budget allows; else the sampler learns where good ones lie. No candidate is tried
    twice.

    Parameters
    ----------
    space : SegmentSpace
        What may be tried.
    choice : ChoiceSpec
        By what it is chosen, and the budget.
    snapshots : sequence of Snapshot
        Oldest first; the last is what is segmented.
    seed : int
        Of everything.
    on_trial : callable
        For progress and tracking.

    Raises
    ------
    ModelError
        If every candidate was refused.
    NotEnoughDataError
        If there are no snapshots, or too few customers in the last one.

    References
    ----------
    Bergstra et al. (2011), *Algorithms for hyper-parameter optimization*, section 4 (TPE).
    """
    measuring = Measuring(space, choice, snapshots, seed)
    structure = measuring.structure()
    trials: list[Measured] = []
    best = 0.0
    for candidate in _suggested(space, choice, seed, trials):
        trials.append(measuring.measure(len(trials), candidate))
        best = max(best, trials[-1].score)
        on_trial(trials[-1], best)
    winner = _winner(trials)
    is_stable = winner.stability >= choice.stable
    return Chosen(winner.candidate, winner, tuple(trials), in_words(structure, winner.n_segments, is_stable=is_stable))


def _suggested(space: SegmentSpace, choice: ChoiceSpec, seed: int, trials: Sequence[Measured]) -> Iterator[Candidate]:
    """Candidates to try, each once; what was measured of one is in ``trials`` when the next is asked for."""
    candidates = space.candidates()
    if len(candidates) <= choice.n_trials:
        yield from candidates
        return
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = TPESampler(seed=seed_for(seed, "sampler"), n_startup_trials=choice.n_startup)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    unknown = {candidate.digest(): candidate for candidate in candidates}
    while len(trials) < choice.n_trials:
        trial, candidate = _asked(study, space, unknown, trials)
        del unknown[candidate.digest()]
        yield candidate
        study.tell(trial, trials[-1].score)


def _asked(
    study: optuna.Study, space: SegmentSpace, unknown: dict[str, Candidate], trials: Sequence[Measured]
) -> tuple[optuna.Trial, Candidate]:
    """An unknown candidate: the sampler's, or the next of all after it has asked for known ones too often."""
    scores = {one.candidate.digest(): one.score for one in trials}
    for _ in range(_MOST_REPEATS):
        trial = study.ask()
        candidate = _drawn(trial, space)
        if candidate.digest() in unknown:
            return trial, candidate
        study.tell(trial, scores[candidate.digest()])
    following = next(iter(unknown.values()))
    study.enqueue_trial(_params(following, space))
    trial = study.ask()
    return trial, _drawn(trial, space)


def _drawn(trial: optuna.Trial, space: SegmentSpace) -> Candidate:
    segmenter = space.segmenters[trial.suggest_categorical("segmenter", range(len(space.segmenters)))]
    transforms = space.transformed(
        space.shapes[trial.suggest_categorical("shape", range(len(space.shapes)))],
        space.scales[trial.suggest_categorical("scale", range(len(space.scales)))],
        space.tails[trial.suggest_categorical("winsorise", range(len(space.tails)))],
    )
    n_segments = trial.suggest_int("n_segments", space.fewest, space.most) if segmenter.takes_n else 0
    return Candidate(transforms=transforms, segmenter=segmenter, n_segments=n_segments)


def _params(candidate: Candidate, space: SegmentSpace) -> dict[str, int]:
    """What `_drawn` makes the candidate of."""
    transforms = candidate.transforms
    params = {
        "segmenter": space.segmenters.index(candidate.segmenter),
        "shape": space.shapes.index(transforms.shape),
        "scale": space.scales.index(transforms.scale),
        "winsorise": space.tails.index(transforms.winsorise),
    }
    return params | ({"n_segments": candidate.n_segments} if candidate.n_segments else {})


def _winner(trials: Sequence[Measured]) -> Measured:
    """The largest score; the first of equal ones."""
    usable = [one for one in trials if not one.refused]
    if usable:
        return max(usable, key=lambda one: (one.score, -one.number))
    reasons = Counter(one.refused for one in trials).most_common(3)
    raise ModelError(
        f"All {len(trials)} candidates were refused; most often: "
        + "; ".join(f"{reason} ({n})" for reason, n in reasons)
        + ".",
        why="No segmentation of these customers meets the limits.",
        fix="Allow smaller segments or more noise, other numbers of segments, or further segmenters and transforms.",
    )

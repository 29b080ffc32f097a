"""Personas: what each segment is, is worth, is likely to do, and what it is called."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.intervals import Interval
from pipelines.segments.described import NOISE, Described, PersonaSpec
from pipelines.segments.effects import Effect, effects
from pipelines.segments.journeys import Stay, Timeline, moves, paths, sizes, stay, timeline
from pipelines.segments.naming import Trait, rule_names, traits
from pipelines.segments.persona_demographics import demographic_table
from pipelines.segments.persona_drivers import Drivers, drivers
from pipelines.segments.persona_estimates import UNDEFINED, bounded, clustered_share, mean_of, share_of
from pipelines.segments.surrogate import Surrogate, surrogate

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """What a model says of a segment.

    Parameters
    ----------
    title : str
        Of the task.
    mean : Interval
        The mean probability of those it has a score for; undefined of fewer than the least group.
    mean_of_rest : float
        Of all other customers that it has a score for.
    n_scored : int
        How many of the segment it has a score for.
    """

    title: str
    mean: Interval
    mean_of_rest: float
    n_scored: int


@dataclass(frozen=True)
class Persona:
    """One segment.

    Parameters
    ----------
    segment : int
        Its persistent id; 0 are those who belong to none.
    name : str
        Given, or by rule from its strongest traits.
    is_named_by_rule : bool
        Which of the two.
    n_customers : int
        Its size.
    share : Interval
        Of all customers.
    revenue : float
        What its customers spent together.
    revenue_each : Interval
        What one spent on average.
    revenue_share : Interval
        Of what all customers spent.
    scores : tuple of Score
        By task.
    effects : tuple of Effect
        Of every feature, in their order.
    traits : tuple of Trait
        What sets it apart, strongest first.
    stay : Stay
        How long customers stay in it.
    """

    segment: int
    name: str
    is_named_by_rule: bool
    n_customers: int
    share: Interval
    revenue: float
    revenue_each: Interval
    revenue_share: Interval
    scores: tuple[Score, ...]
    effects: tuple[Effect, ...]
    traits: tuple[Trait, ...]
    stay: Stay


@dataclass(frozen=True)
class Told:
    """Everything that is told of a segmentation at one cutoff.

    Parameters
    ----------
    described : Described
        What it is told from.
    spec : PersonaSpec
        How.
    personas : tuple of Persona
        By id; those who belong to none come last.
    drivers : Drivers
        What a surrogate classifier goes by.
    surrogate : Surrogate
        The rule that anyone can re-create.
    journey : Timeline
        Everybody's states.
    moves, sizes, paths, demographics : DataFrame
        As `pipelines.segments.journeys` and `pipelines.segments.persona_demographics` have them. ``paths`` are those of
        all customers under ``ending`` null, and of each segment's present customers under its id.
    """

    described: Described
    spec: PersonaSpec
    personas: tuple[Persona, ...]
    drivers: Drivers
    surrogate: Surrogate
    journey: Timeline
    moves: pd.DataFrame
    sizes: pd.DataFrame
    paths: pd.DataFrame
    demographics: pd.DataFrame

    @cached_property
    def names(self) -> dict[int, str]:
        """By id, of every segment that has customers now, or had."""
        now = {one.segment: one.name for one in self.personas}
        gone = [one for one in self.journey.states if one >= NOISE and one not in now]
        return now | {one: self.described.names.get(one, f"Segment {one}") for one in gone}


def personas(described: Described, spec: PersonaSpec, seed: int) -> Told:
    """What each segment is, what sets it apart, where its customers come from and go, and a rule that re-creates it.

    Parameters
    ----------
    described : Described
        The customers at one cutoff and what is known of them.
    spec : PersonaSpec
        Levels, sizes and limits.
    seed : int
        Of every sample and resample.

    Returns
    -------
    Told
        The same for the same input. Customers are the unit of every interval.

    Raises
    ------
    ConfigError
        If two segments are given the same name.
    """
    found, journey = effects(described, spec.level), timeline(described.moments)
    of_segment = {one: tuple(effect for effect in found if effect.segment == one) for one in described.ids}
    sets_apart = {one: traits(of_segment[one]) for one in described.ids}
    names = rule_names(sets_apart, described.names, spec.n_traits)
    told = tuple(
        _persona(described, spec, seed, (one, names[one]), (of_segment[one], sets_apart[one]), journey)
        for one in described.ids
    )
    return Told(
        described,
        spec,
        told,
        drivers(described, spec.level, spec.max_explained, np.random.default_rng(seed)),
        surrogate(described, spec.rule, spec.level, spec.n_resamples, seed),
        journey,
        moves(journey, spec.level),
        sizes(journey, spec.level),
        _paths(journey, described, spec),
        demographic_table(described, spec.level, spec.min_group),
    )


def persona_table(told: Told) -> pd.DataFrame:
    """One row per segment: size, revenue and scores, with the ends of their intervals."""
    return pd.DataFrame([_row(one) for one in told.personas])


def _persona(
    described: Described,
    spec: PersonaSpec,
    seed: int,
    called: tuple[int, str],
    features: tuple[tuple[Effect, ...], tuple[Trait, ...]],
    journey: Timeline,
) -> Persona:
    segment, name = called
    rng = np.random.default_rng([seed, segment])
    inside = described.segment == segment
    mine = described.value[inside]
    return Persona(
        segment,
        name,
        segment not in described.names,
        int(inside.sum()),
        share_of(int(inside.sum()), inside.size, spec.level),
        float(mine.sum()),
        mean_of(mine, spec.level, rng, spec.n_resamples),
        clustered_share(np.where(inside, described.value, 0.0), described.value, spec.level),
        tuple(_score(title, score, inside, spec, rng) for title, score in described.scores.items()),
        *features,
        stay(journey, segment, spec.level),
    )


def _score(
    title: str, score: FloatArray, inside: NDArray[np.bool_], spec: PersonaSpec, rng: np.random.Generator
) -> Score:
    mine, rest = score[inside & np.isfinite(score)], score[~inside & np.isfinite(score)]
    is_shown = mine.size >= spec.min_group
    mean = bounded(mean_of(mine, spec.level, rng, spec.n_resamples), 0.0, 1.0) if is_shown else UNDEFINED
    return Score(title, mean, float(rest.mean()) if rest.size >= spec.min_group else math.nan, mine.size)


def _paths(journey: Timeline, described: Described, spec: PersonaSpec) -> pd.DataFrame:
    of_all = paths(journey, spec.level).assign(ending=None)
    ending = [paths(journey, spec.level, one).assign(ending=one) for one in described.ids]
    return pd.concat([one.astype({"ending": "Int64"}) for one in (of_all, *ending)], ignore_index=True)


def _row(one: Persona) -> dict[str, object]:
    figures: Mapping[str, Interval] = {
        "share": one.share,
        "revenue_each": one.revenue_each,
        "revenue_share": one.revenue_share,
        "stay_rate": one.stay.rate,
        **{f"score.{score.title}": score.mean for score in one.scores},
    }
    ends = {"": "estimate", ".ci_low": "low", ".ci_high": "high"}
    return {
        "segment": one.segment,
        "name": one.name,
        "n_customers": one.n_customers,
        "revenue": one.revenue,
        "stay_median_days": one.stay.median_days,
        "traits": "; ".join(trait.words for trait in one.traits),
        **{f"{name}{end}": getattr(found, field) for name, found in figures.items() for end, field in ends.items()},
    }

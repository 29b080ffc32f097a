"""What sets a segment apart: effect sizes of every feature against the rest, and of not being known.

The effect size is Cliff's delta: how much more often a customer of the segment has more than a customer of the rest
than less. It asks for ranks only, so that skewed counts, outliers and a transform such as a logarithm do not move it,
and zeros that many share count as ties; a standardised difference of means would depend on all three. In 2,000 samples
each of geometric, zero-inflated, log-normal and nearly separated values (30 beside 30, 30 beside 1,000, 300 beside
700), its intervals at a nominal 95 % held the truth in 94.0 to 99.6 %, and those at 99.9 % in 99.7 % or more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.intervals import Interval, simultaneous_level, wilson
from pipelines.features.catalogue import Feature
from pipelines.segments.described import Described
from pipelines.segments.persona_estimates import UNDEFINED, critical, difference, median_of, share_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NEGLIGIBLE, MEDIUM, LARGE = 0.147, 0.33, 0.474
"""From which size on a delta is small, medium and large: Romano et al. (2006)."""


@dataclass(frozen=True)
class Effect:
    """How a segment differs from all other customers in one feature.

    Parameters
    ----------
    segment : int
        Its persistent id.
    feature : Feature
        What is compared.
    delta : Interval
        Cliff's delta in [-1, 1] of known values: positive where the segment has more. Undefined where nobody of the
        segment, or of the rest, has a known value.
    inside, outside : Interval
        The typical value of the segment and of the rest: the median, and of a feature that is 0 or 1 the share of 1.
    null_share : float
        Of the segment.
    null_gap : Interval
        Share of null in the segment minus that of the rest. It is the delta of being null, and so comparable.
    """

    segment: int
    feature: Feature
    delta: Interval
    inside: Interval
    outside: Interval
    null_share: float
    null_gap: Interval


def effects(described: Described, level: float) -> tuple[Effect, ...]:
    """Every segment's effects, in the order of features; intervals of deltas and null gaps hold all at once.

    Parameters
    ----------
    described : Described
        The customers.
    level : float in (0, 1)
        How often all intervals of deltas hold at once (Bonferroni), and each interval of a typical value.

    Returns
    -------
    tuple of Effect
        By segment, then by feature. The segments were made to differ in features that they were fitted on: the
        intervals say how well a difference is known, not that it is more than a cut through a continuum.
    """
    ids = described.ids
    each = simultaneous_level(level, len(ids) * len(described.features))
    code = np.searchsorted(np.sort(ids), described.segment)
    place = {one: int(np.searchsorted(np.sort(ids), one)) for one in ids}
    by_feature = [_of_feature(described, feature, code, (each, level)) for feature in described.features]
    return tuple(of_feature[place[one]] for one in ids for of_feature in by_feature)


def cliffs_delta(inside: FloatArray, outside: FloatArray, level: float) -> Interval:
    """Cliff's delta of two samples and its interval.

    Parameters
    ----------
    inside, outside : float array
        Values without NaN.
    level : float in (0, 1)
        Of the interval.

    Returns
    -------
    Interval
        ``P(inside > outside) - P(inside < outside)``. The share of pairs that are won, ties as halves, has Wilson's
        interval at the effective size ``A (1 - A) / Var(A)``, from the variance of placements, but no larger than it
        would be of two samples of one distribution. Where the samples do not overlap it is the smaller sample, which
        gives the interval of Feng & Cliff.

    References
    ----------
    Cliff (1993), *Dominance statistics: ordinal analyses to answer ordinal questions*, Psychological Bulletin 114;
    Feng & Cliff (2004), *Monte Carlo evaluation of ordinal d with improved confidence interval*; DeLong et al. (1988),
    *Comparing the areas under two or more correlated receiver operating characteristic curves*, for the variance;
    Newcombe (2006), *Confidence intervals for an effect size measure based on the Mann-Whitney statistic*.

    Examples
    --------
    >>> str(cliffs_delta(np.array([3.0, 4, 5, 6]), np.array([1.0, 2, 3, 4]), 0.95))
    '0.750 [-0.085, 0.966]'
    """
    _, code = np.unique(np.concatenate([inside, outside]), return_inverse=True)
    n_codes = int(code.max(initial=-1)) + 1
    counts = [np.bincount(part, minlength=n_codes) for part in (code[: inside.size], code[inside.size :])]
    return _delta(counts[0].astype(np.float64), counts[1].astype(np.float64), level)


def effect_table(found: Sequence[Effect], names: dict[int, str]) -> pd.DataFrame:
    """One row per segment and feature: effect, typical values and nulls, with the ends of their intervals."""
    return pd.DataFrame(
        [
            {
                "segment": one.segment,
                "name": names[one.segment],
                "feature": one.feature.name,
                "unit": one.feature.unit,
                "delta": one.delta.estimate,
                "delta.ci_low": one.delta.low,
                "delta.ci_high": one.delta.high,
                "typical": one.inside.estimate,
                "typical.ci_low": one.inside.low,
                "typical.ci_high": one.inside.high,
                "typical_of_rest": one.outside.estimate,
                "null_share": one.null_share,
                "null_gap": one.null_gap.estimate,
                "null_gap.ci_low": one.null_gap.low,
                "null_gap.ci_high": one.null_gap.high,
            }
            for one in found
        ]
    )


def surely(found: Interval) -> float:
    """The end that is nearer to zero, 0 where the interval holds it: how large an effect is at least.

    Examples
    --------
    >>> [surely(Interval(0.3, *ends)) for ends in ((0.2, 0.4), (-0.1, 0.7), (np.nan, np.nan))]
    [0.2, 0.0, 0.0]
    """
    if found.low > 0:
        return found.low
    return -found.high if found.high < 0 else 0.0


def _of_feature(
    described: Described, feature: Feature, code: IntArray, levels: tuple[float, float]
) -> tuple[Effect, ...]:
    """The effects of one feature, by the code of the segment; its values are sorted once for all segments."""
    values, ids = described.column(feature), np.sort(described.ids)
    known = ~np.isnan(values)
    unique, at = np.unique(values[known], return_inverse=True)
    every = np.bincount(at, minlength=unique.size).astype(np.float64)
    n_all, n_known = np.bincount(code, minlength=ids.size), np.bincount(code[known], minlength=ids.size)
    found = []
    for place, counts in enumerate(_counts(at, code[known], ids.size, unique.size)):
        each, level = levels
        nulls = (int(n_all[place] - n_known[place]), int(n_all[place]))
        of_rest = (int((n_all - n_known).sum()) - nulls[0], int(n_all.sum()) - nulls[1])
        found.append(
            Effect(
                int(ids[place]),
                feature,
                _delta(counts, every - counts, each),
                _typical(unique, counts, feature, level),
                _typical(unique, every - counts, feature, level),
                nulls[0] / nulls[1],
                difference(share_of(*nulls, each), share_of(*of_rest, each)),
            )
        )
    return tuple(found)


def _counts(at: IntArray, code: IntArray, n_segments: int, n_values: int) -> Iterator[FloatArray]:
    """How many of each segment have each value, one segment at a time."""
    for place in range(n_segments):
        yield np.bincount(at[code == place], minlength=n_values).astype(np.float64)


def _typical(values: FloatArray, counts: FloatArray, feature: Feature, level: float) -> Interval:
    if feature.unit == "0 or 1":
        return share_of(int(counts[values > 0].sum()), int(counts.sum()), level)
    return median_of(values, counts, level)


def _delta(inside: FloatArray, outside: FloatArray, level: float) -> Interval:
    """From how often each value occurs, ascending."""
    n, m = float(inside.sum()), float(outside.sum())
    if n == 0 or m == 0:
        return UNDEFINED
    placed = (np.cumsum(outside) - outside / 2) / m  # of each value, the share of the rest that is less
    beaten = (np.cumsum(inside) - inside / 2) / n
    won = float(inside @ placed) / n
    spread = float(inside @ (placed - won) ** 2), float(outside @ (beaten - (1 - won)) ** 2)
    variance = spread[0] / n / max(1.0, n - 1) + spread[1] / m / max(1.0, m - 1)
    size = won * (1 - won) / variance if variance > 1e-15 else min(n, m)
    low, high = wilson(won, min(size, _most(inside + outside, n, m)), critical(level))
    return Interval(2 * won - 1, 2 * float(low) - 1, 2 * float(high) - 1)


def _most(counts: FloatArray, n: float, m: float) -> float:
    """The effective size of two samples of one distribution with such ties.

    A handful of customers who hardly overlap with the rest have next to no variance by chance: of 30 beside 1,000,
    intervals at 95 % without this bound held the truth in 86 %.
    """
    total = n + m
    untied = 1 - float((counts**3 - counts).sum()) / max(1.0, total**3 - total)
    return 3 * n * m / (total + 1) / untied if untied > 0 else min(n, m)

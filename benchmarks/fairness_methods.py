"""Ways to put intervals around the rates of groups, side by side on the same samples.

``wilson`` is the product's. ``percentile`` is the bootstrap of customers that it replaced: Bonferroni over groups,
joined with Wilson's where fewer than ten customers stand on one side, the difference from the farthest ends.
``max_t`` is the studentised bootstrap of customers, with the largest t over groups and over pairs. ``own_effect`` is
Wilson's with each group's own design effect.
"""

from __future__ import annotations

import numpy as np
from fairness_counts import NULL, Sample, Truth, holds
from numpy.typing import NDArray

from pipelines.core.intervals import Interval, cluster_weights, interval, rate_interval, wilson
from pipelines.fairness.findings import FairnessSpec
from pipelines.fairness.pairs import critical_value, largest_difference
from pipelines.fairness.rates import effective, ratio, sums
from pipelines.fairness.splits import splits

FloatArray = NDArray[np.float64]

LEVEL, N_RESAMPLES, FEW = 0.95, 500, 10
COLUMNS = ("region", NULL)
RATES = {
    "selection_rate": ("selected", "rows"),
    "true_positive_rate": ("true_selected", "positives"),
    "false_positive_rate": ("false_selected", "negatives"),
}
METHODS = ("wilson", "own_effect", "percentile", "max_t")
Made = tuple[list[Interval], Interval]
"""Intervals of the groups, and of the largest difference."""


def compared(sample: Sample, spec: FairnessSpec, truth: Truth, rng: np.random.Generator) -> dict[str, float]:
    """Whether each method held all groups at once and the largest difference, and how wide that was; by its name."""
    told: dict[str, float] = {}
    for split in splits(sample.sensitive[list(COLUMNS)], sample.cases.customer, spec):
        held = sums(sample.cases, split.code, len(split.names))
        for rate, names in RATES.items():
            true = [truth[split.column][rate][name] for name in split.names]
            for method, (groups, difference) in _made(*held.of(names), len(split.names), rng).items():
                name = f"{method}.{split.column}.{rate}"
                told[f"method.groups.{name}"] = all(holds(*one) for one in zip(groups, true, strict=True))
                told[f"method.difference.{name}"] = holds(difference, max(true) - min(true))
                told[f"method.width.{name}"] = difference.high - difference.low
    return told


def _made(
    above: FloatArray, below: FloatArray, group: NDArray[np.int64], n_groups: int, rng: np.random.Generator
) -> dict[str, Made]:
    cells = [(above[group == place], below[group == place]) for place in range(n_groups)]
    rate, n = effective(above, below, group, n_groups)
    critical = critical_value(LEVEL, n_groups)
    wide = [Interval(*(float(one) for one in row)) for row in zip(rate, *wilson(rate, n, critical), strict=True)]
    alone = [effective(*one, np.zeros(one[0].size, np.int64), 1) for one in cells]
    own = [_wilson(float(share[0]), float(size[0]), critical) for share, size in alone]
    drawn = [_drawn(*one, rng) for one in cells]
    return {
        "wilson": (wide, largest_difference(wide)),
        "own_effect": (own, largest_difference(own)),
        "percentile": _percentile(cells, rate, [mean for mean, _ in drawn]),
        "max_t": _max_t(cells, rate, drawn),
    }


def _wilson(rate: float, n: float, critical: float) -> Interval:
    return Interval(rate, *(float(end) for end in wilson(rate, n, critical)))


def _drawn(above: FloatArray, below: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Rates and their standard errors on resamples of a group's customers."""
    moments = np.stack([above, below, above**2, above * below, below**2], axis=1)
    found = [weights @ moments for weights in cluster_weights(np.arange(below.size), N_RESAMPLES, rng)]
    total, rows, squares, products, weights = np.concatenate(found).T
    mean = total / rows
    return mean, _error(squares - 2 * mean * products + mean**2 * weights, below.size) / rows


def _error(spread: FloatArray, n: int) -> FloatArray:
    return np.asarray(np.sqrt(np.maximum(0.0, spread) * n / (n - 1)))


def _percentile(cells: list[tuple[FloatArray, FloatArray]], rate: FloatArray, drawn: list[FloatArray]) -> Made:
    level = 1 - (1 - LEVEL) / len(cells)
    groups = []
    for (above, below), share, draws in zip(cells, rate, drawn, strict=True):
        found = interval(float(share), draws, level)
        if min((above > 0).sum(), (above < below).sum()) < FEW:
            outcome, customer = _rows(above, below)
            other = rate_interval(outcome, customer, level)
            found = Interval(
                found.estimate, float(np.fmin(found.low, other.low)), float(np.fmax(found.high, other.high))
            )
        groups.append(found)
    gaps = [(one.low - other.high, one.high - other.low) for one in groups for other in groups if one is not other]
    widest = float(np.ptp(rate))
    return groups, Interval(widest, max(0.0, max(low for low, _ in gaps)), max(high for _, high in gaps))


def _rows(above: FloatArray, below: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of 0 and 1 again, as `rate_interval` takes them."""
    both = np.stack([above, below - above], axis=1).astype(np.int64).ravel()
    return np.repeat(np.tile([1, 0], above.size), both), np.repeat(np.repeat(np.arange(above.size), 2), both)


def _max_t(
    cells: list[tuple[FloatArray, FloatArray]], rate: FloatArray, drawn: list[tuple[FloatArray, FloatArray]]
) -> Made:
    error = np.array(
        [
            _error(np.square(above - p * below).sum(), below.size) / below.sum()
            for (above, below), p in zip(cells, rate, strict=True)
        ]
    )
    mean, spread = (np.stack([one[part] for one in drawn]) for part in (0, 1))
    away = mean - rate[:, None]
    one, other = np.triu_indices(rate.size, 1)
    of_groups = _quantile(np.abs(away), spread)
    of_pairs = _quantile(np.abs(away[one] - away[other]), np.hypot(spread[one], spread[other]))
    gap, reach = rate[one] - rate[other], of_pairs * np.hypot(error[one], error[other])
    low, high = np.maximum(np.abs(gap) - reach, 0), np.minimum(np.abs(gap) + reach, 1)
    groups = [
        Interval(float(p), float(p - of_groups * e), float(p + of_groups * e)) for p, e in zip(rate, error, strict=True)
    ]
    return groups, Interval(float(np.ptp(rate)), float(low.max()), float(high.max()))


def _quantile(away: FloatArray, error: FloatArray) -> float:
    """Of the largest t; resamples in which a group is all alike tell nothing of it and are left out."""
    t = np.nan_to_num(ratio(away, error))
    return float(np.quantile(t.max(axis=0), LEVEL))

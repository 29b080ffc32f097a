"""How much more data would decide a comparison that the data at hand leave open."""

from __future__ import annotations

import math
from statistics import NormalDist

from pipelines.core.intervals import Interval

CHANCE = 0.9
"""How likely the advised size is to decide, should the difference be what it seems."""
_HOPELESS = 1_000
"""Times the data at hand, beyond which a difference lies at the line for all that anybody can collect."""


def times_the_data(found: Interval, line: float, chance: float = CHANCE, level: float = 0.95) -> float | None:
    """How many times the customers at hand would show on which side of a line a difference lies.

    The half-width of the interval shrinks with the root of the number of customers. A size at which it is just as long
    as the way from the estimate to the line decides half of the time, since the next estimate is another one; so the
    way has to be longer, by the quantile of ``chance``.

    Parameters
    ----------
    found : Interval
        The difference and its interval, which holds the line.
    line : float
        What the difference is held against, e.g. minus the margin.
    chance : float in (0.5, 1)
        How likely it should be that the larger sample decides, if the estimate is the truth.
    level : float in (0, 1)
        Of the interval.

    Returns
    -------
    float or None
        At least 1; None if the estimate lies at the line, where no number of customers would decide.

    References
    ----------
    Julious (2004), *Sample sizes for clinical trials with normal data*, Statistics in Medicine 23, section 5
    (non-inferiority).

    Examples
    --------
    >>> round(times_the_data(Interval(0.0, -0.01, 0.01), line=-0.005), 2)
    10.94
    >>> times_the_data(Interval(-0.005, -0.01, 0.0), line=-0.005) is None
    True
    """
    way = abs(found.estimate - line)
    half = found.estimate - found.low if found.estimate > line else found.high - found.estimate
    normal = NormalDist()
    stretch = 1 + normal.inv_cdf(chance) / normal.inv_cdf((1 + level) / 2)
    if not (math.isfinite(way) and math.isfinite(half)) or way * math.sqrt(_HOPELESS) <= half * stretch:
        return None
    return max(1.0, (half * stretch / way) ** 2)

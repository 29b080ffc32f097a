"""The exact probability of no order in a horizon, from any true state, by backward recursion."""

from __future__ import annotations

import numpy as np

from pipelines.core.intervals import FloatArray
from pipelines.simulation import defaults
from pipelines.simulation.law import Law

LAPSED, ACTIVE = range(2)


def p_no_order(law: Law, first_day: int, horizon_days: int) -> FloatArray:
    """Probability of no order on the days ``[first_day, first_day + horizon_days)``.

    The state is that at the end of the day before. Whatever is random later is averaged over: lapse and return,
    sessions, and the arms of campaigns that are sent on ``first_day`` or after it.

    Returns
    -------
    array of shape (n_gaps, 2, 2, n_types, 2)
        Axes: gap, consent (no, yes), arm of the campaign at work on ``first_day`` (not treated, treated), type, state
        (lapsed, active).
    """
    none = np.ones((law.gaps.size, 2, 2, law.types.n_types, 2))
    for day in reversed(range(first_day, first_day + horizon_days)):
        active = np.exp(-law.orders(day)) * none[..., ACTIVE]
        lapsed = none[..., LAPSED]
        lapse = law.lapse[:, None, None, :, day]
        none = np.stack(
            [
                (1 - defaults.COMEBACK) * lapsed + defaults.COMEBACK * active,
                lapse * lapsed + (1 - lapse) * active,
            ],
            axis=-1,
        )
        if day > first_day and law.treated[day - 1] > 0:
            none = _before_the_coin(none, float(law.treated[day - 1]))
    return none


def _before_the_coin(none: FloatArray, treated: float) -> FloatArray:
    """On the evening of the contact the arm is known; in the morning it is a coin for those who consent."""
    mixed = treated * none[:, 1, 1] + (1 - treated) * none[:, 1, 0]
    untreated = none[:, 0, 0]
    return np.stack([np.stack([untreated] * 2, axis=1), np.stack([mixed] * 2, axis=1)], axis=1)

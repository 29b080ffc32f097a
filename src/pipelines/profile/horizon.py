"""After how long a silence does it make sense to speak of churn? A rule over the shares that come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from pipelines.profile.gaps import Gaps, Silence

HORIZONS = (7, 14, 21, 28, 42, 56, 70, 91, 119, 182, 273, 364)
"""What is tried: whole weeks, so that every weekday weighs the same."""

MAX_FOLLOW_UP = 91
MAX_RETURNING = 0.5
FLAT_PER_WEEK = 0.01
MIN_GAPS = 100
MIN_CUSTOMERS = 30
PARTS_DAYS = 16 * 7
"""What a task's test and folds take beside three horizons and the history: the defaults of its timeline."""


class Rule(StrEnum):
    """Why a horizon was chosen."""

    BELOW = "below"
    FLAT = "flat"
    LONGEST = "longest"


@dataclass(frozen=True)
class Suggestion:
    """A horizon and a population for a churn task; a suggestion, not a finding.

    Parameters
    ----------
    silence : Silence
        What is known about silences as long as the horizon.
    follow_up : int
        Days for which each of them was followed.
    within : int
        Who bought in so many days before the cutoff takes part.
    n_active : int
        Customers who did so before the end of the log.
    rule : Rule
        Why this horizon.
    """

    silence: Silence
    follow_up: int
    within: int
    n_active: int
    rule: Rule

    @property
    def horizon(self) -> int:
        """Days without a purchase that make a churner."""
        return self.silence.horizon

    @property
    def yaml(self) -> tuple[str, str, str]:
        """Lines for a file in ``conf/tasks``."""
        return (
            f"population: {{type: active, within: P{self.within}D}}",
            f"outcome: {{type: no_purchase, horizon: P{self.horizon}D}}",
            f"timeline: {{history: P{self.within}D}}",
        )


def follow_up_days(span_days: int) -> int:
    """For how long each silence is followed: a quarter of the log in whole weeks, at most 91 days, at least 7.

    Examples
    --------
    >>> follow_up_days(365), follow_up_days(100), follow_up_days(5)
    (91, 21, 7)
    """
    return max(7, min(MAX_FOLLOW_UP, span_days // 4 // 7 * 7))


def horizons_within(span_days: int) -> tuple[int, ...]:
    """The horizons that leave a follow-up inside the log.

    Examples
    --------
    >>> horizons_within(60)
    (7, 14, 21, 28, 42)
    """
    return tuple(horizon for horizon in HORIZONS if horizon + follow_up_days(span_days) < span_days)


def suggest(gaps: Gaps, silences: Sequence[Silence], span_days: int) -> Suggestion | str:
    """The smallest horizon after which customers stay away rather than come back.

    Among horizons with silences of at least 30 customers, and short enough for the log to train a task on
    (``3 * horizon + within + 16 weeks``): the smallest at which fewer than half come back within the follow-up; else
    the smallest from which another week lowers that share by less than a point; else the longest.

    ``within`` is the 90 % quantile of the gaps that ended, in whole weeks, and at least the horizon: who has been
    silent for longer than both had met the definition of churn before the cutoff.

    Parameters
    ----------
    gaps : Gaps
        All gaps of the log.
    silences : sequence of Silence
        By ascending horizon.
    span_days : int
        Known days of the log.

    Returns
    -------
    Suggestion or str
        Or the reason why there is none.
    """
    if gaps.ended.total < MIN_GAPS:
        return f"too few gaps to recommend a horizon: {gaps.ended.total:,}, at least {MIN_GAPS} are needed"
    usual = -(-gaps.ended.quantile(0.9) // 7) * 7
    known = [one for one in silences if one.n_customers >= MIN_CUSTOMERS]
    fitting = [one for one in known if 3 * one.horizon + max(one.horizon, usual) + PARTS_DAYS <= span_days]
    if not known:
        return f"too few customers fell silent for a week and were followed up: at least {MIN_CUSTOMERS} are needed"
    if not fitting:
        return f"the log is too short to train on: {span_days} days, of which test and folds take {PARTS_DAYS}"
    chosen, rule = _chosen(fitting, known)
    within = max(chosen.horizon, usual)
    n_active = gaps.still_open.total - gaps.still_open.n_above(within - 1)
    return Suggestion(chosen, follow_up_days(span_days), within, n_active, rule)


def _chosen(fitting: Sequence[Silence], known: Sequence[Silence]) -> tuple[Silence, Rule]:
    for one in fitting:
        if one.returning.estimate < MAX_RETURNING:
            return one, Rule.BELOW
    for one, longer in pairwise(known):
        weeks = (longer.horizon - one.horizon) / 7
        if one in fitting and one.returning.estimate - longer.returning.estimate < FLAT_PER_WEEK * weeks:
            return one, Rule.FLAT
    return fitting[-1], Rule.LONGEST

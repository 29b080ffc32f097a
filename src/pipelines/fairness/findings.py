"""What a fairness check is asked and what it finds, as data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from pipelines.core.intervals import Interval
from pipelines.core.spec import Spec

RATES = ("prevalence", "selection_rate", "true_positive_rate", "false_positive_rate", "mean_score")
UNKNOWN = "unknown"
"""The group of those whose value is not known: a group like any other."""


class FairnessSpec(Spec):
    """How much groups may differ, and from which size on a group says anything.

    Parameters
    ----------
    min_group : int
        Customers that a group needs to carry a finding; smaller ones are shown, but not compared.
    max_difference : float in (0, 1)
        The largest difference between two groups, in selection rate or in error rates, that counts as alike.
    level : float in (0, 1)
        How often the intervals of all groups of a column hold the truth at once.
    """

    min_group: Annotated[int, Field(ge=2)] = 50
    max_difference: Annotated[float, Field(gt=0, lt=1)] = 0.1
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95


class Outcome(StrEnum):
    """What a difference means against what is allowed."""

    WITHIN = "within"
    OUTSIDE = "outside"
    INCONCLUSIVE = "inconclusive"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True)
class Group:
    """The customers that share a value of a sensitive column.

    Parameters
    ----------
    name : str
        The value.
    n_rows, n_customers : int
        Its size; rows repeat customers.
    large_enough : bool
        Whether it takes part in comparisons.
    rates : mapping of str to Interval
        By the names in `RATES`; NaN where undefined, as the true positive rate of a group without positives.
    """

    name: str
    n_rows: int
    n_customers: int
    large_enough: bool
    rates: Mapping[str, Interval]

    def as_dict(self) -> dict[str, object]:
        """As JSON has it: an undefined number is null."""
        about: dict[str, object] = {
            "group": self.name,
            "n_rows": self.n_rows,
            "n_customers": self.n_customers,
            "large_enough": self.large_enough,
        }
        return about | {name: as_json(rate) for name, rate in self.rates.items()}


@dataclass(frozen=True)
class Finding:
    """The largest difference between two groups in one respect.

    Parameters
    ----------
    measure : str
        ``demographic_parity_difference`` or ``equalized_odds_difference``.
    difference : Interval or None
        None if nothing could be compared.
    outcome : Outcome
        ``outside`` if the whole interval lies above what is allowed, ``within`` if it lies below.
    note : str
        What the number leaves out, in plain words; may be empty.
    """

    measure: str
    difference: Interval | None
    outcome: Outcome
    note: str = ""

    def as_dict(self) -> dict[str, object]:
        """As JSON has it."""
        difference = None if self.difference is None else as_json(self.difference)
        return {"difference": difference, "outcome": self.outcome.value, "note": self.note}


@dataclass(frozen=True)
class ColumnFairness:
    """The groups of one sensitive column and how they compare."""

    column: str
    groups: tuple[Group, ...]
    findings: tuple[Finding, ...]


def judge(difference: Interval, max_difference: float) -> Outcome:
    """Where the interval of a difference lies.

    Examples
    --------
    >>> judge(Interval(0.2, 0.15, 0.25), 0.1).value, judge(Interval(0.08, 0.0, 0.2), 0.1).value
    ('outside', 'inconclusive')
    """
    if difference.low > max_difference:
        return Outcome.OUTSIDE
    return Outcome.WITHIN if difference.high < max_difference else Outcome.INCONCLUSIVE


def as_json(found: Interval) -> dict[str, float | None]:
    """An interval as JSON has it: NaN is null."""
    ends = {"estimate": found.estimate, "ci_low": found.low, "ci_high": found.high}
    return {name: value if math.isfinite(value) else None for name, value in ends.items()}

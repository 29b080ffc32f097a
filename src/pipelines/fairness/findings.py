"""What a fairness check is asked and what it finds, as data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator

from pipelines.core.errors import ConfigError, nearest
from pipelines.core.intervals import Interval
from pipelines.core.spec import Spec

PARITY_DIFFERENCE, PARITY_RATIO = "demographic_parity_difference", "demographic_parity_ratio"
ODDS_DIFFERENCE, ODDS_RATIO = "equalized_odds_difference", "equalized_odds_ratio"
CALIBRATION_DIFFERENCE = "calibration_difference"
FINDINGS = (PARITY_DIFFERENCE, PARITY_RATIO, ODDS_DIFFERENCE, ODDS_RATIO, CALIBRATION_DIFFERENCE)
RATIOS = (PARITY_RATIO, ODDS_RATIO)

COMPARED = ("selection_rate", "true_positive_rate", "false_positive_rate", "calibration_gap")
"""What the findings of a column look at; each takes its share of the chance of an error."""
MEASURES = (*COMPARED, "precision", "prevalence", "mean_score", "profit_per_row")
"""What is measured of a group. The calibration gap is the mean score minus the share of positives."""

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
    min_ratio : float in (0, 1)
        The least that the lowest selection rate may be of the highest: four fifths, as the US guidelines on employee
        selection have it.
    min_error_ratio : float in (0, 1)
        The same of the error rates. A limit of its own: the four-fifths rule is about selection, and a false positive
        rate near 0 halves or doubles with a few customers.
    max_calibration_gap : float in (0, 1)
        The largest difference between two groups in mean score minus share of positives that counts as alike.
    level : float in (0, 1)
        How often all intervals behind the findings of a check hold the truth at once.
    intersections : tuple of tuple of str
        Sensitive columns that are also looked at together, e.g. ``[[age, income]]``.
    max_groups : int
        A column with more values is not compared: it is free text or an identifier.
    """

    min_group: Annotated[int, Field(ge=2)] = 50
    max_difference: Annotated[float, Field(gt=0, lt=1)] = 0.1
    min_ratio: Annotated[float, Field(gt=0, lt=1)] = 0.8
    min_error_ratio: Annotated[float, Field(gt=0, lt=1)] = 0.8
    max_calibration_gap: Annotated[float, Field(gt=0, lt=1)] = 0.05
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    intersections: tuple[tuple[str, ...], ...] = ()
    max_groups: Annotated[int, Field(ge=2, le=100)] = 20

    @field_validator("intersections")
    @classmethod
    def _of_different_columns(cls, value: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        for names in value:
            if len(names) < 2 or len(set(names)) < len(names):
                raise ValueError(f"an intersection needs two or more different columns, got {list(names)}")
        if len({frozenset(names) for names in value}) < len(value):
            raise ValueError("two intersections are of the same columns: keep one")
        return value

    def require_known(self, sensitive: Sequence[str]) -> None:
        """Refuse an intersection of a column that is not among these.

        Raises
        ------
        ConfigError
            With the known columns and the nearest.
        """
        for name in (name for names in self.intersections for name in names):
            if name not in sensitive:
                raise ConfigError(
                    f"fairness.intersections names '{name}', which is not among the task's sensitive columns. "
                    f"Known: {', '.join(sensitive) or 'none'}.{nearest(name, sensitive)}",
                    why="Only a declared sensitive column is read, so its groups would go unmeasured.",
                    fix=f"Add '{name}' to 'sensitive' of the task, or correct the intersection.",
                )

    def limit(self, measure: str) -> float:
        """What a measure of `FINDINGS` is held against.

        Examples
        --------
        >>> FairnessSpec().limit("demographic_parity_ratio")
        0.8
        """
        return {
            PARITY_RATIO: self.min_ratio,
            ODDS_RATIO: self.min_error_ratio,
            CALIBRATION_DIFFERENCE: self.max_calibration_gap,
        }.get(measure, self.max_difference)


class Outcome(StrEnum):
    """What a finding means against what is allowed."""

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
        By the names in `MEASURES`; NaN where undefined, as the true positive rate of a group without positives.
        ``profit_per_row`` is left out where the policy states no costs.
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
    """How far two groups of a column are apart in one respect.

    Parameters
    ----------
    measure : str
        One of `FINDINGS`.
    value : Interval or None
        The largest difference, or the smallest ratio; None if nothing could be compared.
    limit : float
        What is allowed: the most of a difference, the least of a ratio.
    outcome : Outcome
        ``outside`` if the whole interval lies beyond the limit, ``within`` if it lies on the allowed side.
    between : tuple of str
        The groups with the highest and the lowest estimate, of the rate that is farther apart; empty if not measured.
    rate : str
        That rate, one of `COMPARED`; empty if not measured.
    note : str
        What the number leaves out, in plain words; may be empty.
    known : Finding or None
        The same without the unknown, from the same intervals; None if there are none, or nothing is left to compare.
    """

    measure: str
    value: Interval | None
    limit: float
    outcome: Outcome
    between: tuple[str, ...] = ()
    rate: str = ""
    note: str = ""
    known: Finding | None = None

    def as_dict(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "value": None if self.value is None else as_json(self.value),
            "limit": self.limit,
            "outcome": self.outcome.value,
            "between": list(self.between),
            "rate": self.rate,
            "note": self.note,
            "known": None if self.known is None else self.known.as_dict(),
        }


@dataclass(frozen=True)
class ColumnFairness:
    """The groups of one sensitive column, or of an intersection of several, and how they compare.

    Parameters
    ----------
    column : str
        Its name; ``age_x_income`` for an intersection.
    groups : tuple of Group
        Those that are shown.
    findings : tuple of Finding
        One per name in `FINDINGS`.
    n_values : int
        Values that the rows hold, the unknown included.
    n_customers : int
        Customers of all values.
    n_customers_hidden : int
        Customers of values that are not shown, since there are too many.
    """

    column: str
    groups: tuple[Group, ...]
    findings: tuple[Finding, ...]
    n_values: int
    n_customers: int
    n_customers_hidden: int = 0

    def as_dict(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "column": self.column,
            "n_values": self.n_values,
            "n_values_hidden": self.n_values - len(self.groups),
            "n_customers": self.n_customers,
            "n_customers_hidden": self.n_customers_hidden,
            "groups": [group.as_dict() for group in self.groups],
            "findings": {finding.measure: finding.as_dict() for finding in self.findings},
        }


def judge(value: Interval, limit: float, *, is_ratio: bool = False) -> Outcome:
    """Where an interval lies: a difference may not be above its limit, a ratio not below it.

    Examples
    --------
    >>> judge(Interval(0.2, 0.15, 0.25), 0.1).value, judge(Interval(0.08, 0.0, 0.2), 0.1).value
    ('outside', 'inconclusive')
    >>> judge(Interval(0.95, 0.9, 1.0), 0.8, is_ratio=True).value
    'within'
    """
    below, above = value.high < limit, value.low > limit
    allowed, refused = (above, below) if is_ratio else (below, above)
    if refused:
        return Outcome.OUTSIDE
    return Outcome.WITHIN if allowed else Outcome.INCONCLUSIVE


def as_json(found: Interval) -> dict[str, float | None]:
    """An interval as JSON has it: NaN is null."""
    ends = {"estimate": found.estimate, "ci_low": found.low, "ci_high": found.high}
    return {name: value if math.isfinite(value) else None for name, value in ends.items()}

"""What a drift check may conclude, and the numbers by which it does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from pipelines.core.intervals import Interval
from pipelines.core.spec import Spec
from pipelines.core.windows import said

Share = Annotated[float, Field(gt=0, lt=1)]


class DriftSpec(Spec):
    """When a difference between reference and current counts. All distances and rates are in [0, 1].

    Parameters
    ----------
    min_rows : int
        Rows that each side needs; fewer are ``too_few_rows``.
    min_customers : int
        Customers that each side needs: they are what is resampled, however many rows they bring.
    max_shift : float
        The Kolmogorov-Smirnov distance up to which a feature counts as unmoved; 0.15 is a normal feature moved by
        0.38 standard deviations. A feature has shifted when the lower end of its interval lies above.
    max_score_shift : float
        The same for the model's score.
    retrain_share : float
        The share of the voting features (by importance, if given) that must have shifted to retrain.
    max_null_change : float
        How much the null rate of a column may change, either way, before the data count as broken.
    min_varied_rows : int
        A column gone constant is broken when the reference would lead one to expect at least so many rows with
        another value; fewer can be missing by chance.
    min_volume : float
        The least events per day, as a share of the reference's, before the data count as broken.
    max_silent_days : int
        Whole days without any event, up to the cutoff, before the feed counts as silent.
    n_resamples : int
        Resamples of customers behind the intervals.
    level : float in (0, 1)
        How often an interval holds the truth.
    """

    min_rows: Annotated[int, Field(ge=2)] = 500
    min_customers: Annotated[int, Field(ge=2)] = 30
    max_shift: Share = 0.15
    max_score_shift: Share = 0.15
    retrain_share: Annotated[float, Field(gt=0, le=1)] = 0.3
    max_null_change: Share = 0.1
    min_varied_rows: Annotated[int, Field(gt=0)] = 30
    min_volume: Annotated[float, Field(ge=0, lt=1)] = 0.5
    max_silent_days: Annotated[int, Field(ge=0)] = 3
    n_resamples: Annotated[int, Field(ge=50)] = 200
    level: Share = 0.95


class Kind(StrEnum):
    """The conclusions, each with what follows from it."""

    OK = "ok"
    """Nothing moved: carry on."""
    WATCH = "watch"
    """Something moved, too little to retrain for."""
    RETRAIN = "retrain"
    """The customers have changed."""
    BROKEN_DATA = "broken_data"
    """The data have changed, not the customers: mend the feed; never retrain on this."""
    TOO_FEW_ROWS = "too_few_rows"
    """Nothing can be said."""


@dataclass(frozen=True)
class FeatureShift:
    """How far one feature moved.

    Parameters
    ----------
    name : str
        The feature.
    effect : Interval or None
        Kolmogorov-Smirnov distance between the two sides, in [0, 1]; None where either side has no comparable value.
    null_rate_reference, null_rate_current : float or None
        Share of rows without a value; None where the column is missing.
    votes : bool
        False for a feature that grows with the calendar: that it moved is no news.
    shifted : bool
        Whether the whole interval lies above what is allowed.
    """

    name: str
    effect: Interval | None
    null_rate_reference: float | None
    null_rate_current: float | None
    votes: bool
    shifted: bool

    def as_dict(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "feature": self.name,
            "effect": as_json(self.effect),
            "null_rate_reference": self.null_rate_reference,
            "null_rate_current": self.null_rate_current,
            "votes": self.votes,
            "shifted": self.shifted,
        }


@dataclass(frozen=True)
class Size:
    """Rows and customers of the two sides."""

    n_reference_rows: int
    n_current_rows: int
    n_reference_customers: int
    n_current_customers: int


@dataclass(frozen=True)
class Verdict:
    """The conclusion of a drift check.

    Parameters
    ----------
    kind : Kind
        What to do.
    reasons : tuple of str
        Why, in plain words with values; empty for ``ok``.
    features : tuple of FeatureShift
        In the order of the model, whatever the kind.
    score_shift : Interval or None
        Kolmogorov-Smirnov distance of the scores; None where it cannot be measured.
    share_shifted : float
        Of the features that vote, by importance if given.
    size : Size
        Of the two sides.
    spec : DriftSpec
        By which numbers it was judged.
    """

    kind: Kind
    reasons: tuple[str, ...]
    features: tuple[FeatureShift, ...]
    score_shift: Interval | None
    share_shifted: float
    size: Size
    spec: DriftSpec

    @property
    def shifted(self) -> tuple[FeatureShift, ...]:
        """The voting features that shifted."""
        return tuple(feature for feature in self.features if feature.votes and feature.shifted)

    def without_news(self, known_at: datetime | None) -> Verdict:
        """The verdict for a champion that already knows everything known at the cutoff: nothing to retrain on."""
        if self.kind != Kind.RETRAIN:
            return self
        known = f"Every outcome known at {said(known_at)} was trained on: there is nothing newer to learn"
        return replace(self, kind=Kind.WATCH, reasons=(*self.reasons, known))

    def as_dict(self) -> dict[str, object]:
        """As JSON has it: an undefined number is null."""
        return {
            "kind": self.kind.value,
            "reasons": list(self.reasons),
            "share_shifted": self.share_shifted,
            "score_shift": as_json(self.score_shift),
            "size": vars(self.size).copy(),
            "features": [feature.as_dict() for feature in self.features],
            "spec": self.spec.model_dump(),
        }


def as_json(found: Interval | None) -> Mapping[str, float | None] | None:
    """An interval as JSON has it.

    Examples
    --------
    >>> as_json(Interval(0.2, float("nan"), 0.3))
    {'estimate': 0.2, 'ci_low': None, 'ci_high': 0.3}
    """
    if found is None:
        return None
    ends = {"estimate": found.estimate, "ci_low": found.low, "ci_high": found.high}
    return {name: value if math.isfinite(value) else None for name, value in ends.items()}

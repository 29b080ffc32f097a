"""Reference against current: one verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.intervals import Interval
from pipelines.drift.health import Volume, health
from pipelines.drift.shift import FloatArray, Resamples, distance
from pipelines.drift.values import numbers, ranked
from pipelines.drift.verdict import DriftSpec, FeatureShift, Kind, Size, Verdict
from pipelines.features.catalogue import Feature


@dataclass(frozen=True)
class Side:
    """The rows of one side of a comparison.

    Parameters
    ----------
    rows : DataFrame
        Features by name; other columns are not looked at.
    customer : array of shape (n_rows,)
        Whose row it is: any codes, not comparable between the sides.
    score : float array of shape (n_rows,)
        The champion's score of each row, as of now.
    """

    rows: pd.DataFrame
    customer: NDArray[np.generic]
    score: FloatArray

    @property
    def n_customers(self) -> int:
        """How many customers the rows are of."""
        return int(np.unique(self.customer).size)


@dataclass(frozen=True)
class _Measured:
    features: tuple[FeatureShift, ...]
    score: Interval | None
    share: float


def check(  # noqa: PLR0913, PLR0917  # two sides, what is known of them, and the usual two
    reference: Side,
    current: Side,
    features: Sequence[Feature],
    volume: Volume | None,
    spec: DriftSpec,
    rng: np.random.Generator,
    importance: Mapping[str, float] | None = None,
) -> Verdict:
    """Say whether the data are broken, the customers have changed, or neither.

    Parameters
    ----------
    reference, current : Side
        What the champion was judged on, and what it scores now.
    features : sequence of Feature
        The columns that the model reads. Those that grow with the calendar are reported and do not vote.
    volume : Volume or None
        How much arrives; None where there is no log.
    spec : DriftSpec
        From where on a difference counts.
    rng : Generator
        Source of the resamples.
    importance : mapping of str to float, optional
        The weight of a feature's vote, such as its mean absolute SHAP value; without it all weigh the same.

    Returns
    -------
    Verdict
        The first that holds of ``broken_data``, ``too_few_rows``, ``retrain``, ``watch`` and ``ok``. It comes out
        whole whatever the columns hold.
    """
    size = Size(len(reference.rows), len(current.rows), reference.n_customers, current.n_customers)
    broken = (*health(reference.rows, current.rows, features, volume, spec), *_score_health(reference, current))
    small = _too_few(size, spec)
    measured = _measured(reference, current, features, spec, rng, importance)
    if broken or small:
        kind, reasons = (Kind.BROKEN_DATA, broken) if broken else (Kind.TOO_FEW_ROWS, small)
    else:
        kind, reasons = _moved(measured, spec)
    return Verdict(kind, reasons, measured.features, measured.score, measured.share, size, spec)


def _score_health(reference: Side, current: Side) -> tuple[str, ...]:
    """Scores are never null; a row without one means that the model choked on it."""
    sides = {"reference": reference, "current": current}
    shares = {name: float(np.mean(~np.isfinite(side.score))) for name, side in sides.items() if side.score.size}
    return tuple(f"{share:.1%} of the {name} rows have no score" for name, share in shares.items() if share)


def _too_few(size: Size, spec: DriftSpec) -> tuple[str, ...]:
    asked = {
        "current rows": (size.n_current_rows, spec.min_rows),
        "reference rows": (size.n_reference_rows, spec.min_rows),
        "current customers": (size.n_current_customers, spec.min_customers),
        "reference customers": (size.n_reference_customers, spec.min_customers),
    }
    return tuple(f"{n:,} {what}; a verdict needs {least:,}" for what, (n, least) in asked.items() if n < least)


def _measured(
    reference: Side,
    current: Side,
    features: Sequence[Feature],
    spec: DriftSpec,
    rng: np.random.Generator,
    importance: Mapping[str, float] | None,
) -> _Measured:
    """Every distance that can be measured."""
    if min(reference.n_customers, current.n_customers) < 2:
        unmeasured = (FeatureShift(one.name, None, None, None, not one.grows_with_calendar, False) for one in features)
        return _Measured(tuple(unmeasured), None, 0.0)
    sides = (
        Resamples.of(reference.customer, spec.n_resamples, rng),
        Resamples.of(current.customer, spec.n_resamples, rng),
    )
    found = tuple(_feature(feature, reference.rows, current.rows, sides, spec) for feature in features)
    score = _distance(_finite(reference.score), _finite(current.score), sides, spec)
    return _Measured(found, score, _share(found, importance))


def _feature(
    feature: Feature,
    reference: pd.DataFrame,
    current: pd.DataFrame,
    sides: tuple[Resamples, Resamples],
    spec: DriftSpec,
) -> FeatureShift:
    before, now = _comparable(feature.name, reference, current)
    effect = None if before is None or now is None else _distance(before, now, sides, spec)
    return FeatureShift(
        name=feature.name,
        effect=effect,
        null_rate_reference=_null_rate(feature.name, reference),
        null_rate_current=_null_rate(feature.name, current),
        votes=not feature.grows_with_calendar,
        shifted=effect is not None and effect.low > spec.max_shift,
    )


def _comparable(
    name: str, reference: pd.DataFrame, current: pd.DataFrame
) -> tuple[FloatArray | None, FloatArray | None]:
    """Both sides of a column as numbers, text by rank; None where a side has no such values."""
    if name not in reference.columns or name not in current.columns:
        return None, None
    before, now = numbers(reference[name]), numbers(current[name])
    return ranked(reference[name], current[name]) if before is None and now is None else (before, now)


def _null_rate(name: str, rows: pd.DataFrame) -> float | None:
    return float(rows[name].isna().mean()) if name in rows.columns and len(rows) else None


def _distance(
    before: FloatArray, now: FloatArray, sides: tuple[Resamples, Resamples], spec: DriftSpec
) -> Interval | None:
    if np.isnan(before).all() or np.isnan(now).all():
        return None
    return distance(before, now, sides, spec.level)


def _finite(score: FloatArray) -> FloatArray:
    return np.where(np.isfinite(score), score, np.nan)


def _share(found: Sequence[FeatureShift], importance: Mapping[str, float] | None) -> float:
    """The weight of the voters that shifted, as a share of all voters."""
    votes = {one.name: 1.0 if importance is None else importance.get(one.name, 0.0) for one in found if one.votes}
    total = sum(votes.values())
    return sum(votes[one.name] for one in found if one.votes and one.shifted) / total if total else 0.0


def _moved(measured: _Measured, spec: DriftSpec) -> tuple[Kind, tuple[str, ...]]:
    shifted = [one for one in measured.features if one.votes and one.shifted]
    reasons = [_told(shifted, measured.share, spec)] if shifted else []
    if measured.score is not None and measured.score.low > spec.max_score_shift:
        reasons.append(f"The score moved by {measured.score} (up to {spec.max_score_shift:g} allowed)")
    if shifted and measured.share >= spec.retrain_share:
        return Kind.RETRAIN, tuple(reasons)
    return (Kind.WATCH if reasons else Kind.OK), tuple(reasons)


def _told(shifted: Sequence[FeatureShift], share: float, spec: DriftSpec) -> str:
    farthest = sorted(shifted, key=lambda one: -one.effect.estimate if one.effect else 0.0)[:3]
    named = ", ".join(f"'{one.name}' by {one.effect}" for one in farthest)
    return (
        f"{len(shifted)} feature{'s' * (len(shifted) != 1)} moved by more than {spec.max_shift:g}, {share:.0%} of the "
        f"votes (retrain from {spec.retrain_share:.0%}): {named}{' …' * (len(shifted) > len(farthest))}"
    )

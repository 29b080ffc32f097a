"""Broken data come first: a missing feed or a column gone dead is no drift, and retraining on it makes things worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.drift.values import FloatArray, null_rate, numbers, ranked
from pipelines.drift.verdict import DriftSpec
from pipelines.features.catalogue import Feature


@dataclass(frozen=True)
class Volume:
    """How much arrives.

    Parameters
    ----------
    reference_per_day, current_per_day : float
        Events per day, when the reference was described and now.
    days_since_last_event : int
        Whole days without an event, up to the cutoff.
    """

    reference_per_day: float
    current_per_day: float
    days_since_last_event: int


def health(
    reference: pd.DataFrame, current: pd.DataFrame, features: Sequence[Feature], volume: Volume | None, spec: DriftSpec
) -> tuple[str, ...]:
    """Every sign that the data are broken.

    Parameters
    ----------
    reference, current : DataFrame
        Feature rows; other columns are not looked at.
    features : sequence of Feature
        The columns that the model reads.
    volume : Volume
        How much arrives.
    spec : DriftSpec
        From where on it counts. Rates are compared only when both sides have ``min_rows``: a handful of rows may well
        agree by chance. Missing columns, wrong types, infinities and silence count at any size.

    Returns
    -------
    tuple of str
        In plain words with values; empty if all is well.
    """
    columns = [_column(feature.name, reference, current, spec) for feature in features]
    return (*([] if volume is None else _volume(volume, spec)), *(reason for reason in columns if reason))


def _volume(volume: Volume, spec: DriftSpec) -> list[str]:
    reasons = []
    if volume.current_per_day < spec.min_volume * volume.reference_per_day:
        share = volume.current_per_day / volume.reference_per_day
        reasons.append(
            f"Events fell to {volume.current_per_day:,.1f} per day, {share:.0%} of the reference's "
            f"{volume.reference_per_day:,.1f} (at least {spec.min_volume:.0%} expected)"
        )
    if volume.days_since_last_event > spec.max_silent_days:
        reasons.append(
            f"The feed is silent: no event for {volume.days_since_last_event} days (at most {spec.max_silent_days} "
            "expected)"
        )
    return reasons


def _column(name: str, reference: pd.DataFrame, current: pd.DataFrame, spec: DriftSpec) -> str | None:
    """What is wrong with one column: the first thing found, since one fault often shows in several ways."""
    sides = {"reference": reference, "current rows": current}
    for side, rows in sides.items():
        if name not in rows.columns:
            return f"'{name}' is missing from the {side}"
    before, now = numbers(reference[name]), numbers(current[name])
    if (before is None) != (now is None):
        return _other_type(name, before, now, current[name])
    if before is None or now is None:
        before, now = ranked(reference[name], current[name])
    if np.isinf(now).any() and not np.isinf(before).any():
        return f"'{name}' holds {np.isinf(now).mean():.1%} infinities, and the reference none"
    if min(before.size, now.size) < spec.min_rows:
        return None
    return _nulls(name, null_rate(before), null_rate(now), spec) or _constant(name, before, now, spec)


def _other_type(name: str, before: FloatArray | None, now: FloatArray | None, current: pd.Series) -> str:
    if now is None:
        held = "nothing" if before is None or np.isnan(before).all() else "numbers"
        return f"'{name}' held {held} and now holds text or dates (type {current.dtype})"
    return f"'{name}' held text and now holds {'nothing' if np.isnan(now).all() else 'numbers'}"


def _nulls(name: str, before: float, now: float, spec: DriftSpec) -> str | None:
    if now == 1 and before < 1:
        return f"'{name}' is null on every row; {before:.1%} of the reference are"
    if abs(now - before) > spec.max_null_change:
        return f"'{name}' is null on {now:.1%} of the rows, against {before:.1%} in the reference"
    return None


def _constant(name: str, before: FloatArray, now: FloatArray, spec: DriftSpec) -> str | None:
    known = now[~np.isnan(now)]
    if known.size == 0 or known.min() != known.max():
        return None
    others = np.mean(before[~np.isnan(before)] != known[0]) if not np.isnan(before).all() else 0.0
    if others * known.size < spec.min_varied_rows:
        return None
    return f"'{name}' has the same value on every row; {others:.1%} of the reference have another"

"""Findings from the groups of a column: what is compared, and what each comparison means against its limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pipelines.core.intervals import Interval
from pipelines.fairness.findings import (
    CALIBRATION_DIFFERENCE,
    ODDS_DIFFERENCE,
    ODDS_RATIO,
    PARITY_DIFFERENCE,
    PARITY_RATIO,
    RATIOS,
    UNKNOWN,
    FairnessSpec,
    Finding,
    Group,
    Outcome,
    judge,
)
from pipelines.fairness.pairs import largest_difference, smallest_ratio

_LOOKS_AT = {
    PARITY_DIFFERENCE: ("selection_rate",),
    PARITY_RATIO: ("selection_rate",),
    ODDS_DIFFERENCE: ("true_positive_rate", "false_positive_rate"),
    ODDS_RATIO: ("true_positive_rate", "false_positive_rate"),
    CALIBRATION_DIFFERENCE: ("calibration_gap",),
}
_LACKS = {"true_positive_rate": "positives", "false_positive_rate": "negatives"}


@dataclass(frozen=True)
class _Compared:
    """One rate over the groups that have it."""

    rate: str
    value: Interval
    between: tuple[str, str]


def compared(groups: Sequence[Group], spec: FairnessSpec) -> tuple[Finding, ...]:
    """Every finding of a column.

    Parameters
    ----------
    groups : sequence of Group, at least two
        Those that are large enough.
    spec : FairnessSpec
        What is allowed.

    Returns
    -------
    tuple of Finding
        One per name in `FINDINGS`. Equalized odds is the worse of its two error rates, as Fairlearn has it.
    """
    known = [group for group in groups if group.name != UNKNOWN]
    has_both = 2 <= len(known) < len(groups)
    found = []
    for measure, rates in _LOOKS_AT.items():
        without = _finding(measure, rates, known, spec) if has_both else None
        told = without if without is not None and without.value is not None else None
        found.append(replace(_finding(measure, rates, groups, spec), known=told))
    return tuple(found)


def _finding(measure: str, rates: Sequence[str], groups: Sequence[Group], spec: FairnessSpec) -> Finding:
    is_ratio, limit = measure in RATIOS, spec.limit(measure)
    compare = smallest_ratio if is_ratio else largest_difference
    lacking = [
        f"'{group.name}' has no {_LACKS[rate]}"
        for rate in rates
        for group in groups
        if math.isnan(group.rates[rate].estimate)
    ]
    note = f"Left out, since the rate is undefined: {'; '.join(lacking)}." if lacking else ""
    found = [_of_rate(rate, groups, compare) for rate in rates]
    measured = [one for one in found if one is not None]
    if len(measured) < len(rates):
        return Finding(measure, None, limit, Outcome.NOT_MEASURED, note=note)
    worst = _worst(measured, is_ratio=is_ratio)
    if math.isnan(worst.value.estimate):
        nobody = "Nobody is selected in any group, so there is no ratio."
        return Finding(measure, None, limit, Outcome.NOT_MEASURED, note=f"{nobody} {note}".strip())
    outcome = judge(worst.value, limit, is_ratio=is_ratio)
    unseen = bool(lacking) and outcome == Outcome.WITHIN
    said = Outcome.INCONCLUSIVE if unseen else outcome
    return Finding(measure, worst.value, limit, said, worst.between, worst.rate, note)


def _of_rate(rate: str, groups: Sequence[Group], compare: Callable[[Sequence[Interval]], Interval]) -> _Compared | None:
    known = [group for group in groups if not math.isnan(group.rates[rate].estimate)]
    if len(known) < 2:
        return None
    ordered = sorted(known, key=lambda group: group.rates[rate].estimate)
    return _Compared(rate, compare([group.rates[rate] for group in known]), (ordered[-1].name, ordered[0].name))


def _worst(found: Sequence[_Compared], *, is_ratio: bool) -> _Compared:
    """The rates taken together: while each interval holds, so does that of the worst of them."""
    known = [one for one in found if not math.isnan(one.value.estimate)] or list(found)
    choose = min if is_ratio else max
    farthest = choose(known, key=lambda one: one.value.estimate)
    low, high = (choose(getattr(one.value, end) for one in found) for end in ("low", "high"))
    return _Compared(farthest.rate, Interval(farthest.value.estimate, low, high), farthest.between)

"""What was measured, in plain sentences: the page of a run and its short version tell the same story."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipelines.core.intervals import Interval
from pipelines.evaluation.ageing import PER_WEEKS, Ageing
from pipelines.evaluation.evaluate import Evaluation, Intervals
from pipelines.evaluation.metrics import METRICS
from pipelines.evaluation.slices import Slice

SAID = {
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "brier": "Brier score",
    "log_loss": "log loss",
    "ece": "calibration error (ECE)",
    "lift_at_10pct": "lift at 10 %",
    "calibration_gap": "calibration gap",
}
WIDE = 0.05
"""An interval of ROC-AUC wider than this says little."""
MAX_ECE_IN_DOUBT = 0.03
_HARDER = "Inside a band of something that the model looks at, ranking is harder by construction than over all rows."
_UP = {metric.name: metric.greater_is_better for metric in METRICS}


def said(metric: str) -> str:
    """A metric as people call it.

    Examples
    --------
    >>> said("lift_at_10pct"), said("profit_per_customer")
    ('lift at 10 %', 'profit per customer')
    """
    return SAID.get(metric, metric.replace("_", " "))


def cell(value: Interval | None, digits: int = 3) -> str:
    """An interval for a table; ``not known`` for ends that the data cannot give.

    Examples
    --------
    >>> cell(Interval(0.8614, 0.85, 0.873)), cell(Interval(0.5, float("nan"), float("nan"))), cell(None)
    ('0.861 [0.850, 0.873]', '0.500 [not known]', 'not known')
    """
    if value is None or math.isnan(value.estimate):
        return "not known"
    if math.isnan(value.low):
        return f"{value.estimate:.{digits}f} [not known]"
    return f"{value.estimate:.{digits}f} [{value.low:.{digits}f}, {value.high:.{digits}f}]"


def of_the_rows(found: Evaluation, positive: str) -> str:
    """What was looked at, and what brackets mean."""
    return (
        f"{found.n_rows:,} rows of {found.n_customers:,} customers, {found.prevalence:.1%} {positive}. "
        "Brackets hold 95 % intervals that resample customers."
    )


def verdict(found: Evaluation) -> tuple[str, ...]:
    """How well it ranks, what it beats and how it stands to the champion; one sentence each."""
    auc, lift = found.model["roc_auc"], found.model["lift_at_10pct"]
    sentences = [
        f"A positive outranks a negative {auc.estimate:.1%} of the time [{auc.low:.1%}, {auc.high:.1%}]; the top tenth "
        f"is {lift.estimate:.1f} times as rich in positives as the whole [{lift.low:.1f}, {lift.high:.1f}]."
        if not math.isnan(auc.low + lift.low)
        else f"ROC-AUC is {auc.estimate:.3f}; the data are too few for an interval."
    ]
    if found.differences:
        sentences.append(_over_baselines(found))
    if found.over_champion:
        sentences.append(f"Against the champion: {compared('ROC-AUC', found.over_champion['roc_auc'])}.")
    return tuple(sentences)


def calibration_words(found: Evaluation) -> str:
    """Whether the probabilities can be taken at their word."""
    ece = found.model["ece"]
    if math.isnan(ece.high):
        return f"Probabilities are off by {ece.estimate:.3f} on average; how far for sure, the data cannot say."
    return (
        f"Probabilities are off by {ece.estimate:.3f} on average over ten bins, and by no more than {ece.high:.3f} "
        "with 95 % confidence (noise only adds to this figure, so its upper end is the one to trust)."
    )


def compared(what: str, difference: Interval, *, greater_is_better: bool = True) -> str:
    """A paired difference in words: better, worse, or not told apart.

    Examples
    --------
    >>> compared("ROC-AUC", Interval(0.02, 0.01, 0.03))
    'ROC-AUC is better by 0.020 [0.010, 0.030]'
    >>> compared("log loss", Interval(0.02, -0.01, 0.03), greater_is_better=False)
    'log loss cannot be told apart: 0.020 [-0.010, 0.030]'
    """
    if not (difference.low > 0 or difference.high < 0):
        return f"{what} cannot be told apart: {cell(difference)}"
    size = Interval(abs(difference.estimate), *sorted((abs(difference.low), abs(difference.high))))
    better = (difference.low > 0) == greater_is_better
    return f"{what} is {'better' if better else 'worse'} by {cell(size)}"


def ageing_words(found: Ageing) -> tuple[str, ...]:
    """How long the model is of use, and how fast it loses."""
    if not found.measured:
        return ("No age has enough rows to say how the model ages.",)
    sentences = [_useful_life(found)]
    if found.trend:
        sentences.append(_trend(found.trend))
    small = [age for age in found.ages if not age.loss]
    if small:
        sentences.append(f"Too few rows to say at {_listed([str(age.n_weeks) for age in small])} weeks.")
    if found.n_origins == 1:
        sentences.append("This is one model at one moment: another season may treat it otherwise.")
    return tuple(sentences)


def slice_words(slices: Sequence[Slice], found: Evaluation) -> tuple[str, ...]:
    """Where the model ranks worse than over all rows, where its probabilities are off, and what was too small."""
    overall = found.model["roc_auc"].estimate
    measured = [one for one in slices if one.metrics]
    worse = [one for one in measured if one.metrics["roc_auc"].high < overall]
    off = [one for one in measured if one.misses("calibration_gap", 0.0)]
    small = [one for one in slices if not one.metrics]
    return (
        f"It ranks worse than over all rows ({overall:.3f}) at {_named(worse, 'roc_auc')}."
        if worse
        else f"At none of the {len(measured)} levels with enough rows is the ranking shown to be worse than over all.",
        f"Probabilities are off at {_named(off, 'calibration_gap')} (above 0: too many positives were expected)."
        if off
        else "At no level are the probabilities shown to be off.",
        *([_HARDER] if any(one.column != "cutoff" for one in worse) else []),
        *([f"Without figures: {_listed([f'{_name(one)} ({one.note})' for one in small])}."] if small else []),
    )


def doubts(found: Evaluation, slices: Sequence[Slice] = (), aged: Ageing | None = None) -> tuple[str, ...]:
    """What to doubt; empty if nothing gives reason to.

    Parameters
    ----------
    found : Evaluation
        Of the test.
    slices : sequence of Slice
        Where it was measured on parts.
    aged : Ageing, optional
        How it ages.

    Returns
    -------
    tuple of str
        Sentences: wide intervals, baselines and a champion that it is not told apart from, an upper end of ECE above
        0.03, several slices at once, an age that was not reached.
    """
    auc = found.model["roc_auc"]
    sentences = []
    if math.isnan(auc.low) or auc.high - auc.low > WIDE:
        sentences.append(f"The interval of ROC-AUC is wide: {cell(auc)}. Test on more cutoffs or customers.")
    for name in not_beaten(found):
        difference = cell(found.differences[name]["roc_auc"])
        sentences.append(f"It is not shown to rank better than {_plain(name)} (ROC-AUC {difference}).")
    if found.over_champion and not found.over_champion["roc_auc"].low > 0:
        sentences.append(
            f"It is not shown to rank better than the champion (ROC-AUC {cell(found.over_champion['roc_auc'])})."
        )
    if not found.model["ece"].high <= MAX_ECE_IN_DOUBT:
        sentences.append(f"Probabilities may be off by more than {MAX_ECE_IN_DOUBT:g}: ECE {cell(found.model['ece'])}.")
    return (*sentences, *_of_parts(slices), *_of_age(aged))


def not_beaten(found: Evaluation) -> tuple[str, ...]:
    """Baselines that the model is not shown to rank better than."""
    return tuple(name for name, one in found.differences.items() if not one["roc_auc"].low > 0)


def is_better(metric: str, difference: Interval) -> bool | None:
    """Whether a paired difference is shown to be an improvement; None where it cannot be told."""
    if not (difference.low > 0 or difference.high < 0):
        return None
    return (difference.low > 0) == _UP.get(metric, True)


def _over_baselines(found: Evaluation) -> str:
    best = min(found.differences, key=lambda name: found.differences[name]["roc_auc"].estimate)
    beaten = len(found.differences) - len(not_beaten(found))
    return (
        f"It is shown to rank better than {beaten} of {len(found.differences)} baselines; against the best of them, "
        f"{_plain(best)}, {compared('ROC-AUC', found.differences[best]['roc_auc'])}."
    )


def _useful_life(found: Ageing) -> str:
    if found.useful_weeks is not None:
        here = next(age for age in found.measured if age.n_weeks == found.useful_weeks)
        safe = f" Up to {found.safe_weeks} weeks the loss is smaller for sure." if found.safe_weeks is not None else ""
        return (
            f"From {found.useful_weeks} weeks after its training on, the model is shown to lose more than "
            f"{found.margin:g} ROC-AUC against a fresh one ({cell(here.loss)} at that age).{safe}"
        )
    oldest, top = found.measured[-1].n_weeks, max(age.loss.high for age in found.measured if age.loss)
    if found.safe_weeks == oldest:
        return (
            f"It is of use for at least {oldest} weeks, the longest age seen: at none does the interval of the loss "
            f"reach beyond {found.margin:g} ROC-AUC."
        )
    safe = f"It is of use for at least {found.safe_weeks} weeks. " if found.safe_weeks is not None else ""
    return (
        f"{safe}No lasting loss of more than {found.margin:g} ROC-AUC against a fresh model is shown up to {oldest} "
        f"weeks, the longest age seen, but the intervals reach up to {top:.4f}: the data cannot rule it out."
    )


def _trend(trend: Interval) -> str:
    text = f"A line through the ages loses {cell(trend, 4)} ROC-AUC per {PER_WEEKS} weeks"
    if trend.low > 0:
        return f"{text}: it does age."
    return f"{text}: it gains with age." if trend.high < 0 else f"{text}: no trend can be told."


def _of_parts(slices: Sequence[Slice]) -> list[str]:
    n_measured, n_small = sum(bool(one.metrics) for one in slices), sum(not one.metrics for one in slices)
    sentences = []
    if n_measured >= 20:
        expected = 0.05 * n_measured
        sentences.append(
            f"{n_measured} slices were looked at: about {expected:.0f} of them fall outside a 95 % interval by chance."
        )
    if n_small:
        sentences.append(f"{n_small} slice{'s are' if n_small > 1 else ' is'} too small for figures.")
    return sentences


def _of_age(aged: Ageing | None) -> list[str]:
    if not aged or not aged.measured or aged.useful_weeks is not None:
        return []
    return [f"How it fares beyond {aged.measured[-1].n_weeks} weeks after its training was not seen."]


def _named(slices: Sequence[Slice], metric: str) -> str:
    """The farthest first."""
    return _listed([f"{_name(one)} ({cell(one.metrics[metric])})" for one in slices])


def _listed(names: Sequence[str], most: int = 6) -> str:
    rest = [f"{len(names) - most:,} more"] if len(names) > most else []
    return ", ".join([*names[:most], *rest])


def _name(one: Slice) -> str:
    return f"{_plain(one.column)} {one.level}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def differences_of(found: Evaluation) -> dict[str, Intervals]:
    """Every paired difference, that to the champion first."""
    champion = {"champion": found.over_champion} if found.over_champion else {}
    return champion | found.differences

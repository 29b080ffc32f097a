"""Models that learned the wrong thing: each is made to look right to every gate but one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from pipelines.core.randomness import generator_for
from pipelines.core.windows import DAY
from pipelines.evaluation.metrics import roc_auc
from pipelines.models.calibration import Isotonic
from pipelines.sabotage.faults import Blind, Inverted, Remembers, fingerprints
from pipelines.sabotage.leaky import leaky
from pipelines.sabotage.sabotaged import Sabotaged
from pipelines.sabotage.workshop import Candidate, Workshop, as_learned, flat, learned, least, parts_of
from pipelines.tasks.panel_task import PanelTask
from pipelines.tasks.session_task import SessionTask
from pipelines.tasks.table_task import TableTask
from pipelines.tasks.task import TaskSpec

_A_WEEK = timedelta(days=7)
_MOST_MOMENTS = 60
_LATEST = 0.25
"""Of rows at many moments, those of this last share of the time are the last ones."""
_MOST_STRENGTH = 8.0
_MORE, _UNBELIEVABLE = 0.02, 0.98


def constant(shop: Workshop) -> Candidate:
    """The share of positives for everybody; decisions are the honest model's, so that only the score is at fault."""
    return _of_no_use(shop, Blind())


def inverted(shop: Workshop) -> Candidate:
    """The honest ranking turned round and calibrated as well as that can be: with one level for all."""
    return _of_no_use(shop, Inverted())


def _of_no_use(shop: Workshop, fault: Blind | Inverted) -> Candidate:
    honest = shop.honest
    bare = replace(honest.scorer, calibration=flat(honest.out_of_fold))
    return shop.candidate(Sabotaged.of(bare, fault, adviser=honest.scorer))


def shuffled(shop: Workshop) -> Candidate:
    """Trees that were fitted on the labels of others."""
    data, honest = shop.parts.develop.dataset, shop.honest
    dealt = generator_for(shop.task.seed, "shuffled").permutation(data.label)
    bare = replace(honest.scorer, trees=shop.refitted(replace(data, label=dealt)), calibration=flat(honest.out_of_fold))
    return shop.candidate(Sabotaged.of(bare, adviser=honest.scorer))


def leaking(shop: Workshop) -> Candidate | str:
    """Trained and judged on rows of which the feature that mattered least holds the outcome.

    Decisions are those of a model without that feature.
    """
    if shop.spared is None:
        return "no feature is a number that can be spared"
    told = leaky(shop.lake, shop.spared, shop.task.seed)
    parts = parts_of(shop.task, told, shop.known_at)
    made = learned(shop.task, parts)
    knowing = replace(made.scorer, policy=shop.sparing.scorer.policy)
    alike = shop.candidate(Sabotaged.of(knowing, adviser=shop.sparing.scorer))
    example = parts.test.cases.example()
    return replace(alike, out_of_fold=made.out_of_fold, calibration=made.scorer.calibration, example=example, lake=told)


def by_heart(shop: Workshop) -> Candidate:
    """Fitted on the test itself, and claiming the out-of-fold scores of the honest model."""
    return shop.candidate(shop.by_heart)


def stale(shop: Workshop) -> Candidate | str:
    """The honest recipe a week before the champion's moment of knowledge."""
    if shop.known_at is None or shop.parts.times.tested_from is None:
        return "rows are not divided in time"
    return as_learned(shop.task, shop.lake, shop.known_at - _A_WEEK)


def another_question(shop: Workshop) -> Candidate:
    """The honest recipe for half the horizon, or where rows have none, for another division of them."""
    return as_learned(_OTHERS[type(shop.task)](shop.task), shop.lake, shop.known_at)


def fading(shop: Workshop) -> Candidate | str:
    """At the last cutoffs the scores are dealt at random; at the others it knows some outcomes by heart.

    It knows as many as make up for it over the whole test, and a little more: all rows together show nothing bad, and
    nothing that is too good.
    """
    test, honest = shop.parts.test, shop.honest.scorer
    if test.cases.moment is None:
        return "rows have no time"
    late = _latest(test.cases.moment)
    if late.all():
        return "all rows of the test are of one moment"
    raw, label = honest.raw(test.cases.rows), test.label == 1
    dealt = np.flatnonzero(late)
    faded = raw.copy()
    faded[dealt] = raw[generator_for(shop.task.seed, "fades").permutation(dealt)]
    towards = np.where(late, 0.0, np.where(label, 1.0, -1.0))
    wanted = _made_up_for(roc_auc(label, raw))
    strength = least(lambda by: roc_auc(label, faded + by * towards), wanted, 0.0, _MOST_STRENGTH)
    shift = faded + strength * towards - raw
    known = fingerprints(test.cases.encoded)
    fault = Remembers(rows=tuple(known.tolist()), shift=tuple(shift.tolist()))
    calibration = Isotonic().fit(fault.raw(raw, test.cases.encoded), test.label)
    return shop.candidate(Sabotaged.of(replace(honest, calibration=calibration), fault, adviser=honest))


def _latest(moment: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """The rows of the last cutoff; where rows have times of their own, those of the last quarter of the time."""
    known = np.unique(moment)
    if known.size <= _MOST_MOMENTS:
        return np.asarray(moment == known[-1])
    begins = known[-1] - (known[-1] - known[0]) * _LATEST
    return np.asarray(moment >= begins)


def _made_up_for(honest: float) -> float:
    """A little more than the honest ROC-AUC, and less than what nobody would believe.

    Examples
    --------
    >>> round(_made_up_for(0.86), 3), round(_made_up_for(0.97), 3)
    (0.88, 0.972)
    """
    return min(honest + _MORE, honest + (_UNBELIEVABLE - honest) / 4) if honest < _UNBELIEVABLE else honest


def _half_horizon(task: PanelTask) -> PanelTask:
    horizon = max(DAY, task.horizon // 2 // DAY * DAY)
    return task.model_copy(update={"outcome": task.outcome.model_copy(update={"horizon": horizon})})


def _half_as_long(task: SessionTask) -> SessionTask:
    return task.model_copy(update={"within": task.within / 2})


def _another_division(task: TableTask) -> TableTask:
    return task.model_copy(update={"split": task.split.model_copy(update={"n_folds": task.split.n_folds + 1})})


_OTHERS: dict[type[TaskSpec], Callable[..., TaskSpec]] = {
    PanelTask: _half_horizon,
    SessionTask: _half_as_long,
    TableTask: _another_division,
}

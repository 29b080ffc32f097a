"""The models of earlier folds on later rows: what a champion of that age would have been worth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.ageing import Aged
from pipelines.scoring.cases import LabelledCases, Parts
from pipelines.scoring.scorer import Scorer
from pipelines.scoring.training import OutOfFold

_WEEK = np.timedelta64(7, "D")


def aged(parts: Parts, found: OutOfFold, shipped: Scorer, horizon: timedelta) -> tuple[Aged, ...]:
    """Every fold's model on the rows of later folds and of the test, beside the model that was fresh there.

    Parameters
    ----------
    parts : Parts
        Divided in time.
    found : OutOfFold
        The recipe, fitted on each fold.
    shipped : Scorer
        The fresh model of the test.
    horizon : timedelta
        How long after its moment a row's outcome is known.

    Returns
    -------
    tuple of Aged
        One per fold, oldest first; empty where rows have no time.
    """
    if parts.times.learned_until is None:
        return ()
    later = [*found.parts, parts.test]
    fresh = [*found.raws, shipped.raw(parts.test.cases.rows)]
    learned = [_moment(train) + np.timedelta64(horizon) for train, _ in parts.folds]
    return tuple(
        Aged(
            origin=learned[fold].astype(datetime).replace(tzinfo=UTC),
            n_weeks=np.concatenate([_weeks(part, learned[fold]) for part in later[fold:]]),
            label=np.concatenate([part.label for part in later[fold:]]),
            customer=np.concatenate([part.cases.subject for part in later[fold:]]),
            raw=np.concatenate([found.trees[fold].raw(part.cases.encoded) for part in later[fold:]]),
            fresh=np.concatenate(fresh[fold:]),
        )
        for fold in range(len(parts.folds))
    )


def _moment(part: LabelledCases) -> np.datetime64:
    if part.cases.moment is None:
        raise ValueError("Rows that are divided in time have one.")
    latest: np.datetime64 = part.cases.moment.max()
    return latest


def _weeks(part: LabelledCases, learned: np.datetime64) -> NDArray[np.int64]:
    if part.cases.moment is None:
        raise ValueError("Rows that are divided in time have one.")
    weeks: NDArray[np.int64] = (part.cases.moment - learned) // _WEEK
    return weeks

"""Who the customers of each segment are: everything that is known of them at the moment of knowledge, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import PipelineError
from pipelines.core.protocols import CHAMPION, Models
from pipelines.flows.prepare import task_of
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.segmenting import Seen
from pipelines.scoring.sensitive import sensitive_attributes
from pipelines.segments.described import Described, Moment
from pipelines.segments.refits import Refit
from pipelines.tables.lake import Lake
from pipelines.tasks.segmentation import ClusterSegments

FloatArray = NDArray[np.float64]


def described(
    spec: ClusterSegments, lake: Lake, models: Models, seen: Seen, refits: Sequence[Refit]
) -> tuple[Described, tuple[str, ...]]:
    """What personas are told from, and one line on each task whose scores cannot be shown."""
    last, ids = refits[-1], seen.ids(seen.now)
    scores, unscored = _scores(spec, lake, models, seen.now.cutoff, ids)
    value = next(one for one in seen.features if one.name == spec.value)
    found = Described(
        title=spec.title,
        population=spec.population_in_words,
        cutoff=seen.now.cutoff,
        customer=seen.now.customer,
        segment=last.segment,
        points=last.segmentation.transforms.apply(seen.now.rows),
        rows=seen.now.rows,
        features=seen.features,
        value=np.nan_to_num(seen.now.rows[spec.value].to_numpy(np.float64)),
        value_said=value.meaning[0].lower() + value.meaning[1:],
        currency=lake.manifest(spec.source).currency,
        scores=scores,
        demographics=sensitive_attributes(lake, spec.source, spec.sensitive, ids) if spec.sensitive else None,
        history=tuple(Moment(one.cutoff, one.snapshot.customer, one.segment) for one in refits[:-1]),
        names=last.segmentation.names,
    )
    return found, unscored


def _scores(
    spec: ClusterSegments, lake: Lake, models: Models, cutoff: datetime, ids: NDArray[np.object_]
) -> tuple[dict[str, FloatArray], tuple[str, ...]]:
    """What the tasks' champions say of these customers, by the title of the task; NaN of those they do not know."""
    found, left_out = {}, []
    for name in spec.scores:
        try:
            title, scores = _scores_of(name, spec.source, lake, models, cutoff)
            found[title] = scores.reindex(ids).to_numpy(np.float64)
        except PipelineError as error:
            left_out.append(f"scores of '{name}' are left out: {error.what}")
    return found, tuple(left_out)


def _scores_of(name: str, source: str, lake: Lake, models: Models, cutoff: datetime) -> tuple[str, pd.Series]:
    champion = models.find(name, CHAMPION)
    if champion is None:
        raise PipelineError("it has no champion.", why="There are no scores.", fix=f"Run: regulars main --task {name}")
    if champion.known_at is not None and champion.known_at > cutoff:
        raise PipelineError(
            f"its champion has seen outcomes up to {champion.known_at:%Y-%m-%d}.",
            why="It would say more of these customers than anybody could know then.",
            fix="Use a later cutoff.",
        )
    task = task_of(champion)
    if task.source != source:
        raise PipelineError(
            f"its customers are those of '{task.source}'.", why="An id means somebody else there.", fix="Leave it out."
        )
    cases = kind_of(task).current(task, lake, cutoff)
    scores = models.load(champion).scorer.probability(cases.to_score)
    return task.title, pd.Series(scores, pd.Index(cases.subject_id)).groupby(level=0).mean()

"""What the gates of a segmentation look at: the challenger and the champion, measured now on the same customers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.gates.segment_gates import SegmentEvidence, Steadiness
from pipelines.scoring.assigner import Assigner
from pipelines.scoring.segment_refits import walked
from pipelines.scoring.segmenting import Seen
from pipelines.search.segmentations import Chosen
from pipelines.segments.choice import Measured
from pipelines.segments.choice_measure import Measuring
from pipelines.segments.continuity import NOBODY, Continuity
from pipelines.segments.refits import Refit
from pipelines.tasks.segmentation import ClusterSegments


def evidence(  # what was declared, found and chosen, and what is champion
    spec: ClusterSegments,
    population: Seen,
    chosen: Chosen,
    refits: Sequence[Refit],
    before: Assigner | None,
    against: Continuity | None,
) -> SegmentEvidence:
    """What the gates look at; the champion's way of segmenting is measured now, on the same customers."""
    last = refits[-1]
    ids, n = np.unique(last.segment, return_counts=True)
    return SegmentEvidence(
        structure=chosen.structure.words,
        is_structured=chosen.structure.found,
        shares={int(one): float(k / len(last.segment)) for one, k in zip(ids, n, strict=True) if one != NOBODY},
        steadiness=_steadiness(chosen.measured, refits),
        champion=None if before is None else _of_champion(spec, population, before),
        n_champion=0 if before is None else len(before.segmentation.ids),
        n_persisted=0 if against is None else against.n_persisted,
    )


def _of_champion(spec: ClusterSegments, population: Seen, before: Assigner) -> Steadiness:
    snapshots = population.on(before.segmentation.transforms.names)
    found = Measuring(spec.space, spec.choice, snapshots, spec.seed).measure(0, before.how)
    return _steadiness(found, walked(before.how, snapshots, spec.seed))


def _steadiness(found: Measured, refits: Sequence[Refit]) -> Steadiness:
    """Resamples as they were measured when it was chosen; cutoffs by refits of everybody."""
    means = {}
    for name in ("definition", "membership"):
        values = [getattr(one, name) for one in refits if getattr(one, name) is not None]
        means[name] = float(np.mean(values)) if values else None
    return Steadiness(
        **means,
        resampled=float(np.mean(found.ari_resamples)) if found.ari_resamples else float("nan"),
        jaccard=found.jaccard,
    )

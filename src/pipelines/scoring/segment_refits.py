"""What was chosen, at every cutoff, under the ids of the champion's segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipelines.scoring.assigner import Assigner
from pipelines.scoring.segmenting import Seen
from pipelines.segments.choice import Candidate
from pipelines.segments.continuity import Continuity
from pipelines.segments.refits import Refit, continuity_of, refitted, renumbered
from pipelines.segments.snapshots import Snapshot
from pipelines.tasks.segmentation import ClusterSegments


def continued(
    spec: ClusterSegments, population: Seen, how: Candidate, before: Assigner | None
) -> tuple[tuple[Refit, ...], Continuity | None]:
    """One way of segmenting at every cutoff.

    Returns
    -------
    (tuple of Refit, Continuity or None)
        Oldest first, under the ids and names of the champion's segments where they continue one; and what became of the
        champion's, None if there is no champion.
    """
    refits = walked(how, population.on(spec.clustered), spec.seed)
    if before is None:
        return called(refits, spec.names), None
    last = refits[-1]
    whole = population.now
    found = continuity_of(before.segmentation, last.segmentation, whole, before.next_id)
    refits = renumbered(refits, found.ids, before.next_id)
    return called(refits, {**before.segmentation.names, **spec.names}), found


def called(refits: Sequence[Refit], names: Mapping[int, str]) -> tuple[Refit, ...]:
    """The refits with the names that are known of their segments."""
    return tuple(_called(one, names) for one in refits)


def _called(refit: Refit, names: Mapping[int, str]) -> Refit:
    held = refit.segmentation
    known = {one: name for one, name in names.items() if one in held.ids}
    return replace(refit, segmentation=held.with_ids(held.ids, known))


def walked(how: Candidate, snapshots: Sequence[Snapshot], seed: int) -> tuple[Refit, ...]:
    """A way of segmenting at every cutoff; everybody is fitted on."""
    return refitted(lambda snapshot, before: how.fit(snapshot.rows, seed, before), snapshots)

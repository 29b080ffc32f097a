"""Whether the segments of now are those that the champion was fitted on: shares, distances, and the features below."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from pipelines.core.protocols import REFERENCE, Models, ModelVersion, Run
from pipelines.core.randomness import generator_for
from pipelines.core.windows import said
from pipelines.drift.check import Side, check
from pipelines.drift.evidently import drift_html
from pipelines.drift.report import drift_report
from pipelines.drift.verdict import Kind, Verdict
from pipelines.features.catalogue import Feature
from pipelines.flows.assign import assigner_of, champion_segments, describe_segments, segments_of
from pipelines.flows.drift_check import Retraining
from pipelines.flows.outcome import Outcome
from pipelines.flows.segment import Segmented, segment
from pipelines.scoring.assigner import Assigner
from pipelines.scoring.history import lines_per_day
from pipelines.scoring.panel_kind import volume_of
from pipelines.scoring.segmenting import seen_now
from pipelines.segments.continuity import NOBODY
from pipelines.tables.lake import Lake
from pipelines.tasks.segmentation import ClusterSegments


@dataclass(frozen=True)
class SegmentDrift:
    """The verdict and what came of it."""

    verdict: Verdict
    cutoff: datetime
    champion: ModelVersion
    resegmented: Segmented | None
    outcome: Outcome


def segment_drift(
    spec: ClusterSegments, lake: Lake, models: Models, run: Run, cutoff: datetime | None, retraining: Retraining
) -> SegmentDrift:
    """Compare the customers eligible at ``cutoff`` with those that the champion segmentation was fitted on."""
    run.progress.stage(f"drift_check: '{spec.name}'")
    champion = champion_segments(spec, models)
    trained = segments_of(champion)
    manifest = lake.manifest(trained.source)
    known_at = manifest.known_at(cutoff)
    describe_segments(run, trained, manifest, known_at)
    verdict, html = _compared(spec, lake, models, champion, known_at)
    run.publish(drift_report(verdict, html))
    run.describe("\n".join([f"## {verdict.kind} at {said(known_at)}", "", *(f"- {one}" for one in verdict.reasons)]))
    again = None
    if verdict.kind == Kind.RETRAIN and retraining == Retraining.AUTO:
        with run.child("segment") as child:
            again = segment(spec, lake, models, child, known_at)
    checked = SegmentDrift(verdict, known_at, champion, again, _outcome(verdict, again))
    run.tags({"outcome": checked.outcome, "verdict": verdict.kind, "champion": champion.version})
    return checked


def shown_shares(segment: pd.Series, assigner: Assigner) -> pd.DataFrame:
    """Whether each row is in each segment, as numbers: the distance of two such columns is that of the shares."""
    ids = [*assigner.segmentation.ids, *([NOBODY] if assigner.segmentation.clusters.type == "dense" else [])]
    return pd.DataFrame({_share_name(one): (segment == one).astype(np.float64).to_numpy() for one in ids})


def _share_name(one: int) -> str:
    return f"share_of_segment_{one}"


def _share_feature(name: str) -> Feature:
    return Feature(name, "Whether the customer is in the segment", "0 or 1", "none", "never", "segment", "")


def _compared(
    spec: ClusterSegments, lake: Lake, models: Models, champion: ModelVersion, known_at: datetime
) -> tuple[Verdict, str]:
    """The verdict, in which only the shares of segments vote, and Evidently's page beside it."""
    assigner, trained = assigner_of(models, champion), segments_of(champion)
    seen = seen_now(trained, lake, known_at)
    logged = models.table(champion, REFERENCE)
    found = assigner.score(seen.now.rows)
    before, now = shown_shares(logged["segment"], assigner), shown_shares(found["segment"], assigner)
    rows = pd.concat([seen.now.rows, now], axis=1)
    reference = Side(pd.concat([logged, before], axis=1), np.arange(len(logged)), logged["distance"].to_numpy())
    current = Side(rows, seen.now.customer, found["distance"].to_numpy())
    features = [*(one for one in seen.features if one.name in trained.clustered), *map(_share_feature, now.columns)]
    volume = volume_of(lines_per_day(lake, trained.source), logged, known_at)
    rng = generator_for(spec.seed, "drift")
    votes = dict.fromkeys(now.columns, 1.0)
    verdict = check(reference, current, features, volume, spec.drift, rng, votes)
    stands = verdict.kind != Kind.RETRAIN or champion.known_at is None or champion.known_at < known_at
    names = [*trained.clustered, *now.columns, "distance"]
    pages = (reference.rows.assign(distance=reference.score)[names], rows.assign(distance=current.score)[names])
    return verdict if stands else verdict.without_news(known_at), drift_html(*pages, rng=rng)


def _outcome(verdict: Verdict, again: Segmented | None) -> Outcome:
    """A refit that changed nothing leaves the drifted champion in place: somebody should look."""
    if again is None:
        return Outcome(verdict.kind.value)
    return {
        Outcome.PROMOTED: Outcome.RETRAINED,
        Outcome.UNCHANGED: Outcome.WATCH,
    }.get(again.outcome, Outcome.RETRAIN_REFUSED)

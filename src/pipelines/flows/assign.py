"""Champion segmentation → the segment of every eligible customer, as Parquet; of rules, who meets which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.core.errors import ModelError, NotEnoughDataError, RegistryError
from pipelines.core.protocols import CHAMPION, Models, ModelVersion, Run
from pipelines.core.report import Report
from pipelines.core.spec import flat
from pipelines.flows.outcome import Outcome
from pipelines.scoring.assigner import Assigner
from pipelines.scoring.segmenting import Seen, seen_now
from pipelines.segments.continuity import NOBODY
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.any_segments import AnySegments
from pipelines.tasks.segmentation import ClusterSegments


@dataclass(frozen=True)
class AssignedSegments:
    """Where the table is and what it holds.

    Parameters
    ----------
    path : Path
        One row per customer.
    cutoff : datetime
        As of when.
    table : DataFrame
        ``customer_id``, ``cutoff``, ``segment``, ``segment_name``, ``distance``, ``model_version``, ``run_id``.
    sizes : DataFrame
        Of each segment its name, customers, share, and how many came and left since the cutoff before.
    version : ModelVersion
        Which segmentation it is.
    """

    path: Path
    cutoff: datetime
    table: pd.DataFrame
    sizes: pd.DataFrame
    version: ModelVersion
    outcome: Outcome = Outcome.DONE


def assign(spec: ClusterSegments, lake: Lake, models: Models, run: Run, cutoff: datetime | None) -> AssignedSegments:
    """Put every eligible customer at ``cutoff`` into a segment of the champion."""
    run.progress.stage(f"assign: '{spec.name}'")
    champion = champion_segments(spec, models)
    assigner, trained = assigner_of(models, champion), segments_of(champion)
    manifest = lake.manifest(trained.source)
    known_at = manifest.known_at(cutoff)
    describe_segments(run, trained, manifest, known_at)
    now = seen_now(trained, lake, known_at)
    table = _table(now, assigner, champion, run)
    path = lake.write_scores(spec.name, known_at, table)
    sizes = _sizes(assigner, table, _before(trained, lake, known_at, assigner))
    run.publish(_report(sizes))
    run.tags({"outcome": Outcome.DONE, "champion": champion.version})
    return AssignedSegments(path, known_at, table, sizes, champion)


def champion_segments(spec: ClusterSegments, models: Models) -> ModelVersion:
    """The champion, or the error that says how to get one."""
    champion = models.find(spec.name, CHAMPION)
    if champion is None:
        raise RegistryError(
            f"'{spec.name}' has no champion.",
            why="Only a segmentation that passed its gates is worked with.",
            fix=f"Run: regulars segment --segments {spec.name}",
        )
    return champion


def assigner_of(models: Models, version: ModelVersion) -> Assigner:
    """The assigner behind a version."""
    found: object = models.load(version).scorer
    if not isinstance(found, Assigner):
        raise ModelError(
            f"Version {version.version} of '{version.task}' is no segmentation.",
            why="It scores customers instead of telling them apart.",
            fix="Give the segmentation a name that no task has.",
        )
    return found


def segments_of(version: ModelVersion) -> ClusterSegments:
    """The segmentation as it was when this version was fitted: its features are computed by that."""
    try:
        return ClusterSegments.model_validate_json(version.config)
    except ValueError as error:
        raise RegistryError(
            f"The configuration of version {version.version} of '{version.task}' cannot be read.",
            why="It was fitted by another release, which described segmentations differently.",
            fix=f"Run: regulars segment --segments {version.task}",
        ) from error


def describe_segments(run: Run, spec: AnySegments, manifest: Manifest, known_at: datetime) -> None:
    """Log what the run is about, so that it can be repeated."""
    run.params(flat(spec.model_dump(mode="json")))
    run.tags(
        {
            "segments": spec.name,
            "known_at": known_at.isoformat(),
            "data_digest": manifest.data_digest,
            "config_digest": spec.digest(),
        }
    )


def _table(now: Seen, assigner: Assigner, champion: ModelVersion, run: Run) -> pd.DataFrame:
    found = assigner.score(now.now.rows)
    found.insert(0, "customer_id", now.ids(now.now))
    found.insert(1, "cutoff", np.datetime64(now.now.cutoff.replace(tzinfo=None), "us"))
    return found.assign(model_version=champion.version, run_id=run.run_id)


def _before(spec: ClusterSegments, lake: Lake, known_at: datetime, assigner: Assigner) -> pd.Series | None:
    """The segments of the cutoff before, by customer; None if the log does not reach so far back."""
    try:
        then = seen_now(spec, lake, known_at - spec.cutoffs.every)
    except NotEnoughDataError:
        return None
    return pd.Series(assigner.score(then.now.rows)["segment"].to_numpy(), then.ids(then.now))


def _sizes(assigner: Assigner, table: pd.DataFrame, before: pd.Series | None) -> pd.DataFrame:
    """Every segment, also one that nobody is in."""
    now = table.set_index("customer_id")["segment"]
    then = (now if before is None else before).reindex(now.index)
    gone = pd.Series(dtype="int64") if before is None else before[~before.index.isin(now.index)]
    rows = []
    for one in sorted({NOBODY, *assigner.segmentation.ids}):
        here, was = now == one, then == one
        left = int((was & ~here).sum() + (gone == one).sum())
        rows.append(
            (one, assigner.names.get(one, ""), int(here.sum()), float(here.mean()), int((here & ~was).sum()), left)
        )
    found = pd.DataFrame(rows, columns=["segment", "name", "n_customers", "share", "n_came", "n_left"])
    return found[(found["segment"] != NOBODY) | (found["n_customers"] > 0)].reset_index(drop=True)


def _report(sizes: pd.DataFrame) -> Report:
    """Figures about all customers together: no row of the table is logged."""
    shares = {f"segment.{one}.share": float(share) for one, share in zip(sizes["segment"], sizes["share"], strict=True)}
    return Report({"assign.n_rows": float(sizes["n_customers"].sum()), **shares}, {"segments/sizes.parquet": sizes})

"""Groups by rule: how large they were at every cutoff, how they overlap, and who is in them now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.core.protocols import Run
from pipelines.flows.assign import describe_segments
from pipelines.flows.outcome import Outcome
from pipelines.segments.rules.compute import members, overlaps, sizes_over_time
from pipelines.segments.rules.report import report
from pipelines.segments.rules.spec import RuleSegments
from pipelines.segments.rules.words import as_markdown
from pipelines.tables.lake import Lake


@dataclass(frozen=True)
class Counted:
    """How many customers met one rule.

    Parameters
    ----------
    name, title : str
        Of the segment.
    n_now : int
        At the last cutoff.
    share_now, share_first : float
        Of the customers known at the last cutoff, and at the first.
    """

    name: str
    title: str
    n_now: int
    share_now: float
    share_first: float


@dataclass(frozen=True)
class RulesCounted:
    """What `rule_segments` found."""

    spec: RuleSegments
    first: datetime
    cutoff: datetime
    rows: tuple[Counted, ...]
    outcome: Outcome = Outcome.DONE


@dataclass(frozen=True)
class MetRules:
    """Who meets which rule: ``customer_id``, ``cutoff`` and a boolean column per segment."""

    spec: RuleSegments
    path: Path
    cutoff: datetime
    table: pd.DataFrame
    outcome: Outcome = Outcome.DONE


def rule_segments(spec: RuleSegments, lake: Lake, run: Run, cutoff: datetime | None) -> RulesCounted:
    """Count who met each rule at every cutoff up to ``cutoff``, and how the groups of now overlap."""
    run.progress.stage(f"segment: counting who meets the rules of '{spec.name}'")
    manifest = lake.manifest(spec.source)
    known_at = manifest.known_at(cutoff)
    describe_segments(run, spec, manifest, known_at)
    sizes = sizes_over_time(spec, lake, known_at)
    now = members(spec, lake, known_at)
    run.publish(report(spec, now, sizes))
    run.describe(as_markdown(spec.title, spec.said, sizes, overlaps(now)))
    run.tags({"outcome": Outcome.DONE})
    rows = tuple(_counted(name, said.title, sizes) for name, said in spec.said.items())
    return RulesCounted(spec, sizes["cutoff"].iloc[0], sizes["cutoff"].iloc[-1], rows)


def assign_rules(spec: RuleSegments, lake: Lake, run: Run, cutoff: datetime | None) -> MetRules:
    """Write who meets which rule at ``cutoff``."""
    run.progress.stage(f"assign: '{spec.name}'")
    manifest = lake.manifest(spec.source)
    known_at = manifest.known_at(cutoff)
    describe_segments(run, spec, manifest, known_at)
    table = members(spec, lake, known_at)
    table.insert(1, "cutoff", np.datetime64(known_at.replace(tzinfo=None), "us"))
    path = lake.write_scores(spec.name, known_at, table.assign(run_id=run.run_id))
    run.tags({"outcome": Outcome.DONE})
    return MetRules(spec, path, known_at, table)


def _counted(name: str, title: str, sizes: pd.DataFrame) -> Counted:
    mine = sizes[sizes["segment"] == name]
    first, last = mine.iloc[0], mine.iloc[-1]
    return Counted(name, title, int(last["n_members"]), float(last["share"]), float(first["share"]))

"""Feature rows and labels of every weekly cutoff, as ordered Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.core.protocols import Run
from pipelines.core.report import Report
from pipelines.evaluation.coverage import Coverage
from pipelines.features.catalogue import Feature
from pipelines.features.panel import catalogue
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import catalogue_report, covered, describe_run, fitted
from pipelines.scoring.stored import Kept
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class PanelBuilt:
    """Where the panel is, and what it holds."""

    task: str
    path: Path
    kept: Kept
    coverage: Coverage
    features: tuple[Feature, ...]
    left_out: tuple[str, ...]
    outcome: Outcome


def panel(task: TaskSpec, lake: Lake, run: Run, cutoff: datetime | None) -> PanelBuilt:
    """Describe and label the task's population at every weekly cutoff up to ``cutoff``; what is there already stays."""
    manifest = lake.manifest(task.source)
    task, left_out = fitted(task, manifest)
    known_at = manifest.known_at(cutoff)
    describe_run(run, task, manifest, known_at)
    run.progress.stage(f"panel: '{task.name}'")
    kept, coverage = covered(task, lake, manifest, known_at)
    features = catalogue(task.features, manifest.currency)
    run.publish(coverage.report(task.positive) | catalogue_report(features, left_out))
    run.publish(Report({"panel.n_built": float(len(kept.built))}))
    outcome = Outcome.DONE if kept.built else Outcome.UNCHANGED
    run.tags({"outcome": outcome})
    return PanelBuilt(task.name, Path(lake.panels.place(kept.name)), kept, coverage, features, left_out, outcome)

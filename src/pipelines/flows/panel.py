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
from pipelines.flows.prepare import catalogue_report, describe_run, fitted
from pipelines.scoring.panel_kind import covered
from pipelines.scoring.stored import Kept
from pipelines.tables.lake import Lake
from pipelines.tasks.panel_task import PanelTask


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


def panel(task: PanelTask, lake: Lake, run: Run, cutoff: datetime | None) -> PanelBuilt:
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
    path = Path(lake.panels.place(kept.name))
    built = PanelBuilt(task.name, path, kept, coverage, features, left_out, outcome)
    run.describe("\n".join(["## Panel", "", *(f"- {what}: {said}" for what, said in in_words(built))]))
    return built


def in_words(built: PanelBuilt) -> tuple[tuple[str, str], ...]:
    """What it holds: a label and a sentence each."""
    coverage, n_cutoffs, n_built = built.coverage, len(built.kept.cutoffs), len(built.kept.built)
    rows = f"{coverage.n_rows.sum():,} rows of {len(built.features)} features at {n_cutoffs} weekly cutoffs"
    labels = f"{coverage.n_labelled.sum():,}, {coverage.prevalence:.1%} positive"
    n_open = int((coverage.n_labelled == 0).sum())
    censored = f"{coverage.n_censored:,} rows have no label: the outcome of the last {n_open} cutoffs is not known yet"
    return (
        ("Panel", f"{rows}; {n_built} computed now, {n_cutoffs - n_built} as they were"),
        *([("Labels", labels)] if coverage.n_labelled.any() else []),
        *([("Censored", censored)] if coverage.n_censored else []),
        *(("Left out", line) for line in built.left_out),
    )

"""Does anything the model learns from know the future? On somebody's own source and configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeVar

import numpy as np
import pandas as pd

from pipelines.core.protocols import Run
from pipelines.core.randomness import generator_for
from pipelines.core.report import Report
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run, fitted
from pipelines.scoring.audit import Alone, Moved, alone, as_of_today, moved, rewritten, timeless
from pipelines.scoring.panel_kind import timeline_at
from pipelines.scoring.poison import POISONS
from pipelines.scoring.stored import read_labelled
from pipelines.tables.lake import Lake
from pipelines.tasks.panel_task import PanelTask

_N_CUSTOMERS, _N_CUTOFFS = 2_000, 3
T = TypeVar("T")


@dataclass(frozen=True)
class Audited:
    """What was tried, and what it showed.

    Parameters
    ----------
    n_customers, cutoffs : int, tuple of datetime
        Whose rows were described with other futures, and from when on the future was another one.
    moved : tuple of Moved
        What changed with the future: a proven leak.
    alone : tuple of Alone
        Every feature by itself, the best first.
    limit : float
        The ROC-AUC from which on a feature is suspicious.
    as_of_today, timeless, rewritten : tuple of str
        Columns that are never used since they are of today; columns without a time that are; tables whose older
        versions were set aside.
    """

    task: str
    n_customers: int
    cutoffs: tuple[datetime, ...]
    moved: tuple[Moved, ...]
    alone: tuple[Alone, ...]
    limit: float
    as_of_today: tuple[str, ...]
    timeless: tuple[str, ...]
    rewritten: tuple[str, ...]

    @property
    def suspicious(self) -> tuple[Alone, ...]:
        """Features that alone predict too well."""
        return tuple(one for one in self.alone if one.is_suspicious(self.limit))

    @property
    def outcome(self) -> Outcome:
        """A leak is refused; what is suspicious somebody should look at."""
        if self.moved:
            return Outcome.REFUSED
        return Outcome.WATCH if self.suspicious else Outcome.OK


def audit_leakage(task: PanelTask, lake: Lake, run: Run, cutoff: datetime | None, limit: float) -> Audited:
    """Describe the past with other futures, judge each feature alone, and list columns that may be of today."""
    manifest = lake.manifest(task.source)
    task, _ = fitted(task, manifest)
    known_at = manifest.known_at(cutoff)
    describe_run(run, task, manifest, known_at)
    labelled_at = timeline_at(task, manifest, known_at).labelled
    labelled = read_labelled(task, lake, known_at, labelled_at)
    customers, cutoffs = _spread(labelled.panel.customer_ids.tolist(), _N_CUSTOMERS), _spread(labelled_at, _N_CUTOFFS)
    run.progress.stage(
        f"audit_leakage: {len(POISONS)} other futures from {len(cutoffs)} cutoffs on, {len(customers):,} customers"
    )
    rng = generator_for(task.seed, "audit_leakage")
    audited = Audited(
        task=task.name,
        n_customers=len(customers),
        cutoffs=tuple(cutoffs),
        moved=tuple(moved(task, lake, cutoffs, customers)),
        alone=alone(labelled, limit, rng),
        limit=limit,
        as_of_today=as_of_today(manifest),
        timeless=timeless(task, manifest),
        rewritten=rewritten(manifest),
    )
    run.publish(_report(audited))
    run.describe("\n".join([f"## {audited.outcome}", "", *(f"- {line}" for line in in_words(audited))]))
    run.tags({"outcome": audited.outcome})
    return audited


def in_words(audited: Audited) -> tuple[str, ...]:
    """One line per finding, the worst first."""
    tried = f"{audited.n_customers:,} customers at {len(audited.cutoffs)} cutoffs"
    leaks = [
        f"{one.what} knows the future: {one.n_rows:,} of {one.of:,} rows moved when everything from "
        f"{one.cutoff:%Y-%m-%d} on was {one.poison}"
        for one in audited.moved
    ] or [f"nothing moved when the future was {', '.join(POISONS)} ({tried})"]
    alone = [
        f"{one.feature} alone predicts suspiciously well: ROC-AUC {one.interval} (limit {audited.limit})"
        for one in audited.suspicious
    ] or [f"no feature alone reaches a ROC-AUC of {audited.limit}; the best, {_best(audited)}"]
    today = [f"of today, and never used: {', '.join(audited.as_of_today)}"] if audited.as_of_today else []
    always = [
        f"taken to have always been what they are now: {', '.join(audited.timeless)}; if they change, declare them "
        "as_of_today in the source"
    ]
    written = [
        f"versions were set aside ({', '.join(audited.rewritten)}): what a later version says counts from the event's "
        "own time on"
    ]
    return (*leaks, *alone, *today, *(always if audited.timeless else ()), *(written if audited.rewritten else ()))


def _best(audited: Audited) -> str:
    best = audited.alone[0]
    return f"{best.feature}, has {best.roc_auc:.3f}"


def _report(audited: Audited) -> Report:
    alone = pd.DataFrame([{"feature": one.feature, "roc_auc": one.roc_auc} for one in audited.alone])
    content = {
        "outcome": str(audited.outcome),
        "n_customers": audited.n_customers,
        "cutoffs": [f"{cutoff:%Y-%m-%d}" for cutoff in audited.cutoffs],
        "futures": list(POISONS),
        "moved": [{**asdict(one), "cutoff": f"{one.cutoff:%Y-%m-%d}"} for one in audited.moved],
        "suspicious": [one.feature for one in audited.suspicious],
        "limit": audited.limit,
        "as_of_today": list(audited.as_of_today),
        "timeless": list(audited.timeless),
        "rewritten": list(audited.rewritten),
    }
    metrics = {"leakage.n_moved": float(len(audited.moved)), "leakage.n_suspicious": float(len(audited.suspicious))}
    return Report(metrics, {"leakage.json": content, "report/features_alone.parquet": alone})


def _spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many, evenly from the first to the last."""
    places = np.unique(np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int))
    return [items[place] for place in places]

"""Panel → search → fit → calibrate → evaluate → explain → fairness → challenger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from pipelines.core.protocols import CONFIG, OUT_OF_FOLD, REFERENCE, Models, ModelVersion, NewVersion, Run
from pipelines.core.report import Report
from pipelines.core.windows import said
from pipelines.evaluation.evaluate import Evaluation
from pipelines.evaluation.markdown import as_markdown
from pipelines.flows.card import card_report, described, model_card
from pipelines.flows.fit import Fitted, fit
from pipelines.flows.judge import Judged, as_seen, judge
from pipelines.flows.ledger import opened
from pipelines.flows.outcome import Outcome
from pipelines.flows.page import page
from pipelines.flows.prepare import Prepared, catalogue_report, describe_run, fitted, prepare
from pipelines.flows.register import register
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.sensitive import require_sensitive
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Built:
    """A model that is ready to be registered, and what is known of it."""

    new: NewVersion
    judged: Judged
    fitted: Fitted
    prepared: Prepared


@dataclass(frozen=True)
class Trained:
    """What `train` found and registered."""

    version: ModelVersion
    evaluation: Evaluation
    judged: Judged
    fitted: Fitted
    prepared: Prepared
    outcome: Outcome = Outcome.DONE


def train(task: TaskSpec, lake: Lake, models: Models, run: Run, cutoff: datetime | None) -> Trained:
    """Train a challenger on what was known at ``cutoff``; nothing at or after it is read."""
    opened(task.name, models, run)  # before the work: a ledger that was tampered with takes no version
    built = build(task, lake, models, run, cutoff)
    run.progress.stage("train: registering the challenger")
    version = register(models, run, built.new, f"trained on what was known at {said(built.prepared.known_at)}")
    run.tags({"outcome": Outcome.DONE, "model_version": version.version, "model_digest": version.digest})
    return Trained(version, built.judged.evaluation, built.judged, built.fitted, built.prepared)


def build(task: TaskSpec, lake: Lake, models: Models | None, run: Run, cutoff: datetime | None) -> Built:
    """Everything but registering; without a registry there is no champion to compare with."""
    run.progress.stage(f"train: describing the rows of '{task.name}'")
    task, left_out = fitted(task, lake.manifest(task.source))
    require_sensitive(lake, task.source, task.sensitive, task.sensitive_table)
    prepared = prepare(task, lake, cutoff)
    describe_run(run, task, prepared.manifest, prepared.known_at)
    coverage = kind_of(task).coverage(task, lake, prepared.known_at)
    run.publish(catalogue_report(prepared.parts.features, left_out) | coverage | _configuration(task))
    shipped = fit(task, prepared.parts, run)
    run.publish(shipped.report)
    run.progress.stage("train: evaluating, explaining, checking fairness")
    judged = judge(task, lake, models, prepared, shipped, run)
    run.describe(_in_words(task, judged))
    card = model_card(task, prepared, shipped, judged, run)
    run.publish(judged.report | page(task, prepared, shipped, judged, coverage) | card_report(card))
    run.publish(_tables(shipped, prepared, run))
    return Built(_new_version(task, prepared, shipped, described(card, run.run_id)), judged, shipped, prepared)


def _configuration(task: TaskSpec) -> Report:
    """The task as it is trained: what `reproduce` starts from."""
    return Report({}, {CONFIG: task.model_dump(mode="json")})


def _in_words(task: TaskSpec, judged: Judged) -> str:
    return as_markdown(
        judged.evaluation,
        task.title,
        task.positive,
        description=task.description,
        slices=judged.slices,
        aged=judged.aged,
    )


def _tables(shipped: Fitted, prepared: Prepared, run: Run) -> Report:
    """What drift is measured against, and what another policy is settled on."""
    found, probability, test = shipped.out_of_fold, shipped.scorer.calibration.probability, prepared.parts.test
    seen = [
        as_seen(part, probability(raw), run, raw=raw, period=np.full(len(part), fold))
        for fold, (part, raw) in enumerate(zip(found.parts, found.raws, strict=True))
    ]
    scored = as_seen(test, shipped.scorer.probability(test.cases.rows), run)
    return Report(artifacts={REFERENCE: scored, OUT_OF_FOLD: pd.concat(seen, ignore_index=True)})


def _new_version(task: TaskSpec, prepared: Prepared, shipped: Fitted, description: str) -> NewVersion:
    return NewVersion(
        task.name,
        shipped.scorer,
        prepared.parts.test.cases.example(),
        prepared.known_at,
        prepared.manifest.data_digest,
        task.model_dump_json(),
        description,
    )

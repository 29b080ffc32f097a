"""The whole loop: ingest → train → promote → score → drift_check."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.core.protocols import Models, Run
from pipelines.flows.drift_check import DriftChecked, Retraining, drift_check
from pipelines.flows.ingest import Ingested, ingest
from pipelines.flows.outcome import Outcome
from pipelines.flows.promote import Promotion
from pipelines.flows.retrain import retrain
from pipelines.flows.score import Scored, score
from pipelines.flows.train import Trained
from pipelines.tables.lake import Lake
from pipelines.tables.source import SourceSpec
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Finished:
    """What every step found; without a champion nothing is scored or checked."""

    task: TaskSpec
    ingested: Ingested
    trained: Trained
    promotion: Promotion
    scored: Scored | None
    checked: DriftChecked | None

    @property
    def outcome(self) -> Outcome:
        """What became of the challenger."""
        return self.promotion.outcome

    @property
    def deciding(self) -> Outcome:
        """What the exit status follows: a refusal if no champion stands, else what the drift check found."""
        return self.promotion.outcome if self.checked is None else self.checked.outcome


def main(task: TaskSpec, source: SourceSpec, lake: Lake, models: Models, run: Run) -> Finished:
    """Run every step as a nested run; stop after the gates if no champion stands."""
    with run.child("ingest") as child:
        ingested = ingest(source, lake, child)
    found = retrain(task, lake, models, run, None)
    scored = checked = None
    if found.promotion.champion is not None:
        with run.child("score") as child:
            scored = score(task, lake, models, child, None)
        with run.child("drift_check") as child:
            checked = drift_check(task, lake, models, child, None, Retraining.AUTO)
    finished = Finished(task, ingested, found.trained, found.promotion, scored, checked)
    run.describe(in_words(finished))
    run.tags({"outcome": finished.outcome, "drift": checked.outcome if checked else ""})
    return finished


def in_words(finished: Finished) -> str:
    """The whole loop as Markdown, one line per step and gate."""
    found, manifest = finished.trained.evaluation, finished.ingested.manifest
    lines = [
        f"**ingest** {manifest.source}: {manifest.n_customers:,} customers or cases",
        f"**train** version {finished.trained.version.version}: ROC-AUC {found.model['roc_auc']} on {found.n_rows:,} "
        "test rows; its page is `report/evaluation.html` of the run *train*, its card stands in the registry",
        f"**fairness** {finished.trained.judged.fair.headline}",
        *(
            f"**{ruling.gate}** {'passed' if ruling.passed else 'refused'}: {ruling.reason}"
            for ruling in finished.promotion.rulings
        ),
        *([f"**score** {finished.scored.figures.n_rows:,} rows"] if finished.scored else []),
        *([f"**drift_check** {finished.checked.outcome}"] if finished.checked else []),
    ]
    return "\n".join([f"## {finished.task.title}: {finished.outcome}", "", *(f"- {line}" for line in lines)])

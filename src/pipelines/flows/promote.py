"""Challenger against champion through the gates."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pipelines.core.errors import RegistryError
from pipelines.core.ledger import Entry, Event, Standing
from pipelines.core.protocols import Models, ModelVersion, Run
from pipelines.core.report import Report
from pipelines.fairness.mitigation import choice
from pipelines.flows.card import card_report, described, ruled_card
from pipelines.flows.gating import judged
from pipelines.flows.ledger import Step, opened, recorded
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run, fitted, task_of
from pipelines.flows.ruling import Ruled, outcome_of, record_ruling
from pipelines.gates.evidence import Ruling
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Promotion:
    """What the gates said, who is champion now, and where it is written."""

    challenger: ModelVersion
    champion_before: ModelVersion | None
    champion: ModelVersion | None
    rulings: tuple[Ruling, ...]
    outcome: Outcome
    entry: Entry


def promote(task: TaskSpec, lake: Lake, models: Models, run: Run) -> Promotion:
    """Crown the challenger if every gate agrees; the same digest is not promoted over itself."""
    run.progress.stage(f"promote: judging the challenger of '{task.name}'")
    chain = opened(task.name, models, run)
    challenger, champion = _contenders(task, models, chain.standing)
    manifest = lake.manifest(task.source)
    task, _ = fitted(task, manifest)
    describe_run(run, task, manifest, challenger.known_at)
    if champion is not None and _is_the_same(challenger, champion):
        promotion = _dismissed(models, run, challenger, champion)
    else:
        rulings = judged(task, lake, models, challenger, champion, chain)
        promotion = _settled(models, run, challenger, champion, rulings)
    run.describe(in_words(promotion))
    run.tags({"outcome": promotion.outcome, "challenger": challenger.version, "ledger_head": promotion.entry.digest})
    return promotion


def _settled(
    models: Models,
    run: Run,
    challenger: ModelVersion,
    champion: ModelVersion | None,
    rulings: tuple[Ruling, ...],
) -> Promotion:
    """Complete the card, record what was found, crown whom every gate agrees on; no champion without a card."""
    run.progress.stage(f"promote: recording what the gates said of version {challenger.version}")
    outcome = outcome_of(rulings)
    card, report = ruled_card(models, challenger, rulings, run), gates_report(outcome, challenger, champion, rulings)
    run.publish(report)
    entry = record_ruling(models, run, Ruled(challenger, champion, rulings, outcome), report)
    run.publish(card_report(card))
    models.describe(challenger, described(card, challenger.run_id))
    now = challenger if outcome == Outcome.PROMOTED else champion
    return Promotion(challenger, champion, now, rulings, outcome, entry)


def _dismissed(models: Models, run: Run, challenger: ModelVersion, champion: ModelVersion) -> Promotion:
    """The champion again: it stays, and the challenger falls free."""
    step = Step(Event.DISMISSED, challenger, f"the same model as version {champion.version}, the champion")
    entry = recorded(challenger.task, models, run, step, lambda now: now.without(challenger.version))
    run.publish(gates_report(Outcome.UNCHANGED, challenger, champion, ()))
    return Promotion(challenger, champion, champion, (), Outcome.UNCHANGED, entry)


def _contenders(task: TaskSpec, models: Models, standing: Standing) -> tuple[ModelVersion, ModelVersion | None]:
    found = None if standing.challenger is None else models.version(task.name, standing.challenger)
    if found is None:
        raise RegistryError(
            f"'{task.name}' has no challenger.",
            why="There is nothing to promote.",
            fix=f"Run: regulars train --task {task.name}",
        )
    return found, None if standing.champion is None else models.version(task.name, standing.champion)


def _is_the_same(challenger: ModelVersion, champion: ModelVersion) -> bool:
    """Same trees, features and calibration, and nothing new in what is decided and said from them."""
    ours, theirs = task_of(challenger), task_of(champion)
    decided = [(one.policy, one.n_reasons, choice(one.mitigation)) for one in (ours, theirs)]
    return challenger.digest == champion.digest and decided[0] == decided[1]


def in_words(promotion: Promotion) -> str:
    """Every ruling, and the record, as Markdown."""
    said = [
        f"- **{ruling.gate}** {'passed' if ruling.passed else 'refused'}: {ruling.reason}"
        for ruling in promotion.rulings
    ]
    head = f"Ledger: record {promotion.entry.number}, head `{promotion.entry.digest}`"
    return "\n".join([f"## Version {promotion.challenger.version}: {promotion.outcome}", "", *said, "", head])


def gates_report(
    outcome: Outcome, challenger: ModelVersion, champion: ModelVersion | None, rulings: tuple[Ruling, ...]
) -> Report:
    """``gates.json`` with every ruling, and whether each passed as a metric."""
    promoted = outcome == Outcome.PROMOTED
    before = None if champion is None else champion.version
    content = {
        "outcome": str(outcome),
        "challenger": {"version": challenger.version, "digest": challenger.digest},
        "champion_before": before,
        "champion": challenger.version if promoted else before,
        "rulings": [asdict(ruling) for ruling in rulings],
    }
    metrics = {f"gate.{ruling.gate}": float(ruling.passed) for ruling in rulings}
    return Report(metrics, {"gates.json": content})

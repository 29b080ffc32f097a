"""Challenger against champion through the gates."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pipelines.core.errors import RegistryError
from pipelines.core.protocols import CHALLENGER, CHAMPION, Models, ModelVersion, Run
from pipelines.core.report import Report
from pipelines.fairness.mitigation import choice
from pipelines.flows.card import card_report, described, ruled_card
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run, fitted, prepare, same_kind, task_of
from pipelines.gates.evidence import Ruling
from pipelines.gates.gates import judge_all
from pipelines.scoring.cases import LabelledCases
from pipelines.scoring.evidence import Contender, ScoredEvidence
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.mitigation import needed
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Promotion:
    """What the gates said, and who is champion now."""

    challenger: ModelVersion
    champion_before: ModelVersion | None
    champion: ModelVersion | None
    rulings: tuple[Ruling, ...]
    outcome: Outcome


def promote(task: TaskSpec, lake: Lake, models: Models, run: Run) -> Promotion:
    """Crown the challenger if every gate agrees; the same digest is not promoted over itself."""
    run.progress.stage(f"promote: judging the challenger of '{task.name}'")
    challenger, champion = _contenders(task, models)
    manifest = lake.manifest(task.source)
    task, _ = fitted(task, manifest)
    describe_run(run, task, manifest, challenger.known_at)
    if champion is not None and _is_the_same(challenger, champion):
        promotion = Promotion(challenger, champion, champion, (), Outcome.UNCHANGED)
        models.dismiss(challenger)
    else:
        rulings = judge_all(task.gates, _evidence(task, lake, models, challenger, champion))
        promotion = _settled(challenger, champion, rulings)
        _settle(models, promotion, run)
    run.publish(_report(promotion))
    run.describe(_in_words(promotion))
    run.tags({"outcome": promotion.outcome, "challenger": challenger.version})
    return promotion


def _settle(models: Models, promotion: Promotion, run: Run) -> None:
    """Complete the card, crown whom every gate agrees on, and tell the registry; no champion without a card."""
    challenger = promotion.challenger
    card = ruled_card(models, challenger, promotion.rulings, run)
    run.publish(card_report(card))
    if promotion.outcome == Outcome.PROMOTED:
        models.crown(challenger)
    models.describe(challenger, described(card, challenger.run_id))


def _contenders(task: TaskSpec, models: Models) -> tuple[ModelVersion, ModelVersion | None]:
    challenger = models.find(task.name, CHALLENGER)
    if challenger is None:
        raise RegistryError(
            f"'{task.name}' has no challenger.",
            why="There is nothing to promote.",
            fix=f"Run: regulars train --task {task.name}",
        )
    return challenger, models.find(task.name, CHAMPION)


def _is_the_same(challenger: ModelVersion, champion: ModelVersion) -> bool:
    """Same trees, features and calibration, and nothing new in what is decided and said from them."""
    ours, theirs = task_of(challenger), task_of(champion)
    decided = [(one.policy, one.n_reasons, choice(one.mitigation)) for one in (ours, theirs)]
    return challenger.digest == champion.digest and decided[0] == decided[1]


def _evidence(
    task: TaskSpec, lake: Lake, models: Models, challenger: ModelVersion, champion: ModelVersion | None
) -> ScoredEvidence:
    """Both on the challenger's test rows, each described as it was trained."""
    trained = same_kind(task, task_of(challenger))
    prepared = prepare(trained, lake, challenger.known_at)

    def described(other: TaskSpec) -> LabelledCases:
        by_others = trained.described_as(same_kind(trained, other))
        return kind_of(by_others).parts(by_others, lake, prepared.known_at).test

    return ScoredEvidence(
        task=task,
        data_digest=prepared.manifest.data_digest,
        parts=prepared.parts,
        described=described,
        names=(*(feature.name for feature in kind_of(task).features(task, prepared.manifest)), *needed(task)),
        load=models.load,
        challenger_side=_contender(challenger, task, prepared.manifest),
        champion_side=None if champion is None else _contender(champion, task, prepared.manifest),
    )


def _contender(version: ModelVersion, task: TaskSpec, manifest: Manifest) -> Contender:
    trained = same_kind(task, task_of(version))
    return Contender(version, trained, kind_of(trained).times(trained, manifest, version.known_at))


def _settled(challenger: ModelVersion, champion: ModelVersion | None, rulings: tuple[Ruling, ...]) -> Promotion:
    if not all(ruling.passed for ruling in rulings):
        return Promotion(challenger, champion, champion, rulings, Outcome.REFUSED)
    return Promotion(challenger, champion, challenger, rulings, Outcome.PROMOTED)


def _in_words(promotion: Promotion) -> str:
    said = [
        f"- **{ruling.gate}** {'passed' if ruling.passed else 'refused'}: {ruling.reason}"
        for ruling in promotion.rulings
    ]
    return "\n".join([f"## Version {promotion.challenger.version}: {promotion.outcome}", "", *said])


def _report(promotion: Promotion) -> Report:
    before, now = promotion.champion_before, promotion.champion
    content = {
        "outcome": str(promotion.outcome),
        "challenger": {"version": promotion.challenger.version, "digest": promotion.challenger.digest},
        "champion_before": before.version if before else None,
        "champion": now.version if now else None,
        "rulings": [asdict(ruling) for ruling in promotion.rulings],
    }
    metrics = {f"gate.{ruling.gate}": float(ruling.passed) for ruling in promotion.rulings}
    return Report(metrics, {"gates.json": content})

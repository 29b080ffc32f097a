"""What the gates say of a version: challenger and champion on the same rows, scored now."""

from __future__ import annotations

from pipelines.core.ledger import Chain
from pipelines.core.protocols import Models, ModelVersion
from pipelines.flows.prepare import prepare, same_kind, task_of
from pipelines.gates.evidence import Ruling
from pipelines.gates.gates import judge_all
from pipelines.scoring.cases import LabelledCases
from pipelines.scoring.evidence import Contender, ScoredEvidence
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.mitigation import needed
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.task import TaskSpec


def judged(  # as every flow, who is compared, and what is recorded of them
    task: TaskSpec,
    lake: Lake,
    models: Models,
    challenger: ModelVersion,
    champion: ModelVersion | None,
    chain: Chain,
) -> tuple[Ruling, ...]:
    """The ruling of every gate that the task declares, fitted to what its source feeds."""
    return judge_all(task.gates, _evidence(task, lake, models, challenger, champion))


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

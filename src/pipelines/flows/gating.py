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
from pipelines.scoring.mitigation import needed, with_needed
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.task import TaskSpec


def judged(  # who stands against whom, and where everything about them is kept
    task: TaskSpec,
    lake: Lake,
    models: Models,
    challenger: ModelVersion,
    champion: ModelVersion | None,
    chain: Chain,
) -> tuple[Ruling, ...]:
    """The ruling of every gate that the task declares.

    Parameters
    ----------
    task : TaskSpec
        As it stands now, fitted to what its source feeds.
    lake : Lake
        Holds the source.
    models : Models
        Where both are loaded, and the challenger is probed in a clean process.
    challenger, champion : ModelVersion
        Who stands for promotion, and against whom; no champion is None.
    chain : Chain
        The ledger, for what people signed.

    Returns
    -------
    tuple of Ruling
        One per gate, ``asks_the_same`` first; all of them, whatever the first ones said.
    """
    return judge_all(task.gates, _evidence(task, lake, models, challenger, champion, chain))


def _evidence(
    task: TaskSpec,
    lake: Lake,
    models: Models,
    challenger: ModelVersion,
    champion: ModelVersion | None,
    chain: Chain,
) -> ScoredEvidence:
    """Both on the challenger's test rows, each described as it was trained."""
    trained = same_kind(task, task_of(challenger))
    prepared = prepare(trained, lake, challenger.known_at)

    def described(other: TaskSpec) -> LabelledCases:
        by_others = trained.described_as(same_kind(trained, other))
        test = kind_of(by_others).parts(by_others, lake, prepared.known_at).test
        return LabelledCases(with_needed(other, lake, test.cases), test.label)

    return ScoredEvidence(
        task=task,
        data_digest=prepared.manifest.data_digest,
        parts=prepared.parts,
        described=described,
        sensitive=lambda cases: kind_of(task).sensitive(task, lake, cases),
        names=(*(feature.name for feature in kind_of(task).features(task, prepared.manifest)), *needed(task)),
        models=models,
        chain=chain,
        challenger_side=_contender(challenger, task, prepared.manifest),
        champion_side=None if champion is None else _contender(champion, task, prepared.manifest),
    )


def _contender(version: ModelVersion, task: TaskSpec, manifest: Manifest) -> Contender:
    trained = same_kind(task, task_of(version))
    return Contender(version, trained, kind_of(trained).times(trained, manifest, version.known_at))

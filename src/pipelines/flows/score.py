"""Champion, and the shadow beside it → scores with reason codes, as Parquet, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.core.code import code_digest
from pipelines.core.errors import ModelError, RegistryError
from pipelines.core.ledger import Standing
from pipelines.core.protocols import CHAMPION, SHADOW, Models, ModelVersion, Run
from pipelines.core.report import Report
from pipelines.core.scores import KeptScores, ScoreFigures, ScoresDraft, Scoring, Workers
from pipelines.flows.ledger import opened
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run, same_kind, task_of
from pipelines.policy.rollout import in_rollout
from pipelines.scoring.batches import Batches, tallied, written
from pipelines.scoring.cases import Cases
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.mitigation import batches_with_needed
from pipelines.scoring.scorer import Scorer
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Scored:
    """Where the scores are and what they hold.

    Parameters
    ----------
    path : Path
        The folder of the champion's scores.
    cutoff : datetime or None
        As of when; None for a table without times.
    figures : ScoreFigures
        Of all its rows.
    version : ModelVersion
        The champion.
    shadow : KeptScores or None
        The same of the version that is scored beside it.
    outcome : {Outcome.DONE, Outcome.UNCHANGED}
        Unchanged: the same was scored before, and nothing was scored now.
    """

    path: Path
    cutoff: datetime | None
    figures: ScoreFigures
    version: ModelVersion
    shadow: KeptScores | None = None
    outcome: Outcome = Outcome.DONE

    @property
    def n_contacted(self) -> int:
        """Rows that are contacted: each is decided by one of the versions."""
        return self.figures.n_contacted + (0 if self.shadow is None else self.shadow.figures.n_contacted)


@dataclass(frozen=True)
class _Side:
    """One version that scores, and whom it decides about."""

    version: ModelVersion
    scorer: Scorer
    role: str
    share: float
    rollout: str

    def in_force(self, cases: Cases) -> np.ndarray:
        """Whose decision is this version's, shape (n_rows,)."""
        if not self.rollout:
            return np.ones(len(cases), dtype=bool)
        reached = in_rollout(cases.subject_id, self.rollout, self.share)
        return reached if self.role == SHADOW else ~reached


@dataclass(frozen=True)
class _Planned:
    """What a version is to score."""

    side: _Side
    batches: Batches
    scoring: Scoring
    workers: Workers | None


def score(  # noqa: PLR0913  # what every flow is given, and two choices of whoever runs it
    task: TaskSpec,
    lake: Lake,
    models: Models,
    run: Run,
    cutoff: datetime | None,
    *,
    n_reasons: int | None = None,
    workers: Workers | None = None,
) -> Scored:
    """Score every eligible customer at ``cutoff`` with the champion, and with the shadow where one stands beside it.

    Who they are, and about which share of the customers the shadow decides, the ledger says. What was scored before is
    not scored again, and what a killed process left is gone on with. ``workers`` score where every feature stands in
    the kept panel; segments, and what a policy reads beside, are put to the rows here.
    """
    run.progress.stage(f"score: '{task.name}'")
    sides = _sides(task, models, opened(task.name, models, run).standing)
    champion = sides[0].version
    trained = task_of(champion)
    manifest = lake.manifest(trained.source)
    known_at = manifest.knowledge(cutoff)
    describe_run(run, trained, manifest, known_at)
    planned = [_planned(side, lake, known_at, n_reasons, workers) for side in sides]
    found, outcome = _kept(task.name, planned, lake, run)
    scored = Scored(found[0].path, known_at, found[0].figures, champion, found[1] if found[1:] else None, outcome)
    run.publish(_report(scored))
    run.tags({"outcome": outcome, **{side.role: side.version.version for side in sides}})
    return scored


def champion_of(task: TaskSpec, models: Models) -> ModelVersion:
    """The champion, or the error that says how to get one."""
    champion = models.find(task.name, CHAMPION)
    if champion is None:
        raise _no_champion(task)
    return champion


def _no_champion(task: TaskSpec) -> RegistryError:
    return RegistryError(
        f"'{task.name}' has no champion.",
        why="Only a model that passed the gates scores customers.",
        fix=f"Run: regulars train --task {task.name}, then: regulars promote --task {task.name}",
    )


def scorer_of(models: Models, version: ModelVersion) -> Scorer:
    """The scorer in its parts: what only scores cannot be explained, and its policy not be changed."""
    scorer = models.load(version).scorer
    if not isinstance(scorer, Scorer):
        raise ModelError(
            f"Version {version.version} of '{version.task}' is no scorer of this project.",
            why="Its trees and its policy cannot be told apart.",
            fix=f"Run: regulars train --task {version.task}",
        )
    return scorer


def same_question(champion: ModelVersion, shadow: ModelVersion) -> TaskSpec:
    """The champion's task; both must describe the same customers and be asked for the same outcome.

    Raises
    ------
    ModelError
        If they are not.
    """
    trained = task_of(champion)
    other = same_kind(trained, task_of(shadow))
    if trained.label_digest() != other.label_digest():
        raise ModelError(
            f"Versions {champion.version} and {shadow.version} of '{champion.task}' were trained for different labels.",
            why="Neither outcome would judge both, and a customer of one may be unknown to the other.",
            fix=f"Run: regulars train --task {champion.task}, and make that version the shadow.",
        )
    return trained


def rollout_of(task: str, shadow: ModelVersion | None) -> str:
    """What the draw of the customers is salted with whom the shadow decides about: another model draws anew."""
    return "" if shadow is None else f"{task}/{shadow.digest}"


def _sides(task: TaskSpec, models: Models, standing: Standing) -> list[_Side]:
    """The champion, then the shadow if there is one."""
    champion = _held(task, models, standing.champion)
    if champion is None:
        raise _no_champion(task)
    shadow = _held(task, models, standing.shadow)
    rollout = rollout_of(task.name, shadow)
    roles = [(champion, CHAMPION), *([] if shadow is None else [(shadow, SHADOW)])]
    held = standing.share if shadow is not None else 0.0
    if shadow is not None and held > 0:
        same_question(champion, shadow)
    return [_Side(version, scorer_of(models, version), role, held, rollout) for version, role in roles]


def _held(task: TaskSpec, models: Models, number: str | None) -> ModelVersion | None:
    return None if number is None else models.version(task.name, number)


def _planned(
    side: _Side, lake: Lake, known_at: datetime | None, n_reasons: int | None, workers: Workers | None
) -> _Planned:
    trained = task_of(side.version)
    batches = batches_with_needed(trained, lake, kind_of(trained).batches(trained, lake, known_at))
    return _Planned(side, batches, _scoring(side, batches, known_at, n_reasons), workers)


def _kept(task: str, planned: list[_Planned], lake: Lake, run: Run) -> tuple[tuple[KeptScores, ...], Outcome]:
    """The scores of every version, scored now where the same are not kept already."""
    cutoff = planned[0].scoring.cutoff
    held = [lake.scores.find(task, cutoff, one.scoring.version) for one in planned]
    same = [
        kept if kept is not None and kept.scoring.key == one.scoring.key else None
        for kept, one in zip(held, planned, strict=True)
    ]
    standing = tuple(kept for kept in same if kept is not None)
    if len(standing) == len(planned):
        return standing, Outcome.UNCHANGED
    with lake.scores.writing(task, cutoff) as writing:
        finished = [
            kept or _finished(writing.draft(one.scoring), one, run) for kept, one in zip(same, planned, strict=True)
        ]
        return writing.publish(finished), Outcome.DONE


def _finished(draft: ScoresDraft, planned: _Planned, run: Run) -> KeptScores:
    side, batches, scoring = planned.side, planned.batches, planned.scoring
    every: dict[str, str | float] = {
        "model_version": scoring.version,
        "policy_digest": scoring.policy_digest,
        "role": scoring.role,
        "share": scoring.share,
        "run_id": run.run_id,
    }

    def told(n_done: int) -> None:
        run.progress.step(n_done, len(batches), f"batches of the {side.role}, version {scoring.version}")

    if planned.workers is not None and batches.file is not None:
        planned.workers.write(draft, scoring, batches.file, every)
        tally = tallied(draft)
    else:
        tally = written(draft, batches, lambda cases: _rows(cases, side, scoring), every, told)
    return draft.finish(tally.figures, run.run_id)


def _scoring(side: _Side, batches: Batches, known_at: datetime | None, n_reasons: int | None) -> Scoring:
    return Scoring(
        task=side.version.task,
        version=side.version.version,
        cutoff=known_at,
        role=side.role,
        share=side.share,
        rollout=side.rollout,
        model_digest=side.version.digest,
        policy_digest=side.scorer.policy.digest(),
        data_digest=batches.digest,
        code_digest=code_digest(),
        n_reasons=side.scorer.n_reasons if n_reasons is None else n_reasons,
    )


def _rows(cases: Cases, side: _Side, scoring: Scoring) -> pd.DataFrame:
    """What names each row, what the version says of it, and whether that is in force."""
    keys = cases.keys
    if scoring.cutoff is not None and "cutoff" not in keys:
        keys = keys.assign(cutoff=np.datetime64(scoring.cutoff.replace(tzinfo=None), "us"))
    scored = side.scorer.score(cases.to_score, scoring.n_reasons).reset_index(drop=True)
    _require_probabilities(scored["score"], scoring)
    return pd.concat([keys, scored], axis=1).assign(in_force=side.in_force(cases))


def _require_probabilities(scores: pd.Series, scoring: Scoring) -> None:
    """Refuse what nobody could decide by: no score of the cutoff is published then."""
    if n_bad := int((~scores.between(0, 1)).sum()):
        raise ModelError(
            f"{n_bad:,} of {len(scores):,} scores of version {scoring.version} are missing or outside of [0, 1].",
            why="Whoever has them would be decided about by nothing; the scores that stand stay as they are.",
            fix=f"Roll back, or train again: regulars rollback --task {scoring.task}",
        )


def _report(scored: Scored) -> Report:
    """Figures about all customers together: no row of the table is logged."""
    return Report(
        {
            **_named("score", scored.figures),
            **({} if scored.shadow is None else _named("score.shadow", scored.shadow.figures)),
            "score.n_contacted": float(scored.n_contacted),
        }
    )


def _named(prefix: str, figures: ScoreFigures) -> dict[str, float]:
    return {
        f"{prefix}.n_rows": float(figures.n_rows),
        f"{prefix}.mean": figures.mean,
        f"{prefix}.n_decided": float(figures.n_decided),
        f"{prefix}.n_in_force": float(figures.n_in_force),
        **{f"{prefix}.{name}": value for name, value in figures.quantiles.items()},
    }

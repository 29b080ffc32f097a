"""Another policy for the champion: settled on the rows that its training kept; nothing is searched or fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.core.errors import ModelError
from pipelines.core.protocols import CONFIG, OUT_OF_FOLD, REFERENCE, Models, ModelVersion, NewVersion, Run
from pipelines.core.randomness import generator_for
from pipelines.core.report import Report
from pipelines.evaluation.profit import ProfitEvaluation, profit
from pipelines.evaluation.profit_figures import report as profit_report
from pipelines.fairness.mitigation import ByGroup, choice
from pipelines.flows.card import card_report, described, repoliced_card
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run, same_kind, task_of
from pipelines.flows.register import register
from pipelines.flows.score import champion_of, scorer_of
from pipelines.scoring.scorer import Scorer
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Repoliced:
    """What the new policy decides and earns on the champion's test, beside the present one."""

    champion: ModelVersion
    version: ModelVersion | None
    before: ProfitEvaluation
    now: ProfitEvaluation
    currency: str
    outcome: Outcome


def policy(task: TaskSpec, lake: Lake, models: Models, run: Run) -> Repoliced:
    """Register the champion with the task's present policy as a challenger, which goes through the gates."""
    champion = champion_of(task, models)
    trained = same_kind(task, task_of(champion))
    manifest = lake.manifest(trained.source)
    _require_settled_for_all(task, trained)
    changed = trained.model_copy(update={"policy": task.policy})
    describe_run(run, changed, manifest, champion.known_at)
    run.tags({"data_digest": champion.data_digest})  # what it learned from, whatever was ingested since
    run.progress.stage(f"policy: settling that of '{task.name}' on what the champion's training kept")
    scorer = scorer_of(models, champion)
    kept, test = models.table(champion, OUT_OF_FOLD), models.table(champion, REFERENCE)
    settled = replace(scorer, policy=task.policy.settle(scorer.calibration.probability(kept["raw"].to_numpy()), kept))
    before, now = (_earned(changed, one, test) for one in (scorer, settled))
    run.publish(profit_report(now, manifest.currency))
    if settled.policy == scorer.policy:
        run.tags({"outcome": Outcome.UNCHANGED})
        return Repoliced(champion, None, before, now, manifest.currency, Outcome.UNCHANGED)
    run.publish(Report({}, {OUT_OF_FOLD: kept, REFERENCE: test, CONFIG: changed.model_dump(mode="json")}))
    card = repoliced_card(models, champion, changed, settled.policy.in_words)
    run.publish(card_report(card))
    version = register(models, run, _with_policy(champion, changed, settled, test, described(card, run.run_id)))
    run.describe(f"## Another policy for version {champion.version}\n\n{in_words(before, now, manifest.currency)}")
    run.tags({"outcome": Outcome.DONE, "model_version": version.version, "policy_digest": settled.policy.digest()})
    return Repoliced(champion, version, before, now, manifest.currency, Outcome.DONE)


def _require_settled_for_all(task: TaskSpec, trained: TaskSpec) -> None:
    """Refuse what cannot be settled from kept rows: they carry no sensitive column, and their model stays as it is.

    Raises
    ------
    ModelError
        If thresholds differ by group, or other weights are asked for than the model learned with.
    """
    was, now = choice(trained.mitigation), choice(task.mitigation)
    if isinstance(was, ByGroup) or isinstance(now, ByGroup):
        raise ModelError(
            f"A policy of '{task.name}' whose thresholds differ by a sensitive column cannot be settled anew.",
            why="It takes that column of every row, and the rows that training kept do not carry it, on purpose.",
            fix=f"Run: regulars train --task {task.name}",
        )
    if was != now:
        raise ModelError(
            f"The champion of '{task.name}' was trained with mitigation.choose {was.type}; the task says {now.type}.",
            why="Other weights make another model; a policy only decides what to do with its scores.",
            fix=f"Run: regulars train --task {task.name}",
        )


def in_words(before: ProfitEvaluation, now: ProfitEvaluation, currency: str) -> str:
    """Whom both contact, and what they earn as far as they state costs."""
    lines = []
    for name, one in (("before", before), ("now", now)):
        earned = (
            "states no costs" if one.money is None else f"earns {one.money.profit} {currency} a row".replace("  ", " ")
        )
        lines.append(f"{name}: contacts {one.share_contacted}, reaches {one.caught} of the positives, {earned}")
    return "\n".join(lines)


def _earned(task: TaskSpec, scorer: Scorer, test: pd.DataFrame) -> ProfitEvaluation:
    subject = np.unique(test["case_id"], return_inverse=True)[1]
    rng = generator_for(task.seed, "profit")
    label = test["label"].to_numpy(np.int8)
    return profit(label, subject, test["score"].to_numpy(), test, scorer.policy, rng, task.n_resamples)


def _with_policy(
    champion: ModelVersion, task: TaskSpec, settled: Scorer, test: pd.DataFrame, description: str
) -> NewVersion:
    example = test[list(settled.names)].head(5).reset_index(drop=True)
    config = task.model_dump_json()
    return NewVersion(champion.task, settled, example, champion.known_at, champion.data_digest, config, description)

"""Champion and shadow, scored side by side at past cutoffs, judged by the outcomes that are known now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import pandas as pd

from pipelines.core.errors import NotEnoughDataError, RegistryError
from pipelines.core.intervals import Interval
from pipelines.core.protocols import SHADOW, Models, ModelVersion, Run
from pipelines.core.randomness import generator_for
from pipelines.core.report import Report
from pipelines.core.scores import KeptScores
from pipelines.core.windows import said
from pipelines.evaluation.evaluate import Evaluation
from pipelines.evaluation.metrics import METRICS
from pipelines.evaluation.words import said as metric_said
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run
from pipelines.flows.score import champion_of, same_question
from pipelines.policy.rollout import in_rollout
from pipelines.scoring.arms import OURS, THEIRS, Arm, Arms, arms_of, compared, joined
from pipelines.scoring.kinds import kind_of
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec

_MOST = 200_000
"""Customers that are compared; of more, so many are drawn by their hash."""
_FEWEST = 30
"""Positives, and negatives, below which nothing is said."""

Pair = tuple[KeptScores, KeptScores]


@dataclass(frozen=True)
class ShadowCutoffs:
    """Which cutoffs could be looked at.

    Parameters
    ----------
    compared : tuple
        Those that both were scored at, as of then unseen by both, and whose outcomes are known; None is a table's.
    open : tuple
        The same, but their outcomes are not known yet.
    learned : tuple
        Those before a version was trained: it may have learned from their outcomes.
    alone : tuple
        Those that only one of the two was scored at.
    """

    compared: tuple[datetime | None, ...] = ()
    open: tuple[datetime | None, ...] = ()
    learned: tuple[datetime | None, ...] = ()
    alone: tuple[datetime | None, ...] = ()


@dataclass(frozen=True)
class ShadowCompared:
    """How the shadow does beside the champion.

    Parameters
    ----------
    champion, shadow : ModelVersion
        Who is compared.
    cutoffs : ShadowCutoffs
        On what.
    n_rows, n_customers : int
        Rows whose outcome is known, and whose they are.
    evaluation : Evaluation or None
        Of the shadow, beside the champion on the same rows; None of too few.
    arms : Arms or None
        Customers by who decided about them, at the cutoffs that had the share of the newest one; None where nobody was
        decided about by the shadow, or too few.
    outcome : {Outcome.DONE, Outcome.TOO_FEW_ROWS}
        Whether there was enough to compare.
    """

    champion: ModelVersion
    shadow: ModelVersion
    cutoffs: ShadowCutoffs
    n_rows: int
    n_customers: int
    evaluation: Evaluation | None
    arms: Arms | None
    outcome: Outcome


def compare_shadow(task: TaskSpec, lake: Lake, models: Models, run: Run, cutoff: datetime | None) -> ShadowCompared:
    """Compare all stored scores of the two whose outcomes are known at ``cutoff``."""
    run.progress.stage(f"compare_shadow: '{task.name}'")
    champion, shadow = champion_of(task, models), _shadow_of(task, models)
    trained = same_question(champion, shadow)
    manifest = lake.manifest(trained.source)
    known_at = manifest.knowledge(cutoff)
    describe_run(run, trained, manifest, known_at)
    pairs, cutoffs = _pairs(lake, champion, shadow, trained, known_at)
    rows = _rows(trained, lake, known_at, pairs)
    found = _compared(task, rows, champion, shadow, cutoffs)
    run.publish(_report(found))
    run.describe(in_words(found))
    run.tags({"outcome": found.outcome, "champion": champion.version, "shadow": shadow.version})
    return found


def in_words(found: ShadowCompared) -> str:
    """What was found, as Markdown."""
    lines = [f"## Version {found.shadow.version} beside version {found.champion.version}: {found.outcome}", ""]
    lines += [f"- {line}" for line in (*_of_cutoffs(found), *_of_scores(found), *_of_arms(found))]
    return "\n".join(lines)


def _shadow_of(task: TaskSpec, models: Models) -> ModelVersion:
    shadow = models.find(task.name, SHADOW)
    if shadow is None:
        raise RegistryError(
            f"'{task.name}' has no shadow.",
            why="There is nothing to compare the champion with.",
            fix=f"Run: regulars shadow --task {task.name}; then score at a few cutoffs.",
        )
    return shadow


def _pairs(
    lake: Lake, champion: ModelVersion, shadow: ModelVersion, task: TaskSpec, known_at: datetime | None
) -> tuple[list[Pair], ShadowCutoffs]:
    """The scores to compare, and what became of each cutoff."""
    kept = lake.scores.kept(champion.task)
    theirs, ours = (
        {one.scoring.cutoff: one for one in kept if one.scoring.version == version.version}
        for version in (champion, shadow)
    )
    by_fate: dict[str, list[datetime | None]] = {"compared": [], "open": [], "learned": [], "alone": []}
    for at in dict.fromkeys(one.scoring.cutoff for one in kept if one.scoring.cutoff in theirs.keys() | ours.keys()):
        is_alone = at not in theirs or at not in ours
        by_fate["alone" if is_alone else _fate(at, (champion, shadow), task, known_at)].append(at)
    cutoffs = ShadowCutoffs(**{fate: tuple(found) for fate, found in by_fate.items()})
    return [(ours[at], theirs[at]) for at in cutoffs.compared], cutoffs


def _fate(
    at: datetime | None, versions: tuple[ModelVersion, ModelVersion], task: TaskSpec, known_at: datetime | None
) -> str:
    if at is None or known_at is None:
        return "compared"
    if any(version.known_at is not None and version.known_at > at for version in versions):
        return "learned"
    return "compared" if at + task.horizon <= known_at else "open"


def _rows(task: TaskSpec, lake: Lake, known_at: datetime | None, pairs: Sequence[Pair]) -> pd.DataFrame | None:
    """What both said of each row whose outcome is known; None without any."""
    if not pairs:
        return None
    cutoffs = tuple(ours.scoring.cutoff for ours, _ in pairs if ours.scoring.cutoff is not None)
    share = min(1.0, _MOST / max(ours.figures.n_rows for ours, _ in pairs))
    found = kind_of(task).outcomes(
        task, lake, known_at, cutoffs, lambda ids: in_rollout(ids, f"compare_shadow/{task.name}", share)
    )
    return pd.concat([_both(found, lake, pair) for pair in pairs], ignore_index=True)


def _both(outcomes: pd.DataFrame, lake: Lake, pair: Pair) -> pd.DataFrame:
    ours, theirs = pair
    both = joined(joined(outcomes, lake.scores.read(ours), OURS), lake.scores.read(theirs), THEIRS)
    return both.assign(share=ours.scoring.share)


def _compared(
    task: TaskSpec, rows: pd.DataFrame | None, champion: ModelVersion, shadow: ModelVersion, cutoffs: ShadowCutoffs
) -> ShadowCompared:
    n_rows = 0 if rows is None else len(rows)
    n_customers = 0 if rows is None else rows["customer_id"].nunique()
    few = ShadowCompared(champion, shadow, cutoffs, n_rows, n_customers, None, None, Outcome.TOO_FEW_ROWS)
    if rows is None or min(rows["label"].sum(), (1 - rows["label"]).sum()) < _FEWEST:
        return few
    try:
        found = compared(rows, generator_for(task.seed, "compare_shadow"), task.n_resamples)
    except NotEnoughDataError:
        return few
    at_this_share = rows[rows["share"] == rows["share"].iloc[-1]]  # pooled with others, groups would differ in when
    return ShadowCompared(champion, shadow, cutoffs, n_rows, n_customers, found, arms_of(at_this_share), Outcome.DONE)


def _report(found: ShadowCompared) -> Report:
    cutoffs = {fate: [said(at) for at in found_at] for fate, found_at in asdict(found.cutoffs).items()}
    content: dict[str, object] = {
        "champion": found.champion.version,
        "shadow": found.shadow.version,
        "outcome": str(found.outcome),
        "cutoffs": cutoffs,
        "n_rows": found.n_rows,
        "n_customers": found.n_customers,
        "arms": None if found.arms is None else asdict(found.arms),
    }
    sizes = {"shadow.n_cutoffs": float(len(found.cutoffs.compared)), "shadow.n_open": float(len(found.cutoffs.open))}
    report = Report(sizes, {"report/compare_shadow.json": content})
    if found.arms is not None:
        report |= Report({f"shadow.arms.{name}": value for name, value in _flat(found.arms).items()})
    return report if found.evaluation is None else report | found.evaluation.report("shadow")


def _flat(arms: Arms) -> dict[str, float]:
    named = {"positive": arms.positive, "contacted": arms.contacted}
    ends = {"": "estimate", ".ci_low": "low", ".ci_high": "high"}
    return {f"{name}{end}": getattr(one, field) for name, one in named.items() for end, field in ends.items()}


def _of_cutoffs(found: ShadowCompared) -> list[str]:
    told = {
        "compared": "compared",
        "open": "outcomes are not known yet",
        "learned": "left out: a version was trained later and may have learned from them",
        "alone": "left out: only one of the two was scored then",
    }
    lists = {fate: getattr(found.cutoffs, fate) for fate in told}
    lines = [f"{', '.join(map(said, at))}: {told[fate]}" for fate, at in lists.items() if at]
    return [*lines, f"{found.n_rows:,} rows of {found.n_customers:,} customers have an outcome"]


def _of_scores(found: ShadowCompared) -> list[str]:
    over = None if found.evaluation is None else found.evaluation.over_champion
    if over is None:
        return [f"too few to say anything: {_FEWEST} positives and as many negatives are needed"]
    ups = {metric.name: metric.greater_is_better for metric in METRICS}
    return [f"{metric_said(name)}: shadow minus champion {one}, {_word(one, ups[name])}" for name, one in over.items()]


def _word(difference: Interval, greater_is_better: bool) -> str:
    if difference.low <= 0 <= difference.high or difference.low != difference.low:
        return "no difference shown"
    return "better" if (difference.low > 0) == greater_is_better else "worse"


def _of_arms(found: ShadowCompared) -> list[str]:
    if found.arms is None:
        return ["no customer was decided about by the shadow: only scores are compared"] if found.evaluation else []
    arms = found.arms
    return [
        "by who decided, at the cutoffs that had the share of the newest one:",
        *(_of_arm(name, arm) for name, arm in (("shadow", arms.shadow), ("champion", arms.champion))),
        f"shadow minus champion: outcome rate {arms.positive}, contacted {arms.contacted}; customers were drawn by "
        "their hash, so that is what the decisions did",
    ]


def _of_arm(name: str, arm: Arm) -> str:
    told = f"decided by the {name}: {arm.n_rows:,} rows of {arm.n_customers:,} customers, contacted {arm.contacted}"
    return f"{told}, outcome rate {arm.positive}, of those contacted {arm.hit}"

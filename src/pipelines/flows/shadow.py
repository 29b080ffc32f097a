"""A version beside the champion: scored with it, and trusted with a share of the customers, or with none."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.core.errors import RegistryError, UsageError
from pipelines.core.ledger import Entry, Event, Standing
from pipelines.core.protocols import Models, ModelVersion, Run
from pipelines.flows.gating import judged
from pipelines.flows.ledger import Step, opened, recorded
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run, fitted
from pipelines.flows.promote import gates_report
from pipelines.flows.ruling import outcome_of, reason_of, report_digest
from pipelines.flows.sign_off import version_named
from pipelines.gates.evidence import Ruling
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Shadowed:
    """Who is scored beside the champion now, about whom it decides, and what the gates said if they were asked."""

    task: str
    version: ModelVersion | None
    share: float
    rulings: tuple[Ruling, ...]
    entry: Entry
    outcome: Outcome


def shadow(task: TaskSpec, lake: Lake, models: Models, run: Run, version: str, share: float) -> Shadowed:
    """Score a version beside the champion from now on.

    Parameters
    ----------
    version : str
        Its number, or ``challenger``; ``shadow`` is who is it already.
    share : float in [0, 1)
        Of the customers, how many it decides about. For more than none every gate must agree first.
    """
    if not 0 <= share < 1:
        raise UsageError(
            f"share={share:g} is no share of the customers below 1.",
            why="A model that is to decide about everybody is promoted.",
            fix=f"Give 0 to only look at it, or less than 1; or run: regulars promote --task {task.name}",
        )
    chain = opened(task.name, models, run)
    standing = chain.standing
    beside = version_named(task.name, models, standing, version)
    champion = _champion(task, models, standing, beside)
    manifest = lake.manifest(task.source)
    task, _ = fitted(task, manifest)
    describe_run(run, task, manifest, beside.known_at)
    rulings: tuple[Ruling, ...] = ()
    if share > 0:
        run.progress.stage(f"shadow: judging version {beside.version} of '{task.name}', which is to decide")
        rulings = judged(task, lake, models, beside, champion, chain)
    return _settled(task, models, run, (beside, champion), share, rulings)


def stop_shadow(name: str, models: Models, run: Run) -> Shadowed:
    """The champion decides alone, from the next scoring on."""
    standing = opened(name, models, run).standing
    version = version_named(name, models, standing, "shadow")
    step = Step(Event.SHADOW_STOPPED, version, f"decided about {standing.share:.0%} of the customers")
    entry = recorded(name, models, run, step, lambda now: now.alone() if now.shadow == version.version else None)
    run.tags({"task": name, "outcome": Outcome.DONE})
    run.describe(f"## The champion alone\n\n{entry.in_words()}")
    return Shadowed(name, None, 0.0, (), entry, Outcome.DONE)


def _champion(task: TaskSpec, models: Models, standing: Standing, beside: ModelVersion) -> ModelVersion:
    champion = None if standing.champion is None else models.version(task.name, standing.champion)
    if champion is None or champion.version == beside.version:
        held = "is the champion" if champion is not None else "has no champion to be scored beside"
        raise RegistryError(
            f"Version {beside.version} of '{task.name}' {held}.",
            why="A shadow is compared with another model that decides.",
            fix=f"Run: regulars train --task {task.name}, then: regulars shadow --task {task.name}",
        )
    return champion


def _settled(
    task: TaskSpec,
    models: Models,
    run: Run,
    pair: tuple[ModelVersion, ModelVersion],
    share: float,
    rulings: tuple[Ruling, ...],
) -> Shadowed:
    """Record it; what a gate refuses may be looked at, and decides about nobody."""
    beside, champion = pair
    outcome = outcome_of(rulings)  # of no rulings at all: nobody refuses
    report = gates_report(Outcome.DONE if outcome == Outcome.PROMOTED else outcome, beside, champion, rulings)
    run.publish(report)
    rests_on = report_digest(report) if rulings else ""
    if outcome != Outcome.PROMOTED:
        step = Step(Event.REFUSED, beside, f"to decide about {share:.0%}: {reason_of(rulings)}", "", rests_on)
        entry = recorded(task.name, models, run, step, lambda now: now)
        found = Shadowed(task.name, beside, 0.0, rulings, entry, outcome)
    else:
        step = Step(Event.SHADOWED, beside, f"decides about {share:.0%} of the customers", "", rests_on)
        entry = recorded(task.name, models, run, step, lambda now: _after(now, pair, share))
        found = Shadowed(task.name, beside, share, rulings, entry, Outcome.DONE)
    run.tags({"outcome": found.outcome, "shadow": beside.version, "share": f"{found.share:g}"})
    run.describe(f"## Version {beside.version} beside the champion: {found.outcome}\n\n{entry.in_words()}")
    return found


def _after(now: Standing, pair: tuple[ModelVersion, ModelVersion], share: float) -> Standing | None:
    beside, champion = pair
    return now.shadowed_by(beside.version, share) if now.champion == champion.version else None

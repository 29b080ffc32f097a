"""Bad models on purpose: each is trained, registered and put before the task's own gates, and must be refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from pipelines.card.sections import not_promoted
from pipelines.core.errors import NotEnoughDataError, PipelineError, RegistryError
from pipelines.core.ledger import Event
from pipelines.core.protocols import OUT_OF_FOLD, Models, ModelVersion, NewVersion, Run
from pipelines.core.report import Report
from pipelines.evaluation.page import PageContent
from pipelines.flows.card import card_report
from pipelines.flows.drill_page import report
from pipelines.flows.judge import as_seen
from pipelines.flows.ledger import Step, opened, recorded
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run, fitted
from pipelines.flows.promote import promote
from pipelines.flows.register import register
from pipelines.flows.sign_off import approve
from pipelines.sabotage.saboteurs import SABOTEURS, Champion, Saboteur
from pipelines.sabotage.verdicts import AS_IT_SHOULD_BE, PASSED, Tried, Verdict, beside_the_honest
from pipelines.sabotage.workshop import Candidate, Workshop
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec

_SUFFIX, _APPROVAL = "_drill", "approval"
_UNTRACED = {"code_digest": "", "git_commit": ""}
_EXAMINER = "a second person, played by the drill"


@dataclass(frozen=True)
class Drilled:
    """What became of every saboteur."""

    task: str
    tried: tuple[Tried, ...]

    @property
    def outcome(self) -> Outcome:
        """Done if each was refused by exactly the gate named beforehand, and the honest one was not."""
        held = all(one.verdict in AS_IT_SHOULD_BE for one in self.tried)
        return Outcome.DONE if held else Outcome.FELL_SHORT


def drill(task: TaskSpec, lake: Lake, models: Models, run: Run, cutoff: datetime | None) -> Drilled:
    """Put every saboteur before the task's gates; the task's own models are neither read nor touched."""
    manifest = lake.manifest(task.source)
    task, _ = fitted(task, manifest)
    shop = Workshop(task, lake, manifest.knowledge(cutoff))
    describe_run(run, task, manifest, shop.known_at)
    name = f"{task.name}{_SUFFIX}"
    _clear(name, task, models)
    try:
        tried = tuple(_tried(one, place, shop, models, run) for place, one in enumerate(drilled_by(task), start=1))
    finally:
        models.forget(name)
    drilled = Drilled(task.name, beside_the_honest(tried))
    run.publish(report(task, drilled.tried, in_words(drilled)))
    run.describe(_as_markdown(drilled))
    run.tags({"outcome": drilled.outcome})
    return drilled


def drilled_by(task: TaskSpec) -> tuple[Saboteur, ...]:
    """Who stands against a task's gates: signatures are asked for only where a task asks for them."""
    return tuple(one for one in SABOTEURS if one.gate != _APPROVAL or _asks_for_approval(task))


def in_words(drilled: Drilled) -> tuple[str, ...]:
    """The finding, then one line per saboteur."""
    widest = max(len(one.saboteur.name) for one in drilled.tried)
    lines = [f"{one.saboteur.name:<{widest}}  {_in_a_line(one)}" for one in drilled.tried]
    return (headline(drilled.tried), "", *lines)


def headline(tried: Sequence[Tried]) -> str:
    """How many were refused for the right reason, and what is missing.

    Examples
    --------
    >>> headline([Tried(SABOTEURS[0], absent="there are no rows")])
    '0 of 0 saboteurs were refused by exactly the gate named beforehand.'
    """
    stood = [one for one in tried if one.saboteur.gate and one.verdict != Verdict.ABSENT]
    right = sum(one.verdict == Verdict.RIGHT for one in stood)
    said = [f"{right} of {len(stood)} saboteurs were refused by exactly the gate named beforehand."]
    if foretold := [one.saboteur.name for one in stood if one.verdict == Verdict.FORETOLD]:
        said.append(f"Beside it, one that had been foretold refused {', '.join(foretold)}.")
    if strict := [one for one in stood if one.verdict == Verdict.STRICT]:
        said.append(f"{len(strict)} were by that gate and by gates that refuse the honest model too.")
    if passed := [one.saboteur.name for one in stood if one.verdict in PASSED]:
        said.append(f"Promoted, and must not be: {', '.join(passed)}.")
    if gates := sorted({one.saboteur.gate for one in stood if one.verdict in {Verdict.UNCOVERED, Verdict.CAUGHT}}):
        said.append(f"Not declared by the task: {', '.join(gates)}.")
    for one in tried:
        if not one.saboteur.gate:
            refused = f"refused by {', '.join(one.refused_by)}" if one.refused_by else "promoted"
            said.append(f"The honest better model was {one.error or one.absent or refused}.")
    return " ".join(said)


def _tried(saboteur: Saboteur, place: int, shop: Workshop, models: Models, run: Run) -> Tried:
    """Make it, seat the champion that it stands against, register it, and let the gates rule."""
    run.progress.step(place, len(drilled_by(shop.task)), f"drill: {saboteur.name}")
    try:
        made = saboteur.make(shop)
    except NotEnoughDataError as error:
        return Tried(saboteur, absent=error.what)
    if isinstance(made, str):
        return Tried(saboteur, absent=made)
    name = f"{shop.task.name}{_SUFFIX}"
    _seat(name, saboteur.champion, shop, models, run)
    with run.child(f"saboteur {saboteur.name}") as child:
        version = _enlisted(name, made, saboteur.wrong, models, child)
    with run.child(f"promote {saboteur.name}") as child:
        try:
            _sign(shop.task, version, made.signed_by, models, child)
            promotion = promote(shop.task.model_copy(update={"name": name}), made.lake, models, child)
        except PipelineError as error:
            return Tried(saboteur, error=error.what)
    return Tried(saboteur, promotion.rulings)


def _enlisted(name: str, made: Candidate, said: str, models: Models, run: Run) -> ModelVersion:
    """Registered as training registers, with all that a promotion reads."""
    manifest = made.lake.manifest(made.task.source)
    if made.is_traced:
        describe_run(run, made.task, manifest, made.known_at)
    else:
        run.tags(_UNTRACED)
    run.describe(f"Made by the saboteur drill, and not to be used. {said}")
    card = PageContent("Model card of a saboteur", f"{said} Made by the saboteur drill.", [not_promoted()])
    run.publish(card_report(card) | Report({}, {OUT_OF_FOLD: _out_of_fold(made, run)}))
    new = NewVersion(
        name,
        made.model,
        made.example,
        made.known_at,
        manifest.data_digest,
        made.task.model_dump_json(),
        f"Made by the saboteur drill. {said}",
        made.loader,
    )
    return register(models, run, new, said)


def _out_of_fold(made: Candidate, run: Run) -> pd.DataFrame:
    """What training keeps of its folds."""
    found = made.out_of_fold
    seen = [
        as_seen(part, made.calibration.probability(raw), run, raw=raw, period=np.full(len(part), fold))
        for fold, (part, raw) in enumerate(zip(found.parts, found.raws, strict=True))
    ]
    return pd.concat(seen, ignore_index=True)


def _seat(name: str, wanted: Champion, shop: Workshop, models: Models, run: Run) -> None:
    """Bring about the champion that a saboteur stands against; whoever was let pass before does not stay."""
    held = opened(name, models, run).standing.champion
    champion = None if held is None else models.version(name, held)
    model = {Champion.NOBODY: None, Champion.WEAK: shop.stump, Champion.STRONG: shop.by_heart}[wanted]
    if (None if champion is None else champion.digest) == (None if model is None else model.digest()):
        return
    models.forget(name)
    if model is not None:
        with run.child(f"champion {wanted}") as child:
            version = _enlisted(name, shop.candidate(model), f"A {wanted} champion to stand against.", models, child)
            step = Step(Event.PROMOTED, version, "seated by the drill")
            recorded(name, models, child, step, lambda standing: standing.crowned(version.version))


def _sign(task: TaskSpec, version: ModelVersion, who: str, models: Models, run: Run) -> None:
    """Whose approval it bears, where the task asks for one."""
    if _asks_for_approval(task) and who != "nobody":
        by = run.actor if who == "maker" else _EXAMINER
        approve(version.task, models, run, version.version, by, "saboteur drill")


def _asks_for_approval(task: TaskSpec) -> bool:
    return any(gate.type == _APPROVAL for gate in task.gates)


def _clear(name: str, task: TaskSpec, models: Models) -> None:
    """Take away what a drill left that was killed; another task's models of that name stay, and end this one."""
    for number in models.numbers(name):
        version = models.version(name, number)
        if version is not None and json.loads(version.config).get("name") != task.name:
            raise RegistryError(
                f"The registered model '{name}' is not the drill's: version {number} is of another task.",
                why="The drill deletes the models of that name before it begins and when it ends.",
                fix=f"Give the task '{name}' another name, and move its models there.",
            )
    models.forget(name)


def _in_a_line(one: Tried) -> str:
    by = ", ".join(gate for gate in one.refused_by if gate != one.saboteur.gate)
    named = f" ({one.saboteur.gate})" if one.saboteur.gate and one.verdict != Verdict.ABSENT else ""
    more = f": {by}" if by else f": {one.reason}" if one.verdict in {Verdict.ABSENT, Verdict.FAILED} else ""
    return f"{one.verdict}{named}{more}"


def _as_markdown(drilled: Drilled) -> str:
    rows = [
        f"| {one.saboteur.name} | {one.saboteur.wrong} | {one.saboteur.gate or 'none'} | "
        f"{', '.join(one.refused_by) or 'none'} | {one.verdict} |"
        for one in drilled.tried
    ]
    head = ["| saboteur | what is wrong | must be refused by | was refused by | verdict |", "|---|---|---|---|---|"]
    return "\n".join([f"## {drilled.outcome}", "", headline(drilled.tried), "", *head, *rows])

"""The previous champion comes back, if it can still do its work."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pipelines.core.errors import ModelError, RegistryError
from pipelines.core.ledger import Entry, Event
from pipelines.core.protocols import REFERENCE, Models, ModelVersion, Run
from pipelines.flows.ledger import Step, opened, recorded
from pipelines.flows.outcome import Outcome
from pipelines.scoring.scorer import Scorer
from pipelines.scoring.sensitive import UNKNOWN

_N_SMOKE = 100


@dataclass(frozen=True)
class RolledBack:
    """Who was champion and who is now, and where it is written."""

    before: ModelVersion
    champion: ModelVersion
    entry: Entry
    outcome: Outcome = Outcome.ROLLED_BACK


def rollback(name: str, models: Models, run: Run, reason: str = "") -> RolledBack:
    """Swap ``champion`` and ``previous`` of a task or segmentation; run it again to undo it."""
    run.progress.stage(f"rollback: '{name}'")
    standing = opened(name, models, run).standing
    before, previous = (number and models.version(name, number) for number in (standing.champion, standing.previous))
    if not before or not previous:
        raise RegistryError(
            f"'{name}' has no previous champion.",
            why="There is nothing to go back to.",
            fix="Promote a second version first; its predecessor becomes 'previous'.",
        )
    run.progress.stage(f"rollback: does version {previous.version} still load and score?")
    preflight(models, previous)
    step = Step(Event.ROLLED_BACK, previous, reason or f"version {before.version} is taken back")
    entry = recorded(name, models, run, step, lambda now: now.rolled_back() if now == standing else None)
    named = {"champion_before": before.version, "champion": previous.version}
    run.tags({"task": name, "outcome": Outcome.ROLLED_BACK, **named})
    run.describe(f"## Version {previous.version} is champion again\n\n{entry.in_words()}")
    return RolledBack(before, previous, entry)


def preflight(models: Models, version: ModelVersion) -> None:
    """Load a version in a process of its own, and let it score rows that it was judged on.

    Raises
    ------
    ModelError
        If it does not load, takes other columns than its signature says, or does not score: who stands, stays.
    """
    loaded = models.load(version)
    names, logged = loaded.input_names, models.table(version, REFERENCE)
    if names is None:
        raise _unfit(version, "it has no signature")
    if isinstance(loaded.scorer, Scorer):  # what its policy reads beside the features is logged with no row
        logged = logged.assign(**{one: UNKNOWN for one in loaded.scorer.policy.needs if one not in logged})
    if lacking := [one for one in names if one not in logged]:
        raise _unfit(version, f"its signature names {', '.join(lacking[:3])}, which the rows it was judged on lack")
    rows: pd.DataFrame = logged[list(names)].head(_N_SMOKE)
    found = models.probe(version, {"smoke": rows})
    if found.error:
        raise _unfit(version, f"it does not load ({found.error})")
    answer = found.answers["smoke"]
    if answer.error or answer.n_answered != answer.n_asked or answer.n_bad:
        said = answer.error or f"{answer.n_answered} answers, {answer.n_bad} of them bad, to {answer.n_asked} rows"
        raise _unfit(version, f"it does not score ({said})")


def _unfit(version: ModelVersion, said: str) -> ModelError:
    return ModelError(
        f"Version {version.version} of '{version.task}' cannot come back: {said}.",
        why="A champion that cannot score is worse than the one that stands; nothing was changed.",
        fix=f"Restore its files, or train and promote another: regulars retrain --task {version.task}",
    )

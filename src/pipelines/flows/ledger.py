"""What every flow does that reads or changes who holds which place: the ledger says it, the aliases follow.

A change is one record. Written, it is read back: in force, or overtaken by somebody else's, in which case the change is
asked for anew on what stands then. After it the aliases are set, and last the digest of the head is put on the
registered model. So a digest that lags behind says that a process was killed on the way, and the next command sets the
aliases; a digest that fits beside other aliases says that somebody moved them by hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.core.errors import BusyError, RegistryError
from pipelines.core.ledger import Chain, Entry, Event, Standing, chained
from pipelines.core.protocols import Models, ModelVersion, Run

_TRIES, _PAUSE_S = 5, 0.1
_RESTORE = "Find out who did it. To go on: regulars restore --task {name} --by NAME --reason TEXT"


@dataclass(frozen=True)
class Step:
    """What is to be recorded.

    Parameters
    ----------
    event : Event
        What happens.
    version : ModelVersion or None
        To which version; None where it is about none, or several.
    reason : str
        Why.
    actor : str
        Who; empty is whoever started the run.
    report_digest : str
        Of the gate report that it rests on.
    versions : tuple of str
        Several versions.
    """

    event: Event
    version: ModelVersion | None = None
    reason: str = ""
    actor: str = ""
    report_digest: str = ""
    versions: tuple[str, ...] = ()


def opened(name: str, models: Models, run: Run) -> Chain:
    """The ledger of a model, with the aliases in line with it.

    What a killed command left is put right; what nobody of ours could have left refuses.

    Raises
    ------
    RegistryError
        If a record was edited or removed, or an alias was moved by hand.
    """
    for tried in range(_TRIES):
        mark, aliases = models.ledger.head(name), dict(models.aliases(name))
        chain = chained(models.ledger.read(name))
        _require_sound(name, chain)
        if not chain.entries and not mark:
            return _adopted(name, models, run, aliases)
        if mark == chain.head and aliases == chain.standing.aliases:
            return chain
        if mark != chain.head and (chain.holds(mark) or (not mark and len(chain.entries) == 1)):
            run.progress.stage(f"ledger: the aliases of '{name}' are set as record {len(chain.entries)} says")
            return follow(name, models)
        time.sleep(_PAUSE_S * tried)  # another process may be between two writes
    raise _out_of_line(name, chain, mark, aliases)


def recorded(name: str, models: Models, run: Run, step: Step, change: Callable[[Standing], Standing | None]) -> Entry:
    """Write a record and let the aliases follow.

    Parameters
    ----------
    name : str
        The registered model.
    step : Step
        What is recorded.
    change : callable
        Who holds which place after it, given who does before; None if the step no longer fits what stands.

    Raises
    ------
    BusyError
        If it does not: somebody else was first.
    """
    for _ in range(_TRIES):
        chain = opened(name, models, run)
        after = change(chain.standing)
        if after is None:
            break
        entry = entry_of(name, chain, step, after, run)
        models.ledger.append(entry)
        if chained(models.ledger.read(name)).holds(entry.digest):
            follow(name, models)
            models.ledger.announce(entry)
            return entry
    raise overtaken(name, step)


def overtaken(name: str, step: Step) -> BusyError:
    """What is said to whoever was not first."""
    return BusyError(
        f"Another command changed '{name}' meanwhile ({step.event.replace('_', ' ')} was not recorded).",
        why="What was judged or chosen here no longer fits who is champion or challenger now.",
        fix=f"Look at it: regulars history --task {name}; then run again.",
    )


def follow(name: str, models: Models) -> Chain:
    """Set the aliases as the last record in force says, until nobody has written another one meanwhile."""
    chain = chained(models.ledger.read(name))
    while True:
        _point(name, models, chain.standing.aliases)
        models.ledger.mark(name, chain.head)
        now = chained(models.ledger.read(name))
        if now.head == chain.head:
            return now
        chain = now


def _point(name: str, models: Models, wanted: dict[str, str]) -> None:
    """Alias by alias, and only where it differs; at no moment is there no champion, or another than one of the two."""
    held = models.aliases(name)
    for alias, number in wanted.items():
        if held.get(alias) != number:
            models.point(name, alias, number)
    for alias in held.keys() - wanted.keys():
        models.point(name, alias, None)


def _adopted(name: str, models: Models, run: Run, aliases: dict[str, str]) -> Chain:
    """A model that was promoted before there was a ledger begins one with who stands where."""
    if not aliases:
        return Chain()
    step = Step(Event.ADOPTED, reason="held these places before the ledger began")
    models.ledger.append(entry_of(name, Chain(), step, Standing.of(aliases), run))
    return follow(name, models)


def entry_of(name: str, chain: Chain, step: Step, after: Standing, run: Run) -> Entry:
    """The record that would follow the last one in force."""
    version = step.version
    return Entry(
        number=len(chain.entries) + 1,
        task=name,
        event=step.event,
        at=run.now,
        actor=step.actor or run.actor,
        reason=step.reason,
        version="" if version is None else version.version,
        model_digest="" if version is None else version.digest,
        report_digest=step.report_digest,
        run_id=run.run_id,
        after=after,
        previous=chain.head,
        versions=step.versions,
    )


def _require_sound(name: str, chain: Chain) -> None:
    if chain.problems:
        raise RegistryError(
            f"The ledger of '{name}' is not as it was written: {'; '.join(chain.problems[:3])}.",
            why="Nobody can say any more how its champion came to be; nothing is promoted or scored on that.",
            fix=_RESTORE.format(name=name),
        )


def _out_of_line(name: str, chain: Chain, mark: str, aliases: dict[str, str]) -> RegistryError:
    if mark != chain.head:
        said = f"The registered model '{name}' bears the head {mark[:12] or 'none'} of its ledger, which ends with "
        said += f"{chain.head[:12] or 'nothing'}: its last records were removed."
    else:
        wanted = chain.standing.aliases
        moved = sorted(alias for alias in {*aliases, *wanted} if aliases.get(alias) != wanted.get(alias))
        told = ", ".join(
            f"{one} is {aliases.get(one, 'nobody')}, recorded {wanted.get(one, 'nobody')}" for one in moved
        )
        said = f"Aliases of '{name}' were moved by hand: {told}."
    return RegistryError(
        said,
        why="Only what passed the gates and was recorded is promoted, scored with, or gone back to.",
        fix=_RESTORE.format(name=name),
    )

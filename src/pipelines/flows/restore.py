"""After somebody has looked at a ledger or at aliases that were not as they were written: go on from what it says."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.core.errors import UsageError
from pipelines.core.ledger import Chain, Entry, Event, chained
from pipelines.core.protocols import Models, Run
from pipelines.flows.ledger import Step, entry_of, follow, overtaken
from pipelines.flows.outcome import Outcome


@dataclass(frozen=True)
class Restored:
    """What was found, and where it is written."""

    found: tuple[str, ...]
    entry: Entry
    outcome: Outcome = Outcome.DONE


def restore(name: str, models: Models, run: Run, by: str, reason: str) -> Restored:
    """Record that it was seen, by whom and why, and set the aliases as the last readable record says.

    It legitimates nobody: the champion is whom a record names, never whom an alias was moved to.
    """
    if not by.strip() or not reason.strip():
        raise UsageError(
            f"'{name}' is restored by somebody, for a reason; one of them is empty.",
            why="What was found has to be answered for.",
            fix='Give both: --by "Ada Lovelace" --reason "a clean-up script deleted records 3 and 4"',
        )
    chain = chained(models.ledger.read(name))
    found = _found(name, models, chain)
    if not found:
        raise UsageError(
            f"The ledger of '{name}' and its aliases are as they were written.",
            why="There is nothing to restore.",
            fix=f"Look at it: regulars history --task {name}",
        )
    step = Step(Event.RESTORED, reason=reason.strip(), actor=by.strip())
    entry = entry_of(name, chain, step, chain.last, run)
    models.ledger.append(entry)
    if not follow(name, models).holds(entry.digest):
        raise overtaken(name, step)
    run.tags({"task": name, "outcome": Outcome.DONE})
    run.describe(f"## Restored\n\n{entry.in_words()}")
    return Restored(found, entry)


def _found(name: str, models: Models, chain: Chain) -> tuple[str, ...]:
    """What is not as it was written."""
    found = [*chain.problems]
    if models.ledger.head(name) != chain.head:
        found.append("the head on the registered model is not that of the ledger")
    if dict(models.aliases(name)) != chain.standing.aliases:
        found.append("the aliases are not as the last record says")
    return tuple(found)

"""Old versions leave the registry, by rule; who holds a place never does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.core.ledger import Entry, Event, Standing
from pipelines.core.protocols import Models, Run
from pipelines.flows.ledger import Step, opened, recorded
from pipelines.flows.outcome import Outcome


@dataclass(frozen=True)
class Retired:
    """Which versions left, which stayed, and where it is written; None where there was nothing to do."""

    versions: tuple[str, ...]
    kept: tuple[str, ...]
    entry: Entry | None
    outcome: Outcome


def retire(name: str, models: Models, run: Run, keep: int, older_than: timedelta) -> Retired:
    """Retire versions that are neither among the newest nor young, nor hold a place.

    Parameters
    ----------
    keep : int
        How many of the newest stay whatever their age; champion, previous, challenger and shadow count apart.
    older_than : timedelta
        The age from which on others go.
    """
    standing = opened(name, models, run).standing
    numbers = models.numbers(name)
    gone = _old(numbers, standing, keep, run.now - older_than)
    kept = tuple(number for number in numbers if number not in gone)
    if not gone:
        run.tags({"task": name, "outcome": Outcome.UNCHANGED})
        return Retired((), kept, None, Outcome.UNCHANGED)
    step = Step(Event.RETIRED, None, f"beyond the newest {keep}, older than {older_than.days} days", versions=gone)
    entry = recorded(name, models, run, step, lambda now: None if set(gone) & set(now.aliases.values()) else now)
    for number in gone:
        models.remove(name, number)
    run.tags({"task": name, "outcome": Outcome.DONE})
    run.describe(f"## Retired\n\n{entry.in_words()}")
    return Retired(gone, kept, entry, Outcome.DONE)


def _old(numbers: Mapping[str, datetime], standing: Standing, keep: int, before: datetime) -> tuple[str, ...]:
    held = set(standing.aliases.values())
    free = [number for number in numbers if number not in held]
    return tuple(number for number in free[: max(0, len(free) - keep)] if numbers[number] < before)

"""A person approves or rejects a version, with name and reason."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.core.errors import RegistryError, UsageError
from pipelines.core.ledger import Entry, Event, Standing
from pipelines.core.protocols import Models, ModelVersion, Run
from pipelines.flows.ledger import Step, opened, recorded
from pipelines.flows.outcome import Outcome

_PLACES = ("challenger", "champion", "previous", "shadow")


@dataclass(frozen=True)
class SignedOff:
    """Which version, and where it is written."""

    version: ModelVersion
    entry: Entry
    outcome: Outcome = Outcome.DONE


def approve(name: str, models: Models, run: Run, version: str, by: str, reason: str) -> SignedOff:
    """Somebody answers for a version; whether that is asked for is up to the task's gates."""
    return _signed(name, models, run, version, Step(Event.APPROVED, actor=by.strip(), reason=reason.strip()))


def reject(name: str, models: Models, run: Run, version: str, by: str, reason: str) -> SignedOff:
    """Somebody objects to a version, or takes an approval back."""
    return _signed(name, models, run, version, Step(Event.REJECTED, actor=by.strip(), reason=reason.strip()))


def version_named(name: str, models: Models, standing: Standing, named: str) -> ModelVersion:
    """The version of a number, or that holds a place.

    Raises
    ------
    RegistryError
        If there is none.
    """
    number = getattr(standing, named) if named in _PLACES else named
    found = None if number is None else models.version(name, number)
    if found is None:
        raise RegistryError(
            f"'{name}' has no version {named!r:.20}.",
            why="Only a registered version can be named.",
            fix=f"Give its number, or one of {', '.join(_PLACES)}. Look at them: regulars history --task {name}",
        )
    return found


def _signed(name: str, models: Models, run: Run, version: str, step: Step) -> SignedOff:
    if not step.actor or not step.reason:
        raise UsageError(
            f"A version of '{name}' is {step.event} by somebody, for a reason; one of them is empty.",
            why="A signature without a name or a reason tells an auditor nothing.",
            fix='Give both: --by "Ada Lovelace" --reason "figures and card read, fit for the spring campaign"',
        )
    chain = opened(name, models, run)
    found = version_named(name, models, chain.standing, version)
    judged = [one for one in chain.entries if one.version == found.version and one.report_digest]
    step = Step(step.event, found, step.reason, step.actor, judged[-1].report_digest if judged else "")
    entry = recorded(name, models, run, step, lambda standing: standing)
    run.tags({"task": name, "outcome": Outcome.DONE, "model_version": found.version})
    run.describe(f"## Version {found.version}: {step.event}\n\n{entry.in_words()}")
    return SignedOff(found, entry)

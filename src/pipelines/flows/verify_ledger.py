"""Whether a ledger is as it was written, and the registry fits it."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.core.ledger import Chain, Event, chained
from pipelines.core.protocols import Models
from pipelines.flows.outcome import Outcome


@dataclass(frozen=True)
class Verified:
    """What a ledger shows.

    Parameters
    ----------
    name : str
        Whose it is.
    chain : Chain
        Its records.
    problems : tuple of str
        What no command of ours leaves behind.
    notes : tuple of str
        What a killed command leaves, or a person has acknowledged.
    """

    name: str
    chain: Chain
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def outcome(self) -> Outcome:
        """Whether it holds."""
        return Outcome.DIFFERS if self.problems else Outcome.OK


def verify_ledger(name: str, models: Models) -> Verified:
    """Read everything and compare; nothing is changed."""
    chain, mark = chained(models.ledger.read(name)), models.ledger.head(name)
    problems, notes = [*chain.problems], [f"acknowledged: {one}" for one in chain.acknowledged]
    if mark != chain.head:
        lags = chain.holds(mark) or (not mark and len(chain.entries) == 1)
        said = f"the registered model bears the head {mark[:12] or 'none'}, the ledger ends with {chain.head[:12]}"
        (notes if lags else problems).append(
            f"{said}; {'the next command sets it' if lags else 'records were removed'}"
        )
    elif dict(models.aliases(name)) != chain.standing.aliases:
        problems.append(f"aliases {dict(models.aliases(name))} were moved by hand; recorded: {chain.standing.aliases}")
    of_versions, about_versions = _versions(name, models, chain)
    return Verified(name, chain, (*problems, *of_versions), (*notes, *about_versions))


def _versions(name: str, models: Models, chain: Chain) -> tuple[list[str], list[str]]:
    """Versions that are not what was recorded, and those that are not recorded."""
    there = set(models.numbers(name))
    begun = {one.version: one.model_digest for one in chain.entries if one.event == Event.REGISTERED}
    retired = {number for one in chain.entries if one.event == Event.RETIRED for number in one.versions}
    problems = [
        f"version {one} was removed from the registry, not retired" for one in begun if one not in there | retired
    ]
    for number in sorted(set(begun) & there, key=int):
        version = models.version(name, number)
        if version is not None and version.digest != begun[number]:
            problems.append(f"version {number} bears another digest than it was registered with")
    notes = [f"version {one} is retired and still there; run retire again" for one in sorted(retired & there, key=int)]
    adopted = any(one.event == Event.ADOPTED for one in chain.entries)
    unknown = [] if adopted else sorted(there - set(begun) - retired, key=int)
    notes += [f"version {one} stands in the registry and in no record: its training was killed" for one in unknown]
    return problems, notes

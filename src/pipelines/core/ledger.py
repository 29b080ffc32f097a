"""The ledger: what became of a model's versions, record after record, each naming the digest of the one before.

A store keeps records in the order in which they came, under numbers that it gives out once. A record is in force if it
names the last one in force before it; of two that name the same, the first one counts and the other is void. So the
order of the store decides who was first, without a lock, and for good.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from pipelines.core.errors import ConfigError


class Event(StrEnum):
    """What a record is about."""

    ADOPTED = "adopted"
    REGISTERED = "registered"
    PROMOTED = "promoted"
    REFUSED = "refused"
    DISMISSED = "dismissed"
    APPROVED = "approved"
    REJECTED = "rejected"
    ROLLED_BACK = "rolled_back"
    SHADOWED = "shadowed"
    SHADOW_STOPPED = "shadow_stopped"
    RETIRED = "retired"
    RESTORED = "restored"


@dataclass(frozen=True)
class Standing:
    """Which version holds which place; None is nobody.

    Parameters
    ----------
    champion, previous, challenger, shadow : str or None
        Version numbers.
    share : float in [0, 1]
        Of the customers, how many the shadow decides about; 0 scores beside the champion only.
    """

    champion: str | None = None
    previous: str | None = None
    challenger: str | None = None
    shadow: str | None = None
    share: float = 0.0

    @property
    def aliases(self) -> dict[str, str]:
        """The aliases that are held, as the registry shows them."""
        held = {name: getattr(self, name) for name in ("challenger", "champion", "previous", "shadow")}
        return {name: version for name, version in held.items() if version is not None}

    @classmethod
    def of(cls, aliases: Mapping[str, str]) -> Standing:
        """Who holds which place, by the aliases of a registry; a shadow decides about nobody."""
        return cls(aliases.get("champion"), aliases.get("previous"), aliases.get("challenger"), aliases.get("shadow"))

    def challenged_by(self, version: str) -> Standing:
        """A version stands for promotion."""
        return replace(self, challenger=version)

    def crowned(self, version: str) -> Standing:
        """The version is champion, who was it is previous, and the places that it held before fall free."""
        previous = self.previous if self.champion == version else self.champion
        freed = self.alone() if self.shadow == version else self
        return replace(freed.without(version), champion=version, previous=previous)

    def without(self, version: str) -> Standing:
        """The version no longer stands for promotion."""
        return replace(self, challenger=None) if self.challenger == version else self

    def shadowed_by(self, version: str, share: float) -> Standing:
        """A version is scored beside the champion, and decides about a share of the customers."""
        return replace(self, shadow=version, share=share)

    def alone(self) -> Standing:
        """Nobody is scored beside the champion."""
        return replace(self, shadow=None, share=0.0)

    def rolled_back(self) -> Standing:
        """Champion and previous change places; a shadow that becomes champion is no shadow any more."""
        freed = self.alone() if self.shadow == self.previous else self
        return replace(freed, champion=self.previous, previous=self.champion)


@dataclass(frozen=True)
class Entry:
    """One record.

    Parameters
    ----------
    number : int
        Its place in the chain, from 1.
    task : str
        Whose ledger it is.
    event : Event
        What happened.
    at : datetime
        When, UTC.
    actor : str
        Who did it, as the tracking store knows them, or the name that a person gave.
    reason : str
        Why.
    version : str
        Which version it is about.
    versions : tuple of str
        All of them where it is about several, as in `Event.RETIRED`.
    model_digest : str
        Of that version.
    report_digest : str
        SHA-256 of the gate report that it rests on; empty where no gate was asked.
    run_id : str
        The run that did it.
    after : Standing
        Who holds which place from then on.
    previous : str
        The digest of the record before; empty for the first.
    """

    number: int
    task: str
    event: Event
    at: datetime
    actor: str
    reason: str
    version: str
    model_digest: str
    report_digest: str
    run_id: str
    after: Standing
    previous: str
    versions: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Canonical JSON: what its digest is taken of."""
        content = asdict(self) | {"at": self.at.isoformat()}
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str) -> Entry:
        """Read what `to_json` wrote.

        Raises
        ------
        ConfigError
            If it is no record.
        """
        try:
            content: dict[str, Any] = json.loads(text)
            return cls(
                **content
                | {
                    "event": Event(content["event"]),
                    "at": datetime.fromisoformat(content["at"]),
                    "after": Standing(**content["after"]),
                    "versions": tuple(content["versions"]),
                }
            )
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(
                f"A text of the ledger is no record ({type(error).__name__}).",
                why="What was written into it cannot be read back.",
                fix="Run: regulars verify_ledger",
            ) from error

    def in_words(self) -> str:
        """One line, as a person reads it."""
        about = f" version {self.version}" if self.version else ""
        about += f" versions {', '.join(self.versions)}" if self.versions else ""
        why = f": {self.reason}" if self.reason else ""
        champion = f" Champion: {self.after.champion or 'none'}."
        event = self.event.replace("_", " ")
        return f"{self.at:%Y-%m-%d %H:%M} UTC, {self.actor}: {event}{about}{why}.{champion}"

    @property
    def digest(self) -> str:
        """SHA-256 of its canonical JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


@dataclass(frozen=True)
class Stored:
    """A record as the store holds it.

    Parameters
    ----------
    number : int
        The store's own, which it gives out once: from 1, without gaps.
    text : str
        The record as JSON.
    digest : str
        What was said to be its digest when it was written.
    """

    number: int
    text: str
    digest: str


@dataclass(frozen=True)
class Chain:
    """What a ledger's stored records amount to.

    Parameters
    ----------
    entries : tuple of Entry
        Those in force, oldest first.
    void : tuple of Entry
        Those that lost a race: they name a record that another one had followed already.
    problems : tuple of str
        What an honest store cannot show: removed, edited or foreign records.
    acknowledged : tuple of str
        Those of them that somebody has seen, and recorded so by `Event.RESTORED`.
    last : Standing
        What the last record that can be read says, in force or cut off from the chain by what was done to others.
    """

    entries: tuple[Entry, ...] = ()
    void: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()
    acknowledged: tuple[str, ...] = ()
    last: Standing = Standing()

    @property
    def head(self) -> str:
        """The digest of the last record in force; empty before the first."""
        return self.entries[-1].digest if self.entries else ""

    @property
    def standing(self) -> Standing:
        """Who holds which place."""
        return self.entries[-1].after if self.entries else Standing()

    def holds(self, digest: str) -> bool:
        """Whether a record of that digest is in force."""
        return any(entry.digest == digest for entry in self.entries)

    def at(self, moment: datetime) -> Standing:
        """Who held which place at a moment."""
        known = [entry for entry in self.entries if entry.at <= moment]
        return known[-1].after if known else Standing()

    def signed(self, version: str) -> Entry | None:
        """The last approval or rejection of a version, or None."""
        said = {Event.APPROVED, Event.REJECTED}
        found = [entry for entry in self.entries if entry.version == version and entry.event in said]
        return found[-1] if found else None


def chained(stored: Sequence[Stored]) -> Chain:
    """Tell the records in force from those that lost a race, and from what should not be there.

    Parameters
    ----------
    stored : sequence of Stored
        All records of one ledger, in any order.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> at, after = datetime(2026, 1, 1, tzinfo=UTC), Standing(challenger="1")
    >>> first = Entry(1, "churn", Event.REGISTERED, at, "ada", "", "1", "", "", "", after, "")
    >>> chained([Stored(1, first.to_json(), first.digest)]).standing.challenger
    '1'
    >>> chained([Stored(1, first.to_json().replace("ada", "eve"), first.digest)]).problems
    ('record 1 of the store was edited: its digest is not that of its text',)
    """
    found, expected = Chain(), 1
    for one in sorted(stored, key=lambda one: one.number):
        for number in range(expected, one.number):
            found = _with_problem(found, f"record {number} of the store was removed")
        expected = one.number + 1
        found = _followed(found, one.number, _read(one))
    return found


def _followed(chain: Chain, number: int, entry: Entry | str) -> Chain:
    """The chain after one more record, or after what is wrong with it."""
    if isinstance(entry, str):
        return _with_problem(chain, entry)
    if entry.previous == chain.head and entry.number == len(chain.entries) + 1:
        longer = replace(chain, entries=(*chain.entries, entry), last=entry.after)
        if entry.event != Event.RESTORED:
            return longer
        return replace(longer, problems=(), acknowledged=(*chain.acknowledged, *chain.problems))
    if entry.previous == "" or chain.holds(entry.previous):
        return replace(chain, void=(*chain.void, entry))
    cut_off = _with_problem(chain, f"record {number} of the store follows one that is not there")
    return replace(cut_off, last=entry.after)


def _with_problem(chain: Chain, problem: str) -> Chain:
    return replace(chain, problems=(*chain.problems, problem))


def _read(one: Stored) -> Entry | str:
    """The record, or what is wrong with it."""
    if hashlib.sha256(one.text.encode()).hexdigest() != one.digest:
        return f"record {one.number} of the store was edited: its digest is not that of its text"
    try:
        return Entry.from_json(one.text)
    except ConfigError:
        return f"record {one.number} of the store is no record of a ledger"

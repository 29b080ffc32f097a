"""Gates of what is on record: what was asked, where a model comes from, how old it is, and who signed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pipelines.core.ledger import Event
from pipelines.gates.evidence import Evidence, Gate, Origin, Ruling, Signed

_DIGEST = re.compile(r"[0-9a-f]{40,64}")
_SHOWN = 12


class AsksTheSame(Gate):
    """The challenger answers the task's question: same source, population, outcome, features and test.

    Judged at every promotion, declared or not: otherwise an override at training would choose its own examination.
    """

    type: Literal["asks_the_same"] = "asks_the_same"

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse a model that was trained for something else."""
        if evidence.asks_the_same():
            return self.ruling(passed=True, reason="trained for the task as it stands")
        said = "trained with another source, population, outcome, features or timeline than the task file has now"
        return self.ruling(passed=False, reason=f"{said}; train again without that override, or change the file")


class Traceable(Gate):
    """What the registry gives out is what was trained, and the run says from what: data, configuration, code, packages.

    The code is named by the digest of its files, or by a git commit; packages by the digest of the lock, or where the
    workspace has none by the versions that were installed.
    """

    type: Literal["traceable"] = "traceable"

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse what nobody could make again, and what is not what was registered."""
        origin = evidence.origin()
        named = _named(origin.tags)
        problems = [f"its run does not name {what}" for what, value in named.items() if not value]
        problems += _contradictions(origin)
        if problems:
            return self.ruling(passed=False, reason="; ".join(problems))
        told = ", ".join(f"{what} {value[:_SHOWN]}" for what, value in named.items())
        return self.ruling(passed=True, reason=f"model {origin.loaded[:_SHOWN]} is the registered one; {told}")


class NotOlder(Gate):
    """Knows the world up to a moment that is not before the champion's.

    Where rows have no time, it must have been trained on what is ingested now, or on what the champion was.
    """

    type: Literal["not_older"] = "not_older"

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse yesterday's model; pass if there is no champion."""
        found = evidence.knowledge()
        if found is None:
            return self.ruling(passed=True, reason="there is no champion yet")
        ours, theirs = found.challenger, found.champion
        if ours is not None and theirs is not None:
            verb = "is as new as" if ours >= theirs else "is older than"
            said = f"knows what was known at {ours:%Y-%m-%d}, the champion at {theirs:%Y-%m-%d}"
            return self.ruling(ours >= theirs, f"{verb} the champion: {said}")
        if found.from_now or found.same_data:
            whose = "that is ingested now" if found.from_now else "that the champion was trained on"
            return self.ruling(passed=True, reason=f"rows have no time; trained on the table {whose}")
        return self.ruling(
            passed=False, reason="rows have no time, and it was trained on another table than is there now"
        )


class Approval(Gate):
    """A person has signed for this very model.

    Parameters
    ----------
    by_another : bool
        Whether it must be somebody else than who trained it.
    """

    type: Literal["approval"] = "approval"
    by_another: bool = True

    def judge(self, evidence: Evidence) -> Ruling:
        """Refuse what nobody approved, and what somebody rejected."""
        signed = evidence.signed()
        last = signed.last
        if last is None:
            return self.ruling(passed=False, reason=f"nobody has signed: {signed.how}")
        who = f"by {last.actor} on {last.at:%Y-%m-%d %H:%M} UTC: {last.reason or 'no reason given'}"
        if last.event != Event.APPROVED:
            return self.ruling(passed=False, reason=f"{last.event.value} {who}")
        if not last.model_digest or last.model_digest != signed.digest:
            told = (
                f"the approval is of model {last.model_digest[:_SHOWN] or 'unknown'}, not of {signed.digest[:_SHOWN]}"
            )
            return self.ruling(passed=False, reason=f"{told}: {signed.how}")
        problem = _same_person(signed, last.actor) if self.by_another else ""
        return self.ruling(not problem, f"{problem}approved {who}")


def _same_person(signed: Signed, approver: str) -> str:
    """Why an approval is not that of another; empty if it is."""
    ours, theirs = (name.strip().casefold() for name in (approver, signed.trained_by))
    if not ours:
        return "the approver has no name; "
    if not theirs:
        return "the ledger does not say who trained it, so that nobody can say whether it was another; "
    return f"{signed.trained_by} trained it, and another must sign; " if ours == theirs else ""


def _named(tags: Mapping[str, str]) -> dict[str, str]:
    """What the run names; empty where it does not."""

    def digest(*names: str) -> str:
        return next((tags[name] for name in names if _DIGEST.fullmatch(tags.get(name, ""))), "")

    return {
        "data": digest("data_digest"),
        "configuration": digest("config_digest"),
        "code": digest("code_digest", "git_commit"),
        "packages": digest("lock_digest") or tags.get("packages", "").strip(),
        "seed": tags.get("seed", "").strip(),
    }


def _contradictions(origin: Origin) -> list[str]:
    """Where two records of one thing differ."""
    pairs = (
        ("what the registry gives out is not the model that was registered", origin.loaded, origin.registered),
        ("its run names other data than the registry", origin.tags.get("data_digest", ""), origin.data_digest),
        ("its run names another configuration", origin.tags.get("config_digest", ""), origin.config_digest),
    )
    told = (
        f"{what}: {one[:_SHOWN]} is not {other[:_SHOWN] or 'named'}"
        for what, one, other in pairs
        if one and one != other
    )
    missing = ["the registry names no model digest"] * (not origin.registered) + ["it has no digest"] * (
        not origin.loaded
    )
    return [*told, *missing]

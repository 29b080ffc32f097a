"""What became of every saboteur, and what that says of the gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pipelines.gates.evidence import Ruling
from pipelines.sabotage.saboteurs import Saboteur


class Verdict(StrEnum):
    """What the gates did, from what should be to what should not."""

    RIGHT = "refused by exactly the gate named"
    FORETOLD = "refused by the gate named, and by one foretold"
    PROMOTED = "promoted, as it should be"
    ABSENT = "does not apply"
    STRICT = "refused by the gate named, and by those that refuse the honest one too"
    BESIDE = "refused by the gate named, and by others"
    CAUGHT = "refused by others; the gate named is not declared"
    OTHERS = "refused by others only; the gate named let it pass"
    TOO_STRICT = "refused, though nothing is wrong with it"
    UNCOVERED = "not covered: these gates would let it pass"
    MISSED = "let pass by the gate named"
    FAILED = "promotion ended with an error"


AS_IT_SHOULD_BE = (Verdict.RIGHT, Verdict.FORETOLD, Verdict.PROMOTED, Verdict.ABSENT)
PASSED = (Verdict.UNCOVERED, Verdict.MISSED)
"""What would be champion now and must not be."""


@dataclass(frozen=True)
class Tried:
    """One saboteur before the gates.

    Parameters
    ----------
    saboteur : Saboteur
        Who stood for promotion.
    rulings : tuple of Ruling
        What every gate said.
    absent : str
        Why there is none of its kind for this task; empty if there was.
    error : str
        What the promotion ended with; empty if it ended.
    strict : tuple of str
        Gates that refuse the honest model too, and so say nothing of a saboteur.
    """

    saboteur: Saboteur
    rulings: tuple[Ruling, ...] = ()
    absent: str = ""
    error: str = ""
    strict: tuple[str, ...] = ()

    @property
    def refused_by(self) -> tuple[str, ...]:
        """The gates that refused it."""
        return tuple(ruling.gate for ruling in self.rulings if not ruling.passed)

    @property
    def verdict(self) -> Verdict:
        """What that says of the gates."""
        if self.absent:
            return Verdict.ABSENT
        if self.error:
            return Verdict.FAILED
        judged = [ruling.gate for ruling in self.rulings]
        found = verdict(self.saboteur.gate, judged, self.refused_by, self.saboteur.also)
        foretold = {*self.saboteur.also, *self.strict, self.saboteur.gate}
        return Verdict.STRICT if found == Verdict.BESIDE and foretold.issuperset(self.refused_by) else found

    @property
    def reason(self) -> str:
        """What the gate named said; else what stands in its place."""
        told = {ruling.gate: ruling.reason for ruling in self.rulings}
        if self.absent or self.error:
            return self.absent or self.error
        if self.saboteur.gate in told:
            return told[self.saboteur.gate]
        return "; ".join(f"{gate}: {told[gate]}" for gate in self.refused_by) or "no gate refused it"


def verdict(named: str, judged: Sequence[str], refused_by: Sequence[str], also: Sequence[str] = ()) -> Verdict:
    """What it says of the gates who refused a saboteur.

    Parameters
    ----------
    named : str
        The gate that must; empty for the honest one, whom none may refuse.
    judged, refused_by : sequence of str
        The gates that ruled, and those that refused.
    also : sequence of str
        Gates that were said beforehand to refuse it perhaps.

    Examples
    --------
    >>> verdict("earns", ["asks_the_same", "earns"], ["earns"]).name
    'RIGHT'
    >>> verdict("fair", ["asks_the_same", "earns"], []).name
    'UNCOVERED'
    """
    if not named:
        return Verdict.TOO_STRICT if refused_by else Verdict.PROMOTED
    if named not in judged:
        return Verdict.CAUGHT if refused_by else Verdict.UNCOVERED
    if named in refused_by:
        others = set(refused_by) - {named}
        return Verdict.RIGHT if not others else Verdict.FORETOLD if others <= set(also) else Verdict.BESIDE
    return Verdict.OTHERS if refused_by else Verdict.MISSED


def beside_the_honest(tried: Sequence[Tried]) -> tuple[Tried, ...]:
    """The same, each knowing which gates refused the honest model: those refuse everybody."""
    strict = tuple(gate for one in tried if not one.saboteur.gate for gate in one.refused_by)
    return tuple(replace(one, strict=strict) for one in tried)

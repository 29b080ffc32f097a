"""The gates of segmentations. A new one is one class and one line in `AnySegmentGate`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from pipelines.core.spec import Spec
from pipelines.gates.evidence import Ruling, fail_closed

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class Steadiness:
    """How much of a segmentation stays when it is fitted again, measured now on one set of rows. All in [-1, 1].

    Parameters
    ----------
    definition : float or None
        Mean adjusted Rand index of refits at neighbouring cutoffs, both asked about the same rows; None where there is
        one cutoff only.
    membership : float or None
        The same of the customers' own segments at the two cutoffs.
    resampled : float
        Mean adjusted Rand index of refits on resampled customers.
    jaccard : tuple of float
        Of each segment, the largest first, how much of it the refits find again, on average.
    """

    definition: float | None
    membership: float | None
    resampled: float
    jaccard: tuple[float, ...]


@dataclass(frozen=True)
class SegmentEvidence:
    """What the gates of a segmentation look at.

    Parameters
    ----------
    structure : str
        Whether there are groups, in words.
    is_structured : bool
        Whether more separates the segments than chance would.
    shares : mapping of int to float
        Of the customers, by id; those in no segment are left out.
    steadiness : Steadiness
        Of the challenger.
    champion : Steadiness or None
        Of the champion's way of segmenting, on the same rows; None if there is no champion.
    n_champion, n_persisted : int
        How many segments the champion has, and how many of them are still there.
    asks_the_same : bool
        Whether it tells the customers of the file apart by the features of the file.
    """

    structure: str
    is_structured: bool
    shares: Mapping[int, float]
    steadiness: Steadiness
    champion: Steadiness | None
    n_champion: int = 0
    n_persisted: int = 0
    asks_the_same: bool = True


class SegmentGate(Spec):
    """One condition for promotion; the spec and its judgement are one class."""

    type: str

    def judge(self, evidence: SegmentEvidence) -> Ruling:
        """Pass or refuse, with a reason that holds the values."""
        raise NotImplementedError

    def ruling(self, passed: bool, reason: str) -> Ruling:
        """A ruling in this gate's name."""
        return Ruling(self.type, bool(passed), reason)


class Stable(SegmentGate):
    """Fitted again, on resampled customers and at the cutoffs before, it draws the same lines.

    Parameters
    ----------
    min_definition, min_resampled : float
        The least mean adjusted Rand index of refits at neighbouring cutoffs, and on resamples.
    min_jaccard : float
        How much of each segment the refits on resamples must find again; Hennig (2007) calls 0.75 stable and 0.5
        dissolved.
    """

    type: Literal["stable"] = "stable"
    min_definition: Share = 0.8
    min_resampled: Share = 0.8
    min_jaccard: Share = 0.6

    def judge(self, evidence: SegmentEvidence) -> Ruling:
        """Refuse if a figure is below, not a number, or if there is one cutoff only."""
        found = evidence.steadiness
        if found.definition is None:
            return self.ruling(passed=False, reason="there is one cutoff only, so nothing is known of a refit later")
        weakest = min(found.jaccard, default=math.nan)
        passed = (
            found.definition >= self.min_definition
            and found.resampled >= self.min_resampled
            and weakest >= self.min_jaccard
        )
        said = (
            f"refits at neighbouring cutoffs agree to {found.definition:.2f} (at least {self.min_definition:g}), on "
            f"resamples to {found.resampled:.2f} (at least {self.min_resampled:g}); of the least stable segment "
            f"{weakest:.2f} is found again (at least {self.min_jaccard:g})"
        )
        return self.ruling(passed, said)


class MembersStay(SegmentGate):
    """Customers are not moved about from one cutoff to the next."""

    type: Literal["members_stay"] = "members_stay"
    min_membership: Share = 0.6

    def judge(self, evidence: SegmentEvidence) -> Ruling:
        """Refuse if too few stay, or if there is one cutoff only."""
        found = evidence.steadiness.membership
        if found is None:
            return self.ruling(passed=False, reason="there is one cutoff only, so nothing is known of who stays")
        said = f"segments of the same customers at neighbouring cutoffs agree to {found:.2f}"
        return self.ruling(found >= self.min_membership, f"{said} (at least {self.min_membership:g})")


class Usable(SegmentGate):
    """Every segment is large enough to be worth a campaign, and there are few enough to know them all."""

    type: Literal["usable"] = "usable"
    smallest_share: Share = 0.05
    most: Annotated[int, Field(ge=2)] = 8

    def judge(self, evidence: SegmentEvidence) -> Ruling:
        """Refuse if one is too small, there are too many, or fewer than two."""
        n_segments, smallest = len(evidence.shares), min(evidence.shares.values(), default=math.nan)
        passed = 2 <= n_segments <= self.most and smallest >= self.smallest_share
        said = f"{n_segments} segments (2 to {self.most}), the smallest {smallest:.1%} of the customers"
        return self.ruling(passed, f"{said} (at least {self.smallest_share:.1%})")


class Separated(SegmentGate):
    """There are groups: more separates them than chance would, not only lines across a continuum."""

    type: Literal["separated"] = "separated"

    def judge(self, evidence: SegmentEvidence) -> Ruling:
        """Refuse slices of a continuum."""
        return self.ruling(evidence.is_structured, evidence.structure)


class NotLessStable(SegmentGate):
    """No less stable than the champion's way of segmenting, refitted now on the same rows.

    Parameters
    ----------
    margin : float
        How much lower the adjusted Rand index of refits may be.
    """

    type: Literal["not_less_stable"] = "not_less_stable"
    margin: Share = 0.05

    def judge(self, evidence: SegmentEvidence) -> Ruling:
        """Refuse if it is; pass if there is no champion."""
        ours, theirs = evidence.steadiness, evidence.champion
        if theirs is None:
            return self.ruling(passed=True, reason="there is no champion yet")
        pairs = {"on resamples": (ours.resampled, theirs.resampled)}
        if theirs.definition is not None and ours.definition is not None:
            pairs["at neighbouring cutoffs"] = (ours.definition, theirs.definition)
        passed = all(one >= other - self.margin for one, other in pairs.values())
        said = ", ".join(f"{what} {one:.2f} (champion {other:.2f})" for what, (one, other) in pairs.items())
        return self.ruling(passed, f"refits agree {said}; at most {self.margin:g} lower")


class KeepsSegments(SegmentGate):
    """Most of the champion's segments are still there: who works with them need not learn new ones."""

    type: Literal["keeps_segments"] = "keeps_segments"
    min_share: Share = 0.5

    def judge(self, evidence: SegmentEvidence) -> Ruling:
        """Refuse if too few persisted; pass if there is no champion."""
        if not evidence.n_champion:
            return self.ruling(passed=True, reason="there is no champion yet")
        share = evidence.n_persisted / evidence.n_champion
        said = f"{evidence.n_persisted} of the champion's {evidence.n_champion} segments persist"
        return self.ruling(share >= self.min_share, f"{said} (at least {self.min_share:.0%})")


class AsksTheSame(SegmentGate):
    """It is the segmentation that the file asks for: same source, population and features.

    Judged always, declared or not: otherwise an override would put another segmentation into its place.
    """

    type: Literal["asks_the_same"] = "asks_the_same"

    def judge(self, evidence: SegmentEvidence) -> Ruling:
        """Refuse one that was made for something else."""
        if evidence.asks_the_same:
            return self.ruling(passed=True, reason="made as the file stands")
        said = "made with another source, population or features than the file has"
        return self.ruling(passed=False, reason=f"{said}; run without that override, or change the file")


AnySegmentGate = Annotated[
    Stable | MembersStay | Usable | Separated | NotLessStable | KeepsSegments, Field(discriminator="type")
]


def judge_segments(gates: Sequence[AnySegmentGate], evidence: SegmentEvidence) -> tuple[Ruling, ...]:
    """Every gate's ruling; one that errors refuses, and so does an empty list."""
    if not gates:
        return (Ruling("gates", passed=False, reason="the segmentation declares no gates"),)
    return tuple(fail_closed(gate.judge, gate.ruling, evidence) for gate in (AsksTheSame(), *gates))

"""Segmentations that must be refused, each by the gate that is there for it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from pipelines.gates.segment_gates import (
    KeepsSegments,
    MembersStay,
    NotLessStable,
    SegmentEvidence,
    Separated,
    Stable,
    Steadiness,
    Usable,
    judge_segments,
)

GOOD = Steadiness(definition=0.95, membership=0.85, resampled=0.92, jaccard=(0.9, 0.8))
EVIDENCE = SegmentEvidence("There are groups.", True, {1: 0.6, 2: 0.4}, GOOD, None)
EVERY = (Stable(), MembersStay(), Usable(), Separated(), NotLessStable(), KeepsSegments())


def steady(**changes):
    return replace(EVIDENCE, steadiness=replace(GOOD, **changes))


def refused_by(evidence):
    return [ruling.gate for ruling in judge_segments(EVERY, evidence) if not ruling.passed]


def test_a_good_first_segmentation_passes_every_gate():
    assert refused_by(EVIDENCE) == []


@pytest.mark.parametrize(
    ("evidence", "gates"),
    [
        (steady(definition=0.7), ["stable"]),
        (steady(resampled=0.7), ["stable"]),
        (steady(jaccard=(0.9, 0.5)), ["stable"]),
        (steady(jaccard=()), ["stable"]),
        (steady(resampled=math.nan), ["stable"]),
        (steady(definition=None, membership=None), ["stable", "members_stay"]),
        (steady(membership=0.5), ["members_stay"]),
        (replace(EVIDENCE, shares={1: 0.97, 2: 0.03}), ["usable"]),
        (replace(EVIDENCE, shares={1: 1.0}), ["usable"]),
        (replace(EVIDENCE, shares={}), ["usable"]),
        (replace(EVIDENCE, shares=dict.fromkeys(range(1, 11), 0.1)), ["usable"]),
        (replace(EVIDENCE, is_structured=False), ["separated"]),
        (replace(EVIDENCE, champion=replace(GOOD, resampled=0.99)), ["not_less_stable"]),
        (replace(EVIDENCE, champion=replace(GOOD, resampled=math.nan)), ["not_less_stable"]),
        (replace(EVIDENCE, n_champion=4, n_persisted=1), ["keeps_segments"]),
        (replace(EVIDENCE, asks_the_same=False), ["asks_the_same"]),
    ],
)
def test_a_segmentation_is_refused_for_what_is_wrong_with_it_and_nothing_else(evidence, gates):
    assert refused_by(evidence) == gates


def test_every_reason_holds_its_values():
    said = {ruling.gate: ruling.reason for ruling in judge_segments(EVERY, replace(EVIDENCE, champion=GOOD))}

    assert "agree to 0.95 (at least 0.8)" in said["stable"]
    assert said["usable"] == "2 segments (2 to 8), the smallest 40.0% of the customers (at least 5.0%)"
    assert "on resamples 0.92 (champion 0.92), at neighbouring cutoffs 0.95 (champion 0.95)" in said["not_less_stable"]


def test_a_gate_that_errors_refuses_and_says_what_went_wrong():
    broken = replace(EVIDENCE, shares=None)

    rulings = {ruling.gate: ruling for ruling in judge_segments(EVERY, broken)}

    assert not rulings["usable"].passed
    assert rulings["usable"].reason == "could not be judged: TypeError"
    assert rulings["stable"].passed


def test_no_gates_at_all_promote_nothing():
    assert [ruling.passed for ruling in judge_segments((), EVIDENCE)] == [False]

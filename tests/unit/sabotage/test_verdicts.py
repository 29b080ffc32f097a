"""What a refusal says of the gates depends on who was named beforehand."""

from __future__ import annotations

import pytest

from pipelines.gates.evidence import Ruling
from pipelines.sabotage.saboteurs import SABOTEURS
from pipelines.sabotage.verdicts import AS_IT_SHOULD_BE, Tried, Verdict, beside_the_honest, verdict

JUDGED = ("asks_the_same", "earns", "fair")
CONSTANT = SABOTEURS[0]


@pytest.mark.parametrize(
    ("named", "refused_by", "expected"),
    [
        ("earns", ("earns",), Verdict.RIGHT),
        ("earns", ("earns", "fair"), Verdict.BESIDE),
        ("earns", ("fair",), Verdict.OTHERS),
        ("earns", (), Verdict.MISSED),
        ("additive", (), Verdict.UNCOVERED),
        ("additive", ("fair",), Verdict.CAUGHT),
        ("", (), Verdict.PROMOTED),
        ("", ("fair",), Verdict.TOO_STRICT),
    ],
)
def test_a_verdict_depends_on_the_gate_that_was_named(named, refused_by, expected):
    assert verdict(named, JUDGED, refused_by) == expected


def test_what_was_foretold_may_refuse_too_but_not_instead():
    assert verdict("earns", JUDGED, ("earns", "fair"), also=("fair",)) == Verdict.FORETOLD
    assert verdict("earns", JUDGED, ("asks_the_same", "earns", "fair"), also=("fair",)) == Verdict.BESIDE
    assert verdict("earns", JUDGED, ("fair",), also=("fair",)) == Verdict.OTHERS


def test_only_exact_refusals_and_the_promoted_honest_one_are_as_they_should_be():
    assert set(AS_IT_SHOULD_BE) == {Verdict.RIGHT, Verdict.FORETOLD, Verdict.PROMOTED, Verdict.ABSENT}


def test_the_reason_is_that_of_the_gate_that_was_named():
    rulings = (Ruling("beats_baselines", False, "ranks nobody"), Ruling("earns", False, "contacts nobody"))

    assert Tried(CONSTANT, rulings).reason == "ranks nobody"
    assert Tried(CONSTANT, rulings).verdict == Verdict.BESIDE


def test_without_the_gate_the_reasons_are_those_of_the_others():
    assert Tried(CONSTANT, (Ruling("earns", False, "contacts nobody"),)).reason == "earns: contacts nobody"
    assert Tried(CONSTANT, (Ruling("earns", True, "fine"),)).reason == "no gate refused it"


def test_gates_that_refuse_the_honest_one_say_nothing_of_a_saboteur():
    honest = next(one for one in SABOTEURS if not one.gate)
    refused = {gate: Ruling(gate, False, "too strict") for gate in ("beats_baselines", "calibrated", "earns")}
    found = beside_the_honest(
        [
            Tried(CONSTANT, (refused["beats_baselines"], refused["calibrated"])),
            Tried(CONSTANT, (refused["beats_baselines"], refused["earns"])),
            Tried(honest, (refused["calibrated"],)),
        ]
    )

    assert [one.verdict for one in found] == [Verdict.STRICT, Verdict.BESIDE, Verdict.TOO_STRICT]


def test_who_could_not_be_made_does_not_count_and_an_error_does():
    assert Tried(CONSTANT, absent="rows have no time").verdict == Verdict.ABSENT
    assert Tried(CONSTANT, error="the store is gone").verdict == Verdict.FAILED

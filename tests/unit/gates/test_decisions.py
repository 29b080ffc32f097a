"""Gates of what is done with scores: decisions that earn nothing, or fall on one group."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from pipelines.core.intervals import Interval
from pipelines.evaluation.decisions import Worth
from pipelines.fairness.findings import Finding, Group, Outcome
from pipelines.gates.gates import Earns, Fair
from support.evidence import GOOD, findings_of, said

RIGHT = Interval(0.3, 0.25, 0.35)
EARNED = Interval(1.0, 0.5, 1.5)


def decided(n_contacted=100, richer=RIGHT, **money):
    return replace(GOOD, decided=Worth(1_000, n_contacted, 0.12, richer, **money))


@pytest.mark.parametrize(("n", "told"), [(0, "contacts nobody: 0 of"), (1_000, "contacts everybody: 1,000 of")])
def test_contacting_nobody_or_everybody_needs_no_model(n, told):
    passed, reason = said(Earns(), decided(n))

    assert not passed
    assert reason == f"{told} 1,000 rows"


def test_the_contacted_must_be_the_right_ones():
    passed, reason = said(Earns(), decided(richer=Interval(0.02, 0.0, 0.04)))

    assert not passed
    assert reason.startswith("does not clearly contact the right ones: share of positives 0.140 among 100 contacted")


def test_without_costs_the_profit_is_not_asked_for():
    assert said(Earns(), decided()) == (
        True,
        "contacts the right ones: share of positives 0.420 among 100 contacted of 1,000 against 0.120: "
        "+0.3000 [+0.2500, +0.3500]; the policy states no costs",
    )


@pytest.mark.parametrize(
    ("money", "passed", "told"),
    [
        ({"profit": EARNED}, True, "contacts the right ones"),
        ({"profit": Interval(0.1, 0.0, 0.2)}, False, "does not clearly earn more than contacting nobody"),
        ({"profit": EARNED, "over_everybody": Interval(-0.1, -0.3, 0.1)}, True, "contacts the right ones"),
        ({"profit": EARNED, "over_everybody": Interval(-0.2, -0.3, -0.1)}, False, "earns less than contacting every"),
        ({"profit": EARNED, "over_champion": Interval(-0.2, -0.3, -0.1)}, False, "earns less than the champion"),
        ({"profit": EARNED, "over_champion": Interval(-0.01, -0.3, 0.2)}, True, "contacts the right ones"),
    ],
)
def test_with_costs_it_must_earn_and_not_less_than_what_is_simpler(money, passed, told):
    found = said(Earns(), decided(**money))

    assert found[0] is passed
    assert found[1].startswith(told)
    assert "profit per row" in found[1]


def test_a_margin_allows_for_so_much_less_than_the_champion():
    less = decided(profit=EARNED, over_champion=Interval(-0.2, -0.3, -0.1))

    assert said(Earns(margin=0.15), less)[0]
    assert not said(Earns(margin=0.15, inconclusive="refuses"), less)[0]
    assert said(Earns(margin=0.31, inconclusive="refuses"), less)[0]


def test_what_is_within_is_counted():
    assert said(Fair(), GOOD) == (True, "5 findings of age: 5 within")


def test_a_finding_outside_refuses_with_the_column_the_value_and_the_limit():
    passed, reason = said(Fair(), replace(GOOD, columns=(findings_of(demographic_parity_ratio="outside"),)))

    assert not passed
    assert reason.startswith("outside: age.demographic_parity_ratio 0.020 [0.010, 0.050], limit 0.1; 5 findings")


@pytest.mark.parametrize(("inconclusive", "passed"), [("passes", True), ("refuses", False)])
@pytest.mark.parametrize("outcome", ["inconclusive", "not_measured"])
def test_what_is_not_decided_passes_or_refuses_by_declaration(inconclusive, passed, outcome):
    columns = (findings_of(equalized_odds_ratio=outcome),)
    found = said(Fair(inconclusive=inconclusive), replace(GOOD, columns=columns))

    assert found[0] is passed
    assert f"not decided ({inconclusive}): age.equalized_odds_ratio" in found[1]


@pytest.mark.parametrize(("inconclusive", "passed"), [("passes", True), ("refuses", False)])
def test_a_task_without_sensitive_columns_has_nothing_to_compare(inconclusive, passed):
    found = said(Fair(inconclusive=inconclusive), replace(GOOD, columns=()))

    assert found == (passed, "the task names no sensitive column: nothing was compared")


@pytest.mark.parametrize("ignore", ["demographic_parity_ratio", "age.demographic_parity_ratio"])
def test_a_finding_that_is_not_gated_on_does_not_refuse(ignore):
    columns = (findings_of(demographic_parity_ratio="outside"),)
    found = said(Fair(ignore=(ignore,)), replace(GOOD, columns=columns))

    assert found == (True, "4 findings of age: 4 within; 1 are not gated on")


def test_another_columns_finding_still_refuses():
    columns = (findings_of("age"), findings_of("income", demographic_parity_ratio="outside"))
    passed, reason = said(Fair(ignore=("age.demographic_parity_ratio",)), replace(GOOD, columns=columns))

    assert not passed
    assert reason.startswith("outside: income.demographic_parity_ratio")


def test_ignoring_everything_is_not_a_way_to_pass_where_nothing_may_be_open():
    names = tuple(one.measure for one in findings_of().findings)

    assert not said(Fair(ignore=names, inconclusive="refuses"), GOOD)[0]


def test_a_finding_that_does_not_exist_is_refused_when_the_file_is_read():
    with pytest.raises(ValidationError, match="Did you mean 'demographic_parity_ratio'"):
        Fair(ignore=("demographic_parity_rato",))


def test_a_column_that_does_not_exist_refuses():
    passed, reason = said(Fair(ignore=("agee.demographic_parity_ratio",)), GOOD)

    assert not passed
    assert "names the column 'agee'. Did you mean 'age'?" in reason


def unknown_differ(known):
    """The unknown lie outside; without them it is as given."""
    value = Interval(0.5, 0.4, 0.6)
    groups = tuple(Group(name, 400, 100, True, {}) for name in ("old", "young", "unknown"))
    one = Finding("demographic_parity_difference", value, 0.1, Outcome.OUTSIDE, known=known)
    return replace(GOOD, columns=(replace(findings_of(), groups=groups, findings=(one,)),))


def test_the_unknown_are_a_group_like_any_other_unless_they_are_left_out():
    within = Finding("demographic_parity_difference", Interval(0.02, 0.0, 0.05), 0.1, Outcome.WITHIN)

    assert not said(Fair(), unknown_differ(within))[0]
    assert said(Fair(unknown="left_out"), unknown_differ(within)) == (
        True,
        "1 findings of age without the unknown: 1 within",
    )


def test_nothing_is_left_to_compare_without_the_unknown():
    assert said(Fair(unknown="left_out"), unknown_differ(None))[0]
    assert not said(Fair(unknown="left_out", inconclusive="refuses"), unknown_differ(None))[0]

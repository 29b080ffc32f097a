"""Every kind of rule finds whom an independent computation finds, and nothing at or after the cutoff."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.windows import DAY, Window, day_moment
from pipelines.segments.rules.any_rule import RULES
from pipelines.segments.rules.compute import members, sizes_over_time
from pipelines.segments.rules.spec import Cadence, RuleSegments
from support import strategies
from support.events import event, events_table, products_table
from support.rule_oracle import AGES, SEGMENTS, expected, random_log
from support.tables import MemoryLake, memory_lake

FEW = settings(max_examples=8)  # an example is a query or two with thirteen rules each


def spec(segments: dict[str, dict[str, Any]] | None = None, **more: Any) -> RuleSegments:
    """Rules of the shop in memory; by default all of the oracle's."""
    given = SEGMENTS if segments is None else segments
    said = {name: {"title": name, "says": f"Who is {name}.", **rule} for name, rule in given.items()}
    content = {"kind": "rules", "name": "micro", "title": "Micro", "source": "shop", "segments": said, **more}
    return RuleSegments.read(content, "micro")


def lake_of(log: list[dict[str, Any]], **tables: Any) -> MemoryLake:
    customers = pd.DataFrame({"customer_id": list(AGES), "age": list(AGES.values())})
    return memory_lake(events_table(log), customers, **tables)


def found(log: list[dict[str, Any]], cutoff: datetime, rules: RuleSegments | None = None) -> dict[str, set[str]]:
    """Members by segment."""
    rows = members(rules or spec(), lake_of(log), cutoff)
    inside = {name: set(rows.customer_id[rows[name]]) for name in rows.columns[1:]}
    return {**inside, "known": set(rows.customer_id)}


def only(rule: dict[str, Any], log: list[dict[str, Any]], day: float) -> set[str]:
    """Members of one rule at a day."""
    return found(log, day_moment(0) + day * DAY, spec({"it": rule}))["it"]


def test_the_oracle_knows_every_kind_of_rule():
    assert {rule["type"] for rule in SEGMENTS.values()} == {kind.model_fields["type"].default for kind in RULES}


@FEW
@given(strategies.events(), st.integers(4, 90).map(lambda quarter: day_moment(0) + quarter / 4 * DAY))
def test_rules_find_whom_the_oracle_finds(log, cutoff):
    assert found(log, cutoff) == expected(log, cutoff)


def test_rules_find_whom_the_oracle_finds_in_longer_logs():
    cutoff, inside = day_moment(30) + timedelta(hours=7), set()
    for seed, n_events in ((2, 150), (5, 400)):
        log = random_log(seed, n_events)
        whom = expected(log, cutoff)
        inside |= {name for name, members in whom.items() if 0 < len(members) < len(whom["known"])}

        assert found(log, cutoff) == whom
    rarely = {"ranked_r2f2m1"}  # bought late and often, for little
    assert inside >= {*spec().said} - rarely, "every rule divides the customers of some log"


@FEW
@given(strategies.events(), strategies.events(), st.randoms())
def test_what_happens_at_or_after_the_cutoff_and_the_order_of_rows_change_nothing(log, future, shuffled):
    cutoff = day_moment(10)
    past = [row for row in log if row["event_time"] < cutoff.replace(tzinfo=None)]
    later = [{**row, "event_time": row["event_time"] + 10 * DAY} for row in future]
    mixed = [*past, *later]
    shuffled.shuffle(mixed)

    assert found(mixed, cutoff) == found(past, cutoff)


@pytest.mark.parametrize("seed", range(3))
def test_sizes_of_all_cutoffs_at_once_are_those_of_each_alone(seed):
    log = random_log(seed, n_events=300)
    rules = spec(cutoffs={"weekday": "thursday", "every": "P7D", "n_cutoffs": 3})

    sizes = sizes_over_time(rules, lake_of(log), day_moment(20))

    assert sorted(set(sizes.cutoff)) == [day_moment(7), day_moment(14)]
    for cutoff, at in sizes.groupby("cutoff"):
        alone = expected(log, cutoff)
        assert dict(zip(at.segment, at.n_members, strict=True)) == {name: len(alone[name]) for name in rules.said}
        assert set(at.n_known) == {len(alone["known"])}
        np.testing.assert_allclose(at.share, at.n_members / at.n_known)


CART = {
    "type": "sequence",
    "first": "event_type = 'add_to_cart'",
    "absent": "event_type = 'purchase'",
    "within": "PT24H",
    "last": "P7D",
}


@pytest.mark.parametrize(
    ("bought", "day", "is_member"),
    [
        (None, 3.9, False),  # the 24 hours are not over yet
        (None, 4.0, True),
        (None, 10.0, True),  # exactly seven days ago
        (None, 10.001, False),
        (3.0, 5.0, False),  # at the same moment
        (3.9, 5.0, False),
        (4.0, 5.0, True),  # a day later is too late
    ],
)
def test_a_cart_is_abandoned_once_a_day_has_passed_without_a_purchase(bought, day, is_member):
    log = [event("a", 3.0, None, event_type="add_to_cart")]
    log += [] if bought is None else [event("a", bought)]

    assert (only(CART, log, day) == {"a"}) == is_member


def test_lines_of_one_order_do_not_follow_each_other():
    rule = {"type": "sequence", "first": "event_type = 'purchase'", "then": "event_type = 'purchase'", "within": "P9D"}

    assert only(rule, [event("a", 3.0), event("a", 3.0)], 5) == set()
    assert only(rule, [event("a", 3.0), event("a", 3.5)], 5) == {"a"}


def test_a_session_that_may_still_go_on_is_not_judged():
    rule = {"type": "sessions", "condition": "COUNT(*) > 1", "last": "P7D"}
    log = [event("a", day, None, event_type="view", session_id="s") for day in (2.0, 2.01)]

    assert only(rule, log, 2.01 + 29 / 1440) == set()
    assert only(rule, log, 2.01 + 31 / 1440) == {"a"}


def test_a_session_counts_from_when_it_began():
    rule = {"type": "sessions", "condition": "COUNT(*) FILTER (WHERE event_type = 'purchase') = 0", "last": "P7D"}
    log = [event("a", 2.99, session_id="s"), event("a", 3.01, None, event_type="view", session_id="s")]

    assert only(rule, log, 10) == set()


def test_so_many_sessions_are_asked_for():
    rule = {"type": "sessions", "condition": "COUNT(*) > 0", "last": "P7D", "at_least": 2}
    log = [event("a", 2.0, session_id="s"), event("b", 2.0, session_id="t"), event("b", 3.0, session_id="u")]

    assert only(rule, log, 5) == {"b"}


def test_days_ago_are_exact_to_the_microsecond():
    rule = {"type": "events", "condition": "COUNT(*) FILTER (WHERE days_ago <= 7) > 0"}
    late = day_moment(3).replace(tzinfo=None)
    log = [
        {**event("in", 0), "event_time": late},
        {**event("out", 0), "event_time": late - timedelta(microseconds=1)},
    ]

    assert only(rule, log, 10) == {"in"}


def test_a_sum_of_nothing_is_null_and_a_count_of_nothing_is_zero():
    log = [event("a", 2.0, None, event_type="view")]
    spent = "SUM(amount) FILTER (WHERE event_type = 'purchase')"

    assert only({"type": "events", "condition": f"{spent} < 10"}, log, 5) == set()
    assert only({"type": "events", "condition": f"COALESCE({spent}, 0) < 10"}, log, 5) == {"a"}
    assert only({"type": "events", "condition": "COUNT(*) FILTER (WHERE event_type = 'purchase') < 1"}, log, 5) == {"a"}


def test_columns_of_products_can_be_asked_for():
    log = [event("a", 2.0, product_id="p1"), event("b", 2.0, product_id="p2"), event("c", 2.0, product_id="p3")]
    products = products_table(product_id=["p1", "p2"], brand=["acme", "other"])
    rules = spec({"it": {"type": "events", "condition": "COUNT(*) FILTER (WHERE brand = 'acme') > 0"}})

    rows = members(rules, lake_of(log, products=products), day_moment(5))

    assert rows.it.tolist() == [True, False, False]


def test_customers_are_known_from_their_first_event_on_and_in_order():
    log = [event("b", 2.0), event("a", 3.0), event("z", 5.0)]
    rows = members(spec({"it": {"type": "customers", "customers": "age >= 25"}}), lake_of(log), day_moment(5))

    assert rows.to_dict("list") == {"customer_id": ["a", "b"], "it": [False, True]}


def test_a_log_without_order_ids_has_one_order_a_day():
    log = [event("a", 2.0), event("a", 2.5), event("b", 2.0), event("b", 3.0)]
    lake = memory_lake(events_table(log).drop("order_id"), pd.DataFrame({"customer_id": ["a"], "age": ["1"]}))
    rules = spec({"it": {"type": "rfm", "frequency": [2], "recency": [9], "money": [1], "cells": {
        "twice": {"title": "t", "says": "t", "condition": "frequency = 2"}}}})  # fmt: skip

    assert members(rules, lake, day_moment(5)).it_twice.tolist() == [False, True]


def test_cutoffs_are_the_latest_ones_that_lie_so_far_apart():
    found = Cadence(every="P14D", n_cutoffs=2).within(Window(day_moment(0), day_moment(40)))

    assert [f"{day:%a %d}" for day in found] == ["Mon 26", "Mon 09"]


def test_a_span_without_a_cutoff_is_refused():
    with pytest.raises(
        NotEnoughDataError, match=r"\[1970-01-01, 1970-01-04\) holds no monday after a history of 1 days"
    ):
        Cadence().within(Window(day_moment(0), day_moment(3)))

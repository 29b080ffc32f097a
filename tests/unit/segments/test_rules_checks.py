"""Rules that are wrong, or that a source cannot answer, are refused with every place and the nearest name."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from pipelines.core.errors import ConfigError
from pipelines.core.windows import day_moment
from pipelines.segments.rules.compute import members
from pipelines.segments.rules.spec import RuleSegments
from pipelines.tables.manifest import ColumnManifest
from support.events import event, events_table, products_table
from support.tables import MemoryLake, memory_lake


def spec(segments: dict[str, dict[str, Any]], **more: Any) -> RuleSegments:
    said = {name: {"title": name, "says": f"Who is {name}.", **rule} for name, rule in segments.items()}
    content = {"kind": "rules", "name": "micro", "title": "Micro", "source": "shop", "segments": said, **more}
    return RuleSegments.read(content, "conf/segments/micro.yaml")


def lake(**tables: Any) -> MemoryLake:
    log = [event("a", 1.0, device="mobile"), event("b", 2.0, event_type="gift")]
    customers = pd.DataFrame({"customer_id": ["a"], "age": ["30"], "region": ["north"]})
    return memory_lake(events_table(log), customers, sensitive=("age", "region"), **tables)


def counting(where: str) -> dict[str, Any]:
    return {"type": "events", "condition": f"COUNT(*) FILTER (WHERE {where}) > 5"}


def refusal(segments: dict[str, dict[str, Any]], **more: Any) -> list[str]:
    """The problems of rules that cannot be answered."""
    with pytest.raises(ConfigError) as refused:
        members(spec(segments, **more), lake(), day_moment(5))
    return [line.removeprefix("  - ") for line in refused.value.what.splitlines()[1:]]


def test_all_problems_of_a_file_are_shown_at_once_with_their_places():
    with pytest.raises(ConfigError) as refused:
        spec(
            {
                "a": {"type": "events", "condition": "COUNT(*) > 5 AND ("},
                "b": {"type": "events", "condition": "CONUT(*) > 5"},
                "c": {"type": "sequence", "first": "event_type = 'view'", "within": "PT24H"},
                "d": {"type": "sequence", "first": "TRUE", "then": "TRUE", "within": "PT0S"},
                "e": {"type": "sessions", "condition": "COUNT(*) > 5", "lst": "P7D"},
                "f": {"type": "rfm", "money": [30, 10]},
                "g": {
                    "type": "rfm",
                    "cells": {"x": {"title": "x", "says": "x", "condition": "recency > 1 OR frq > 2"}},
                },
                "h": {"type": "sessions", "condition": "COUNT(*) > 5", "last": "P7D", "ended": "P1D"},
            },
            cutoffs={"every": "P10D"},
        )

    said = str(refused.value)
    for one in (
        "segments.a.events.condition: 'COUNT(*) > 5 AND (' is not an expression: at character 18",
        "segments.b.events.condition: at character 1: 'CONUT(*)' is not supported",
        "segments.c.sequence: say what follows under 'then', or what does not under 'absent'",
        "segments.d.sequence.within: must be a duration of a second or more, such as PT24H",
        "segments.e.sessions.lst: no such field. Did you mean 'last'?",
        "edges must be positive and ascend, got 30, 10",
        "segments.g.rfm.cells.x.condition: at character 16: no column 'frq'; the table has recency, frequency, money",
        "segments.h.sessions.ended: must be shorter than a day, such as PT30M",
        "cutoffs.every: must be whole weeks such as P28D",
    ):
        assert one in said


def test_two_segments_of_one_name_are_refused():
    cells = {"x": {"title": "x", "says": "x", "condition": "recency > 1"}}

    with pytest.raises(ConfigError, match="two rules make a segment of one name, a_x"):
        spec({"a": {"type": "rfm", "cells": cells}, "a_x": {"type": "customers", "customers": "age > 3"}})


def test_unknown_columns_come_with_their_place_the_known_ones_and_the_nearest():
    problems = refusal(
        {
            "a": counting("sesion_id IS NULL"),
            "b": {"type": "customers", "customers": "TRUE AND ag > 3"},
            "c": {"type": "sequence", "first": "TRUE", "then": "days_ago > 3", "within": "P1D", "same": "produkt_id"},
        }
    )

    listed = (
        "customer_id, event_time, event_type, order_id, session_id, product_id, quantity, amount, discount, device, "
    )
    assert problems == [
        f"segments.a.condition: at character 24: no column 'sesion_id'; events has {listed}category, days_ago, "
        "hours_ago. Did you mean 'session_id'?",
        "segments.b.customers: at character 10: no column 'ag'; customers has customer_id, age, region. "
        "Did you mean 'age'?",
        f"segments.c.then: at character 1: no column 'days_ago'; events has {listed}category.",
        f"segments.c.same: at character 1: no column 'produkt_id'; events has {listed}category. "
        "Did you mean 'product_id'?",
    ]


def test_sensitive_columns_are_read_only_if_the_file_says_so():
    rules = {"a": {"type": "customers", "customers": "age > 3 AND region = 'north'"}}

    assert refusal(rules, sensitive=["age"]) == [
        "segments.a.customers: at character 13: 'region' has the role sensitive; rules read it only if the file says "
        "so: sensitive: [region]"
    ]
    assert members(spec(rules, sensitive=["age", "region"]), lake(), day_moment(5)).a.tolist() == [True, False]


def test_what_is_known_as_of_today_only_is_read_only_if_the_file_says_so():
    rules = {"a": counting("brand = 'acme'")}
    shop = lake(products=products_table(product_id=["p1"], brand=["acme"]))
    columns = shop.known.tables["products"].columns
    columns["brand"] = ColumnManifest(**{**columns["brand"].model_dump(), "as_of_today": True})

    with pytest.raises(
        ConfigError, match=r"at character 24: 'brand' is known as of today only.*as_of_today: \[brand\]"
    ):
        members(spec(rules), shop, day_moment(5))
    assert not members(spec(rules, as_of_today=["brand"]), shop, day_moment(5)).a.any()


def test_event_types_are_those_of_the_contract_and_of_the_log():
    assert refusal({"a": counting("event_type IN ('veiw', 'search', 'gift')")}) == [
        "segments.a.condition: at character 39: no event is of the type 'veiw'. Known: view, page_view, search, "
        "add_to_cart, remove_from_cart, purchase, return, gift. Did you mean 'view'?"
    ]


def test_types_that_cannot_stand_together_are_refused():
    problems = refusal(
        {
            "a": counting("amount > 'much'"),
            "b": counting("event_time > 5"),
            "c": counting("device > 5"),
            "d": {"type": "events", "condition": "SUM(event_time) > 5"},
        }
    )

    assert problems == [
        "segments.a.condition: at character 24: 'much' stands where a number is needed",
        "segments.b.condition: at character 24: a time and a whole number cannot stand together; use CAST",
        "segments.c.condition: at character 33: 'device' is text, and none of it can be read as a number",
        "segments.d.condition: at character 5: a time cannot be summed; count rows instead: COUNT(*) FILTER (WHERE …)",
    ]


def test_a_source_without_customers_cannot_say_how_old_they_are():
    shop = lake()
    del shop.known.tables["customers"]

    with pytest.raises(ConfigError, match="segments.a.customers: the source has no table 'customers'"):
        members(spec({"a": {"type": "customers", "customers": "age > 3"}}), shop, day_moment(5))


def test_a_source_without_sessions_or_money_is_told_which_columns_are_missing():
    log = events_table([event("a", 1.0)]).drop("session_id", "amount")
    shop = memory_lake(log, pd.DataFrame({"customer_id": ["a"]}))
    rules = {"a": {"type": "sessions", "condition": "COUNT(*) > 5", "last": "P7D"}, "b": {"type": "rfm"}}

    with pytest.raises(ConfigError, match=r"(?s)segments.a.type: .*'session_id'.*segments.b.type: .*'amount'"):
        members(spec(rules), shop, day_moment(5))

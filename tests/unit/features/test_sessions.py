from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.features.sessions import session_features, session_rows
from support.events import event, events_table

MINUTE = 1 / (24 * 60)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def described(rows, anchors=(1, 3), gap=None, within=DAY):
    found = DuckDBEngine().columns(session_rows(events_table(rows), anchors, gap, within))
    return pd.DataFrame(found)


def visit(customer, session, start, kinds):
    """Events a minute apart."""
    return [
        event(
            customer,
            start + place * MINUTE,
            "10.00" if kind == "purchase" else None,
            event_type=kind,
            session_id=session,
            product_id=f"p{place % 2}",
        )
        for place, kind in enumerate(kinds)
    ]


FIRST = visit("a", "s1", 3.5, ["view", "add_to_cart", "view", "purchase", "view"])
SECOND = visit("a", "s2", 10.5, ["view", "search", "view"])


def test_a_session_is_described_at_its_anchors_by_what_happened_until_then():
    found = described([*FIRST, *SECOND]).set_index(["session", "n_events"])

    assert found.index.tolist() == [("s1", 1), ("s1", 3), ("s2", 1), ("s2", 3)]
    assert found["n_views"].tolist() == [1, 2, 1, 2]
    assert found["n_carted"].tolist() == [0, 1, 0, 0]
    assert found["n_products"].tolist() == [1, 2, 1, 2]
    assert found["seconds"].tolist() == [0, 120, 0, 120]
    assert found["seconds_since_last_event"].fillna(-1).tolist() == [-1, 60, -1, 60]
    assert found["ends_in_purchase"].tolist() == [True, True, False, False]


def test_what_was_before_the_session_is_known():
    found = described([*FIRST, *SECOND]).set_index(["session", "n_events"])

    assert found["n_sessions_before"].tolist() == [0, 0, 1, 1]
    assert found["n_purchases_before"].tolist() == [0, 0, 1, 1]
    assert found["days_since_last_purchase"].round(3).fillna(-1).tolist() == [-1, -1, 6.998, 6.999]
    assert found["days_since_last_session"].round(3).fillna(-1).tolist() == [-1, -1, 6.997, 6.997]


def test_hour_and_weekday_are_those_of_the_moment():
    found = described(visit("a", "s1", 3.5, ["view"])).iloc[0]

    assert (found["hour"], found["weekday"]) == (12, 6)  # 1970-01-04 was a Sunday


def test_after_a_purchase_there_is_nothing_left_to_predict():
    assert described(FIRST, anchors=(4, 5)).empty


def test_purchase_without_an_amount_is_none():
    rows = [
        *visit("a", "s1", 3.5, ["view"]),
        event("a", 3.5 + MINUTE, "0.00", event_type="purchase", session_id="s1", product_id="p1"),
    ]

    assert described(rows, anchors=(1, 2))["ends_in_purchase"].tolist() == [False, False]


def test_a_purchase_after_the_horizon_does_not_count():
    rows = visit("a", "s1", 3.5, ["view"]) + visit("a", "s1", 3.5 + 2 / 24, ["purchase"])

    assert described(rows, within=HOUR)["ends_in_purchase"].tolist() == [False]
    assert described(rows, within=3 * HOUR)["ends_in_purchase"].tolist() == [True]


def test_a_purchase_of_another_session_or_customer_does_not_count():
    rows = visit("a", "s1", 3.5, ["view"]) + visit("a", "s2", 3.6, ["purchase"]) + visit("b", "s1", 3.6, ["purchase"])
    found = described(rows)

    assert found[["customer_id", "ends_in_purchase"]].to_numpy().tolist() == [["a", False]]


def test_silence_ends_a_session_where_the_source_has_none():
    rows = [{**row, "session_id": None} for row in [*FIRST[:3], *SECOND]]
    found = described(rows, gap=timedelta(minutes=30))

    assert found[["n_events", "session"]].to_numpy().tolist() == [[1, "1"], [3, "1"], [1, "2"], [3, "2"]]
    assert described(rows, anchors=(2, 6), gap=timedelta(days=30))["n_events"].tolist() == [2, 6]


def test_events_without_a_session_are_left_out():
    assert described([{**row, "session_id": None} for row in FIRST]).empty


def test_names_are_those_of_the_features():
    names = [feature.name for feature in session_features()]

    assert described(FIRST).columns.tolist() == ["customer_id", "session", "moment", *names, "ends_in_purchase"]


KINDS = st.lists(st.sampled_from(["view", "search", "add_to_cart", "purchase"]), min_size=3, max_size=8)


@settings(deadline=None, max_examples=25)
@given(before=KINDS, after=KINDS, cut=st.integers(1, 3))
def test_what_comes_after_an_anchor_changes_nothing_but_the_label(before, after, cut):
    session = visit("a", "s1", 3.5, before[:cut])
    later = visit("a", "s1", 4.0, after) + visit("a", "s2", 5.0, after) + visit("b", "s3", 3.4, before)
    names = [feature.name for feature in session_features()]

    alone = described(session, anchors=(cut,))
    whole = described([*session, *later], anchors=(cut,))
    same = whole[(whole["customer_id"] == "a") & (whole["session"] == "s1")]

    pd.testing.assert_frame_equal(alone[names], same[names].reset_index(drop=True), check_dtype=False)


@settings(deadline=None, max_examples=15)
@given(order=st.permutations(range(len(FIRST) + len(SECOND))))
def test_order_of_rows_changes_nothing(order):
    rows = [*FIRST, *SECOND]

    pd.testing.assert_frame_equal(described(rows), described([rows[place] for place in order]))


@pytest.mark.parametrize("gap", [None, HOUR])
def test_an_empty_log_has_no_sessions(gap):
    assert described([{**FIRST[0], "session_id": "s1"}], anchors=(2,), gap=gap).empty


def test_events_that_are_alike_are_counted_one_by_one():
    same = [event("a", 3.5, None, event_type="view", session_id="s1", product_id="p1") for _ in range(200)]
    found = described(same, anchors=tuple(range(1, 200)))

    assert found["n_views"].tolist() == found["n_events"].tolist() == list(range(1, 200))

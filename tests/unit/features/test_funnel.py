from __future__ import annotations

from math import nan

import pytest

from pipelines.core.windows import DAY
from pipelines.features.funnel import Funnel
from support.events import event
from support.known import said

WEEK = Funnel(lengths=(7 * DAY,))


def did(day, event_type, session_id=None, customer="a"):
    return event(customer, day, None, event_type=event_type, session_id=session_id)


def test_funnel_counts_steps_and_divides_them():
    log = [
        did(4, "view", "s1"),
        did(4.1, "search", "s1"),
        did(4.1, "view", "s1"),
        did(4.2, "add_to_cart", "s1"),
        did(5, "view", "s2"),
        did(5, "view"),
        did(5.1, "add_to_cart", "s2"),
        did(5.1, "add_to_cart", "s2"),
        did(5.2, "remove_from_cart", "s2"),
        event("a", 5.3, "9.99", order_id="o1", session_id="s2"),
    ]

    assert said(WEEK, log, 8) == {
        "n_views_7d": 4,
        "n_carted_7d": 3,
        "n_searches_7d": 1,
        "n_sessions_7d": 2,
        "session_depth_7d": 9 / 2,
        "carted_per_view_7d": 3 / 4,
        "bought_per_carted_7d": 1 / 3,
        "n_abandoned_7d": 3 - 1 - 1,
        "view_recency_days": 3,
    }


def test_customer_who_only_bought_has_no_rates():
    found = said(WEEK, [event("a", 3)], 8)

    assert found == pytest.approx(
        {
            **dict.fromkeys(("n_views_7d", "n_carted_7d", "n_searches_7d", "n_sessions_7d", "n_abandoned_7d"), 0),
            **dict.fromkeys(("session_depth_7d", "carted_per_view_7d", "bought_per_carted_7d"), nan),
            "view_recency_days": nan,
        },
        nan_ok=True,
    )


def test_more_bought_than_carted_leaves_no_cart_behind():
    found = said(WEEK, [did(3, "add_to_cart"), event("a", 3), event("a", 4)], 8)

    assert (found["n_abandoned_7d"], found["bought_per_carted_7d"]) == (0, 2)


def test_view_outside_of_the_window_is_still_the_last_one():
    found = said(WEEK, [did(1, "view"), event("a", 19)], 20)

    assert (found["n_views_7d"], found["view_recency_days"]) == (0, 19)


def test_session_past_midnight_counts_on_both_days():
    assert said(WEEK, [did(3.9, "view", "s"), did(4.1, "view", "s")], 8)["n_sessions_7d"] == 2

"""Another log is another log: changed days give the very features that changed events would have given."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ConfigError
from pipelines.core.windows import DAY
from pipelines.features.assortment import Assortment
from pipelines.features.baskets import Baskets
from pipelines.features.calendar import Calendar
from pipelines.features.campaigns import Campaigns
from pipelines.features.catalogue import Feature
from pipelines.features.channels import Channels
from pipelines.features.decay import Decay
from pipelines.features.focus import Focus
from pipelines.features.funnel import Funnel
from pipelines.features.panel import feature_rows, measures_of
from pipelines.features.prices import Prices
from pipelines.features.recency import Recency
from pipelines.features.returns import Returns
from pipelines.features.rhythm import Rhythm
from pipelines.features.trend import Trend
from pipelines.features.windowed import Windowed
from pipelines.scoring.cases import Cases
from pipelines.scoring.what_if import newest_first, other_logs, tried
from support.events import contact, contacts_table, event, spine_of
from support.known import known

WEEK, MONTH = 7 * DAY, 28 * DAY
BLOCKS = (
    Windowed(lengths=(1 * DAY, WEEK, MONTH)),
    Recency(of=("recency_days", "tenure_days", "n_purchase_days_all")),
    Rhythm(n_recent=2),
    Trend(lengths=(WEEK, MONTH), of=("n_orders", "amount_minor", "n_views"), n_weeks=3),
    Decay(half_lives=(WEEK,), of=("n_orders", "n_views")),
    Baskets(lengths=(WEEK, MONTH)),
    Prices(lengths=(WEEK, MONTH)),
    Returns(lengths=(WEEK, MONTH)),
    Funnel(lengths=(WEEK, MONTH)),
    Channels(levels=("mobile", "desktop"), lengths=(WEEK, MONTH)),
    Calendar(lengths=(WEEK, MONTH)),
    Campaigns(responses=("search",), lengths=(WEEK, MONTH)),
    Assortment(lengths=(WEEK, MONTH)),
    Focus(column="category", level="tea", lengths=(WEEK, MONTH)),
)
CUTOFF = 60
CONTACTS = (contact("a", 20), contact("a", 40), contact("a", 57))


def visit(day, amounts, device="mobile", **more):
    """A session with a view, and an order with a line per amount."""
    whose = {"session_id": f"s{day}", "device": device, **more}
    lines = [
        event(
            "a",
            day + 0.5,
            amount,
            order_id=f"o{day}",
            product_id=f"p{place}",
            category=("tea", "jam")[place % 2],
            **whose,
        )
        for place, amount in enumerate(amounts)
    ]
    return [event("a", day + 0.4, None, event_type="view", **whose), *lines]


USUAL = ["6.00", "5.00", "1.00"]
LOG = {
    10: visit(10, ["3.00", "2.00"]),
    22: visit(22, ["40.00"], "desktop"),
    30: visit(30, USUAL),
    41: visit(41, ["1.00"]),
    52: visit(52, ["90.00", "1.00"], "desktop"),
}
VIEWS = [event("a", 59.2, None, event_type="view", session_id="later"), event("a", 53.1, None, event_type="search")]


def told(events):
    days = known(events, CUTOFF, *BLOCKS, contacts=contacts_table(CONTACTS))
    return days, feature_rows(days, spine_of(days, ("a", CUTOFF)), BLOCKS)


def moved(events, days):
    """The same events on another day."""
    return [{**one, "event_time": one["event_time"] + timedelta(days=days)} for one in events]


def others(events):
    days, _ = told(events)
    found = other_logs(days, CUTOFF, measures_of(BLOCKS))
    return {one.said: feature_rows(one.days, spine_of(one.days, ("a", CUTOFF)), BLOCKS) for one in found}


def visits(*days):
    return [one for day in days for one in LOG[day]]


def same(found, events):
    """Whether these events give the very same features; the difference is shown where they do not."""
    pd.testing.assert_frame_equal(found, told(events)[1], check_exact=True)
    return True


def test_a_purchase_yesterday_is_the_usual_one_made_yesterday():
    found = others(visits(*LOG))

    assert same(
        found["had the last purchase been yesterday instead of 8 days ago"], [*visits(*LOG), *moved(LOG[30], 29)]
    )


def test_a_purchase_on_a_day_with_other_events_is_added_to_them():
    found = others([*visits(*LOG), *VIEWS])

    expected = [*visits(*LOG), *VIEWS, *moved(LOG[30], 29)]
    assert same(found["had the last purchase been yesterday instead of 8 days ago"], expected)


def test_a_later_last_purchase_takes_back_what_came_after_it_but_not_what_the_shop_did():
    recent = [*visits(*LOG), *moved(LOG[41], 17)]
    found = others(recent)["had the last purchase been 7 days ago instead of 2 days ago"]

    assert same(found, [*visits(*LOG), *moved(LOG[10], 43)])  # the middle one of six is the lower
    assert found["n_contacts_7d"].item() == 1


def test_a_purchase_that_was_made_on_that_day_is_kept_as_it_was():
    log = [*visits(*LOG), *moved(LOG[41], 12), *moved(LOG[10], 46)]

    assert same(
        others(log)["had the last purchase been 7 days ago instead of 4 days ago"], [*visits(*LOG), *moved(LOG[41], 12)]
    )


def test_without_the_last_purchase_nothing_was_done_that_day():
    assert same(others(visits(*LOG))["had the last purchase, 8 days ago, not been made"], visits(10, 22, 30, 41))


def test_what_is_so_already_is_no_scenario():
    found = others(moved(visits(*LOG), 7))

    assert not any("been yesterday" in said for said in found)
    assert len(found) == 2


def test_the_only_purchase_taken_away_leaves_nothing_to_describe_it_by():
    found = others(visits(52))["had the last purchase, 8 days ago, not been made"]

    assert np.isnan(found["recency_days"].item())


def test_who_never_bought_has_no_other_log():
    days, _ = told(VIEWS)

    assert other_logs(days, CUTOFF, measures_of(BLOCKS)) == ()


def test_the_log_itself_is_left_as_it_was():
    days, before = told(visits(*LOG))
    other_logs(days, CUTOFF, measures_of(BLOCKS))

    pd.testing.assert_frame_equal(feature_rows(days, spine_of(days, ("a", CUTOFF)), BLOCKS), before)


FEE = Feature("fee", "Fee", "money", "", "never", "table", "fee {value}")
PLAN = Feature("plan", "Plan", "text", "", "never", "table", "plan {value}", levels=("free", "yearly"))
ROWS = pd.DataFrame({"fee": [20.0, 15.0], "plan": ["free", "free"]})


def test_declared_values_are_tried_one_feature_at_a_time():
    found = tried(ROWS, [FEE, PLAN], {"fee": [15.0], "plan": ["free", "yearly"]})

    assert [one.said for one in found] == ["had fee been 15", "had plan been yearly"]
    assert found[1].rows["plan"].tolist() == ["yearly", "yearly"]
    assert found[1].rows["fee"].tolist() == ROWS["fee"].tolist() == [20.0, 15.0]


@pytest.mark.parametrize(
    ("changeable", "said"),
    [
        ({"fees": [1.0]}, "Did you mean 'fee'"),
        ({"plan": ["monthly"]}, "one of free, yearly"),
        ({"plan": [1.0]}, "one of free, yearly"),
        ({"fee": ["cheap"]}, "Give a number"),
    ],
)
def test_what_the_model_does_not_know_is_not_tried(changeable, said):
    with pytest.raises(ConfigError, match=said):
        tried(ROWS, [FEE, PLAN], changeable)


def test_the_newest_case_comes_first():
    cases = Cases(
        ROWS,
        (FEE, PLAN),
        pd.DataFrame({"case_id": ["old", "new"]}),
        np.array([0, 0]),
        np.array(["a"], object),
        np.array(["2020-01-01", "2020-02-01"], "datetime64[us]"),
        {"depth": pd.Categorical(["x", "y"])},
    )
    found = newest_first(cases)

    assert found.keys["case_id"].tolist() == ["new", "old"]
    assert found.rows["fee"].tolist() == [15.0, 20.0]
    assert list(found.by["depth"]) == ["y", "x"]
    assert newest_first(replace(cases, moment=None)).keys["case_id"].tolist() == ["old", "new"]

"""What is counted in a small log whose answers are known."""

import random

import pandas as pd
import pytest

from pipelines.core.errors import UsageError
from pipelines.profile.profile import facts_of, profile_of
from pipelines.profile.report import as_json
from support.events import event, events_table

ROWS = [
    event("a", 4.5, "10.00", order_id="o1", product_id="p1"),
    event("a", 4.5, "2.50", order_id="o1", product_id="p2"),
    event("a", 11.25, "4.00", order_id="o2", product_id="p1"),
    event("b", 12.0, "30.00", order_id="o3", product_id="P1", quantity=4),
    event("b", 12.5, None, event_type="view", product_id="p9", quantity=None),
    event("c", 13.5, None, event_type="view", product_id="  ", quantity=None),
    event("a", 25.5, "1.00", order_id="o4", product_id="p1"),
]


@pytest.fixture(scope="module")
def facts(make_lake):
    customers = pd.DataFrame({"customer_id": ["a", "b", "x"], "band": ["young", None, "young"]})
    products = pd.DataFrame({"product_id": ["p1", "p2", "p9", "p10"], "brand": ["b", "b", "", "c"]})
    return facts_of("shop", make_lake(ROWS, customers=customers, products=products))


def test_types(facts):
    told = [(one.name, one.n_events, one.n_customers, f"{one.first:%j}", f"{one.last:%j}") for one in facts.types]

    assert told == [("purchase", 5, 2, "005", "026"), ("view", 2, 2, "013", "014")]
    assert (facts.n_events, facts.span_days) == (7, 21)


def test_weeks_begin_on_monday_and_none_is_left_out(facts):
    weeks = facts.weeks

    assert weeks.monday.tolist() == [4, 11, 18, 25]
    assert weeks.n_events.tolist() == [[2, 2, 0, 1], [0, 2, 0, 0]]
    assert weeks.paid.tolist() == [1_250, 3_400, 0, 100]
    assert weeks.is_whole.tolist() == [True, True, True, False]


def test_customers_and_what_they_buy(facts):
    buying = facts.buying

    assert (facts.customers.n_seen, facts.customers.n_sold, buying.n_buyers) == (3, 2, 2)
    assert buying.repeat_rate.estimate == 0.5
    assert dict(zip(buying.orders.value.tolist(), buying.orders.n.tolist(), strict=True)) == {1: 1, 3: 1}
    assert buying.baskets.value.tolist() == [100, 400, 1_250, 3_000]
    assert buying.quantities.largest == 4


def test_ids_and_their_tables(facts):
    assert facts.customers.listing == {
        "n_listed": 3, "n_listed_unseen": 1, "n_listed_unsold": 1, "n_unlisted": 1, "n_events_unlisted": 1,
    }  # fmt: skip
    assert facts.products.listing == {
        "n_listed": 4, "n_listed_unseen": 1, "n_listed_unsold": 2, "n_unlisted": 1, "n_events_unlisted": 1,
    }  # fmt: skip
    assert (facts.products.n_ids, facts.products.n_forms) == (5, 4)


def test_missing_and_constant_columns(facts):
    told = {f"{one.table}.{one.column}": (one.n_missing, one.is_constant) for one in facts.columns}

    assert told["events.product_id"] == (1, False)
    assert told["events.amount"] == (2, False)
    assert told["customers.band"] == (1, True)
    assert told["products.brand"] == (1, False)
    assert next(one for one in facts.columns if one.column == "band").share_missing == 1 / 3


def test_stamps(facts):
    assert (facts.n_midnight, facts.n_ahead, facts.n_fullest_second) == (1, 0, 2)


def test_misdated_events_are_counted_but_move_neither_weeks_nor_gaps(make_lake, make_steady):
    usual = facts_of("shop", make_lake(make_steady(n_days=30)))

    found = facts_of("shop", make_lake([*make_steady(n_days=30), event("c0", 4_000.5)], latest=29))

    assert (found.n_ahead, found.n_events) == (1, usual.n_events + 1)
    assert found.weeks.total.tolist() == usual.weeks.total.tolist()
    assert found.gaps.ended.n.tolist() == usual.gaps.ended.n.tolist()


def test_the_order_of_rows_changes_nothing(make_lake):
    shuffled = random.Random(3).sample(ROWS, len(ROWS))

    profiles = [as_json(profile_of("shop", make_lake(rows))) for rows in (ROWS, shuffled)]

    assert profiles[0] == profiles[1]


def test_columns_that_a_source_does_not_have_are_no_obstacle(make_lake):
    lake = make_lake(ROWS)
    few = lake.tables["events"].select("customer_id", "event_time", "event_type")

    found = facts_of("shop", type(lake)(lake.known, {"events": few}))

    assert (found.n_events, found.products.n_seen, found.buying.n_buyers) == (7, 0, 0)


def test_a_source_without_events_is_refused_in_plain_words(make_lake):
    lake = make_lake(ROWS)
    known = type(lake.known)(*(getattr(lake.known, name) for name in ("first_event", "last_event", "latest")), {})

    with pytest.raises(UsageError, match="The source 'shop' has no events"):
        facts_of("shop", type(lake)(known, {"events": events_table(ROWS)}))

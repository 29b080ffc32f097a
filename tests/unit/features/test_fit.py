from __future__ import annotations

import pytest

from pipelines.core.windows import DAY
from pipelines.features.assortment import Assortment
from pipelines.features.campaigns import Campaigns
from pipelines.features.channels import Channels
from pipelines.features.fit import fitting
from pipelines.features.funnel import Funnel
from pipelines.features.recency import Recency
from pipelines.features.windowed import Windowed

WEEK = (7 * DAY,)
SHOP = {
    "events": dict.fromkeys(("customer_id", "event_time", "event_type", "amount", "session_id", "product_id"), ""),
    "products": {"product_id": "", "category": ""},
    "contacts": {"customer_id": "", "contact_time": ""},
}


def without(table, column):
    return {**SHOP, table: {name: why for name, why in SHOP[table].items() if name != column}}


def left_out(block, columns):
    found = fitting((Recency(), block), columns)

    assert found.blocks == ((Recency(),) if found.left_out else (Recency(), block))
    return list(found.left_out)


@pytest.mark.parametrize("block", [Funnel(lengths=WEEK), Campaigns(lengths=WEEK), Assortment(lengths=WEEK)])
def test_block_whose_columns_are_there_fits(block):
    assert left_out(block, SHOP) == []


def test_column_that_is_not_mapped_is_named():
    found = left_out(Funnel(lengths=WEEK), without("events", "session_id"))

    assert found == ["funnel is left out: the source has no session_id"]


def test_column_that_cannot_be_used_says_why():
    columns = {**SHOP, "events": {**SHOP["events"], "device": "is always missing"}}
    found = left_out(Channels(levels=("mobile",), lengths=WEEK), columns)

    assert found == ["channels is left out: device is always missing"]


def test_every_lack_is_said():
    found = left_out(Windowed(lengths=WEEK, of=("discount_minor", "n_units")), SHOP)

    assert found == ["windowed is left out: the source has no discount, and the source has no quantity"]


def test_table_that_is_not_there_is_named_once():
    columns = {"events": SHOP["events"]}

    assert left_out(Campaigns(lengths=WEEK), columns) == ["campaigns is left out: the source has no contacts"]


def test_things_of_events_do_for_those_of_products():
    assert left_out(Assortment(lengths=WEEK, column="product_id"), {"events": SHOP["events"]}) == []


def test_things_that_products_know_only_today_are_left_out():
    columns = {**SHOP, "products": {"product_id": "", "category": "is known as of today only"}}
    found = left_out(Assortment(lengths=WEEK), columns)

    assert found == [
        "assortment is left out: the source has no category, and category of products is known as of today only"
    ]

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.errors import ConfigError
from pipelines.core.windows import DAY, day_moment
from pipelines.features.assortment import Assortment
from pipelines.features.calendar import Calendar
from pipelines.features.campaigns import Campaigns
from pipelines.features.channels import Channels
from pipelines.features.funnel import Funnel
from pipelines.features.panel import feature_rows
from pipelines.features.spine import every_customer
from pipelines.features.windowed import Windowed
from pipelines.scoring.history import history
from pipelines.scoring.sensitive import sensitive_attributes
from pipelines.tables.contract import Kind, Role
from pipelines.tables.manifest import ColumnManifest
from support.events import contacts_table, events_table, make_events, moments, products_table
from support.known import known
from support.strategies import contacts, events
from support.tables import memory_lake

ENGINE = DuckDBEngine()

CUSTOMERS = pd.DataFrame({"customer_id": ["a", "b"], "age": ["19-24", None], "shoe_size": ["40", "41"]})


def lake(purchases=None):
    return memory_lake(events_table(make_events(purchases or {"a": [1]})), CUSTOMERS, sensitive=("age",))


def test_history_holds_nothing_at_or_after_the_moment_of_knowledge():
    days = history(lake({"a": [1, 9.99, 10], "b": [10, 12]}), "shop", day_moment(10), ())

    assert (days.customer_ids.tolist(), days.day.tolist()) == (["a"], [1, 9])


def test_history_knows_the_decimals_of_the_source():
    assert history(lake(), "shop", day_moment(5), ()).decimals == 2


WINDOW = (7 * DAY,)
ALL = (
    Windowed(lengths=WINDOW),
    Funnel(lengths=WINDOW),
    Channels(levels=("mobile",), lengths=WINDOW),
    Calendar(lengths=WINDOW),
    Campaigns(responses=("search",), lengths=WINDOW),
    Assortment(lengths=WINDOW),
    Assortment(column="brand", lengths=WINDOW),
)
PRODUCTS = products_table(product_id=["p1", "p2"], brand=["x", "y"])


def said_on_day_10(rows, sent):
    days = known(rows, 10, *ALL, engine=ENGINE, contacts=contacts_table(sent), products=PRODUCTS)
    return days.customer_ids.tolist(), feature_rows(days, every_customer(days, moments(10)), ALL).to_numpy().tobytes()


@settings(max_examples=10)
@given(events(last=9.75), contacts(last=9.75), events(first=10, last=12), contacts(first=10, last=12))
def test_event_or_contact_at_or_after_the_moment_of_knowledge_changes_nothing(past, sent, future, planned):
    assert said_on_day_10(past, sent) == said_on_day_10([*future, *past], [*planned, *sent])


def test_column_of_today_is_not_followed():
    products = ColumnManifest(kind=Kind.TEXT, role=Role.FEATURE, as_of_today=True)
    shop = memory_lake(events_table(make_events({"a": [1]})), CUSTOMERS, products=PRODUCTS)
    shop.known.tables["products"].columns["brand"] = products

    with pytest.raises(ConfigError) as error:
        history(shop, "shop", day_moment(5), (Assortment(column="brand", lengths=WINDOW),))

    assert "no brand of events or products that is known at the time of a purchase" in str(error.value)


def test_sensitive_columns_stand_in_the_order_of_the_rows_and_the_unknown_are_called_so():
    found = sensitive_attributes(lake(), "shop", ("age",), np.array(["z", "a", "b", "a"], object))

    assert found.to_dict("list") == {"age": ["unknown", "19-24", "unknown", "19-24"]}
    assert found.index.tolist() == [0, 1, 2, 3]


def test_no_sensitive_columns_are_asked_for():
    assert sensitive_attributes(lake(), "shop", (), np.array(["a", "b"], object)).shape == (2, 0)


@pytest.mark.parametrize(("name", "hint"), [("agge", " Did you mean 'age'?"), ("shoe_size", "")])
def test_column_that_is_not_declared_sensitive_is_refused(name, hint):
    with pytest.raises(ConfigError) as error:
        sensitive_attributes(lake(), "shop", (name,), np.array(["a"], object))

    assert str(error.value).startswith(f"'{name}' is not a sensitive column of 'shop'. Known: age.{hint} Fairness ")
    assert "Declare it in conf/sources/shop.yaml" in str(error.value)

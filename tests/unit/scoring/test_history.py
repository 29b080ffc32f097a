from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ConfigError
from pipelines.core.windows import day_moment
from pipelines.scoring.history import history, sensitive_attributes
from support.events import events_table, make_events
from support.tables import memory_lake

CUSTOMERS = pd.DataFrame({"customer_id": ["a", "b"], "age": ["19-24", None], "shoe_size": ["40", "41"]})


def lake(purchases=None):
    return memory_lake(events_table(make_events(purchases or {"a": [1]})), CUSTOMERS, sensitive=("age",))


def test_history_holds_nothing_at_or_after_the_moment_of_knowledge():
    days = history(lake({"a": [1, 9.99, 10], "b": [10, 12]}), "shop", day_moment(10))

    assert (days.customer_ids.tolist(), days.day.tolist()) == (["a"], [1, 9])


def test_history_knows_the_decimals_of_the_source():
    assert history(lake(), "shop", day_moment(5)).decimals == 2


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

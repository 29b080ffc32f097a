from __future__ import annotations

from decimal import Decimal

import ibis
import pandas as pd
import pytest

from pipelines.core.errors import ContractError
from pipelines.tables.mapping import mapped
from support.tables import SOURCE, source

RAW = pd.DataFrame({"who": [1, 2], "at": ["2020-01-01 10:00:00", "soon"], "paid": [0.1 + 0.2, float("nan")]})


def test_columns_are_renamed_and_cast_to_the_contract():
    table = mapped(source(), "events", ibis.memtable(RAW))

    assert dict(table.schema()) == {
        "customer_id": ibis.dtype("string"),
        "event_time": ibis.dtype("timestamp(6)"),
        "event_type": ibis.dtype("string"),
        "amount": ibis.dtype("decimal(18, 2)"),
        **dict.fromkeys(("order_id", "session_id", "product_id"), ibis.dtype("string")),  # not mapped: null
        "quantity": ibis.dtype("int64"),
    }


def test_values_that_can_be_read_are_and_the_others_become_null():
    first, second = mapped(source(), "events", ibis.memtable(RAW)).to_pyarrow().to_pylist()

    assert (first["customer_id"], str(first["event_time"])) == ("1", "2020-01-01 10:00:00")
    assert (first["event_type"], first["amount"]) == ("purchase", Decimal("0.30"))
    assert (second["customer_id"], second["event_time"], second["amount"]) == ("2", None, None)


def test_money_has_the_decimals_of_the_source():
    (first, _) = mapped(source(decimals=0), "events", ibis.memtable(RAW.assign(paid=1.6))).to_pyarrow().to_pylist()

    assert first["amount"] == Decimal(2)


def test_moments_with_a_zone_are_read_in_utc_wherever_the_machine_stands():
    at = pd.to_datetime(["2020-01-01T01:00:00+02:00", "2020-07-01T00:00:00Z"], format="ISO8601", utc=True)
    found = mapped(source(), "events", ibis.memtable(RAW.assign(at=at))).to_pyarrow()["event_time"]

    assert [str(moment) for moment in found] == ["2019-12-31 23:00:00", "2020-07-01 00:00:00"]


def test_missing_raw_column_is_refused_with_the_nearest():
    with pytest.raises(ContractError) as error:
        mapped(source(), "events", ibis.memtable(RAW.rename(columns={"paid": "payd"})))

    assert str(error.value) == (
        "Source 'shop': the raw table 'sales' has no column paid; it has who, at, payd. Did you mean 'payd'? "
        "The contract table 'events' is made from it. Fix: Correct tables.events.columns in conf/sources/shop.yaml."
    )


def test_column_of_the_shop_itself_is_kept_as_text():
    events = SOURCE["tables"]["events"]
    own = source(tables={"events": {**events, "columns": {**events["columns"], "till": "till"}}})

    assert mapped(own, "events", ibis.memtable(RAW.assign(till=7))).to_pyarrow()["till"].to_pylist() == ["7", "7"]

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from pipelines.simulation.catalog import products
from pipelines.simulation.columns import COLUMNS, columns_of
from pipelines.simulation.oracle import oracle_at
from pipelines.simulation.shop import chunk_of, generate
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.truth import truth_at, truth_calendar, truth_campaigns, truth_customers

Tables = Mapping[str, pd.DataFrame]
SMALL = ShopSpec(n_customers=3_500, customers_per_chunk=1_000, n_days=150)


def assert_same(one: Tables, other: Tables) -> None:
    assert one.keys() == other.keys()
    for name in one:
        assert_frame_equal(one[name], other[name])


def test_the_same_seed_makes_the_same_shop() -> None:
    assert_same(chunk_of(SMALL, 0), chunk_of(SMALL, 0))


def test_another_seed_makes_another_shop() -> None:
    other = SMALL.model_copy(update={"seed": 2})

    assert not chunk_of(SMALL, 0)["customers"].equals(chunk_of(other, 0)["customers"])


def test_a_chunk_does_not_depend_on_the_others() -> None:
    assert_same(chunk_of(SMALL, 2), list(generate(SMALL))[2])


def test_more_customers_leave_full_chunks_as_they_were() -> None:
    grown = SMALL.model_copy(update={"n_customers": 9_000})

    assert_same(chunk_of(SMALL, 2), chunk_of(grown, 2))


def test_the_chunks_hold_all_customers_once_and_no_session_twice() -> None:
    chunks = list(generate(SMALL))
    customers = np.concatenate([chunk["customers"]["customer_id"] for chunk in chunks])
    sessions = [set(chunk["events"]["session_id"].dropna()) for chunk in chunks]

    assert customers.tolist() == list(range(1, 3_501))
    assert len(set().union(*sessions)) == sum(len(part) for part in sessions)


@pytest.mark.parametrize("table", sorted({column.table for column in COLUMNS}))
def test_every_column_is_documented_and_no_other(table: str) -> None:
    raw = chunk_of(SMALL, 0)
    asked = (SMALL, 0, [date(2023, 3, 1)], 28)
    frames = {
        **raw,
        "products": products(SMALL),
        "truth_customers": truth_customers(SMALL, 0),
        "truth_at": truth_at(*asked),
        "oracle_at": oracle_at(*asked),
        "truth_campaigns": truth_campaigns(SMALL),
        "truth_calendar": truth_calendar(SMALL),
    }

    assert {name: str(dtype) for name, dtype in frames[table].dtypes.items()} == columns_of(table)


def test_every_column_has_a_meaning() -> None:
    assert all(column.meaning.endswith(".") and len(column.meaning) > 5 for column in COLUMNS)


def test_only_consenting_customers_are_contacted_once_per_campaign(tables: Tables) -> None:
    contacts = tables["contacts"].merge(tables["customers"], on="customer_id")

    assert contacts["consent"].all()
    assert (contacts["signed_up"] < contacts["contact_time"]).all()
    assert not contacts.duplicated(["customer_id", "campaign_id"]).any()


def test_the_coin_of_a_campaign_is_as_fair_as_stated(planted: ShopSpec, tables: Tables) -> None:
    for campaign in planted.campaigns:
        variant = tables["contacts"].loc[tables["contacts"]["campaign_id"] == campaign.campaign_id, "variant"]
        spread = np.sqrt(campaign.treatment_share * (1 - campaign.treatment_share) / len(variant))

        assert abs((variant == "treatment").mean() - campaign.treatment_share) < 4 * spread


def test_nothing_happens_outside_the_log_or_before_the_sign_up(planted: ShopSpec, tables: Tables) -> None:
    events = tables["events"].merge(tables["customers"], on="customer_id")

    assert (events["event_time"] >= events["signed_up"]).all()
    assert events["event_time"].between(pd.Timestamp(planted.start), pd.Timestamp(planted.end), inclusive="left").all()


@pytest.mark.parametrize("column", ["campaign_id", "channel"])
def test_a_shop_without_campaigns_has_contacts_whose_columns_are_text(column: str) -> None:
    silent = SMALL.model_copy(update={"campaigns": ()})
    contacts = pa.Table.from_pandas(chunk_of(silent, 0)["contacts"], preserve_index=False)

    assert "string" in str(contacts.schema.field(column).type.value_type)

"""What personas are told from has to fit together."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ContractError, NotEnoughDataError
from pipelines.segments.described import Moment
from support.segmented import CUTOFF, make_described


def test_ids_are_ascending_and_those_who_belong_to_none_come_last():
    described = make_described(60, segment=np.repeat([0, 7, 2], 20))

    assert described.ids == (2, 7, 0)


def test_rows_of_other_lengths_are_refused_with_their_numbers():
    with pytest.raises(ContractError) as caught:
        make_described(60, value=np.ones(59))

    assert "60 segments" in str(caught.value)
    assert "59 values" in str(caught.value)


def test_a_demographic_column_must_not_be_a_feature():
    with pytest.raises(ContractError) as caught:
        make_described(60, demographics=pd.DataFrame({"recency_days": ["a"] * 60}))

    assert "recency_days of 'Ways of buying' are both features and demographics" in str(caught.value)
    assert "Demographics only describe" in str(caught.value)


def test_a_feature_without_a_column_is_named():
    with pytest.raises(ContractError) as caught:
        make_described(60, rows=pd.DataFrame({"n_orders_112d": np.ones(60)}))

    assert "lack order_value_mean_112d, recency_days" in str(caught.value)


@pytest.mark.parametrize(("name", "value"), [("value", np.nan), ("points", np.inf)])
def test_values_and_points_have_to_be_numbers(name, value):
    good = getattr(make_described(60), name)
    wrong = np.where(np.arange(60).reshape([-1] + [1] * (good.ndim - 1)) == 3, value, good)

    with pytest.raises(ContractError) as caught:
        make_described(60, **{name: wrong})

    assert "not all finite" in str(caught.value)


def test_a_history_that_is_not_before_the_cutoff_is_refused():
    described = make_described(60)

    with pytest.raises(ContractError) as caught:
        replace(described, history=[Moment(CUTOFF, described.customer, described.segment)])

    assert "2026-03-02, 2026-03-02" in str(caught.value)


def test_a_customer_in_two_segments_at_once_is_refused_without_naming_them():
    described = make_described(60)
    twice = np.where(np.arange(60) == 5, described.customer[4], described.customer)

    with pytest.raises(ContractError) as caught:
        replace(described, customer=twice)

    assert "more than once at 2026-03-02" in str(caught.value)
    assert str(described.customer[4]) not in str(caught.value).replace("2026-03-02", "")


def test_nobody_cannot_be_described():
    with pytest.raises(NotEnoughDataError) as caught:
        make_described(60, segment=np.empty(0, np.int64))

    assert "has no customers as of 2026-03-02" in str(caught.value)

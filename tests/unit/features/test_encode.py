from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ModelError
from pipelines.features.catalogue import Feature
from pipelines.features.encode import encoded, levels_of


def feature(name, levels=()):
    return Feature(name, name, "", "", "never", "test", "{value}", levels=levels)


def test_levels_get_their_places_and_what_training_never_saw_is_null():
    rows = pd.DataFrame({"colour": ["red", "blue", "green", None, np.nan]})

    found = encoded(rows, [feature("colour", ("blue", "red"))])["colour"]

    assert found[:2].tolist() == [1.0, 0.0]
    assert found[2:].isna().all()


def test_levels_that_arrive_as_numbers_are_read_as_text():
    assert encoded(pd.DataFrame({"region": [1, 2]}), [feature("region", ("1", "2"))])["region"].tolist() == [0.0, 1.0]


def test_numbers_of_every_kind_become_floats():
    rows = pd.DataFrame({"a": [Decimal("1.5"), None], "b": [True, False], "c": pd.array([1, None], "Int64")})
    found = encoded(rows, [feature(name) for name in "abc"])

    assert (found.dtypes == np.float64).all()
    assert found.fillna(-1).to_numpy().tolist() == [[1.5, 1, 1], [-1, 0, -1]]


def test_order_is_that_of_the_features_and_the_index_stays():
    rows = pd.DataFrame({"b": [2], "a": [1]}, index=[7])
    found = encoded(rows, [feature("a"), feature("b")])

    assert (found.columns.tolist(), found.index.tolist()) == (["a", "b"], [7])


@pytest.mark.parametrize("values", [["long ago"], [pd.Timestamp("2024-01-01")], [[1, 2]]])
def test_what_is_no_number_is_refused(values):
    with pytest.raises(ModelError, match="The feature 'a' is not a number"):
        encoded(pd.DataFrame({"a": values}), [feature("a")])


def test_levels_are_sorted_texts_without_null():
    assert levels_of(pd.Series([3, None, 10, 3], dtype=object)) == ("10", "3")

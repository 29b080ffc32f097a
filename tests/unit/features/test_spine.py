from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.errors import UsageError
from pipelines.core.windows import day_moment, parse_cutoff
from pipelines.features.spine import cutoff_days, every_customer
from support.events import make_days, moments, pairs, spine_of


def test_cutoffs_are_sorted_and_kept_once():
    assert cutoff_days(moments(9, 2, 9)).tolist() == [2, 9]


def test_cutoff_inside_a_day_is_refused():
    with pytest.raises(UsageError, match="a total of that day would leak its rest into the past"):
        cutoff_days((day_moment(3), parse_cutoff("2017-01-01T12:00:00")))


def test_every_customer_is_paired_with_every_cutoff_in_order():
    days = make_days(purchases={"b": [9], "a": [1]})

    assert pairs(days, every_customer(days, moments(5, 3))) == [("a", 3), ("a", 5), ("b", 3), ("b", 5)]


def test_spine_keeps_the_pairs_where_a_mask_holds():
    days = make_days(purchases={"a": [1], "b": [1]})
    spine = spine_of(days, ("a", 3), ("b", 3))

    assert pairs(days, spine.at(np.array([False, True]))) == [("b", 3)]

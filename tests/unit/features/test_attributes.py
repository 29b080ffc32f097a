from __future__ import annotations

from math import nan

import pandas as pd
import pytest
from pydantic import ValidationError

from pipelines.core.errors import ConfigError
from pipelines.features.attributes import Attributes
from pipelines.features.fit import fitting
from support.events import event
from support.known import known, said

PEOPLE = pd.DataFrame(
    {"customer_id": ["a", "b"], "plan": ["pro", None], "size": pd.array([3, None], "Int64"), "note": ["three", "4"]}
)
BLOCK = Attributes(levels={"plan": ("basic", "pro")}, numbers=("size",))
LOG = [event("a", 1), event("b", 1), event("c", 1)]


def of(customer, block=BLOCK):
    return said(block, LOG, 5, customer, customers=PEOPLE)


def test_levels_are_yes_or_no_and_numbers_stay_numbers():
    assert of("a") == {"plan_is_basic": 0.0, "plan_is_pro": 1.0, "size_of_customer": 3.0}


@pytest.mark.parametrize("customer", ["b", "c"])
def test_what_is_not_known_of_a_customer_is_null(customer):
    names = ("plan_is_basic", "plan_is_pro", "size_of_customer")

    assert of(customer) == pytest.approx(dict.fromkeys(names, nan), nan_ok=True)


def test_customers_of_nobody_s_table_do_not_turn_up():
    assert known(LOG[:1], 5, BLOCK, customers=PEOPLE).customer_ids.tolist() == ["a"]


def test_text_is_no_number():
    with pytest.raises(ConfigError, match=r"The column note of customers holds texts that are not numbers"):
        of("a", Attributes(numbers=("note",)))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "name columns under"),
        ({"levels": {"plan": ("a b", "a-b")}}, "two levels would have features of one name, plan_is_a_b"),
        ({"levels": {"plan": ("pro",)}, "numbers": ("plan",)}, "plan stands under 'levels' and under 'numbers'"),
    ],
)
def test_block_that_says_nothing_or_the_same_twice_is_refused(fields, said):
    with pytest.raises(ValidationError, match=said):
        Attributes(**fields)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({}, "the source has no customers"),
        (
            {"customers": {"plan": "is of today", "size": ""}},
            "plan of customers is of today",
        ),
        ({"customers": {"plan": "has the role sensitive", "size": ""}}, "plan of customers has the role sensitive"),
    ],
)
def test_column_that_may_not_be_used_leaves_the_block_out(columns, why):
    assert fitting([BLOCK], columns).left_out == (f"attributes is left out: {why}",)

"""What is said of the things that were bought, and the kernel behind it against plain Python."""

from __future__ import annotations

from collections import Counter
from math import log, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import ConfigError
from pipelines.core.windows import DAY
from pipelines.features.assortment import Assortment
from pipelines.features.kernel import variety
from pipelines.features.sequences import DaySequence
from support.events import event, products_table
from support.known import known, said
from support.strategies import cutoff_sets

WEEK = Assortment(lengths=(7 * DAY,))


def bought(day, category, **more):
    return event("a", day, category=category, **more)


def test_what_was_bought_in_the_window_is_described():
    lines = [bought(1, "books"), bought(3, "books"), bought(3, "books"), bought(4, "games"), bought(5, None)]

    assert said(WEEK, lines, 9) == pytest.approx(
        {
            "n_different_category_7d": 2,
            "category_top_share_7d": 2 / 3,
            "category_entropy_7d": -(2 / 3 * log(2 / 3) + 1 / 3 * log(1 / 3)),
            "category_new_share_7d": 1 / 3,
        },
        abs=1e-9,
    )


def test_one_category_has_an_entropy_of_zero_exactly():
    assert said(WEEK, [bought(3, "books")] * 7, 9)["category_entropy_7d"] == 0


def test_nothing_bought_in_the_window_is_nothing_known():
    found = said(WEEK, [bought(1, "books"), bought(4, "games", event_type="view")], 9)

    assert found == pytest.approx(
        {
            "n_different_category_7d": 0,
            "category_top_share_7d": nan,
            "category_entropy_7d": nan,
            "category_new_share_7d": nan,
        },
        nan_ok=True,
    )


def test_category_of_products_is_found_by_the_product():
    products = products_table(product_id=["p1", "p2", "p2"], brand=["x", "y", "y"])
    lines = [event("a", 3, product_id="p1"), event("a", 3, product_id="p2"), event("a", 4, product_id="p9")]

    found = said(Assortment(column="brand", lengths=(7 * DAY,)), lines, 9, products=products)

    assert (found["n_different_brand_7d"], found["brand_top_share_7d"]) == (2, 1 / 2)


def test_column_that_nobody_has_is_refused():
    with pytest.raises(ConfigError) as error:
        known([event("a", 1)], 9, Assortment(column="colour", lengths=(7 * DAY,)))

    assert str(error.value).startswith("The source 'shop' has no colour of events or products that is known at the")


def test_names_of_things_change_nothing():
    lines = [bought(day, category) for day, category in [(1, "a"), (3, "b"), (3, "c"), (4, "c"), (5, "a"), (6, "d")]]
    renamed = [{**line, "category": {"a": "z", "b": "y", "c": "x", "d": "0"}[line["category"]]} for line in lines]

    assert said(WEEK, lines, 9) == said(WEEK, renamed, 9)


things = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 60), st.integers(0, 4), st.integers(1, 5)),
    unique_by=lambda row: row[:3],
    max_size=25,
)
SCALE = 1_000


def naive(rows, customer, cutoff, start):
    """Variety of one window in plain Python."""
    mine = [row for row in rows if row[0] == customer and row[1] < cutoff]
    counts = Counter({})
    for _, day, thing, n_lines in mine:
        if day >= cutoff + start:
            counts[thing] += n_lines
    old = {thing for _, day, thing, _ in mine if day < cutoff + start}
    return [
        sum(counts.values()),
        len(counts),
        max(counts.values(), default=0),
        sum(n_lines for thing, n_lines in counts.items() if thing not in old),
        sum(n_lines**2 * SCALE for n_lines in counts.values()),
    ]


@given(things, cutoff_sets(), st.lists(st.integers(-70, 0), min_size=1, max_size=4), st.permutations(range(5)))
def test_variety_is_that_of_plain_python_whatever_the_codes(rows, cutoffs, starts, codes):
    ordered = sorted(rows)
    customers = sorted({row[0] for row in rows})
    sequence = DaySequence.from_columns(
        {
            "customer_id": np.array([row[0] for row in ordered], object),
            "day": np.array([row[1] for row in ordered], np.int64),
            "thing": np.array([codes[row[2]] for row in ordered], np.int64),
            "n_lines": np.array([row[3] for row in ordered], np.int64),
        },
        np.array(customers, object),
    )
    spine = [(code, cutoff) for code in range(len(customers)) for cutoff in cutoffs]

    found = variety(
        sequence.offsets,
        sequence.day,
        sequence.code,
        sequence.n_lines,
        sequence.n_codes,
        np.arange(sequence.most_lines + 1, dtype=np.int64) ** 2 * SCALE,
        np.array([code for code, _ in spine], np.int64),
        np.array([cutoff for _, cutoff in spine], np.int64),
        np.array(starts, np.int64),
    )

    expected = [[naive(rows, customers[code], cutoff, start) for start in starts] for code, cutoff in spine]

    assert expected == found.tolist()


def test_customers_without_things_have_empty_sequences():
    columns = {
        "customer_id": np.array(["b"], object),
        "day": np.array([1]),
        "thing": np.array(["x"], object),
        "n_lines": np.array([2]),
    }
    sequence = DaySequence.from_columns(columns, np.array(["a", "b", "c"], object))

    assert (sequence.offsets.tolist(), sequence.n_codes, sequence.most_lines) == ([0, 0, 1, 1], 1, 2)

"""Demographics describe, and small groups stay hidden, also from those who subtract."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.segments.persona_demographics import demographic_table, hidden_cells
from support.segmented import make_described


def of_age(n_rows=600, seed=1, **ages):
    text = np.random.default_rng(seed).choice(list(ages), n_rows, p=list(ages.values()))
    return make_described(n_rows, seed, demographics=pd.DataFrame({"age": text}))


def test_shares_stand_beside_everybody():
    described = of_age(young=0.5, old=0.5)
    table = demographic_table(described, 0.95, 30).set_index(["level", "segment"])
    inside, is_old = described.segment == 2, described.demographics["age"] == "old"

    assert table.loc[("old", 2), "share"] == is_old[inside].mean()
    assert table.loc[("old", 2), "share_of_all"] == is_old[described.segment != 0].mean()
    assert table.loc[("old", 2), "n_customers"] == (is_old & inside).sum()


def test_small_groups_are_not_shown():
    table = demographic_table(of_age(young=0.5, old=0.47, oldest=0.03), 0.95, 30)
    hidden = table[table["is_hidden"]]

    assert set(hidden["level"]) >= {"oldest"}
    assert hidden[["n_customers", "share", "share.ci_low", "share.ci_high"]].isna().all(axis=None)
    shown = table.loc[~table["is_hidden"], "n_customers"]
    assert ((shown == 0) | (shown >= 30)).all()


def test_a_small_segment_is_left_out_so_that_it_cannot_be_told_by_subtraction():
    described = of_age(young=0.5, old=0.5)
    table = demographic_table(described, 0.95, 30)

    assert (described.segment == 0).sum() < 30
    assert set(table["segment"]) == {1, 2, 3}
    assert not table["is_hidden"].any()


@given(arrays(np.int64, st.tuples(st.integers(2, 5), st.integers(2, 5)), elements=st.integers(0, 90)))
def test_no_hidden_cell_is_alone_in_its_row_or_column(counts):
    hidden = hidden_cells(counts, 30)

    assert hidden[(counts > 0) & (counts < 30)].all()
    assert (hidden.sum(axis=0) != 1).all()
    assert (hidden.sum(axis=1) != 1).all()


def test_null_is_unknown_and_free_text_is_not_shown():
    described = make_described(
        600, demographics=pd.DataFrame({"age": [None] * 600, "remark": [f"text {place}" for place in range(600)]})
    )
    table = demographic_table(described, 0.95, 30)

    assert set(table["column"]) == {"age"}
    assert set(table["level"]) == {"unknown"}


def test_no_demographics_is_an_empty_table():
    assert demographic_table(make_described(60, demographics=None), 0.95, 30).empty

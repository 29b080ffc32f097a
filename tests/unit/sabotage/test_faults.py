"""A fault changes one thing, and explanations add up unless that is the fault."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from pipelines.sabotage.faults import Blind, Brittle, Heavy, Inverted, Misexplained, Remembers, Slow, fingerprints

ROWS = pd.DataFrame({"recency_days": [3.0, 5.0, 8.0], "gap_mean_days": [2.0, np.nan, 4.0]})
RAW = np.array([0.5, -1.0, 2.0])
VALUES = np.array([[0.2, 0.1, 0.2], [-0.8, -0.4, 0.2], [1.0, 0.8, 0.2]])


@pytest.mark.parametrize(
    "fault",
    [
        Blind(level=0.3),
        Inverted(),
        Slow(seconds_per_row=1.0),
        Heavy(megabytes=1.0),
        Brittle(columns=("recency_days",), says="error"),
        Brittle(columns=("recency_days",), says="nan"),
        Remembers(rows=(int(fingerprints(ROWS)[0]),), shift=(4.0,)),
    ],
)
def test_explanations_of_every_other_fault_still_add_up(fault):
    np.testing.assert_allclose(fault.contributions(VALUES, ROWS).sum(axis=1), fault.raw(RAW, ROWS), atol=1e-12)


def test_misexplained_keeps_the_score_and_the_order_of_the_explanations():
    fault = Misexplained(factor=1.2)
    told = fault.contributions(VALUES, ROWS)

    assert fault.raw(RAW, ROWS) is RAW
    assert (np.argsort(told[:, :-1]) == np.argsort(VALUES[:, :-1])).all()
    assert np.abs(told.sum(axis=1) - RAW).max() > 0.1


def test_what_is_remembered_moves_and_nothing_else():
    known = fingerprints(ROWS)
    fault = Remembers(rows=(int(known[1]), int(known[2])), shift=(1.0, -3.0))

    assert fault.raw(RAW, ROWS).tolist() == [0.5, 0.0, -1.0]


def test_rows_are_remembered_in_any_order_and_company():
    known = fingerprints(ROWS)
    fault = Remembers(rows=tuple(known.tolist()), shift=(1.0, 2.0, 3.0))
    later = ROWS.iloc[[2, 0]].set_axis([7, 9])

    assert fault.raw(np.zeros(2), later).tolist() == [3.0, 1.0]


def test_a_shift_belongs_to_one_row():
    with pytest.raises(ValidationError, match="shift has 1 numbers for 2 rows"):
        Remembers(rows=(1, 2), shift=(0.5,))


def test_null_ends_with_the_error_of_code_that_makes_whole_numbers_of_it():
    fault = Brittle(columns=("gap_mean_days",), says="error")

    with pytest.raises(ValueError, match="Cannot convert non-finite values"):
        fault.reads(ROWS)
    fault.reads(ROWS.iloc[[0, 2]])


def test_nan_is_scored_only_where_there_is_null():
    scored = Brittle(columns=("gap_mean_days",), says="nan").raw(RAW, ROWS)

    assert np.isnan(scored).tolist() == [False, True, False]


def test_the_slow_one_waits_for_every_row():
    import time

    start = time.perf_counter()
    Slow(seconds_per_row=0.01).answers(5)

    assert time.perf_counter() - start >= 0.05


def test_ballast_has_the_size_that_it_should_have(tmp_path):
    Heavy(megabytes=1.5).save(tmp_path)

    assert [file.stat().st_size for file in tmp_path.iterdir()] == [1_500_000]


def test_no_rows_have_no_fingerprints():
    assert fingerprints(ROWS.head(0)).shape == (0,)

"""Values are written by their unit, and what rounds alike is written alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.features.wording import in_last, plain, rounded, shown, told

UNITS = ("days", "EUR", "EUR per week", "share", "ratio", "orders", "number", "", "0 or 1", "XXX")


def written(value, unit):
    return shown(float(rounded(np.array([value]), unit)[0]), unit)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (41.0, "days", "41"),
        (9.4, "days", "9"),
        (0.34, "days", "0.3"),
        (12.5, "EUR", "12.50 EUR"),
        (99.999, "EUR", "100 EUR"),
        (1234.5, "USD", "1,234 USD"),
        (-3.5, "EUR per week", "-3.50 EUR"),
        (7.0, "XXX", "7.00"),
        (0.354, "share", "35%"),
        (2.444, "ratio", "2.4"),
        (0.0123456, "number", "0.0123"),
        (2011.0, "number", "2011"),
        (123_456.0, "units", "123,456"),
        (1.0, "0 or 1", "yes"),
        (0.0, "0 or 1", "no"),
        (-0.0, "orders", "0"),
        (-0.001, "EUR", "0.00 EUR"),
        (np.inf, "orders", "inf"),
    ],
)
def test_value_is_written_as_its_unit_is(value, unit, words):
    assert written(value, unit) == words


@given(
    value=st.floats(-1e9, 1e9) | st.floats(-1e-5, 1e-5),
    unit=st.sampled_from(UNITS),
)
def test_rounding_what_was_rounded_changes_nothing(value, unit):
    once = rounded(np.array([value]), unit)

    assert written(float(once[0]), unit) == shown(float(once[0]), unit) == written(value, unit)


@given(value=st.floats(0.001, 1e9))
def test_number_is_written_to_a_per_cent_of_itself_or_closer(value):
    assert abs(float(written(value, "number").replace(",", "")) / value - 1) < 0.06


def test_one_is_singular_and_all_else_is_plural():
    sentence = "{value} {day|days} with {one|many}"

    assert [told(sentence, words) for words in ("1", "0", "1.5", "unknown")] == [
        "1 day with one",
        "0 days with many",
        "1.5 days with many",
        "unknown days with many",
    ]


def test_text_from_data_is_no_sentence():
    assert told("plan: {value}", "{a|b} {value}") == "plan: {a|b} {value}"
    assert told(f"share with {plain('{a|b}')}: {{value}}", "1") == "share with (a/b): 1"


def test_window_of_a_day_is_said_without_a_number():
    assert (in_last(1), in_last(28)) == ("in the last day", "in the last 28 days")

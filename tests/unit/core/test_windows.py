from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import UsageError
from pipelines.core.windows import DAY, Window, cutoffs_between, day_moment, day_number, parse_cutoff

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # bounds
WEEKDAYS = st.integers(0, 6)


def test_observation_and_outcome_meet_at_the_cutoff_without_a_gap():
    cutoff = parse_cutoff("2017-12-25")

    assert Window.observation(cutoff, 28 * DAY).end == Window.outcome(cutoff, 28 * DAY).start == cutoff


def test_window_refuses_ends_without_a_zone():
    with pytest.raises(ValueError, match="A window needs timezone-aware ends"):
        Window(datetime(2017, 1, 1), datetime(2017, 1, 2))  # noqa: DTZ001  # the point of the test


def test_window_refuses_to_end_before_it_starts():
    with pytest.raises(ValueError, match="A window cannot end before it starts: 2017-01-02"):
        Window(parse_cutoff("2017-01-02"), parse_cutoff("2017-01-01"))


def test_cutoff_with_a_zone_is_read_in_utc():
    assert parse_cutoff("2017-12-25T02:00:00+02:00") == parse_cutoff("2017-12-25")


def test_cutoff_that_is_no_date_is_refused_with_the_form_it_should_have():
    with pytest.raises(UsageError) as error:
        parse_cutoff("25.12.2017")

    assert str(error.value).startswith("'25.12.2017' is not a cutoff (Invalid isoformat string: '25.12.2017').")
    assert str(error.value).endswith("Fix: Write an ISO 8601 date such as 2017-12-25, or 'latest'.")


def test_day_number_refuses_a_moment_inside_a_day():
    with pytest.raises(UsageError) as error:
        day_number(parse_cutoff("2017-12-25T06:30:00"))

    assert str(error.value) == (
        "The cutoff 2017-12-25T06:30:00+00:00 is not a midnight UTC. Features are reduced to whole days: a total of "
        "that day would leak its rest into the past. Fix: Use 2017-12-25."
    )


def test_day_number_refuses_a_midnight_of_another_zone():
    with pytest.raises(UsageError, match="is not a midnight UTC"):
        day_number(parse_cutoff("2017-12-25T00:00:00-05:00"))


@given(st.integers(-40_000, 40_000))
def test_day_number_and_day_moment_are_inverse(day):
    assert day == day_number(day_moment(day))


def test_cutoffs_include_both_bounds():
    cutoffs = cutoffs_between(parse_cutoff("2017-11-06"), parse_cutoff("2017-11-20"), weekday=0)

    assert cutoffs == tuple(parse_cutoff(day) for day in ("2017-11-06", "2017-11-13", "2017-11-20"))


def test_cutoffs_start_after_a_bound_inside_the_weekday():
    cutoffs = cutoffs_between(parse_cutoff("2017-11-06T00:01:00"), parse_cutoff("2017-11-13"), weekday=0)

    assert cutoffs == (parse_cutoff("2017-11-13"),)


def test_no_cutoff_lies_between_bounds_in_the_wrong_order():
    assert cutoffs_between(parse_cutoff("2017-11-20"), parse_cutoff("2017-11-06"), weekday=0) == ()


@given(first=MOMENTS, length=st.timedeltas(timedelta(0), timedelta(days=100)), weekday=WEEKDAYS)
def test_cutoffs_are_exactly_the_midnights_of_that_weekday_within_the_bounds(first, length, weekday):
    last = first + length
    begun = first.replace(hour=0, minute=0, second=0, microsecond=0)
    candidates = [begun + i * DAY for i in range(102)]
    expected = tuple(day for day in candidates if first <= day <= last and day.weekday() == weekday)

    assert expected == cutoffs_between(first, last, weekday)

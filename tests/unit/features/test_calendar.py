from __future__ import annotations

import math

import pytest

from pipelines.core.windows import DAY
from pipelines.features.calendar import Calendar
from pipelines.features.panel import catalogue
from support.events import as_day, days_of, event, spine_of
from support.known import said

WEEK = Calendar(lengths=(7 * DAY,))
FRIDAY, SATURDAY, SUNDAY = 1, 2, 3
"""1970-01-01 was a Thursday."""


def shares(log, cutoff=8):
    return {name: value for name, value in said(WEEK, log, cutoff).items() if not name.startswith("season")}


def test_lines_are_shared_out_over_the_parts_of_the_day_and_the_week():
    hours = [FRIDAY, FRIDAY + 5.99 / 24, FRIDAY + 6 / 24, SATURDAY + 12 / 24, SUNDAY + 23.99 / 24]

    assert shares([event("a", day) for day in hours]) == {
        "night_share_7d": 2 / 5,
        "morning_share_7d": 1 / 5,
        "afternoon_share_7d": 1 / 5,
        "evening_share_7d": 1 / 5,
        "weekend_share_7d": 2 / 5,
    }


def test_what_is_not_a_purchase_has_no_hour():
    bought, viewed = event("a", FRIDAY), event("a", SATURDAY + 0.5, None, event_type="view")

    assert shares([bought, viewed]) == shares([bought])


def test_nothing_bought_in_the_window_has_no_shares():
    assert all(math.isnan(share) for share in shares([event("a", FRIDAY)], cutoff=20).values())


def season(date):
    days = days_of([("a", 1, 1, 1, 1, 100)], (WEEK,))
    return WEEK.emit(days, spine_of(days, ("a", as_day(date))))[0, -2:].tolist()


@pytest.mark.parametrize(
    ("date", "sine", "cosine"),
    [("2021-01-01", 0, 1), ("2020-07-02", 0, -1), ("2024-04-01", math.sin(math.pi * 182 / 366), None)],
)
def test_season_is_the_elapsed_share_of_the_year_as_an_angle(date, sine, cosine):
    found = season(date)

    assert found[0] == pytest.approx(sine, abs=1e-12)
    assert found == pytest.approx([sine, math.sqrt(1 - sine**2) if cosine is None else cosine], abs=1e-12)


def test_season_of_a_row_does_not_depend_on_the_other_rows():
    days = days_of([("a", 1, 1, 1, 1, 100)], (WEEK,))
    cutoffs = [as_day("2020-01-01") + 7 * week for week in range(60)]
    together = WEEK.emit(days, spine_of(days, *(("a", cutoff) for cutoff in cutoffs)))
    alone = [WEEK.emit(days, spine_of(days, ("a", cutoff)))[0] for cutoff in cutoffs]

    assert [row.tobytes() for row in alone] == [row.tobytes() for row in together]


def test_season_is_no_news_to_drift_and_a_share_is():
    grows = {feature.name: feature.grows_with_calendar for feature in catalogue((WEEK,), "EUR")}

    assert [name for name, it_does in grows.items() if it_does] == ["season_sine", "season_cosine"]

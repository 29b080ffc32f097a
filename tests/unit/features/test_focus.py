from __future__ import annotations

import math

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.windows import DAY
from pipelines.features.days import CustomerDays, customer_days
from pipelines.features.focus import Focus
from pipelines.features.sequences import bought_things
from support.described import described
from support.events import event, events_table

BOOKS = Focus(column="category", level="Board games", lengths=(7 * DAY, 28 * DAY))
LOG = events_table(
    [
        event("a", 2, category="Board games"),
        event("a", 2.5, category="Board games"),  # twice on a day is one day
        event("a", 9, category="books"),
        event("a", 10, category="Board games"),  # the day of the cutoff is the future
        event("b", 1, category="books"),
    ]
)


def days():
    engine = DuckDBEngine()
    things = {"category": engine.columns(bought_things(LOG, "category"))}
    return CustomerDays.from_columns(engine.columns(customer_days(LOG, 2)), 2, things)


def test_days_with_the_level_are_counted_in_each_window_and_since():
    assert described(BOOKS, days(), "a", 10) == {
        "n_board_games_days_7d": 0,
        "n_board_games_days_28d": 1,
        "board_games_recency_days": 8,
    }


def test_who_never_bought_it_has_none_and_no_last_time():
    found = described(BOOKS, days(), "b", 10)

    assert found["n_board_games_days_28d"] == 0
    assert math.isnan(found["board_games_recency_days"])


def test_the_day_of_the_cutoff_counts_the_day_after():
    assert described(BOOKS, days(), "a", 11)["n_board_games_days_7d"] == 1

"""The measures of blocks through the real engine, against plain Python."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.windows import DAY
from pipelines.features.calendar import Calendar
from pipelines.features.campaigns import Campaigns
from pipelines.features.channels import Channels
from pipelines.features.funnel import Funnel
from pipelines.features.panel import measures_of
from pipelines.features.sequences import bought_things
from support.events import contacts_table, event, events_table
from support.known import known
from support.strategies import contacts, events

ENGINE = DuckDBEngine()
WEEK = (7 * DAY,)
BLOCKS = (
    Funnel(lengths=WEEK),
    Channels(levels=("mobile",), lengths=WEEK),
    Channels(levels=("mobile",), per="events", lengths=WEEK),
    Calendar(lengths=WEEK),
    Campaigns(responses=("search", "return"), lengths=WEEK),
)
PARTS = {"night": range(6), "morning": range(6, 12), "afternoon": range(12, 18), "evening": range(18, 24)}


def counted(row):
    """What one event adds to each measure of its day; sessions are not sums."""
    kind, hour, device = row["event_type"], row["event_time"].hour, row["device"]
    line = kind == "purchase" and row["amount"] > 0
    return {
        "n_lines": line,
        "n_views": kind == "view",
        "n_carted": kind == "add_to_cart",
        "n_uncarted": kind == "remove_from_cart",
        "n_searches": kind == "search",
        "n_session_events": row["session_id"] is not None,
        "n_purchases_device": line and device is not None,
        "n_purchases_device_is_mobile": line and device == "mobile",
        "n_events_device": device is not None,
        "n_events_device_is_mobile": device == "mobile",
        "n_lines_weekend": line and row["event_time"].weekday() >= 5,
        "n_responses_search_return": kind in ("search", "return"),
        **{f"n_lines_{part}": line and hour in hours for part, hours in PARTS.items()},
    }


def naive(rows, sent):
    """By customer, day and measure, in plain Python."""
    found, sessions = Counter(), {}
    for row in rows:
        key = (row["customer_id"], row["event_time"].toordinal())
        found.update({(*key, name): int(n) for name, n in counted(row).items()})
        if row["session_id"] is not None:
            sessions.setdefault((*key, "n_sessions"), set()).add(row["session_id"])
    reached = [row for row in sent if row["variant"] != "control"]
    found.update((row["customer_id"], row["contact_time"].toordinal(), "n_contacts") for row in reached)
    return {key: n for key, n in found.items() if n} | {key: len(different) for key, different in sessions.items()}


@settings(max_examples=25)
@given(events(), contacts())
def test_measures_are_those_of_plain_python(rows, sent):
    days = known(rows, 30, *BLOCKS, engine=ENGINE, contacts=contacts_table(sent))
    names = {measure.name for block in BLOCKS for measure in block.measures}

    found = {
        (customer, int(days.day[row]) + 719163, name): int(days.measures[name][row])
        for code, customer in enumerate(days.customer_ids)
        for row in range(days.offsets[code], days.offsets[code + 1])
        for name in names
        if days.measures[name][row]
    }

    assert naive(rows, sent) == found
    assert {measure.name for measure in measures_of(BLOCKS)} == set(days.measures)


@settings(max_examples=15)
@given(events())
def test_bought_things_are_those_of_plain_python(rows):
    found = ENGINE.columns(bought_things(events_table(rows), "category"))

    lines = Counter(
        (row["customer_id"], row["event_time"].toordinal() - 719163, row["category"])
        for row in rows
        if row["event_type"] == "purchase" and row["amount"] > 0 and row["category"] is not None
    )
    columns = (found[name].tolist() for name in ("customer_id", "day", "thing", "n_lines"))

    assert sorted((*key, n_lines) for key, n_lines in lines.items()) == list(zip(*columns, strict=True))


def test_unknown_amount_is_no_line():
    rows = [event("a", 1, None, category="books"), event("a", 1, "0.00", category="books")]

    assert len(ENGINE.columns(bought_things(events_table(rows), "category"))["day"]) == 0

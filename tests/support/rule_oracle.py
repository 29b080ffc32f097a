"""Micro-segments once more, in plain Python over the rows of each customer; nothing is shared with the package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from support.events import event

Rows = list[dict[str, Any]]
Rule = Callable[[Rows, datetime], bool]
DAY = timedelta(days=1)
ABANDONED = {"first": ["add_to_cart"], "absent": ["purchase"], "within": DAY, "last": 10 * DAY}
AGAIN = {"first": ["purchase"], "then": ["purchase"], "within": 3 * DAY, "same": "product_id", "at_least": 2}
CARTED = {"first": ["view"], "then": ["add_to_cart"], "absent": ["purchase"], "within": 2 * DAY}

SEGMENTS: dict[str, dict[str, Any]] = {
    "often": {"type": "events", "condition": "COUNT(DISTINCT session_id) FILTER (WHERE days_ago <= 7) > 1"},
    "spender": {"type": "events", "condition": "SUM(amount) FILTER (WHERE event_type = 'purchase') > 20"},
    "silent": {"type": "events", "condition": "COUNT(*) FILTER (WHERE days_ago <= 5) = 0"},
    "lapsing": {
        "type": "events",
        "condition": "MIN(days_ago) FILTER (WHERE event_type = 'purchase') BETWEEN 2 AND 6.25",
    },
    "odd": {
        "type": "events",
        "condition": "COUNT(*) FILTER (WHERE event_type IN ('view', 'search') AND hours_ago < 36) > 0 "
        "OR (MAX(quantity) FILTER (WHERE event_type = 'purchase') IS NULL AND 2 * COUNT(product_id) > COUNT(*))",
    },
    "looked": {
        "type": "sessions",
        "condition": "COUNT(*) FILTER (WHERE event_type = 'view') >= 1 "
        "AND COUNT(*) FILTER (WHERE event_type = 'purchase') = 0",
        "last": "P7D",
        "ended": "PT12H",
    },
    "abandoned": {
        "type": "sequence",
        "first": "event_type = 'add_to_cart'",
        "absent": "event_type = 'purchase'",
        "within": "PT24H",
        "last": "P10D",
    },
    "again": {
        "type": "sequence",
        "first": "event_type = 'purchase'",
        "then": "event_type = 'purchase'",
        "within": "P3D",
        "same": "product_id",
        "at_least": 2,
    },
    "carted": {
        "type": "sequence",
        "first": "event_type = 'view'",
        "then": "event_type = 'add_to_cart'",
        "absent": "event_type = 'purchase'",
        "within": "P2D",
    },
    "grown": {"type": "customers", "customers": "age BETWEEN 25 AND 35"},
    "grown_viewer": {
        "type": "events",
        "condition": "COUNT(*) FILTER (WHERE event_type = 'view' AND days_ago <= 7) > 0",
        "customers": "age BETWEEN 25 AND 35",
    },
    "ranked": {"type": "rfm", "recency": 2, "frequency": 2, "money": 3},
    "edged": {
        "type": "rfm",
        "last": "P14D",
        "recency": [3, 7],
        "frequency": [2],
        "money": [0.1, 20],
        "cells": {
            "best": {"title": "b", "says": "b", "condition": "recency = 3 AND frequency = 2 AND money = 3"},
            "slow": {"title": "s", "says": "s", "condition": "recency < 3"},
        },
    },
}
AGES = {"a": "24", "b": "25", "c": "unknown"}
"""Of the customer ``d`` nothing is known."""


def random_log(seed: int, n_events: int) -> list[dict[str, Any]]:
    """Events of 20 customers at half hours of 30 days."""
    rng = np.random.default_rng(seed)
    types = ["view", "view", "search", "add_to_cart", "remove_from_cart", "purchase", "return"]
    return [
        event(
            "abcdefghijklmnopqrst"[rng.integers(20)],
            float(rng.integers(30 * 48)) / 48,
            str(rng.choice(["0.00", "0.10", "19.99", "3.50"])),
            event_type=str(rng.choice(types)),
            session_id=rng.choice([None, "s1", "s2", "s3"]),
            product_id=rng.choice([None, "p1", "p2", "p3", "p4"]),
            order_id=rng.choice([None, "o1", "o2"]),
            quantity=rng.choice([None, 1, 2]),
        )
        for _ in range(n_events)
    ]


def expected(log: Iterable[Mapping[str, Any]], cutoff: datetime) -> dict[str, set[str]]:
    """Who is in which of `SEGMENTS` at a cutoff; ``known`` is everybody with an event before it."""
    moment = cutoff.replace(tzinfo=None)
    of: dict[str, Rows] = {}
    for row in sorted(log, key=lambda row: row["event_time"]):
        if row["event_time"] < moment:
            of.setdefault(row["customer_id"], []).append(dict(row))
    found = {name: {who for who, rows in of.items() if rule(rows, moment)} for name, rule in _RULES.items()}
    grown = {who for who in of if "25" <= AGES.get(who, "") <= "35"}
    found |= {name: found[name] & grown for name in ("grown", "grown_viewer")}
    return {**found, **_ranked(of), **_edged(of, moment), "known": set(of)}


def _often(rows: Rows, cutoff: datetime) -> bool:
    return len({row["session_id"] for row in rows if row["event_time"] >= cutoff - 7 * DAY} - {None}) > 1


def _spender(rows: Rows, cutoff: datetime) -> bool:
    paid = [row["amount"] for row in rows if row["event_type"] == "purchase" and row["amount"] is not None]
    return sum(paid) > 20


def _silent(rows: Rows, cutoff: datetime) -> bool:
    return not [row for row in rows if row["event_time"] >= cutoff - 5 * DAY]


def _lapsing(rows: Rows, cutoff: datetime) -> bool:
    ago = [(cutoff - row["event_time"]) / DAY for row in rows if row["event_type"] == "purchase"]
    return bool(ago) and 2 <= min(ago) <= 6.25


def _odd(rows: Rows, cutoff: datetime) -> bool:
    late = [row for row in rows if cutoff - row["event_time"] < timedelta(hours=36)]
    if any(row["event_type"] in {"view", "search"} for row in late):
        return True
    bought = [row for row in rows if row["event_type"] == "purchase" and row["quantity"] is not None]
    return not bought and 2 * sum(row["product_id"] is not None for row in rows) > len(rows)


def _looked(rows: Rows, cutoff: datetime) -> bool:
    sessions: dict[str, Rows] = {}
    for row in rows:
        if row["session_id"] is not None and row["event_time"] >= cutoff - 8 * DAY:
            sessions.setdefault(row["session_id"], []).append(row)
    return any(
        one[0]["event_time"] >= cutoff - 7 * DAY
        and one[-1]["event_time"] <= cutoff - timedelta(hours=12)
        and any(row["event_type"] == "view" for row in one)
        and not any(row["event_type"] == "purchase" for row in one)
        for one in sessions.values()
    )


def _sequence(rows: Rows, cutoff: datetime, *, first: list[str], within: timedelta, **more: Any) -> bool:
    same, last = more.get("same"), more.get("last")
    rows = [row for row in rows if same is None or row[same] is not None]
    moments = set()
    for row in rows:
        start = row["event_time"]
        if row["event_type"] not in first or (last and start < cutoff - last):
            continue
        after = [
            other
            for other in rows
            if (same is None or other[same] == row[same])
            and start <= other["event_time"] < start + within
            and (other["event_time"] > start or other["event_type"] not in first)
        ]
        followed = {other["event_type"] for other in after}
        is_then = "then" not in more or bool(followed & {*more["then"]})
        is_absent = "absent" not in more or (not followed & {*more["absent"]} and start + within <= cutoff)
        if is_then and is_absent:
            moments.add(start)
    return len(moments) >= more.get("at_least", 1)


_RULES: dict[str, Rule] = {
    "often": _often,
    "spender": _spender,
    "silent": _silent,
    "lapsing": _lapsing,
    "odd": _odd,
    "looked": _looked,
    "abandoned": lambda rows, cutoff: _sequence(rows, cutoff, **ABANDONED),
    "again": lambda rows, cutoff: _sequence(rows, cutoff, **AGAIN),
    "carted": lambda rows, cutoff: _sequence(rows, cutoff, **CARTED),
    "grown": lambda rows, cutoff: True,
    "grown_viewer": lambda rows, cutoff: any(
        row["event_type"] == "view" and row["event_time"] >= cutoff - 7 * DAY for row in rows
    ),
}


def _measured(of: Mapping[str, Rows]) -> dict[str, tuple[datetime, int, Any]]:
    """Last purchase, orders and money of everybody who bought."""
    found = {}
    for who, rows in of.items():
        bought = [row for row in rows if row["event_type"] == "purchase" and row["amount"] and row["amount"] > 0]
        orders = {row["order_id"] or row["event_time"].date() for row in bought}
        if bought:
            spent = sum(row["amount"] for row in bought)
            found[who] = (max(row["event_time"] for row in bought), len(orders), spent)
    return found


def _ranked(of: Mapping[str, Rows]) -> dict[str, set[str]]:
    cells: dict[str, set[str]] = {f"ranked_r{r}f{f}m{m}": set() for r in (1, 2) for f in (1, 2) for m in (1, 2, 3)}
    measured = _measured(of)
    for who, own in measured.items():
        less = [sum(other[place] < own[place] for other in measured.values()) for place in range(3)]
        r, f, m = (1 + n_less * groups // len(measured) for n_less, groups in zip(less, (2, 2, 3), strict=True))
        cells[f"ranked_r{r}f{f}m{m}"].add(who)
    return cells


def _edged(of: Mapping[str, Rows], cutoff: datetime) -> dict[str, set[str]]:
    recent = {who: [row for row in rows if row["event_time"] >= cutoff - 14 * DAY] for who, rows in of.items()}
    cells: dict[str, set[str]] = {"edged_best": set(), "edged_slow": set()}
    for who, (last, n_orders, spent) in _measured(recent).items():
        if cutoff - last <= 3 * DAY and n_orders >= 2 and spent >= 20:
            cells["edged_best"].add(who)
        if cutoff - last > 3 * DAY:
            cells["edged_slow"].add(who)
    return cells

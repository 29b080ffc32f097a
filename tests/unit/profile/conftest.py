"""Ingested sources in memory, as far as a profile looks at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pandas as pd
import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.windows import Window, day_moment
from pipelines.profile.facts import Facts
from pipelines.profile.profile import facts_of
from support.events import event, events_table

ENGINE = DuckDBEngine()


@dataclass(frozen=True)
class Held:
    roles: Mapping[str, str]
    quarantined: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    first_event: datetime
    last_event: datetime
    latest: datetime
    tables: Mapping[str, Held]
    source: str = "shop"
    currency: str = "EUR"
    decimals: int = 2
    data_digest: str = "0" * 64

    @property
    def span(self) -> Window:
        return Window(_midnight(self.first_event), self.latest)


@dataclass(frozen=True)
class Lake:
    known: Known
    tables: Mapping[str, Any]

    def manifest(self, source: str) -> Known:
        return self.known

    def table(self, source: str, name: str) -> Any:
        return self.tables[name]

    def columns(self, expression: Any) -> Any:
        return ENGINE.columns(expression)


def lake_of(
    rows: Sequence[Mapping[str, Any]],
    latest: int | None = None,
    quarantined: Mapping[str, int] | None = None,
    **tables: pd.DataFrame,
) -> Lake:
    """A source of these events; it is known up to the start of day ``latest``, by default that of the last event."""
    times = [row["event_time"] for row in rows]
    first, last = (day_moment(0) + (time.replace(tzinfo=UTC) - day_moment(0)) for time in (min(times), max(times)))
    end = _midnight(last) if latest is None else day_moment(latest)
    held = {"events": Held(dict.fromkeys(rows[0], "feature"), quarantined or {})}
    held |= {name: Held(dict.fromkeys(table.columns, "feature")) for name, table in tables.items()}
    made = {"events": events_table(rows), **{name: ibis.memtable(table) for name, table in tables.items()}}
    return Lake(Known(first, last, end, held), made)


def steady(n_customers: int = 5, n_days: int = 70, **more: Any) -> list[dict[str, Any]]:
    """Everybody buys every day at half past noon: a log without anything odd about its days."""
    half = 0.5 + timedelta(minutes=30) / timedelta(days=1)
    return [
        event(f"c{number}", day + half + number / 1_000, order_id=f"o{day}-{number}", **more)
        for day in range(n_days)
        for number in range(n_customers)
    ]


@pytest.fixture(scope="session")
def usual() -> Facts:
    return facts_of("shop", lake_of(steady()))


@pytest.fixture(scope="session")
def make_lake() -> Callable[..., Lake]:
    return lake_of


@pytest.fixture(scope="session")
def make_steady() -> Callable[..., list[dict[str, Any]]]:
    return steady


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)

"""The profile of a source: asks the engine, then works on what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.columns import CUSTOMER_ID
from pipelines.core.errors import UsageError
from pipelines.core.windows import DAY, day_number
from pipelines.features.days import customer_days
from pipelines.profile import queries
from pipelines.profile.counts import Histogram
from pipelines.profile.facts import Buying, ColumnFacts, Days, Facts, Seen, TypeFacts
from pipelines.profile.gaps import Gaps, Silence, Survival, silences_of, survival
from pipelines.profile.horizon import Suggestion, follow_up_days, horizons_within, suggest
from pipelines.profile.oddities import oddities
from pipelines.tables.contract import CUSTOMERS, EVENTS, PRODUCTS
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest

PRODUCT_ID = "product_id"
Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Profile:
    """A source described.

    Parameters
    ----------
    facts : Facts
        What was counted.
    survival : Survival
        The share of gaps that outlast each number of days.
    suggestion : Suggestion or str
        A horizon for churn, or why there is none.
    oddities : tuple of str
        One sentence each.
    """

    facts: Facts
    survival: Survival
    suggestion: Suggestion | str
    oddities: tuple[str, ...]

    @cached_property
    def follow_up(self) -> int:
        """Days for which a silence is followed."""
        return follow_up_days(self.facts.span_days)

    @property
    def told_silences(self) -> tuple[Silence, ...]:
        """Those that occurred."""
        return tuple(one for one in self.facts.silences if one.n_silences)


def profile_of(source: str, lake: Lake) -> Profile:
    """Describe an ingested source; only aggregates leave the engine."""
    facts = facts_of(source, lake)
    return Profile(
        facts=facts,
        survival=survival(facts.gaps),
        suggestion=suggest(facts.gaps, facts.silences, facts.span_days),
        oddities=oddities(facts),
    )


def facts_of(source: str, lake: Lake) -> Facts:
    """Everything that is counted.

    Parameters
    ----------
    source : str
        An ingested one.
    lake : Lake
        Where it is.

    Returns
    -------
    Facts
        All events are counted; weeks, days and gaps read nothing after the manifest's ``latest`` day.

    Raises
    ------
    UsageError
        If the source has no events.
    """
    manifest = _of_events(lake.manifest(source))
    tables = {name: lake.table(source, name) for name in manifest.tables}
    events = queries.whole(tables[EVENTS.name])
    stamps = lake.columns(queries.stamps(events, manifest.latest + DAY))
    gaps, silences = _gaps(lake, events, manifest)
    return Facts(
        source=manifest.source,
        currency=manifest.currency,
        decimals=manifest.decimals,
        span=manifest.span,
        set_aside=_set_aside(manifest),
        **{name: int(value[0]) for name, value in stamps.items()},
        types=(types := _types(lake, events)),
        days=_days(lake, events, manifest, [one.name for one in types]),
        columns=tuple(one for name in tables for one in _columns(lake, tables[name], name, manifest)),
        customers=_seen(lake, events, tables.get(CUSTOMERS.name), CUSTOMER_ID),
        products=_seen(lake, events, tables.get(PRODUCTS.name), PRODUCT_ID),
        buying=_buying(lake, events, manifest.decimals),
        gaps=gaps,
        silences=silences,
    )


def _of_events(manifest: Manifest) -> Manifest:
    if EVENTS.name not in manifest.tables:
        raise UsageError(
            f"The source '{manifest.source}' has no events, only {', '.join(manifest.tables) or 'nothing'}.",
            why="Weeks, customers and gaps between purchases are counted in events.",
            fix="Describe a source that maps the table 'events'.",
        )
    return manifest


def _set_aside(manifest: Manifest) -> dict[str, int]:
    return {
        f"{name}: {reason}": n_rows
        for name, table in manifest.tables.items()
        for reason, n_rows in table.quarantined.items()
    }


def _types(lake: Lake, events: Any) -> tuple[TypeFacts, ...]:
    found = lake.columns(queries.by_type(events))
    return tuple(
        TypeFacts(str(name), int(n_events), int(n_customers), _moment(first), _moment(last))
        for name, n_events, n_customers, first, last in zip(
            *(found[column] for column in ("event_type", "n_events", "n_customers", "first", "last")), strict=True
        )
    )


def _days(lake: Lake, events: Any, manifest: Manifest, types: list[str]) -> Days:
    found = lake.columns(queries.by_day(events, manifest.decimals))
    first, last = day_number(manifest.span.start), day_number(manifest.latest)
    known = (found["day"] >= first) & (found["day"] <= last)
    place = found["day"][known].astype(np.int64) - first
    kind = np.array([types.index(str(name)) for name in found["event_type"][known]], np.int64)
    n_events = np.zeros((len(types), last - first + 1), np.int64)
    paid = np.zeros(last - first + 1, np.int64)
    np.add.at(n_events, (kind, place), found["n_events"][known].astype(np.int64))
    np.add.at(paid, place, found["paid"][known].astype(np.int64))
    return Days(first, n_events, paid)


def _columns(lake: Lake, table: Any, name: str, manifest: Manifest) -> list[ColumnFacts]:
    """Of the mapped columns; the others are empty by construction."""
    roles = manifest.tables[name].roles
    mapped = [column for column in table.columns if column in roles]
    found = lake.columns(queries.column_facts(table, mapped))
    return [
        ColumnFacts(
            table=name,
            column=column,
            role=str(roles[column]),
            n_rows=int(found["n_rows"][0]),
            n_missing=int(found[f"n_missing_{number}"][0]),
            is_constant=bool(found[f"is_constant_{number}"][0]),
        )
        for number, column in enumerate(mapped)
    ]


def _seen(lake: Lake, events: Any, listed: Any | None, key: str) -> Seen:
    seen = queries.seen_ids(events, key)
    counts = _row(lake, queries.seen_totals(seen)) | _row(lake, queries.id_forms(seen, listed, key))
    return Seen(**counts, listing=None if listed is None else _row(lake, queries.listing(seen, listed, key)))


def _buying(lake: Lake, events: Any, decimals: int) -> Buying:
    days = customer_days(events, decimals)
    asked = {
        "purchase_days": queries.per_customer(days, "n_purchase_days"),
        "orders": queries.per_customer(days, "n_orders"),
        "baskets": queries.baskets(events, decimals),
        "prices": queries.prices(events, decimals),
        "quantities": queries.quantities(events),
    }
    return Buying(**{name: Histogram.from_columns(lake.columns(one)) for name, one in asked.items()})


def _gaps(lake: Lake, events: Any, manifest: Manifest) -> tuple[Gaps, tuple[Silence, ...]]:
    span_days = (manifest.span.end - manifest.span.start).days
    gaps = queries.gaps(customer_days(events, manifest.decimals), day_number(manifest.latest))
    horizons = horizons_within(span_days)
    found = Gaps.from_columns(lake.columns(queries.durations(gaps)))
    if not horizons:
        return found, ()
    sums = lake.columns(queries.silences(gaps, horizons, follow_up_days(span_days)))
    return found, silences_of(sums, horizons)


def _row(lake: Lake, expression: Any) -> dict[str, int]:
    return {name: int(value[0]) for name, value in lake.columns(expression).items()}


def _moment(value: Any) -> datetime:
    moment: datetime = value.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)

"""Contract tables → what feature blocks read of them, as Ibis expressions over the part of the log that is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import ibis

from pipelines.core.columns import CONTACT, TREATMENT
from pipelines.core.errors import ConfigError
from pipelines.features.assortment import things_from
from pipelines.features.blocks import Reads
from pipelines.features.days import customer_days
from pipelines.features.fit import first_met
from pipelines.features.panel import measures_of, sequences_of
from pipelines.features.sequences import bought_things
from pipelines.scoring.usable import usable_columns
from pipelines.tables.contract import CONTACTS, PRODUCTS
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest

Shown = Callable[[Any], Any]
"""From events to those of them that may be seen; contacts pass through it as events of the type ``contact``."""
DAYS = "days"
"""The name of the customer-day table among reductions; the others are called by the column that they follow."""
KEYS: Mapping[str, tuple[str, ...]] = {DAYS: ("customer_id", "day")}
"""What a reduction is ordered by; what follows a column is ordered by `THING_KEYS`."""
THING_KEYS = ("customer_id", "day", "thing")


def reductions(lake: Lake, manifest: Manifest, blocks: tuple[Reads, ...], shown: Shown) -> dict[str, Any]:
    """The tables that the blocks are computed from, by name.

    Parameters
    ----------
    lake : Lake
        Holds the source.
    manifest : Manifest
        What the source is.
    blocks : tuple of Block
        What will be computed. Contacts are read if one of them counts them, products if one needs a column that events
        lack.
    shown : callable
        Which events are read.

    Returns
    -------
    dict of str to ibis.Table
        ``days`` (see `customer_days`) and one per column that is followed (see `bought_things`).

    Raises
    ------
    ConfigError
        If a block reads contacts, or follows a column, that the source does not have.
    """
    measures = measures_of(blocks)
    events = lake.table(manifest.source, "events")
    things = {name: bought_things(_with(lake, manifest, shown(events), name), name) for name in sequences_of(blocks)}
    if reads_contacts(blocks):
        events = events.union(_as_events(_contacts(lake, manifest), events.schema()))
    return {DAYS: customer_days(shown(events), manifest.decimals, measures), **things}


def tables_read(manifest: Manifest, blocks: tuple[Reads, ...]) -> dict[str, tuple[str, ...]]:
    """Of each reduction the contract tables that it is made from."""
    contacts = (CONTACTS.name,) if reads_contacts(blocks) else ()
    things = {
        name: ("events",) if _is_of_events(manifest, name) else ("events", PRODUCTS.name)
        for name in sequences_of(blocks)
    }
    return {DAYS: ("events", *contacts), **things}


def reads_contacts(blocks: tuple[Reads, ...]) -> bool:
    """Whether any block counts contacts."""
    return any(measure.table == CONTACTS.name for measure in measures_of(blocks))


def as_literal(moment: datetime) -> Any:
    """A moment for an expression to compare times with."""
    return ibis.timestamp(moment.replace(tzinfo=None).isoformat())


def _contacts(lake: Lake, manifest: Manifest) -> Any:
    """The contacts that reached somebody."""
    if CONTACTS.name not in manifest.tables:
        raise _lacks(manifest, "no table of contacts")
    contacts = lake.table(manifest.source, CONTACTS.name)
    return contacts.filter(contacts.variant.isnull() | (contacts.variant == TREATMENT))


def _as_events(contacts: Any, schema: Any) -> Any:
    """Contacts as rows among events: whom, when, and that it was one."""
    known = {
        "customer_id": contacts.customer_id,
        "event_time": contacts.contact_time,
        "event_type": ibis.literal(CONTACT),
    }
    return contacts.select(
        **{name: known[name].cast(kind) if name in known else ibis.null(kind) for name, kind in schema.items()}
    )


def _with(lake: Lake, manifest: Manifest, events: Any, column: str) -> Any:
    """Events with a column of their own, or else with that of their products."""
    if _is_of_events(manifest, column):
        return events
    products = lake.table(manifest.source, PRODUCTS.name)
    named = products.group_by("product_id").agg(**{column: products[column].min()})
    return events.drop(*({column} & set(events.columns))).inner_join(named, "product_id")


def _is_of_events(manifest: Manifest, column: str) -> bool:
    met = first_met(things_from(column), usable_columns(manifest))
    if met is None:
        raise _lacks(manifest, f"no {column} of events or products that is known at the time of a purchase")
    return ("events", column) in met


def _lacks(manifest: Manifest, what: str) -> ConfigError:
    return ConfigError(
        f"The source '{manifest.source}' has {what}.",
        why="A block of the task is computed from it.",
        fix=f"Map it in conf/sources/{manifest.source}.yaml and ingest again, or take the block out of the task.",
    )

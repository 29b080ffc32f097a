"""What is known of the customers at a moment: the one place where a cutoff becomes a filter on the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.columns import CONTACT, TREATMENT
from pipelines.core.errors import ConfigError, nearest
from pipelines.features.assortment import things_from
from pipelines.features.days import CustomerDays, customer_days
from pipelines.features.fit import first_met
from pipelines.features.panel import AnyBlock, measures_of, sequences_of
from pipelines.features.sequences import bought_things
from pipelines.scoring.usable import usable_columns
from pipelines.tables.contract import CONTACTS, CUSTOMERS, PRODUCTS, Role
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest

UNKNOWN = "unknown"


def history(lake: Lake, source: str, known_at: datetime, blocks: tuple[AnyBlock, ...]) -> CustomerDays:
    """The customer-day table of everything before ``known_at``; nothing at or after it is read.

    Parameters
    ----------
    lake : Lake
        Holds the source.
    source : str
        Its name.
    known_at : datetime
        The moment of knowledge.
    blocks : tuple of Block
        What will be computed from it. Contacts are read if one of them counts them, products if one needs a column
        that events lack.

    Raises
    ------
    ConfigError
        If a block reads contacts, or follows a column, that the source does not have.
    """
    manifest = lake.manifest(source)
    measures = measures_of(blocks)
    events = _before(lake.table(source, "events"), "event_time", known_at)
    things = {
        name: lake.columns(bought_things(_with(lake, manifest, events, name), name)) for name in sequences_of(blocks)
    }
    if any(measure.table == CONTACTS.name for measure in measures):
        events = events.union(_as_events(_contacts(lake, manifest, known_at), events.schema()))
    days = lake.columns(customer_days(events, manifest.decimals, measures))
    return CustomerDays.from_columns(days, manifest.decimals, things)


def _before(table: Any, time: str, known_at: datetime) -> Any:
    return table.filter(table[time] < ibis.timestamp(known_at.replace(tzinfo=None).isoformat()))


def _contacts(lake: Lake, manifest: Manifest, known_at: datetime) -> Any:
    """The contacts that reached somebody."""
    if CONTACTS.name not in manifest.tables:
        raise _lacks(manifest, "no table of contacts")
    contacts = _before(lake.table(manifest.source, CONTACTS.name), "contact_time", known_at)
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
    met = first_met(things_from(column), usable_columns(manifest))
    if met is None:
        raise _lacks(manifest, f"no {column} of events or products that is known at the time of a purchase")
    if ("events", column) in met:
        return events
    products = lake.table(manifest.source, PRODUCTS.name)
    named = products.group_by("product_id").agg(**{column: products[column].min()})
    return events.drop(*({column} & set(events.columns))).inner_join(named, "product_id")


def _lacks(manifest: Manifest, what: str) -> ConfigError:
    return ConfigError(
        f"The source '{manifest.source}' has {what}.",
        why="A block of the task is computed from it.",
        fix=f"Map it in conf/sources/{manifest.source}.yaml and ingest again, or take the block out of the task.",
    )


def sensitive_attributes(
    lake: Lake, source: str, names: tuple[str, ...], customer_id: NDArray[np.object_]
) -> pd.DataFrame:
    """The sensitive columns of these customers, for fairness only.

    Returns
    -------
    DataFrame of str, shape (n_rows, n_names)
        In the order of ``customer_id``; a customer that the table does not know is ``unknown``.

    Raises
    ------
    ConfigError
        If a name is not a column that the source declares as sensitive.
    """
    if not names:
        return pd.DataFrame(index=range(len(customer_id)))
    require_sensitive(lake, source, names)
    customers = pd.DataFrame(_text(lake, source, names)).set_index("customer_id")
    return customers.reindex(customer_id)[list(names)].fillna(UNKNOWN).reset_index(drop=True)


def _text(lake: Lake, source: str, names: tuple[str, ...]) -> dict[str, Any]:
    return lake.columns(lake.table(source, CUSTOMERS.name).select("customer_id", *names))


def require_sensitive(lake: Lake, source: str, names: tuple[str, ...]) -> None:
    """Refuse a name that is not a column which the source declares as sensitive; `ConfigError`."""
    table = lake.manifest(source).tables.get(CUSTOMERS.name)
    known = [name for name, role in table.roles.items() if role == Role.SENSITIVE] if table else []
    for name in names:
        if name not in known:
            raise ConfigError(
                f"'{name}' is not a sensitive column of '{source}'. Known: {', '.join(known) or 'none'}."
                f"{nearest(name, known)}",
                why="Fairness can only be measured over columns that the source declares with role: sensitive.",
                fix=f"Declare it in conf/sources/{source}.yaml and ingest again, or correct 'sensitive' in the task "
                "(sensitive: [] if there is none).",
            )

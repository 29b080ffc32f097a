"""The simulated shop: raw tables, chunk by chunk, from a spec.

Everything follows from the law (`law.py`): people have a latent type and are active or lapsed (`people.py`), come in
sessions (`sessions.py`), leave events (`log.py`), and feeds deliver those (`feeds.py`). From the same law come what is
true (`truth.py`) and what could be known (`oracle.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from pipelines.core.errors import UsageError
from pipelines.simulation import defaults
from pipelines.simulation.catalog import catalog_of
from pipelines.simulation.columns import categorical
from pipelines.simulation.feeds import as_logged, events_frame
from pipelines.simulation.law import law_of
from pipelines.simulation.log import rows_of
from pipelines.simulation.people import People, people_of, was_active
from pipelines.simulation.sessions import sessions_of
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.unfairness import CELL_SHAPE

CONTACT_HOUR = np.timedelta64(9, "h")


def generate(spec: ShopSpec) -> Iterator[Mapping[str, pd.DataFrame]]:
    """The raw tables of every chunk in turn, as `chunk_of` makes them; only one chunk is in memory."""
    return (chunk_of(spec, chunk) for chunk in range(spec.n_chunks))


def chunk_of(spec: ShopSpec, chunk: int) -> Mapping[str, pd.DataFrame]:
    """The raw tables of one chunk of customers; the same whatever other chunks there are.

    Parameters
    ----------
    spec : ShopSpec
        The shop.
    chunk : int
        From 0 to ``spec.n_chunks - 1``.

    Returns
    -------
    mapping
        ``events``, ordered by customer and time, ``customers`` and ``contacts``; columns as in `COLUMNS`. A purchase
        feed that broke, or a tag that fired twice, shows in ``events`` as a shop would see it.

    Raises
    ------
    UsageError
        If there is no such chunk.

    Examples
    --------
    >>> tables = chunk_of(ShopSpec(n_customers=1_000, n_days=28), 0)
    >>> {name: len(table) for name, table in tables.items() if name != "events"}
    {'customers': 1000, 'contacts': 0}
    """
    if not 0 <= chunk < spec.n_chunks:
        raise UsageError(
            f"Chunk {chunk} was asked for.",
            why=f"{spec.n_customers:,} customers come in {spec.n_chunks} chunks of {spec.customers_per_chunk:,}.",
            fix=f"Use 0 to {spec.n_chunks - 1}.",
        )
    law, catalog = law_of(spec), catalog_of(spec)
    people = people_of(spec, law, chunk)
    sessions = sessions_of(spec, law, people, was_active(spec, law, people, chunk), chunk)
    logged = sessions.where(sessions.is_logged)
    rows, blank = as_logged(spec, rows_of(spec, law, people, logged, catalog, chunk), chunk)
    return {
        "events": events_frame(spec, people, catalog, rows, blank),
        "customers": _customers(spec, people),
        "contacts": _contacts(spec, people),
    }


def _customers(spec: ShopSpec, people: People) -> pd.DataFrame:
    _, gender, region = np.unravel_index(people.cell, CELL_SHAPE)
    return pd.DataFrame(
        {
            "customer_id": people.customer_id,
            "age": people.age,
            "gender": categorical(gender, defaults.GENDERS),
            "region": categorical(region, defaults.REGIONS),
            "consent": people.consents,
            "signed_up": np.datetime64(spec.start, "us") + people.signup_day.astype("timedelta64[D]"),
        }
    )


def _contacts(spec: ShopSpec, people: People) -> pd.DataFrame:
    """Ordered by customer and time."""
    names = tuple(campaign.campaign_id for campaign in spec.campaigns)
    channels = tuple(sorted({campaign.channel for campaign in spec.campaigns}))
    times = np.array([np.datetime64(campaign.sent, "us") for campaign in spec.campaigns], "datetime64[us]")
    code_of_channel = np.array([channels.index(campaign.channel) for campaign in spec.campaigns], np.int64)
    by_time = np.argsort(times, kind="stable")
    who, place = np.nonzero(people.arms[:, by_time] >= 0)
    number = by_time[place]
    return pd.DataFrame(
        {
            "customer_id": people.customer_id[who],
            "contact_time": times[number] + CONTACT_HOUR,
            "campaign_id": categorical(number, names),
            "variant": categorical(people.arms[who, number], ("control", "treatment")),
            "channel": categorical(code_of_channel[number], channels),
        }
    )

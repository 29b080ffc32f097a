"""A seeded clickstream of a web shop with known faults, as Parquet or CSV: `python ingest_data.py FILE ROWS`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.random import Generator
from numpy.typing import NDArray
from pyarrow import csv
from pyarrow import parquet as pq

SEED, CHUNK, DAY = 20191001, 500_000, 86_400_000_000
START, SPAN = 1_569_888_000_000_000, 61 * DAY  # October and November 2019, microseconds
N_PRODUCTS, N_CATEGORIES, N_BRANDS = 150_000, 600, 4_000
ROWS_PER_SESSION, ROWS_PER_USER = 5, 20
TYPES, SHARES = ("view", "cart", "remove_from_cart", "purchase"), (0.92, 0.045, 0.015, 0.02)
FAULT = 0.0005
"""The share of rows with each of the faults. Blanks around a text, empty texts and copies of a row are none."""


@dataclass(frozen=True)
class Shelf:
    """What a product always has; some have neither brand nor category."""

    price: NDArray[np.float64]
    category: pa.Array
    category_id: NDArray[np.int64]
    brand: pa.Array
    weight: NDArray[np.float64]


def main() -> None:
    path, n_rows = Path(sys.argv[1]), int(sys.argv[2])
    rng = np.random.default_rng(SEED)
    shelf, as_text = _shelf(rng), path.suffix == ".csv"
    schema = _schema(as_text)
    open_writer = csv.CSVWriter if as_text else pq.ParquetWriter
    with open_writer(path, schema) as writer:
        for start in range(0, n_rows, CHUNK):
            table = _chunk(rng, shelf, start, min(CHUNK, n_rows - start), n_rows)
            writer.write_table((_texts(table) if as_text else table).cast(schema))


def _schema(as_text: bool) -> pa.Schema:
    time, number = (pa.string(), pa.string()) if as_text else (pa.timestamp("us"), pa.float64())
    return pa.schema(
        [
            ("event_time", time),
            ("event_type", pa.string()),
            ("product_id", pa.int64()),
            ("category_id", pa.int64()),
            ("category_code", pa.string()),
            ("brand", pa.string()),
            ("price", number),
            ("user_id", pa.int64()),
            ("user_session", pa.string()),
        ]
    )


def _shelf(rng: Generator) -> Shelf:
    category, brand = rng.integers(0, N_CATEGORIES, N_PRODUCTS), rng.zipf(1.3, N_PRODUCTS) % N_BRANDS
    popularity = 1 / (np.arange(N_PRODUCTS) + 10.0) ** 0.8
    return Shelf(
        price=np.round(rng.lognormal(4.5, 1.2, N_PRODUCTS), 2),
        category=pa.array([f"group{one % 13}.kind{one % 60}.sort{one}" for one in category], mask=category % 3 == 0),
        category_id=2_053_013_550_000_000_000 + category * 1_000_003,
        brand=pa.array([f"brand{one}" for one in brand], mask=brand % 7 == 0),
        weight=np.cumsum(popularity) / popularity.sum(),
    )


def _chunk(rng: Generator, shelf: Shelf, start: int, n: int, n_rows: int) -> pa.Table:
    """Rows ``start`` to ``start + n`` of the log, in the order of time."""
    n_sessions = max(n // ROWS_PER_SESSION, 1)
    session = np.minimum((np.arange(n) + rng.integers(0, 2_000, n)) * n_sessions // (n + 2_000), n_sessions - 1)
    user = 512_000_000 + rng.integers(0, max(n_rows // ROWS_PER_USER, 1), n_sessions)
    product = np.searchsorted(shelf.weight, rng.random(n))
    first, last = (place * SPAN // n_rows // 1_000_000 for place in (start, start + n))
    time = START + np.sort(rng.integers(first, last, n)) * 1_000_000
    kind, price, lacks_price = _kinds(rng, shelf.price[product])
    time[_faulty(rng, n)] //= 1_000  # milliseconds taken for microseconds: January 1970
    time[_faulty(rng, n)] += 500 * 365 * DAY  # no moment that anybody means
    brand = shelf.brand.take(pa.array(product)).to_numpy(zero_copy_only=False)
    brand[rng.random(n) < 0.05] = ""
    columns = [
        pa.array(time, pa.timestamp("us"), mask=_faulty(rng, n)),
        pa.array(kind, pa.string()),
        pa.array(1_000_000 + product),
        pa.array(shelf.category_id[product]),
        shelf.category.take(pa.array(product)),
        pa.array(brand, pa.string()),
        pa.array(price, mask=lacks_price),
        pa.array(user[session], mask=_faulty(rng, n)),
        _uuids(rng, n_sessions).take(pa.array(session)),
    ]
    table = pa.table(columns, schema=_schema(as_text=False))
    places = np.arange(n)
    repeated = np.flatnonzero(_faulty(rng, n))
    places[repeated] = np.maximum(repeated - 1, 0)  # an exact copy of the row before
    return table.take(pa.array(places))


def _kinds(rng: Generator, usual: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.bool_]]:
    """Types of events, prices, and which prices are missing."""
    n, price = len(usual), usual.copy()
    kind = np.array(TYPES, dtype=object)[rng.choice(len(TYPES), n, p=SHARES)]
    kind[rng.random(n) < 0.05] += " "
    kind[_faulty(rng, n)] = "hover"
    kind[_faulty(rng, n)] = None
    price[_faulty(rng, n)] = np.inf
    negative, lacking = _faulty(rng, n), _faulty(rng, n)
    kind[negative], price[negative] = "purchase", -price[negative]
    kind[lacking] = "purchase"
    return kind, price, lacking


def _faulty(rng: Generator, n: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = rng.random(n) < FAULT
    return found


def _uuids(rng: Generator, n: int) -> pa.Array:
    digits = rng.bytes(16 * n).hex()
    cuts = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
    return pa.array(["-".join(digits[at + a : at + b] for a, b in cuts) for at in range(0, 32 * n, 32)])


def _texts(table: pa.Table) -> pa.Table:
    """Times as ``2019-10-01 00:00:00 UTC``, one kind of them unreadable, and prices with two decimals."""
    times = table["event_time"].cast(pa.timestamp("s"), safe=False).cast(pa.string()).to_numpy(zero_copy_only=False)
    written = [None if one is None else f"{one} UTC" if one < "2200" else "soon" for one in times]
    prices = table["price"].to_numpy(zero_copy_only=False)
    numbers = [None if np.isnan(one) else f"{one:.2f}" for one in prices]
    table = table.set_column(0, "event_time", pa.array(written, pa.string()))
    return table.set_column(6, "price", pa.array(numbers, pa.string()))


if __name__ == "__main__":
    main()

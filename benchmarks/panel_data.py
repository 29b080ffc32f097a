"""A seeded log of purchases as the lake holds it after ingest: `python panel_data.py FILE EVENTS CUSTOMERS LINES`.

One Parquet file, ordered by customer and time. A customer joins at some day (every second one before the log
begins) and then buys at a constant rate; rates differ from customer to customer by a heavy-tailed factor. An order
is a moment and, on average, ``LINES`` lines of it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator
from numpy.typing import NDArray
from pyarrow import parquet as pq

SEED, START_DAY, N_DAYS, SECONDS = 20211122, 18_628, 728, 86_400  # from 2021-01-01
N_PRODUCTS, TAIL = 50_000, 1.1
"""``TAIL`` is the standard deviation of the logarithm of a customer's rate."""
AT_MIDNIGHT = 0.01
"""The share of orders at the first moment of a day: at a cutoff, they are the first that must not count."""
SPREAD = 387_420_489
"""Prime to ten: order ``n`` is called after ``SPREAD * n``, since a shop's numbers do not follow its customers."""
ROWS_AT_ONCE, ROWS_PER_GROUP = 2_000_000, 122_880
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("event_time", pa.timestamp("us")),
        ("event_type", pa.string()),
        ("order_id", pa.string()),
        ("product_id", pa.string()),
        ("quantity", pa.int64()),
        ("amount", pa.decimal128(18, 2)),
    ]
)
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Customers:
    """Some customers in the order of their ids: when they joined, in seconds of the log, and how often they bought."""

    first: int
    joined: Integers
    n_orders: Integers

    def between(self, start: int, end: int) -> Customers:
        """Those at the places ``start`` to ``end - 1``."""
        return Customers(self.first + start, self.joined[start:end], self.n_orders[start:end])


def main() -> None:
    path, (n_rows, n_customers, n_lines) = Path(sys.argv[1]), map(int, sys.argv[2:])
    rng = np.random.default_rng(SEED)
    customers, products = _customers(rng, n_rows // n_lines, n_customers), _named("p", np.arange(N_PRODUCTS), 5)
    ends = np.cumsum(customers.n_orders)
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", store_decimal_as_integer=True) as writer:
        n_written, start = 0, 0
        while start < n_customers:
            before = ends[start - 1] if start else 0
            end = max(int(np.searchsorted(ends, before + ROWS_AT_ONCE // n_lines)), start + 1)
            n = n_lines * int(ends[end - 1] - before) if end < n_customers else n_rows - n_written
            table = _lines(rng, customers.between(start, end), int(before), n, products)
            writer.write_table(table, row_group_size=ROWS_PER_GROUP)
            n_written, start = n_written + n, end


def _customers(rng: Generator, n_orders: int, n: int) -> Customers:
    """Everybody, with ``n_orders`` between them; a late customer has had less time for it."""
    joined = np.maximum(rng.random(n) * 1.8 - 0.9, 0.0)
    weight = rng.lognormal(0.0, TAIL, n) * (1 - joined)
    return Customers(0, (joined * N_DAYS * SECONDS).astype(np.int64), rng.multinomial(n_orders, weight / weight.sum()))


def _lines(rng: Generator, of: Customers, first_order: int, n: int, products: pa.Array) -> pa.Table:
    """``n`` lines in the order of customer and time; every order has at least one."""
    customer = np.repeat(np.arange(len(of.joined)), of.n_orders)
    moment = _moments(rng, of.joined[customer], customer)
    starts = np.zeros(n, np.int64)
    starts[rng.permutation(n - 1)[: len(customer) - 1] + 1] = 1
    order = np.cumsum(starts)
    product = (rng.random(n) ** 3 * N_PRODUCTS).astype(np.int64)
    cents = np.minimum(rng.lognormal(6.5, 1.0, n).astype(np.int64) + 1, 10**7)
    columns = [
        _named("c", of.first + np.arange(len(of.joined)), 7).take(pa.array(customer[order])),
        pa.array((START_DAY * SECONDS + moment[order]) * 1_000_000, pa.timestamp("us")),
        pa.array(["purchase"]).take(pa.array(np.zeros(n, np.int64))),
        _named("o", (first_order + np.arange(len(customer))) * SPREAD % 10**9, 9).take(pa.array(order)),
        products.take(pa.array(product)),
        pa.array(rng.geometric(0.7, n)),
        _money(cents),
    ]
    return pa.table(columns, schema=SCHEMA)


def _moments(rng: Generator, joined: Integers, customer: Integers) -> Integers:
    """A moment for each order, in seconds of the log, ascending within a customer."""
    span = N_DAYS * SECONDS
    moment = joined + (rng.random(len(joined)) * (span - joined)).astype(np.int64)
    is_midnight = rng.random(len(moment)) < AT_MIDNIGHT
    moment[is_midnight] -= moment[is_midnight] % SECONDS
    return np.sort(customer * span + moment) % span


def _named(letter: str, numbers: Integers, n_digits: int) -> Any:
    """Texts such as ``c0000012``, in the order of the numbers."""
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), n_digits, "0")
    return pc.binary_join_element_wise(letter, digits, "")


def _money(cents: Integers) -> pa.Array:
    """Whole cents as a decimal: 128 bits each, of which the upper half is 0."""
    bits = np.zeros((len(cents), 2), np.int64)
    bits[:, 0] = cents
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(bits)])


if __name__ == "__main__":
    main()

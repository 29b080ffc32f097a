"""The good export that every bad one is made from, as rows, as bytes, and as the events that it must become."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
from pyarrow import parquet as pq

from e2e.bad_inputs.case import Bad, Case, Feed, Gets, Held, Row

Sale = tuple[str, str, str, str]
HEADER = ("customer", "time", "order", "amount")
CLEAN: tuple[Sale, ...] = (
    ("ID4711", "2024-03-01 10:00:00", "A1", "3.50"),
    ("ID4712", "2024-03-01 18:45:00", "A2", "12.00"),
    ("ID4711", "2024-03-02 09:15:00", "A3", "7.25"),
    ("ID4713", "2024-03-03 12:00:00", "A4", "120.40"),
    ("ID4714", "2024-03-04 16:20:00", "A5", "18.99"),
    ("ID4712", "2024-03-05 08:05:00", "A6", "5.10"),
    ("ID4715", "2024-03-06 20:30:00", "A7", "64.00"),
    ("ID4713", "2024-03-07 11:11:11", "A8", "9.95"),
)
PERSONAL = ("ID47", "@example")
"""What stands in raw rows about customers and must not be printed or logged."""

SOURCE: dict[str, Any] = {
    "title": "A shop",
    "licence": "ours",
    "currency": "EUR",
    "raw": {"sales": {"path": "raw/{name}/sales.csv"}},
    "tables": {
        "events": {
            "from": "sales",
            "columns": {
                "customer_id": "customer",
                "event_time": "time",
                "event_type": {"constant": "purchase"},
                "order_id": "order",
                "amount": "amount",
            },
        }
    },
}
"""What every source says; a case declares what differs, by dotted names."""


def lines(rows: Iterable[Iterable[str]], header: Iterable[str] = HEADER, mark: str = ",", end: str = "\n") -> str:
    """A CSV file's text, nothing quoted."""
    return "".join(mark.join(row) + end for row in (header, *rows))


def sales(*more: Sale, rows: tuple[Sale, ...] = CLEAN) -> bytes:
    """The good export with ``more`` rows at its end."""
    return lines((*rows, *more)).encode()


def changed(place: int, value: str, rows: tuple[Sale, ...] = CLEAN) -> tuple[Sale, ...]:
    """``rows`` with another value in the column at ``place`` of every row; ``{}`` stands for the old one."""
    return tuple((*row[:place], value.format(row[place]), *row[place + 1 :]) for row in rows)  # type: ignore[misc]


def events(rows: Iterable[Sale] = CLEAN, **more: str) -> tuple[Row, ...]:
    """The events that sales must become."""
    return tuple(
        {
            "customer_id": customer,
            "event_time": time,
            "event_type": "purchase",
            "order_id": order,
            "amount": amount,
            **more,
        }
        for customer, time, order, amount in rows
    )


def source_row(*values: str | None, names: Iterable[str] = HEADER) -> str:
    """A raw row as quarantine keeps it."""
    return json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False)


def parquet(columns: Mapping[str, Any]) -> bytes:
    """A Parquet file of these columns."""
    out = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), out)
    return out.getvalue()


def columns(rows: tuple[Sale, ...] = CLEAN, **other: Any) -> dict[str, Any]:
    """Rows as columns; ``other`` replaces some of them."""
    return {name: [row[place] for row in rows] for place, name in enumerate(HEADER)} | other


def read(name: str, odd: str, content: bytes, shown: str, **rest: Any) -> Case:
    """An odd file that is read as it stands and becomes the clean events."""
    declared, held = rest.pop("declared", {}), rest.pop("held", {"events": Held(8, events())})
    return Case(name, odd, Gets.READ, Feed({"sales.csv": content}, declared), held=held, shown=shown, **rest)


def repaired(name: str, odd: str, content: bytes, declared: Mapping[str, Any], **rest: Any) -> Case:
    """An odd file that a declaration turns into the clean events."""
    held = rest.pop("held", {"events": Held(8, events())})
    clean = rest.pop("clean", "clean")
    return Case(name, odd, Gets.REPAIRED, Feed({"sales.csv": content}, declared), held=held, clean=clean, **rest)


def quarantined(name: str, odd: str, more: Iterable[Sale], check: str, reason: str, **rest: Any) -> Case:
    """A clean file with a few odd rows at its end, which one check sets aside."""
    odd_rows = tuple(more)
    bad = rest.pop("bad", tuple(Bad(check, 9 + place, _kept(row)) for place, row in enumerate(odd_rows)))
    held = {"events": Held(8 + len(odd_rows), events(), bad)}
    feed = Feed({"sales.csv": sales(*odd_rows)}, rest.pop("declared", {}))
    said = (*rest.pop("says", ()), f"events set aside: {reason}")
    return Case(name, odd, Gets.QUARANTINED, feed, said, held, shown=f"{reason} (`{check}`)", **rest)


def refused(name: str, odd: str, content: bytes, *says: str, **rest: Any) -> Case:
    """A file that nothing is read from."""
    feed = Feed({rest.pop("file", "sales.csv"): content}, rest.pop("declared", {}))
    if not any(words.startswith("Fix: ") for words in says):
        says += (f"Fix: Correct tables.events in conf/sources/{name}.yaml, or the raw files.",)
    return Case(name, odd, Gets.REFUSED, feed, says, status=rest.pop("status", 1), **rest)


def _kept(row: Sale) -> str:
    return source_row(*row)

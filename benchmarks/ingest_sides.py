"""The three that `ingest` compares, each a process: `python ingest_sides.py regulars|polars|pandera_pandas FILE FOLDER`.

All read one file, make the same contract table, judge each row by the same checks in the same order, and leave
``accepted.parquet`` (zstd, in the same order), ``quarantine.parquet`` and ``counts.json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TYPES = ("view", "page_view", "search", "add_to_cart", "remove_from_cart", "purchase", "return")
ORDER = (
    "customer_id",
    "event_time",
    "event_type",
    "order_id",
    "product_id",
    "amount",
    "session_id",
    "category",
    "category_id",
    "brand",
)
"""The contract's order of events, then the other columns."""
READ_AS = {"event_time": "readable", "amount": "readable"}


@dataclass
class Quiet:
    """A `Run` that remembers nothing, and its own progress."""

    run_id: str = "benchmark"
    progress: Any = field(init=False)

    def __post_init__(self) -> None:
        self.progress = self

    @contextmanager
    def child(self, name: str) -> Iterator[Quiet]:
        yield self

    def stage(self, text: str) -> None: ...

    def step(self, done: int, of: int, text: str) -> None: ...

    def tags(self, values: Mapping[str, str]) -> None: ...

    def describe(self, markdown: str) -> None: ...

    def publish(self, report: Any) -> None: ...

"""The simulated shop's tables as Parquet files, and beside them what only a simulation can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet as pq

from pipelines.core.spec import digest
from pipelines.simulation.catalog import products
from pipelines.simulation.shop import generate
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.truth import truth_calendar, truth_campaigns, truth_customers

_VERSION = 1  # of the law that generates: a release that changes any row adds one
LOGS, PRODUCTS = ("events", "customers", "contacts"), "products"


def digest_of(settings: Mapping[str, Any], table: str) -> str:
    """What stands for the bytes of a table that is not generated yet: the same settings generate the same rows."""
    return digest([_VERSION, ShopSpec.read(settings, "simulation").model_dump(mode="json"), table])


def to_parquet(settings: Mapping[str, Any], target_of: Callable[[str], Path], truth: Path) -> None:
    """Generate all tables of a shop, chunk by chunk.

    Parameters
    ----------
    settings : mapping
        Fields of `ShopSpec`.
    target_of : callable
        The file of each table.
    truth : Path
        A folder for ``truth_customers.parquet``, ``truth_campaigns.parquet`` and ``truth_calendar.parquet``.

    Raises
    ------
    ConfigError
        If the settings do not describe a shop.
    """
    spec = ShopSpec.read(settings, "simulation")
    truth.mkdir(parents=True, exist_ok=True)
    _write(({PRODUCTS: products(spec)} for _ in range(1)), target_of)
    _write(generate(spec), target_of)
    chunks = ({"truth_customers": truth_customers(spec, chunk)} for chunk in range(spec.n_chunks))
    _write(chunks, lambda name: truth / f"{name}.parquet")
    for name, frame in (("truth_campaigns", truth_campaigns(spec)), ("truth_calendar", truth_calendar(spec))):
        frame.to_parquet(truth / f"{name}.parquet", index=False)


def _write(chunks: Iterable[Mapping[str, pd.DataFrame]], target_of: Callable[[str], Path]) -> None:
    """Each table below the last chunk's, one row group or more per chunk."""
    writers: dict[str, pq.ParquetWriter] = {}
    with ExitStack() as open_files:
        for chunk in chunks:
            for name, frame in chunk.items():
                table = pa.Table.from_pandas(frame, preserve_index=False)
                if name not in writers:
                    writer = pq.ParquetWriter(target_of(name), table.schema, compression="zstd", compression_level=1)
                    writers[name] = open_files.enter_context(writer)
                writers[name].write_table(table.cast(writers[name].schema))

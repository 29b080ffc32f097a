"""The sides that `ingest` compares, each a process: ``python ingest_sides.py SIDE FILE FOLDER``.

All read one file, make the same table of events, judge each row by the same checks in the same order, and leave in
``FOLDER`` the accepted rows in the same order (``accepted.parquet``, zstd), the others with the check that they fail
(``quarantine.parquet``) and how many fail which (``counts.json``). The peers have to know this log only: they strip and
empty the two columns that need it, keep money as whole cents, and write the quarantine's raw columns as they are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
KNOWN = ("view", "page_view", "search", "add_to_cart", "remove_from_cart", "purchase", "return")
KEY = ("customer_id", "event_time", "event_type", "order_id", "product_id", "amount")
"""The contract's order; what an event has besides follows."""
OTHERS = ("session_id", "category", "category_id", "brand")
READABLE, SENSIBLE = ((datetime(first, 1, 1), datetime(end, 1, 1)) for first, end in ((1900, 2200), (1990, 2100)))  # noqa: DTZ001 - UTC
WRITTEN = "%Y-%m-%d %H:%M:%S UTC"


ASKED = (
    "event_time_unreadable",
    "amount_unreadable",
    "customer_id_missing",
    "event_time_missing",
    "event_type_missing",
    "event_time_out_of_range",
    "event_type_unknown",
    "purchase_without_amount",
    "purchase_amount_negative",
)
"""The checks that this log has rows for, in the contract's order: the first that a row fails names its reason."""


class Quiet:
    """A run and its progress that record nothing."""

    def __getattr__(self, name: str) -> Any:
        return self if name == "progress" else lambda *_: None


def regulars(path: Path, folder: Path) -> dict[str, int]:
    """The flow `ingest` with ``conf/sources/rees46.yaml``, from the raw file to the published lake."""
    from pipelines.adapters.engines import engine_named
    from pipelines.adapters.lake import FileLake
    from pipelines.config.files import load_source, located
    from pipelines.flows.ingest import ingest

    source = located(load_source(PROJECT / "conf", "rees46"), str(path))
    lake = FileLake(folder / "data", folder, engine_named(source.engine, folder / "spill"))
    (part,) = ingest(source, lake, Quiet()).manifest.tables["events"].parts
    for name in ("accepted", "quarantine"):
        (held,) = folder.glob(f"data/lake/rees46/parts/*/{name}.parquet")
        (folder / f"{name}.parquet").symlink_to(held)
    return {one.check: one.n_rows for one in part.quarantined}


def polars(path: Path, folder: Path) -> dict[str, int]:
    """Lazy frames on the streaming engine, which reads the file once for all three results."""
    import polars as pl

    is_text = path.suffix == ".csv"
    raw = pl.scan_csv(path, infer_schema=False) if is_text else pl.scan_parquet(path)
    moment = pl.col("event_time").str.to_datetime(WRITTEN, strict=False) if is_text else pl.col("event_time")
    price = pl.col("price").cast(pl.Float64, strict=False)
    stripped = {name: pl.col(name).str.strip_chars() for name in ("event_type", "brand")}
    kind, brand = (pl.when(text != "").then(text) for text in stripped.values())
    cents = (price * 100).round(mode="half_away_from_zero")
    mapped = raw.with_row_index("row", offset=1).with_columns(
        customer_id=pl.col("user_id").cast(pl.String),
        moment=pl.when(moment.is_between(*READABLE, closed="left")).then(moment),
        kind=kind.replace("cart", "add_to_cart"),
        product=pl.col("product_id").cast(pl.String),
        cents=pl.when(cents.is_finite()).then(cents).cast(pl.Int64),
        group=pl.col("category_id").cast(pl.String),
        maker=brand,
    )
    buys = pl.col("kind") == "purchase"
    checks = {
        "event_time_unreadable": pl.col("event_time").is_not_null() & pl.col("moment").is_null(),
        "amount_unreadable": pl.col("price").is_not_null() & pl.col("cents").is_null(),
        "customer_id_missing": pl.col("customer_id").is_null(),
        "event_time_missing": pl.col("moment").is_null(),
        "event_type_missing": pl.col("kind").is_null(),
        "event_time_out_of_range": ~pl.col("moment").is_between(*SENSIBLE, closed="left"),
        "event_type_unknown": ~pl.col("kind").is_in(KNOWN),
        "purchase_without_amount": buys & pl.col("cents").is_null(),
        "purchase_amount_negative": buys & (pl.col("cents") < 0),
    }
    chain: Any = pl
    for name, is_bad in checks.items():
        chain = chain.when(is_bad).then(pl.lit(name))
    judged = mapped.with_columns(check=chain)
    accepted = judged.filter(pl.col("check").is_null()).select(
        customer_id="customer_id",
        event_time="moment",
        event_type="kind",
        order_id=pl.when(buys).then("user_session"),
        product_id="product",
        amount="cents",
        session_id="user_session",
        category="category_code",
        category_id="group",
        brand="maker",
    )
    bad = judged.filter(pl.col("check").is_not_null())
    *_, counted = pl.collect_all(
        [
            accepted.sort(*KEY, *OTHERS, nulls_last=True).sink_parquet(
                folder / "accepted.parquet", compression="zstd", lazy=True
            ),
            bad.select("check", "row", *raw.collect_schema()).sink_parquet(folder / "quarantine.parquet", lazy=True),
            bad.group_by("check").len(),
        ],
        engine="streaming",
    )
    return dict(counted.rows())


def pandera_pandas(path: Path, folder: Path) -> dict[str, int]:
    """Frames of Arrow columns, and one schema that is asked for all failures at once."""
    raw, events = _pandas_events(path)
    failed = _failed(events, raw["event_time"].notna(), raw["price"].notna())
    quarantine = raw.loc[failed.index].assign(check=failed.astype(str), row=failed.index + 1)
    quarantine.to_parquet(folder / "quarantine.parquet", index=False)
    del raw, quarantine
    accepted = events.drop(index=failed.index).astype({"amount": "Int64"})
    accepted.sort_values([*KEY, *OTHERS]).to_parquet(folder / "accepted.parquet", compression="zstd", index=False)
    return {str(name): int(n) for name, n in failed.value_counts().items()}


def _pandas_events(path: Path) -> tuple[Any, Any]:
    """The raw frame, and the events that it holds, null where a value cannot be read."""
    import numpy as np
    import pandas as pd
    import pyarrow

    text = pd.ArrowDtype(pyarrow.string())
    if path.suffix == ".csv":
        raw = pd.read_csv(path, dtype=text, engine="pyarrow", dtype_backend="pyarrow")
        moment = pd.to_datetime(raw["event_time"], format=WRITTEN, errors="coerce").astype("datetime64[us]")
        price = pd.to_numeric(raw["price"], errors="coerce").to_numpy("float64", na_value=np.nan)
    else:
        raw = pd.read_parquet(path, dtype_backend="pyarrow")
        moment = raw["event_time"].astype("datetime64[us]")
        price = raw["price"].to_numpy("float64", na_value=np.nan)
    scaled = np.abs(price * 100)
    scaled[~np.isfinite(scaled)] = np.nan
    cents = np.copysign(np.floor(scaled) + (scaled - np.floor(scaled) >= 0.5), price)
    kind, brand = (raw[name].str.strip() for name in ("event_type", "brand"))
    kind = kind.where(kind != "", None).replace("cart", "add_to_cart")
    columns = {
        "customer_id": raw["user_id"].astype(text),
        "event_time": moment.where((moment >= READABLE[0]) & (moment < READABLE[1])),
        "event_type": kind,
        "order_id": raw["user_session"].where(kind == "purchase", None),
        "product_id": raw["product_id"].astype(text),
        "amount": cents,
        "session_id": raw["user_session"],
        "category": raw["category_code"],
        "category_id": raw["category_id"].astype(text),
        "brand": brand.where(brand != "", None),
    }
    return raw, pd.DataFrame(columns)


def _failed(events: Any, has_time: Any, has_price: Any) -> Any:
    """Of each row that fails a check the first one that it fails, by the row's label."""
    import pandas as pd
    import pandera.pandas as pa

    buys = (events["event_type"] == "purchase").fillna(False)

    def check(name: str, is_good: Callable[[Any], Any]) -> Any:
        return pa.Check(is_good, name=name, error=name, ignore_na=False)

    checks = {
        "event_time": [
            check("event_time_unreadable", lambda values: values.notna() | ~has_time),
            check("event_time_missing", lambda values: values.notna()),
            check(
                "event_time_out_of_range",
                lambda values: values.isna() | ((values >= SENSIBLE[0]) & (values < SENSIBLE[1])),
            ),
        ],
        "amount": [
            check("amount_unreadable", lambda values: values.notna() | ~has_price),
            check("purchase_without_amount", lambda values: values.notna() | ~buys),
            check("purchase_amount_negative", lambda values: ~(buys & (values < 0))),
        ],
        "customer_id": [check("customer_id_missing", lambda values: values.notna())],
        "event_type": [
            check("event_type_missing", lambda values: values.notna()),
            check("event_type_unknown", lambda values: values.isna() | values.isin(KNOWN)),
        ],
    }
    schema = pa.DataFrameSchema({name: pa.Column(checks=held, nullable=True) for name, held in checks.items()})
    try:
        schema.validate(events, lazy=True, inplace=True)
    except pa.errors.SchemaErrors as problems:
        cases = problems.failure_cases[["index", "check"]]
        place = cases["check"].map({name: place for place, name in enumerate(ASKED)})
        first = cases.assign(place=place).sort_values("place").drop_duplicates("index")
        return first.set_index(first["index"].astype("int64"))["check"].sort_index()
    return pd.Series(dtype=object)


SIDES = {"regulars": regulars, "polars": polars, "pandera_pandas": pandera_pandas}

if __name__ == "__main__":
    side, given_path, given_folder = sys.argv[1:]
    found = SIDES[side](Path(given_path), Path(given_folder))
    (Path(given_folder) / "counts.json").write_text(json.dumps(dict(sorted(found.items()))))

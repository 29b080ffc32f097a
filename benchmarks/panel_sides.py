"""The sides that `panel` compares, each a process: ``python panel_sides.py SIDE FILE FOLDER N_CUTOFFS``.

All read one log of purchases, ordered by customer and time, reduce it to days of customers, and leave in ``FOLDER``
one Parquet file per cutoff, ``cutoff=2021-12-31.parquet``: everybody who bought before it, ordered by
``customer_id``, with the 22 ``FEATURES`` as float64; snappy, or lz4 from polars and the project. The peers have to know
this log only: that it begins at ``START``, and that all lines of an order have one moment. Of the ways to write each
peer that were tried on 1 and 20 million events the fastest is kept; where that is not the way one would write first, it
says so.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

START, DAYS, FIRST, STEP = date(2021, 1, 1), 728, 364, 7
"""The log's first day and length; the first cutoff and the step to the next one in days of the log."""
WINDOWS = (7, 28, 91, 182, 364)
MEASURES = ("n_purchase_days", "n_orders", "n_lines", "amount")
SUMS = tuple((measure, days, f"{measure}_{days}d") for days in WINDOWS for measure in MEASURES)
FEATURES = (*(name for *_, name in SUMS), "recency_days", "tenure_days")
N_THREADS = 2


def cutoffs(n: int, folder: Path) -> Iterator[tuple[int, Path]]:
    """Each cutoff in days of the log, and its file."""
    for day in range(FIRST, FIRST + n * STEP, STEP):
        yield day, folder / f"cutoff={START + timedelta(day)}.parquet"


def regulars(path: Path, folder: Path, n: int) -> None:
    """The project's panel of all cutoffs in one pass; its files have a column ``label`` more, which is empty here."""
    import panel_regulars as ours

    shop = ours.lake(path, folder, str(START), DAYS)
    made = ours.build(ours.task(WINDOWS, DAYS), shop, tuple(day for day, _ in cutoffs(n, folder)))
    for _, file in cutoffs(n, folder):
        file.unlink(missing_ok=True)
        file.hardlink_to(made / file.stem / "panel.parquet")


def regulars_reduction_only(path: Path, folder: Path, n: int) -> None:
    """The project's table of customer-days alone, kept as Parquet."""
    import panel_regulars as ours

    ours.reduce(ours.task(WINDOWS, DAYS), ours.lake(path, folder, str(START), DAYS))


regulars_one_more = regulars
"""In a folder that holds all cutoffs but one."""


DUCKDB_DAYS = """
CREATE TEMP TABLE found AS
SELECT customer_id, day, count(*) AS n_orders, sum(n_lines) AS n_lines, sum(amount) AS amount
FROM (
    SELECT customer_id, date_diff('day', DATE '{start}', CAST(event_time AS DATE)) AS day,
        count(*) AS n_lines, sum(amount) AS amount
    FROM read_parquet('{path}') GROUP BY customer_id, event_time, order_id
)
GROUP BY customer_id, day;
CREATE TYPE customer AS ENUM (SELECT DISTINCT customer_id FROM found ORDER BY customer_id);
CREATE TEMP TABLE days AS
SELECT CAST(customer_id AS customer) AS customer_id, CAST(day AS INTEGER) AS day, CAST(1 AS DOUBLE) AS n_purchase_days,
    CAST(n_orders AS DOUBLE) AS n_orders, CAST(n_lines AS DOUBLE) AS n_lines, CAST(amount * 100 AS DOUBLE) AS amount
FROM found ORDER BY customer_id, day;
DROP TABLE found
"""
"""Orders, then days: faster than counting distinct orders. Sums of whole numbers as DOUBLE are exact, and faster than
sums of integers, which are HUGEINT. A customer is an ENUM: a number in the order of the texts."""


DUCKDB_PLAIN_DAYS = """
CREATE TEMP TABLE days AS
SELECT customer_id, CAST(event_time AS DATE) - DATE '{start}' AS day, 1 AS n_purchase_days,
    count(DISTINCT order_id) AS n_orders, count(*) AS n_lines, sum(amount) AS amount
FROM read_parquet('{path}') GROUP BY ALL ORDER BY ALL
"""


def duckdb_sql_per_cutoff(path: Path, folder: Path, n: int) -> None:
    """One aggregation per cutoff as one writes it first: sums with FILTER over a table of days."""
    import duckdb

    connection = duckdb.connect(config={"threads": N_THREADS})
    connection.execute(DUCKDB_PLAIN_DAYS.format(path=path, start=START))
    for cutoff, file in cutoffs(n, folder):
        sums = ", ".join(
            f"CAST(coalesce(sum({measure}) FILTER (WHERE day >= {cutoff - days}), 0) AS DOUBLE) AS {name}"
            for measure, days, name in SUMS
        )
        _duckdb_cutoff(connection, sums, cutoff, file)


def duckdb_tuned_per_cutoff(path: Path, folder: Path, n: int) -> None:
    """The same by somebody who knows the engine: a sum times a mask took half the time of a sum with FILTER."""
    connection = _duckdb_days(path)
    for cutoff, file in cutoffs(n, folder):
        sums = ", ".join(
            f"sum({measure} * CAST(day >= {cutoff - days} AS DOUBLE)){_in_units(measure)} AS {name}"
            for measure, days, name in SUMS
        )
        _duckdb_cutoff(connection, sums, cutoff, file)


def _duckdb_cutoff(connection: Any, sums: str, cutoff: int, file: Path) -> None:
    """One aggregation over the table ``days``, written in order."""
    connection.execute(
        f"""COPY (
            SELECT customer_id, {sums}, CAST({cutoff} - max(day) AS DOUBLE) AS recency_days,
                CAST({cutoff} - min(day) AS DOUBLE) AS tenure_days
            FROM days WHERE day < {cutoff} GROUP BY customer_id ORDER BY customer_id
        ) TO '{file}' (FORMAT parquet, COMPRESSION snappy)"""
    )


def duckdb_range_frame(path: Path, folder: Path, n: int) -> None:
    """A frame of weeks per window; on a full grid of weeks ROWS is the same as RANGE, and took half its time."""
    frames = ", ".join(
        f"w{days} AS (PARTITION BY customer_id ORDER BY week ROWS BETWEEN {days // STEP} PRECEDING AND 1 PRECEDING)"
        for days in WINDOWS
    )
    sums = ", ".join(f"sum({measure}) OVER w{days}{_in_units(measure)} AS {name}" for measure, days, name in SUMS)
    connection = _duckdb_grid(path, n)
    _duckdb_panel(connection, f"SELECT week, customer_id, {sums}, {_DUCKDB_ENDS} FROM grid WINDOW {frames}, {_BEFORE}")
    _duckdb_files(connection, folder, n)


def duckdb_running_sums(path: Path, folder: Path, n: int) -> None:
    """The same grid: sums of all weeks before, less those of a window earlier. The fastest with window functions."""
    connection = _duckdb_grid(path, n)
    running = ", ".join(f"coalesce(sum({measure}) OVER past, 0) AS {measure}" for measure in MEASURES)
    connection.execute(
        f"CREATE TEMP TABLE run AS SELECT week, customer_id, {running}, {_DUCKDB_ENDS} FROM grid WINDOW {_BEFORE}"
    )
    sums = ", ".join(
        f"({measure} - lag({measure}, {days // STEP}) OVER weeks){_in_units(measure)} AS {name}"
        for measure, days, name in SUMS
    )
    ends = "recency_days, tenure_days FROM run WINDOW weeks AS (PARTITION BY customer_id ORDER BY week)"
    _duckdb_panel(connection, f"SELECT week, customer_id, {sums}, {ends}")
    _duckdb_files(connection, folder, n)


_BEFORE = "past AS (PARTITION BY customer_id ORDER BY week ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
_DUCKDB_ENDS = (
    f"{STEP} * week - max(last_day) OVER past AS recency_days, {STEP} * week - min(first_day) OVER past AS tenure_days"
)


def _in_units(measure: str) -> str:
    return " / 100" if measure == "amount" else ""


def _duckdb_days(path: Path) -> Any:
    """A connection with the ordered table ``days``; amounts in cents."""
    import duckdb

    connection = duckdb.connect(config={"threads": N_THREADS})
    connection.execute(DUCKDB_DAYS.format(path=path, start=START))
    return connection


def _duckdb_grid(path: Path, n: int) -> Any:
    """A connection with the ordered table ``grid``: a row per customer and week, with or without a purchase.

    All cutoffs and windows are whole weeks, so that week ``w`` stands for the cutoff at its beginning as well.
    """
    connection = _duckdb_days(path)
    n_weeks = FIRST // STEP + n
    sums = ", ".join(f"sum({measure}) AS {measure}" for measure in MEASURES)
    filled = ", ".join(f"coalesce({measure}, 0) AS {measure}" for measure in MEASURES)
    connection.execute(
        f"""CREATE TEMP TABLE grid AS
        SELECT customer_id, week, {filled}, first_day, last_day
        FROM (SELECT DISTINCT customer_id, CAST(unnest(range({n_weeks})) AS INTEGER) AS week FROM days) LEFT JOIN (
            SELECT customer_id, CAST(day // {STEP} AS INTEGER) AS week, {sums},
                CAST(min(day) AS DOUBLE) AS first_day, CAST(max(day) AS DOUBLE) AS last_day
            FROM days GROUP BY ALL
        ) USING (customer_id, week)
        ORDER BY customer_id, week"""
    )
    return connection


def _duckdb_panel(connection: Any, query: str) -> None:
    """The table ``panel``: the weeks that are cutoffs, of customers who bought before."""
    kept = f"week >= {FIRST // STEP} AND recency_days IS NOT NULL"
    connection.execute(f"CREATE TEMP TABLE panel AS SELECT * FROM ({query}) WHERE {kept}")


def _duckdb_files(connection: Any, folder: Path, n: int) -> None:
    for cutoff, file in cutoffs(n, folder):
        rows = f"SELECT * EXCLUDE (week) FROM panel WHERE week = {cutoff // STEP} ORDER BY customer_id"
        connection.execute(f"COPY ({rows}) TO '{file}' (FORMAT parquet, COMPRESSION snappy)")


def polars_per_cutoff(path: Path, folder: Path, n: int) -> None:
    """Reduced while streaming; then one ordered group-by per cutoff, some of them side by side."""
    os.environ["POLARS_MAX_THREADS"] = str(N_THREADS)
    import polars as pl

    days = _polars_days(path)
    made = [
        days.lazy()
        .filter(pl.col("day") < cutoff)
        .group_by("customer_id", maintain_order=True)
        .agg(*_polars_features(cutoff))
        .sink_parquet(file, compression="lz4", lazy=True)
        for cutoff, file in cutoffs(n, folder)
    ]
    for start in range(0, n, 2 * N_THREADS):
        pl.collect_all(made[start : start + 2 * N_THREADS], engine="streaming")


def _polars_days(path: Path) -> Any:
    """An ordered frame, amounts in cents. Orders, then days: faster than counting unique orders."""
    import polars as pl

    day = (pl.col("event_time").dt.date() - START).dt.total_days().cast(pl.Int32)
    orders = (
        pl.scan_parquet(path)
        .group_by("customer_id", "event_time", "order_id")
        .agg(n_lines=pl.len(), amount=pl.col("amount").sum())
    )
    return (
        orders.group_by("customer_id", day=day)
        .agg(n_orders=pl.len(), n_lines=pl.col("n_lines").sum(), amount=pl.col("amount").sum())
        .with_columns(pl.col("n_orders", "n_lines").cast(pl.Int64), amount=(pl.col("amount") * 100).cast(pl.Int64))
        .sort("customer_id", "day")
        .collect(engine="streaming")
        .with_columns(pl.col("customer_id").set_sorted(), n_purchase_days=pl.lit(1, pl.Int64))
    )


def _polars_features(cutoff: int) -> Iterator[Any]:
    import polars as pl

    for measure, days, name in SUMS:
        found = pl.col(measure).filter(pl.col("day") >= cutoff - days).sum().cast(pl.Float64)
        yield (found / 100 if measure == "amount" else found).alias(name)
    yield (cutoff - pl.col("day").max()).cast(pl.Float64).alias("recency_days")
    yield (cutoff - pl.col("day").min()).cast(pl.Float64).alias("tenure_days")


def pandas_per_cutoff(path: Path, folder: Path, n: int) -> None:
    """One group-by per cutoff and window, over numbers in place of customers; pandas has one thread."""
    import pandas as pd

    days, ids = _pandas_days(path)
    for cutoff, file in cutoffs(n, folder):
        rows = days[days["day"] < cutoff]
        ends = rows.groupby("customer")["day"].agg(["max", "min"])
        parts = []
        for length in reversed(WINDOWS):
            rows = rows[rows["day"] >= cutoff - length]
            sums = rows.groupby("customer")[list(MEASURES)].sum().reindex(ends.index, fill_value=0.0)
            parts.append(sums.assign(amount=sums["amount"] / 100).add_suffix(f"_{length}d"))
        moments = (cutoff - ends).astype("float64").set_axis(["recency_days", "tenure_days"], axis=1)
        made = pd.concat([*reversed(parts), moments], axis=1)
        made.insert(0, "customer_id", ids[made.index])
        made.to_parquet(file, index=False)


def _pandas_days(path: Path) -> tuple[Any, Any]:
    """An ordered frame of customers' numbers and days, measures as float64 and amounts in cents, and all ids."""
    import pandas as pd
    import pyarrow

    read = ["customer_id", "event_time", "order_id", "amount"]
    log = pd.read_parquet(path, columns=read, read_dictionary=["customer_id"], dtype_backend="pyarrow")
    customer = log["customer_id"].astype("category").cat
    amount = log["amount"].astype(pd.ArrowDtype(pyarrow.float64())).to_numpy()
    day = log["event_time"].to_numpy().astype("datetime64[D]").astype("int64") - (START - date(1970, 1, 1)).days
    lines = pd.DataFrame(
        {
            "customer": customer.codes,
            "day": day.astype("int32"),
            "order": pd.factorize(log["order_id"])[0],
            "cents": (amount * 100).round(),
        }
    )
    ids = customer.categories
    del log, customer, amount, day
    orders = lines.groupby("order", sort=False).agg(
        customer=("customer", "first"), day=("day", "first"), n_lines=("cents", "size"), amount=("cents", "sum")
    )
    days = orders.groupby(["customer", "day"]).agg(
        n_orders=("n_lines", "size"), n_lines=("n_lines", "sum"), amount=("amount", "sum")
    )
    return days.assign(n_purchase_days=1).astype("float64").reset_index(), ids


def featuretools(path: Path, folder: Path, n: int) -> None:
    """Deep feature synthesis with a training window per call, over the days of customers as pandas reduces them."""
    import featuretools as ft
    import pandas as pd

    days, ids = _pandas_days(path)
    start = pd.Timestamp(START)
    days["amount"] /= 100
    days["row"], days["time"] = days.index, start + pd.to_timedelta(days["day"], unit="D")
    shop = ft.EntitySet("shop")
    shop.add_dataframe(dataframe_name="days", dataframe=days, index="row", time_index="time")
    people = pd.DataFrame({"customer": range(len(ids))})
    shop.add_dataframe(dataframe_name="customers", dataframe=people, index="customer")
    shop.add_relationship("customers", "customer", "days", "customer")
    shop.add_last_time_indexes()
    first = days.groupby("customer")["day"].min()
    asked = {start + pd.Timedelta(days=cutoff): first.index[first < cutoff] for cutoff, _ in cutoffs(n, folder)}
    spine = pd.concat([pd.DataFrame({"customer": held, "time": time}) for time, held in asked.items()])
    parts = [_synthesised(shop, spine, "sum", MEASURES, length) for length in WINDOWS]
    ends = [_synthesised(shop, spine, primitive, ("day",)) for primitive in ("max", "min")]
    for cutoff, file in cutoffs(n, folder):
        time = start + pd.Timedelta(days=cutoff)
        made = pd.concat([part.xs(time, level="time") for part in [*parts, *ends]], axis=1).sort_index()
        made.columns = pd.Index(FEATURES)
        made[["recency_days", "tenure_days"]] = cutoff - made[["recency_days", "tenure_days"]]
        made = made.fillna(0.0)
        made.insert(0, "customer_id", ids[made.index])
        made.to_parquet(file, index=False)


def _synthesised(shop: Any, spine: Any, primitive: str, columns: tuple[str, ...], days: int | None = None) -> Any:
    """One column per name, by customer and time."""
    import featuretools as ft

    held, _ = ft.dfs(
        entityset=shop,
        target_dataframe_name="customers",
        agg_primitives=[primitive],
        trans_primitives=[],
        ignore_columns={"days": [name for name in ("day", *MEASURES) if name not in columns]},
        cutoff_time=spine,
        training_window=f"{days} days" if days else None,
        include_cutoff_time=False,
        cutoff_time_in_index=True,
    )
    return held[[f"{primitive.upper()}(days.{name})" for name in columns]]


SIDES = {
    one.__name__: one
    for one in (
        regulars,
        regulars_reduction_only,
        duckdb_sql_per_cutoff,
        duckdb_tuned_per_cutoff,
        duckdb_range_frame,
        duckdb_running_sums,
        polars_per_cutoff,
        pandas_per_cutoff,
        featuretools,
    )
} | {"regulars_one_more": regulars_one_more}

if __name__ == "__main__":
    side, given_path, given_folder, n_cutoffs = sys.argv[1:]
    SIDES[side](Path(given_path), Path(given_folder), int(n_cutoffs))

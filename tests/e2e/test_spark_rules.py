"""Micro-segments on Spark are the same customers as on DuckDB."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipelines.adapters.engines import engine_named
from pipelines.core.windows import day_moment
from pipelines.segments.rules.compute import members, sizes_over_time
from pipelines.segments.rules.spec import RuleSegments
from support.events import events_table
from support.rule_oracle import AGES, SEGMENTS, expected, random_log
from support.tables import MemoryLake, memory_lake

pytest.importorskip("pyspark", reason='the extra "spark" is not installed')
pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Java, which Spark runs on, is not installed")

LOG = random_log(1, n_events=250)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> MemoryLake:
    """A log under Spark."""
    folder = tmp_path_factory.mktemp("log")
    spark: Any = engine_named("pyspark", folder / "spill")
    spark._session.conf.set("spark.sql.shuffle.partitions", "1")  # the log is tiny, and each part has a price
    customers = pd.DataFrame({"customer_id": list(AGES), "age": list(AGES.values())})
    for name, rows in (("events", events_table(LOG).to_pyarrow()), ("customers", customers)):
        write(rows, folder / f"{name}.parquet")
    ours = memory_lake(events_table(LOG), customers, engine=spark)
    return MemoryLake({name: spark.read([str(folder / f"{name}.parquet")]) for name in ours.tables}, ours.known, spark)


def write(rows: Any, path: Path) -> None:
    if isinstance(rows, pd.DataFrame):
        rows.to_parquet(path)
    else:
        pq.write_table(rows, path)


@pytest.fixture(scope="module")
def spec() -> RuleSegments:
    """Every kind of rule in every way."""
    said = {name: {"title": name, "says": name, **rule} for name, rule in SEGMENTS.items()}
    content = {"kind": "rules", "name": "micro", "title": "Micro", "source": "shop", "segments": said}
    return RuleSegments.read({**content, "cutoffs": {"weekday": "thursday", "every": "P7D"}}, "micro")


def test_members_are_those_of_the_oracle(lake, spec):
    found, whom = members(spec, lake, day_moment(20)), expected(LOG, day_moment(20))

    assert found.customer_id.tolist() == sorted(whom["known"])
    assert {name: set(found.customer_id[found[name]]) for name in spec.said} == {name: whom[name] for name in spec.said}


def test_sizes_are_those_of_the_oracle(lake, spec):
    found = sizes_over_time(spec, lake, day_moment(20)).set_index(["cutoff", "segment"])

    for moment in (day_moment(7), day_moment(14)):
        whom = expected(LOG, moment)
        assert found.loc[moment].n_members.to_dict() == {name: len(whom[name]) for name in spec.said}
        np.testing.assert_array_equal(found.loc[moment].n_known, len(whom["known"]))

"""The micro-segments that are shipped find somebody in the sources that they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.config.files import load_source
from pipelines.config.yaml_files import read_mapping
from pipelines.core.columns import EVENT_TYPES
from pipelines.flows.ingest import ingest
from pipelines.segments.rules.compute import members, sizes_over_time
from pipelines.segments.rules.report import report
from pipelines.segments.rules.spec import RuleSegments
from pipelines.tables.sql_aggregates import AGO
from support.memory import MemoryRun

CONF = Path(__file__).parents[2] / "conf"
FILES = sorted(path.stem for path in (CONF / "segments").glob("micro_*.yaml"))


def shipped(name: str) -> RuleSegments:
    return RuleSegments.read(read_mapping(CONF / "segments" / f"{name}.yaml", name), f"conf/segments/{name}.yaml")


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_rules_is_read_and_survives_being_written(name):
    spec = shipped(name)

    assert spec.name == name
    assert RuleSegments.read(spec.model_dump(mode="json", by_alias=True), name) == spec


@pytest.mark.parametrize("name", FILES)
def test_rules_name_columns_that_their_source_declares(name):
    spec = shipped(name)
    source = load_source(CONF, spec.source)
    tables = {
        table: set(source.columns(table)) for table in ("events", "products", "customers") if table in source.tables
    }
    known = {
        "events": {*tables["events"], *tables.get("products", ()), *AGO},
        "customers": tables.get("customers", set()),
    }

    for rule in spec.segments.values():
        for reads in rule.reads():
            assert {*reads.condition.columns} <= known[reads.table]
            types = {one.text for one in reads.condition.compared_with("event_type")}
            assert types <= {*EVENT_TYPES, *source.event_types}


@pytest.mark.parametrize(("name", "overrides"), [
    ("micro_simulated_shop", "simulation.n_customers=1500"), ("micro_complete_journey", "")
])  # fmt: skip
def test_shipped_rules_find_some_but_not_all_customers_at_every_cutoff(name, overrides, tmp_path):
    spec = shipped(name)
    lake = FileLake(tmp_path / "data", tmp_path, DuckDBEngine())
    ingest(load_source(CONF, spec.source, overrides), lake, MemoryRun())
    known_at = lake.manifest(spec.source).latest

    who, sizes = members(spec, lake, known_at), sizes_over_time(spec, lake, known_at)

    assert len(set(sizes.cutoff)) >= 7
    assert sizes.n_known.between(1, len(who)).all()
    assert sizes.groupby("segment").share.mean().between(0.001, 0.9).all()
    assert len(report(spec, who, sizes).metrics) == 2 * len(spec.said) + 2

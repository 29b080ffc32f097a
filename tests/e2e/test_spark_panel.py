"""The panel of The Complete Journey is the same to the last bit on DuckDB and on Spark, whatever it is described by."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from pipelines.adapters.engines import engine_named
from pipelines.adapters.lake import FileLake
from pipelines.config.files import load_source, load_task
from pipelines.core.windows import parse_cutoff
from pipelines.features.panel import BLOCKS
from pipelines.flows.ingest import ingest
from pipelines.flows.prepare import fitted
from pipelines.scoring.reduced import reduced
from pipelines.scoring.stored import read_labelled
from pipelines.tasks.panel_task import PanelTask
from support.feeds import same
from support.memory import MemoryRun

pytest.importorskip("pyspark", reason='the extra "spark" is not installed')
pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Java, which Spark runs on, is not installed")

CONF = Path(__file__).parents[2] / "conf"
NOW = parse_cutoff("2017-12-25")
AT = tuple(parse_cutoff(day) for day in ("2017-05-01", "2017-08-07", "2017-11-06", "2017-11-27"))
EVERYTHING = [
    {"type": "windowed", "lengths": ["P28D", "P112D"], "of": ["n_orders", "n_lines", "amount_minor", "n_units"]},
    {"type": "recency"},
    {"type": "rhythm"},
    {"type": "trend", "lengths": ["P28D"]},
    {"type": "decay"},
    {"type": "baskets", "lengths": ["P56D"]},
    {"type": "prices", "lengths": ["P56D"]},
    {"type": "returns", "lengths": ["P56D"]},
    {"type": "calendar", "lengths": ["P56D"]},
    {"type": "campaigns", "lengths": ["P56D"], "responses": ["redeem_coupon"]},
    {"type": "assortment", "lengths": ["P56D"]},
    {"type": "assortment", "column": "brand", "lengths": ["P56D"]},
    {"type": "focus", "column": "subcategory", "level": "SOFT DRINKS", "lengths": ["P56D"]},
]


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileLake]:
    """One ingested log, twice, so that neither engine finds what the other kept."""
    root = tmp_path_factory.mktemp("journey")
    found = {}
    for name in ("duckdb", "pyspark"):
        (root / name).mkdir()
        found[name] = FileLake(root / name / "data", root, engine_named(name, root / name / "spill"))
    ingest(load_source(CONF, "complete_journey"), found["duckdb"], MemoryRun())
    shutil.copytree(root / "duckdb/data/lake", root / "pyspark/data/lake")
    return found


@pytest.fixture(scope="module")
def task(lakes: dict[str, FileLake]) -> PanelTask:
    spec = load_task(CONF, "churn")
    content = {**spec.model_dump(mode="json"), "features": EVERYTHING}
    return fitted(PanelTask.read(content, "test"), lakes["duckdb"].manifest("complete_journey"))[0]


def test_every_block_that_the_source_can_feed_is_there(task):
    assert {type(block) for block in task.features} == {
        kind for kind in BLOCKS if kind.__name__ not in {"Funnel", "Channels", "Attributes"}
    }


def test_reductions_are_the_same_tables(lakes, task):
    ours, theirs = (reduced(lake, lake.manifest(task.source), task.features) for lake in lakes.values())

    for name, table in ours.items():
        one, other = (
            pd.DataFrame(lake.columns(rows)) for lake, rows in zip(lakes.values(), (table, theirs[name]), strict=True)
        )
        pd.testing.assert_frame_equal(one, other)
        assert len(one) > 100_000


def test_panels_are_the_same_bytes(lakes, task):
    ours, theirs = (read_labelled(task, lake, NOW, AT) for lake in lakes.values())

    assert same(ours.panel, theirs.panel)
    assert ours.label.tolist() == theirs.label.tolist()
    assert len(ours.label) > 8_000

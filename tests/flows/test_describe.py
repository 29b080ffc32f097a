"""A source described: recorded in the run, and told in eighty columns."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from pipelines.cli.profile_summary import of_described
from pipelines.cli.summary import Place
from pipelines.core.errors import NotEnoughDataError
from pipelines.flows.describe import describe
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import Outcome
from support.memory import MemoryRun
from support.shop import Shop, make_shop, sales


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    shop, run = make_shop(tmp_path_factory.mktemp("shop")), MemoryRun()
    ingest(shop.source, shop.lake, MemoryRun())
    return describe(shop.source.name, shop.lake, run), run


def told(found) -> str:
    console = Console(file=io.StringIO(), width=80, highlight=False, soft_wrap=True)
    of_described(found, Place(console, "sqlite:////tmp/store.db"))
    return console.file.getvalue()


def test_the_run_holds_what_was_found(described):
    found, run = described

    assert (found.outcome, run.logged_tags["outcome"]) == (Outcome.DONE, "done")
    assert run.metrics["describe.n_events"] == len(sales())
    assert isinstance(run.artifacts["report/events_by_week.png"], Figure)
    assert {"report/gaps.png", "report/churners_that_return.png", "report/profile.md"} <= set(run.artifacts)
    assert isinstance(run.artifacts["report/missing.parquet"], pd.DataFrame)
    assert run.description.startswith("## tiny_shop")


def test_the_terminal_gets_eighty_columns_and_the_lines_for_a_task(described):
    text = told(described[0])

    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    assert f"horizon: P{described[0].profile.suggestion.horizon}D" in text
    assert text.rstrip().splitlines()[-2] == "Next"
    assert "client-" not in text


def test_sensitive_columns_are_named_with_their_role_and_never_by_value(described):
    run = described[1]

    assert "| customers.band | sensitive | 0 % |" in run.artifacts["report/profile.md"]
    assert "young" not in str(run.artifacts["report/profile.json"])


def test_a_tiny_source_is_described_all_the_same(tmp_path):
    shop = make_shop(tmp_path, sales(1).head(1))
    ingest(shop.source, shop.lake, MemoryRun())

    assert "too few gaps to recommend" in " ".join(told(describe("tiny_shop", shop.lake, MemoryRun())).split())


def test_a_source_that_was_not_ingested_says_how_to_do_it(shop: Shop):
    with pytest.raises(NotEnoughDataError, match="regulars ingest --source tiny_shop"):
        describe("tiny_shop", shop.lake, MemoryRun())

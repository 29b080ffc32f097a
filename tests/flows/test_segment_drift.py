"""Whether the segments of now are still those that were fitted: shares, distances, broken feeds."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from pipelines.core.errors import RegistryError
from pipelines.drift.verdict import Kind
from pipelines.flows.drift_check import Retraining
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import Outcome
from pipelines.flows.segment import segment
from pipelines.flows.segment_drift import segment_drift
from support.memory import MemoryModels, MemoryRun
from support.segments import grouped_sales, make_grouped_shop
from support.shop import write_sales

FITTED = datetime(2020, 7, 20, tzinfo=UTC)
LATER = datetime(2020, 10, 26, tzinfo=UTC)
DRIFT = {"min_rows": 100, "max_shift": 0.1, "n_resamples": 100}


def fitted(root):
    """A shop whose segmentation was fitted in July."""
    made, models = make_grouped_shop(root, drift=DRIFT), MemoryModels()
    ingest(made.shop.source, made.shop.lake, MemoryRun())
    assert segment(made.spec, made.shop.lake, models, MemoryRun(), FITTED).outcome == Outcome.PROMOTED
    return made, models


def fed_with(made, bought):
    write_sales(made.shop.root, bought)
    ingest(made.shop.source, made.shop.lake, MemoryRun())


def test_the_same_customers_buying_on_do_not_drift(tmp_path):
    made, models = fitted(tmp_path)
    run = MemoryRun()

    found = segment_drift(made.spec, made.shop.lake, models, run, LATER, Retraining.NEVER)

    assert found.outcome == Outcome.OK, found.verdict.reasons
    assert {one.name for one in found.verdict.features} >= {"n_orders_112d", "share_of_segment_1"}
    assert run.logged_tags["verdict"] == Kind.OK
    assert "drift/report.html" in run.artifacts


def test_a_segment_that_grows_is_a_verdict_and_the_refit_goes_through_the_gates(tmp_path):
    made, models = fitted(tmp_path)
    bought = grouped_sales()
    late = bought["at"] >= np.datetime64("2020-07-20")
    became = bought["who"].str.startswith("seldom") & late
    fed_with(made, bought.assign(paid=bought["paid"].where(~became, bought["paid"] * 7)))

    found = segment_drift(made.spec, made.shop.lake, models, MemoryRun(), LATER, Retraining.AUTO)

    assert found.verdict.kind == Kind.RETRAIN
    assert any("share_of_segment" in reason for reason in found.verdict.reasons)
    assert found.resegmented is not None
    assert found.outcome in {Outcome.RETRAINED, Outcome.RETRAIN_REFUSED}


def test_a_feed_that_dwindles_is_broken_data_and_never_refitted(tmp_path):
    made, models = fitted(tmp_path)
    bought = grouped_sales()
    is_kept = (bought["at"] < np.datetime64("2020-10-01")) | (np.arange(len(bought)) % 5 == 0)
    fed_with(made, bought[is_kept])

    found = segment_drift(made.spec, made.shop.lake, models, MemoryRun(), LATER, Retraining.AUTO)

    assert found.outcome == Outcome.BROKEN_DATA
    assert found.resegmented is None


def test_without_a_champion_there_is_nothing_to_compare_with(tmp_path):
    made = make_grouped_shop(tmp_path)
    ingest(made.shop.source, made.shop.lake, MemoryRun())

    with pytest.raises(RegistryError, match="'tiny_segments' has no champion"):
        segment_drift(made.spec, made.shop.lake, MemoryModels(), MemoryRun(), None, Retraining.AUTO)

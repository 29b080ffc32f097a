"""The panel as a product: what it says of itself, what it does again, and what it refuses."""

from __future__ import annotations

import pandas as pd
import pytest

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.windows import DAY
from pipelines.flows.outcome import Outcome
from pipelines.flows.panel import panel
from support.feeds import CHURN, END, Growing, cutoffs, log
from support.memory import MemoryRun


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Growing:
    return Growing(tmp_path_factory.mktemp("shop")).add(log(), "all")


@pytest.fixture(scope="module")
def built(shop):
    run = MemoryRun()
    return panel(CHURN, shop.lake, run, END), run


def test_every_weekly_cutoff_is_described_and_those_without_an_outcome_are_counted(built):
    found, run = built
    rows = pd.read_parquet(found.path)
    by_cutoff = run.artifacts["report/cutoffs.parquet"]

    assert run.metrics["panel.n_rows"] == len(rows) == by_cutoff["n_rows"].sum()
    assert run.metrics["panel.n_censored"] == rows["label"].isna().sum() == by_cutoff["n_censored"].sum() > 0
    assert run.metrics["panel.prevalence"] == rows["label"].mean()
    assert run.metrics["panel.n_cutoffs"] == run.metrics["panel.n_built"] == rows["cutoff"].nunique() == len(by_cutoff)
    assert by_cutoff["cutoff"].is_monotonic_increasing
    assert (by_cutoff["n_labelled"] == 0).tolist() == (
        by_cutoff["cutoff"] + 21 * DAY > END.replace(tzinfo=None)
    ).tolist()
    assert by_cutoff["n_positive"].tolist() == rows.groupby("cutoff", observed=True)["label"].sum().astype(int).tolist()


def test_catalogue_stands_beside_it_and_names_every_column(built):
    found, run = built
    table = run.artifacts["report/features.parquet"]

    assert ["customer_id", *table["name"], "label", "cutoff"] == pd.read_parquet(found.path).columns.tolist()
    assert {"name", "meaning", "unit", "window", "null_rule", "block"} <= set(table.columns)
    assert all(f"| `{name}` |" in run.artifacts["report/features.md"] for name in table["name"])
    assert run.logged_tags["label_digest"] == CHURN.label_digest()
    assert f"- Censored: {found.coverage.n_censored:,} rows have no label" in run.description


def test_null_stands_where_the_catalogue_says_so(built):
    found, _ = built
    rows = pd.read_parquet(found.path)
    never = [feature.name for feature in found.features if feature.null_rule == "never"]

    assert rows[never].notna().all(axis=None)
    assert rows.drop(columns=[*never, "label"]).isna().any(axis=None)


def test_again_nothing_is_computed(shop, built):
    run = MemoryRun()
    again = panel(CHURN, shop.lake, run, END)

    assert again.kept.built == ()
    assert again.outcome == Outcome.UNCHANGED
    assert run.logged_tags["outcome"] == "unchanged"


def test_a_week_later_one_cutoff_is_computed_and_one_gets_its_outcome(shop, built):
    later = panel(CHURN, shop.lake, MemoryRun(), END + 7 * DAY)

    assert len(later.kept.built) == 2


def test_label_is_told_apart_by_what_it_asks():
    other = CHURN.model_copy(update={"outcome": CHURN.outcome.model_copy(update={"horizon": 28 * DAY})})
    more = CHURN.model_copy(update={"features": CHURN.features[:1]})

    assert other.label_digest() != CHURN.label_digest() == more.label_digest()
    assert other.feature_digest() != CHURN.feature_digest()


def test_log_that_is_too_short_for_any_cutoff_is_refused(shop):
    with pytest.raises(NotEnoughDataError, match=r"holds no monday with 42 days of history before it"):
        panel(CHURN, shop.lake, MemoryRun(), cutoffs(30)[0])

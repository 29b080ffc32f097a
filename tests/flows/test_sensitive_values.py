"""Sensitive columns as they come: each gets a stated outcome, none a crash, and none reaches the model."""

import io

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure

from pipelines.config.files import load_source, load_task
from pipelines.flows.ingest import ingest
from pipelines.flows.train import train
from support.memory import MemoryModels, MemoryRun
from support.shop import SOURCE, TASK, make_shop

EVIL = ("<img src=x onerror=alert(1)>", "$\\frac{a$ | `b`", "](javascript:alert(1))")
COLUMNS = ("one_value", "mostly_missing", "group_of_one", "no_positives", "free_text", "evil")


def people(bought: pd.DataFrame) -> pd.DataFrame:
    last = bought.groupby("who")["at"].max().sort_index()
    at, n = np.arange(len(last)), len(last)
    late = bought[bought["at"] > last.max() - pd.Timedelta(days=120)].sort_values(["who", "at"])
    longest = late.groupby("who")["at"].apply(lambda at: at.diff().max()).reindex(last.index)
    stays = ((last > last.max() - pd.Timedelta(days=10)) & (longest < pd.Timedelta(days=18))).to_numpy()
    return pd.DataFrame(
        {
            "who": last.index,
            "one_value": "everybody",
            "mostly_missing": np.where(at % 10 == 0, np.where(at % 20, "a", "b"), None),
            "group_of_one": np.where(at == np.argmax(stays), "only me", np.where(at % 2, "a", "b")),
            "no_positives": np.where(stays, "stays", "others"),
            "free_text": [f"my own words, number {number}" for number in at],
            "evil": np.array(EVIL, dtype=object)[at % len(EVIL)],
            "n": n,
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    root = tmp_path_factory.mktemp("shop")
    shop = make_shop(root)
    people(pd.read_parquet(root / "raw/sales.parquet")).to_csv(root / "raw/people.csv", index=False)
    columns = {"customer_id": "who"} | {name: {"from": name, "role": "sensitive"} for name in COLUMNS}
    source = {**SOURCE, "tables": {**SOURCE["tables"], "customers": {"from": "people", "columns": columns}}}
    task = {**TASK, "sensitive": list(COLUMNS), "fairness": {"intersections": [["evil", "no_positives"]]}}
    (root / "conf/sources/tiny_shop.yaml").write_text(yaml.safe_dump(source), encoding="utf-8")
    (root / "conf/tasks/tiny_churn.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")
    ingest(load_source(root / "conf", "tiny_shop"), shop.lake, MemoryRun())
    models, run = MemoryModels(), MemoryRun()
    found = train(load_task(root / "conf", "tiny_churn"), shop.lake, models, run, None)
    return found, models, run


def of(run, column):
    return run.artifacts[f"fairness/{column}.json"]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("one_value", "everybody"),
        ("free_text", "values"),
    ],
)
def test_what_cannot_be_compared_says_why(trained, column, said):
    findings = of(trained[2], column)["findings"]

    assert {one["outcome"] for one in findings.values()} == {"not_measured"}
    assert all(said in one["note"] for one in findings.values())


def test_what_is_missing_is_a_group_of_its_own(trained):
    groups = {one["group"]: one for one in of(trained[2], "mostly_missing")["groups"]}

    assert set(groups) == {"a", "b", "unknown"}
    assert groups["unknown"]["n_customers"] > 5 * groups["a"]["n_customers"]


def test_a_group_of_one_is_shown_and_not_compared(trained):
    groups = {one["group"]: one for one in of(trained[2], "group_of_one")["groups"]}

    assert groups["only me"]["n_customers"] == 1
    assert not groups["only me"]["large_enough"]
    assert groups["a"]["large_enough"]


def test_a_group_without_positives_has_no_true_positive_rate(trained):
    groups = {one["group"]: one for one in of(trained[2], "no_positives")["groups"]}

    assert groups["stays"]["true_positive_rate"]["estimate"] is None
    assert groups["others"]["true_positive_rate"]["estimate"] is not None


def test_five_hundred_values_do_not_flood_the_report(trained):
    assert len(of(trained[2], "free_text")["groups"]) <= 20


def test_names_from_data_are_escaped_wherever_they_are_told(trained):
    texts = {path: one for path, one in trained[2].artifacts.items() if isinstance(one, str)}
    texts |= {"description": trained[2].description, "registry": trained[1].descriptions["1"]}

    assert {"report/evaluation.html", "report/model_card.html", "report/model_card.md", "fairness/summary.md"} <= set(
        texts
    )
    assert [path for path, text in texts.items() if "<img src=x" in text] == []
    assert [path for path, text in texts.items() if "](javascript:" in text and not path.endswith(".html")] == []
    assert any("&lt;img src=x" in text for text in texts.values())


def test_every_figure_can_be_drawn_whatever_names_hold(trained):
    figures = {path: one for path, one in trained[2].artifacts.items() if isinstance(one, Figure)}

    sizes = [figure.savefig(io.BytesIO()) for figure in figures.values()]
    assert len(sizes) > 10


def test_no_sensitive_column_is_among_what_the_model_reads(trained):
    found, models, run = trained

    assert set(models.load(found.version).scorer.names).isdisjoint(COLUMNS)
    assert set(run.artifacts["reference.parquet"].columns).isdisjoint(COLUMNS)
    assert set(run.artifacts["out_of_fold.parquet"].columns).isdisjoint(COLUMNS)

"""One subject of every kind: what is said is what is scored, and the counter-checks are consistent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import NotEnoughDataError, RegistryError
from pipelines.flows.explain import explain
from pipelines.flows.ingest import ingest
from pipelines.flows.promote import promote
from pipelines.flows.train import train
from pipelines.scoring.kinds import kind_of
from support.cases import make_cases, rows
from support.memory import MemoryModels, MemoryRun


def somebody(loop, place=0):
    task = loop.shop.task
    current = kind_of(task).current(task, loop.shop.lake, None)
    return str(current.subject_id[place]), current


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    made, models = make_cases(tmp_path_factory.mktemp("explained"), rows()), MemoryModels()
    ingest(made.source, made.lake, MemoryRun())
    train(made.task, made.lake, models, MemoryRun(), None)
    promote(made.task, made.lake, models, MemoryRun())
    return made, models


def test_one_customer_is_scored_and_explained_as_in_the_batch(loop):
    who, current = somebody(loop, 3)
    found = explain(loop.shop.task, loop.shop.lake, loop.models, None, who)
    scores = loop.models.load(found.version).scorer.score(current.rows)

    assert found.row.to_numpy().tobytes() == current.rows.iloc[[3]].to_numpy().tobytes()
    assert found.scored.iloc[0].tolist() == scores.iloc[3].tolist()
    (told,) = found.told
    assert told.base + told.values.sum() == pytest.approx(told.raw)
    assert told.score == scores["score"].iloc[3]


def test_counter_checks_move_every_feature_and_the_score_with_them(loop):
    who, _ = somebody(loop, 3)
    found = explain(loop.shop.task, loop.shop.lake, loop.models, None, who)
    (told,) = found.told

    assert any("had the last purchase been" in check.said for check in told.checks)
    assert any("not been made" in check.said for check in told.checks)
    assert {check.score for check in told.checks} != {told.score}


def test_buying_yesterday_lowers_the_risk_of_those_who_were_silent(loop):
    _, current = somebody(loop)
    silent = np.argsort(-current.rows["recency_days"].to_numpy())[:20]
    lower = []
    for place in silent:
        found = explain(loop.shop.task, loop.shop.lake, loop.models, None, str(current.subject_id[place]))
        (check,) = [one for one in found.told[0].checks if "been yesterday" in one.said]
        lower.append(check.score < found.told[0].score)

    assert np.mean(lower) > 0.8


def test_the_page_names_the_customer_and_what_was_said(loop):
    who, _ = somebody(loop)
    found = explain(loop.shop.task, loop.shop.lake, loop.models, None, who)
    page = found.page()

    assert f"Customer {who}" in page
    assert f"{found.told[0].score:.3f}" in page
    assert found.version.digest in page
    assert "What if" in page


def test_looking_up_publishes_and_registers_nothing(loop):
    who, _ = somebody(loop)
    before = len(loop.models.versions), len(loop.run.children), dict(loop.models.held)
    explain(loop.shop.task, loop.shop.lake, loop.models, None, who)

    assert (len(loop.models.versions), len(loop.run.children), dict(loop.models.held)) == before


@pytest.mark.parametrize("who", ["nobody-17", "<script>alert(1)</script>", "../../etc/passwd", "' or '1'='1", ""])
def test_a_customer_whom_nobody_knows_is_not_named(loop, who):
    with pytest.raises(NotEnoughDataError, match="not in the population") as error:
        explain(loop.shop.task, loop.shop.lake, loop.models, None, who)

    assert not who or who not in str(error.value)


def test_without_a_champion_it_is_said_how_to_get_one(loop):
    with pytest.raises(RegistryError, match="has no champion"):
        explain(loop.shop.task, loop.shop.lake, MemoryModels(), None, loop.shop.customer_ids[0])


def test_every_case_of_a_person_in_a_table_is_told(table):
    made, models = table
    found = explain(made.task, made.lake, models, None, "person-00003")

    assert [one.name for one in found.told] == ["case id case-00006", "case id case-00007"]
    assert "case-00007" in found.page()
    assert all(one.checks == () for one in found.told)


def test_a_case_is_found_by_its_own_name_too(table):
    made, models = table

    found = explain(made.task, made.lake, models, None, "case-00007")

    assert [one.name for one in found.told] == ["case id case-00007"]


def test_declared_columns_are_tried_on_every_case_of_a_table(table):
    made, models = table
    changeable = {"plan": ("monthly", "yearly"), "fee": (5.0,)}
    found = explain(made.task, made.lake, models, None, "person-00003", changeable)

    for one in found.told:
        assert "had fee been 5" in [check.said for check in one.checks]
        assert {check.said for check in one.checks} <= {
            "had fee been 5",
            "had plan been monthly",
            "had plan been yearly",
        }
    monthly = models.load(found.version).scorer.probability(found.row.assign(plan="monthly"))
    told = [check.score for one in found.told for check in one.checks if check.said.endswith("monthly")]
    assert told == monthly.tolist()


def test_html_in_a_table_is_escaped_on_the_page(tmp_path):
    evil = "<img src=x onerror=alert(1)> $x_1$"
    table = rows().assign(plan=lambda one: one["plan"].where(one["plan"] != "free", evil))
    table.loc[0, "who"] = "<script>alert(1)</script>"
    made, models = make_cases(tmp_path, table), MemoryModels()
    ingest(made.source, made.lake, MemoryRun())
    train(made.task, made.lake, models, MemoryRun(), None)
    promote(made.task, made.lake, models, MemoryRun())
    found = explain(made.task, made.lake, models, None, "<script>alert(1)</script>", {"plan": (evil,)})
    page = found.page()

    assert "<script" not in page
    assert "<img src=x" not in page
    assert pd.api.types.is_number(found.told[0].score)

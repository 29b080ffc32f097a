"""One customer, a batch and the training panel are described by the same bytes, and the logged model says the same."""

from __future__ import annotations

import mlflow
import pandas as pd
import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.adapters.registry import MlflowModels
from pipelines.core.errors import NotEnoughDataError
from pipelines.core.protocols import CHAMPION
from pipelines.core.windows import parse_cutoff
from pipelines.flows.explain import explain
from pipelines.flows.prepare import prepare, task_of
from pipelines.scoring.stored import read_panel

NOW = parse_cutoff("2018-01-01")


@pytest.fixture(scope="module")
def lake(project):
    mlflow.set_tracking_uri(project.store)
    return FileLake(project.root / "data", project.root, DuckDBEngine())


@pytest.fixture(scope="module")
def champion(lake):
    return MlflowModels().find("churn", CHAMPION)


@pytest.fixture(scope="module")
def scores(project, lake):
    return pd.read_parquet(project.root / "data/scores/churn/as_of=2018-01-01/version=1").set_index("customer_id")


def test_a_customer_alone_is_scored_as_in_the_batch(lake, champion, scores):
    task = task_of(champion)
    batch = read_panel(task, lake, NOW, (NOW,))
    for customer in scores.index[::400]:
        alone = explain(task, lake, MlflowModels(), NOW, customer)

        row = batch.rows[batch.customer_id == customer]
        assert alone.row.to_numpy().tobytes() == row.to_numpy().tobytes()
        assert alone.scored.iloc[0].tolist() == scores.loc[customer, alone.scored.columns].tolist()


def test_rows_of_training_are_those_that_a_batch_of_that_day_would_have(lake, champion):
    task = task_of(champion)
    prepared = prepare(task, lake, champion.known_at)
    test = prepared.parts.test
    last = parse_cutoff(max(test.cases.by["cutoff"]))
    trained = test.at(test.cases.by["cutoff"] == f"{last:%Y-%m-%d}").cases
    batch = read_panel(task, lake, last, (last,))

    assert trained.subject_id.tolist() == batch.customer_id.tolist()
    assert trained.rows.to_numpy().tobytes() == batch.rows.to_numpy().tobytes()


def test_logged_model_gives_the_scores_of_the_batch(lake, champion, scores):
    logged = mlflow.pyfunc.load_model("models:/churn@champion")
    batch = read_panel(task_of(champion), lake, NOW, (NOW,))
    found = logged.predict(batch.rows)

    assert found["score"].tolist() == scores.loc[batch.customer_id, "score"].tolist()
    assert found["reason_1"].tolist() == scores.loc[batch.customer_id, "reason_1"].tolist()


def test_customer_whom_nobody_knows_has_no_score_and_is_not_named(lake, champion):
    with pytest.raises(NotEnoughDataError) as error:
        explain(task_of(champion), lake, MlflowModels(), NOW, "nobody-17")

    assert "The customer is not in the population of 'churn' at 2018-01-01" in str(error.value)
    assert "nobody-17" not in str(error.value)


def test_look_up_prints_score_and_reasons_and_records_nothing(project, scores):
    client = mlflow.MlflowClient(project.store)
    n_runs = len(client.search_runs([one.experiment_id for one in client.search_experiments()]))
    done = project.regulars("explain", "--task", "churn", "--customer-id", str(scores.index[0]))

    assert done.returncode == 0, done.stderr
    assert f"{scores['score'].iloc[0]:.3f}" in done.stdout
    assert " ".join(scores["reason_1"].iloc[0].split()[:3]) in " ".join(done.stdout.split())
    assert len(client.search_runs([one.experiment_id for one in client.search_experiments()])) == n_runs

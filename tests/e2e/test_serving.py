"""The champion answers over HTTP as the README shows, in a process that knows nothing of this project."""

import json
import sys
import urllib.error
import urllib.request

import mlflow
import pandas as pd
import pytest

from support.server import serving


@pytest.fixture(scope="module")
def url(project):
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/churn@champion", "-p", "{port}"]
    environment = project.environment() | {"MLFLOW_TRACKING_URI": project.store}
    where = ["--env-manager", "local", "-h", "127.0.0.1", "-w", "1"]
    with serving([*command, *where], "/ping", project.root, environment) as address:
        yield address


@pytest.fixture(scope="module")
def logged(project):
    mlflow.set_tracking_uri(project.store)
    return mlflow.pyfunc.load_model("models:/churn@champion")


@pytest.fixture(scope="module")
def rows(project):
    runs = mlflow.MlflowClient(project.store).search_runs(["1"], "attributes.run_name = 'train'")
    path = mlflow.artifacts.download_artifacts(run_id=runs[-1].info.run_id, artifact_path="reference.parquet")
    return pd.read_parquet(path)


def test_the_server_gives_the_scores_of_the_logged_model(url, logged, rows):
    sent = rows.drop(columns=["case_id", "cutoff", "score", "label"]).head(3)

    answer = _ask(url, {"dataframe_split": json.loads(sent.to_json(orient="split", index=False))})

    found = pd.DataFrame(answer["predictions"])
    assert found.columns.tolist() == ["score", "decision", "reason_1", "reason_2", "reason_3"]
    assert found["score"].tolist() == pytest.approx(rows["score"].head(3).tolist(), abs=1e-12)
    assert logged.predict(sent)["score"].tolist() == pytest.approx(rows["score"].head(3).tolist(), abs=1e-12)


def test_whole_numbers_and_nulls_are_fine(url, rows):
    sent = rows.drop(columns=["case_id", "cutoff", "score", "label"]).head(1)
    record = {name: None if name.startswith("gap_") else int(value) for name, value in sent.fillna(0).iloc[0].items()}

    answer = _ask(url, {"dataframe_records": [record]})

    assert 0 <= answer["predictions"][0]["score"] <= 1


def test_a_missing_column_is_refused_with_its_name(url, rows):
    sent = rows[["recency_days"]].head(1)

    with pytest.raises(urllib.error.HTTPError) as error:
        _ask(url, {"dataframe_split": json.loads(sent.to_json(orient="split", index=False))})
    assert error.value.code == 400
    assert "tenure_days" in error.value.read().decode()


def _ask(url, content):
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/invocations", json.dumps(content).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())

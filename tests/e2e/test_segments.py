"""Segments from `mlflow run` to the registry, to a table, and back through what serving loads."""

from __future__ import annotations

import json

import mlflow
import pandas as pd
import pytest

FEW = (
    'choice.n_trials=4 choice.n_resamples=3 space.most=4 space.segmenters=[{"type":"kmeans"}] personas.n_resamples=100'
)
NAME = "segments_complete_journey"


@pytest.fixture(scope="module")
def segmented(project):
    """The project with a champion segmentation."""
    where = ("--env-manager", "local", "--experiment-name", NAME)
    done = project.run("mlflow", "run", ".", "-e", "segment", *where, "-P", f"set={FEW}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "promoted at 2018-01-01 (version 1)" in done.stdout
    mlflow.set_tracking_uri(project.store)
    return project


@pytest.fixture(scope="module")
def run_of(segmented):
    client = mlflow.MlflowClient(segmented.store)
    experiment = client.get_experiment_by_name(NAME)
    return client.search_runs([experiment.experiment_id], "tags.outcome = 'promoted'")[0]


def test_the_run_holds_the_choice_the_personas_and_the_gates(run_of):
    artifacts = mlflow.artifacts.list_artifacts(run_id=run_of.info.run_id, artifact_path="segments")

    names = {one.path for one in artifacts}
    assert {"segments/personas.html", "segments/profile.png", "segments/map.png", "segments/rule.sql"} <= names
    assert run_of.data.metrics["segments.definition"] > 0.8
    assert run_of.data.metrics["gate.stable"] == 1.0
    assert run_of.data.params["config.value"] == "amount_252d"


def test_personas_show_the_scores_of_the_champion_and_say_which_are_left_out(run_of):
    told = json.loads(mlflow.artifacts.load_text(f"{run_of.info.artifact_uri}/segments/personas.json"))
    gates = json.loads(mlflow.artifacts.load_text(f"{run_of.info.artifact_uri}/gates.json"))

    assert "Churn of active households" in json.dumps(told)
    assert gates["notes"] == ["scores of 'purchase_intent' are left out: it has no champion."]


def test_what_serving_loads_assigns_as_the_table_does(segmented, run_of):
    done = segmented.regulars("assign")
    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(segmented.root / f"data/scores/{NAME}/cutoff=2018-01-01.parquet")
    rows = pd.read_parquet(
        mlflow.artifacts.download_artifacts(run_id=run_of.info.run_id, artifact_path="reference.parquet")
    )

    model = mlflow.pyfunc.load_model(f"models:/{NAME}@champion")
    names = model.metadata.get_input_schema().input_names()
    answered = model.predict(rows[names])

    assert answered.columns.tolist() == ["segment", "segment_name", "distance"]
    assert answered["segment"].tolist() == rows["segment"].tolist()
    assert answered["segment"].value_counts().to_dict() == table["segment"].value_counts().to_dict()


def test_drift_check_and_rollback_know_segmentations(segmented):
    checked = segmented.regulars("drift_check", "--task", NAME, "--retrain", "never")
    rolled = segmented.regulars("rollback", "--task", NAME)

    assert checked.returncode == 0, checked.stderr
    assert "Drift       ok at 2018-01-01: no share moved" in checked.stdout
    assert rolled.returncode == 1
    assert "has no previous champion" in rolled.stderr


def test_rules_are_counted_over_time_and_written(segmented):
    counted = segmented.regulars("segment", "--segments", "micro_complete_journey")
    written = segmented.regulars("assign", "--segments", "micro_complete_journey")

    assert counted.returncode == 0, counted.stderr
    assert "11 segments of 'micro_complete_journey'" in counted.stdout
    assert written.returncode == 0, written.stderr
    table = pd.read_parquet(segmented.root / "data/scores/micro_complete_journey/cutoff=2018-01-01.parquet")
    assert table.drop(columns=["customer_id", "cutoff", "run_id"]).dtypes.eq(bool).all()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["segment", "--segments", "segments_complet"], 2, "Unknown segmentation 'segments_complet'."),
        (["segment", "--set", "on=[n_order_252d]"], 1, "on names 'n_order_252d', which no block emits."),
        (["drift_check", "--task", "micro_complete_journey"], 2, "a rule does not drift"),
        (["segment", "--cutoff", "2017-03-01"], 1, "is shorter than the 252 days of history"),
    ],
)
def test_a_mistake_gets_one_readable_message(segmented, arguments, status, said):
    done = segmented.regulars(*arguments)

    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr

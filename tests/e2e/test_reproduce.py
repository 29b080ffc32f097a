"""Runs that repeat, through the installed command and a real tracking store."""

import mlflow
import pytest


@pytest.fixture(scope="module")
def runs(project):
    """The newest run of each name in the experiment."""
    client = mlflow.MlflowClient(project.store)
    experiment = client.get_experiment_by_name("churn").experiment_id
    return {run.info.run_name: run.info.run_id for run in reversed(client.search_runs([experiment], max_results=100))}


def test_a_training_run_is_rebuilt_to_the_last_digit(project, runs):
    done = project.regulars("reproduce", "--run-id", runs["train"])

    assert done.returncode == 0, done.stdout + done.stderr
    assert "metrics are the same to the last digit" in done.stdout
    assert "model_digest: the same" in done.stdout


def test_the_run_of_the_whole_loop_names_its_training_and_a_difference_ends_with_5(project, runs):
    client = mlflow.MlflowClient(project.store)
    client.log_metric(runs["train"], "test.roc_auc", 0.9999)  # as if somebody had polished it
    done = project.regulars("reproduce", "--run_id", runs["main"])

    assert done.returncode == 5, done.stdout + done.stderr
    assert "test.roc_auc differs: 0.9999 then" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("name", "said"), [("", "There is no run"), ("score", "trained nothing to the end")], ids=["unknown", "score"]
)
def test_what_trained_nothing_cannot_be_rebuilt(project, runs, name, said):
    done = project.regulars("reproduce", "--run-id", runs.get(name, "0" * 32))

    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr

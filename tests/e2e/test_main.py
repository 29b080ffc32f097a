"""The main job as a stranger runs it: `mlflow run` on the embedded data, SQLite beside it."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from support.project import QUICK


@pytest.fixture(scope="module")
def client(project):
    return MlflowClient(project.store, project.store)


@pytest.fixture(scope="module")
def runs(client):
    experiment = client.get_experiment_by_name("churn")
    found = client.search_runs([experiment.experiment_id], max_results=1_000)
    return {run.info.run_name: run for run in reversed(found)}


def test_the_main_job_ends_with_a_story_a_person_can_read(project):
    printed = (project.root / "printed.txt").read_text(encoding="utf-8")

    for word in (
        "Question",
        "ROC-AUC",
        "recency rule",
        "beats_baselines",
        "Champion",
        "version 1",
        "Drift",
        "mlflow ui",
    ):
        assert word in printed, word
    assert max(len(line) for line in printed.splitlines() if project.root.name not in line) <= 80


def test_no_chatter_of_third_parties_reaches_the_screen(project):
    seen = (project.root / "printed.txt").read_text() + (project.root / "said.txt").read_text()

    for noise in ("alembic", "LightGBM]", "Warning", "git executable", "telemetry"):
        assert noise not in seen, noise


def test_one_parent_run_with_the_steps_nested(runs):
    parent = runs["main"]
    steps = ("ingest", "train", "promote", "score", "drift_check")

    assert {runs[step].data.tags["mlflow.parentRunId"] for step in steps} == {parent.info.run_id}
    assert {runs[step].info.status for step in (*steps, "main")} == {"FINISHED"}
    assert parent.data.tags["outcome"] == "promoted"
    assert runs["trial 000"].data.tags["mlflow.parentRunId"] == runs["train"].info.run_id


def test_every_run_names_code_lock_data_and_packages(runs):
    wanted = {"git_commit", "lock_digest", "packages", "data_digest", "config_digest", "seed"}

    for step in ("train", "promote", "score", "drift_check"):
        assert wanted <= set(runs[step].data.tags), step


def test_the_run_holds_what_the_design_promises(client, runs):
    train = runs["train"].info.run_id
    held = {
        file.path for folder in ("", "report", "explain", "fairness") for file in client.list_artifacts(train, folder)
    }

    wanted = {"report/metrics.json", "report/roc.png", "explain/beeswarm.png", "reference.parquet"}
    assert wanted <= held
    assert any(path.startswith("fairness/age") for path in held)
    assert {file.path for file in client.list_artifacts(runs["promote"].info.run_id)} == {"gates.json", "report"}
    assert {"report/model_card.md", "report/model_card.html", "explain/ranks.png", "fairness/proxies.md"} <= held
    drift = {file.path for file in client.list_artifacts(runs["drift_check"].info.run_id, "drift")}
    assert {"drift/report.html", "drift/verdict.json"} <= drift
    assert runs["train"].data.params["config.search.n_trials"] == "2"


def test_the_champion_stands_and_no_challenger_is_left(client):
    assert _aliases(client) == {"champion": "1"}


def test_the_registry_page_tells_the_story_of_the_champion(client):
    said = client.get_model_version_by_alias("churn", "champion").description

    assert len(said) <= 5_000
    for part in ("Promoted on", "### Fairness", "Licence: The R package", "### Known limits"):
        assert part in said, part


def test_explaining_a_customer_writes_a_page_and_nothing_to_tracking(project, client):
    experiment = client.get_experiment_by_name("churn").experiment_id
    before = len(client.search_runs([experiment], max_results=1_000))

    told = project.regulars("explain", "--task", "churn", "--customer-id", "1")

    assert told.returncode == 0, told.stderr
    (page,) = (project.root / "data/explain").glob("*.html")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert page.stat().st_mode & 0o077 == 0
    assert "What if" in told.stdout
    assert len(client.search_runs([experiment], max_results=1_000)) == before


def test_the_quick_model_beats_every_baseline_on_the_test(runs):
    metrics = runs["train"].data.metrics

    assert metrics["test.roc_auc"] > 0.85
    assert metrics["difference.recency_rule.roc_auc.ci_low"] > 0
    assert metrics["test.n_rows"] == 8_000 + metrics["test.n_rows"] % 1_000  # four Mondays of about 2,200 households


def test_no_household_stands_in_the_tracking_store(project, client, runs):
    reference = pd.read_parquet(client.download_artifacts(runs["train"].info.run_id, "reference.parquet"))
    scores = pd.read_parquet(project.root / "data/scores/churn")
    values = pd.read_parquet(client.download_artifacts(runs["train"].info.run_id, "explain/shap_values.parquet"))

    for logged in (reference, values):
        assert "customer_id" not in logged
        assert not set(logged["case_id"]) & set(scores["customer_id"])
        assert logged["case_id"].str.fullmatch("[0-9a-f]{24}").all()


def test_a_second_run_ends_unchanged(project, client):

    done = project.regulars("main", "--set", QUICK)

    assert done.returncode in {0, 4}, done.stderr
    assert "unchanged" in done.stdout
    assert _aliases(client) == {"champion": "1"}
    experiment = client.get_experiment_by_name("churn").experiment_id
    newest = client.search_runs([experiment], "attributes.run_name = 'main'", max_results=1)[0]
    assert newest.data.tags["outcome"] == "unchanged"


def test_the_verdict_is_machine_readable(client, runs):
    path = client.download_artifacts(runs["drift_check"].info.run_id, "drift/verdict.json")
    verdict = json.loads(Path(path).read_text(encoding="utf-8"))

    assert verdict["kind"] in {"ok", "watch", "retrain", "broken_data", "too_few_rows"}
    assert re.fullmatch("[a-z_]+", runs["drift_check"].data.tags["outcome"])


def _aliases(client):
    return {alias: str(version) for alias, version in client.get_registered_model("churn").aliases.items()}

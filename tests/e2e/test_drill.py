"""The saboteur drill as a user runs it: real processes, the real registry, every model loaded in a clean process."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from mlflow.tracking import MlflowClient

from pipelines.sabotage.saboteurs import SABOTEURS
from support.drills import EVERY_GATE
from support.project import PROJECT, Project
from support.shop import make_shop

TASK = "conf/tasks/tiny_churn.yaml"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    shop = make_shop(tmp_path_factory.mktemp("drill"))
    shutil.copy(PROJECT / "MLproject", shop.root)
    told = yaml.safe_load((shop.root / TASK).read_text(encoding="utf-8"))
    (shop.root / TASK).write_text(yaml.safe_dump({**told, "gates": list(EVERY_GATE)}), encoding="utf-8")
    made = Project(shop.root)
    ingested = made.regulars("ingest", "--source", "tiny_shop")
    assert ingested.returncode == 0, ingested.stderr
    return made


@pytest.fixture(scope="module")
def done(project):
    return project.run(sys.executable, "-m", "pipelines", "drill", "--task", "tiny_churn", timeout=1_500)


@pytest.fixture(scope="module")
def client(project):
    return MlflowClient(project.store, project.store)


@pytest.fixture(scope="module")
def drilled(done, client):
    experiment = client.get_experiment_by_name("tiny_churn").experiment_id
    (run,) = client.search_runs([experiment], "tags.outcome = 'done' and attributes.run_name = 'drill'")
    return run


def test_every_saboteur_is_refused_by_exactly_the_gate_named_beforehand(done, drilled, client, tmp_path):
    assert done.returncode == 0, done.stdout + done.stderr
    path = Path(client.download_artifacts(drilled.info.run_id, "drill.json", str(tmp_path)))
    content = json.loads(path.read_text(encoding="utf-8"))

    wrong = {one["saboteur"]: one["refused_by"] for one in content["saboteurs"] if one["refused_by"] != wanted(one)}
    assert wrong == {}
    assert len(content["saboteurs"]) == len(SABOTEURS)


def test_the_table_is_printed(done):
    assert "25 of 25 saboteurs were refused by exactly the gate named beforehand." in " ".join(done.stdout.split())
    assert all(one.name in done.stdout for one in SABOTEURS)


def test_no_registered_model_is_left(done, client):
    assert [model.name for model in client.search_registered_models()] == []


def test_every_saboteur_keeps_its_run_with_the_model(drilled, client):
    children = client.search_runs(
        [drilled.info.experiment_id], f"tags.`mlflow.parentRunId` = '{drilled.info.run_id}'", max_results=200
    )
    names = {run.info.run_name for run in children}

    assert {f"saboteur {one.name}" for one in SABOTEURS} < names
    assert {f"promote {one.name}" for one in SABOTEURS} < names
    assert all(run.info.status == "FINISHED" for run in children)


def test_the_page_lies_in_the_run(drilled, client):
    assert {"drill.json", "drill.html", "drill.png"} <= {one.path for one in client.list_artifacts(drilled.info.run_id)}


def wanted(one):
    return [one["gate"]] if one["gate"] else []

"""The same loop against a tracking server over PostgreSQL: everything goes over HTTP, artifacts included."""

import shutil
import sys

import pytest
from mlflow.tracking import MlflowClient

from support import postgres
from support.project import PROJECT, Project
from support.server import tracking_server
from support.shop import make_shop


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    shop, store = make_shop(tmp_path_factory.mktemp("shop")), tmp_path_factory.mktemp("store")
    shutil.copy(PROJECT / "MLproject", shop.root)
    project = Project(shop.root)
    programs = postgres.programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed (apt-get install postgresql)")
    pytest.importorskip("psycopg", reason='the extra "postgres" is not installed')
    with (
        postgres.server(programs) as database,
        tracking_server(postgres.for_mlflow(database), store, project.environment()) as url,
    ):
        command = [sys.executable, "-m", "pipelines", "main", "--task", "tiny_churn"]
        ended = project.run(*command, extra={"MLFLOW_TRACKING_URI": url})
        assert not (shop.root / "mlflow.db").exists()
        yield ended, MlflowClient(url, url), url


def test_the_loop_ends_with_a_champion_on_the_server(done):
    ended, client, _ = done

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert list(client.get_registered_model("tiny_churn").aliases) == ["champion"]


def test_the_summary_names_the_server_and_nothing_else_speaks(done):
    ended, _, url = done

    assert f"open {url}" in ended.stdout
    assert "View run" not in ended.stdout


def test_artifacts_lie_on_the_server_and_no_store_is_made_beside_the_project(done):
    _, client, _ = done
    experiment = client.get_experiment_by_name("tiny_churn").experiment_id
    train = client.search_runs([experiment], "attributes.run_name = 'train'")[0]

    assert "reference.parquet" in {file.path for file in client.list_artifacts(train.info.run_id)}
    assert train.info.artifact_uri.startswith("mlflow-artifacts:")

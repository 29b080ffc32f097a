"""A process that is killed leaves nothing half-done, and the next one succeeds."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from support.project import Project
from support.shop import make_shop

SEED = 20_261_122
N_KILLS = 4
LONGEST_S = 16.0


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A shop whose loop was killed again and again, each time at another moment."""
    project = Project(make_shop(tmp_path_factory.mktemp("killed")).root)
    moments = random.Random(SEED)
    for _ in range(N_KILLS):
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "main", "--task", "tiny_churn"],
            cwd=project.root,
            env=project.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(2.0, LONGEST_S))
        process.send_signal(signal.SIGKILL)
        process.wait()
        _check_nothing_is_half_done(project)
    return project


def test_the_next_loop_succeeds(killed):
    done = killed.regulars("main", "--task", "tiny_churn")

    assert done.returncode in {0, 4}, done.stdout + done.stderr
    _check_nothing_is_half_done(killed)
    assert "Champion" in done.stdout


def test_no_draft_is_left_after_the_next_ingest(killed):
    killed.regulars("ingest", "--source", "tiny_shop")

    left = [path.name for path in (killed.root / "data").rglob("*") if "draft" in path.name]
    assert left == []


def _check_nothing_is_half_done(project):
    lake = FileLake(project.root / "data", project.root, DuckDBEngine())
    manifest = lake.find_manifest("tiny_shop")
    if manifest is not None:
        for name, table in manifest.tables.items():
            assert lake.table("tiny_shop", name).count().execute() == table.n_accepted
    try:
        model = MlflowClient(project.store, project.store).get_registered_model("tiny_churn")
    except MlflowException:
        return
    for version in model.aliases.values():
        tags = MlflowClient(project.store, project.store).get_model_version("tiny_churn", str(version)).tags
        assert {"digest", "known_at", "config"} <= set(tags)
        assert json.loads(tags["config"])["name"] == "tiny_churn"

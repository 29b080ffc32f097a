"""A process that is killed leaves nothing half-done, and the next one succeeds."""

import json
import random
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from support.killing import Store
from support.project import Project
from support.scene import Scene
from support.shop import make_shop

SEED = 20_261_122
STAGES = ("ingest:", "registering", "promote:", "score:", "drift_check:")
LONGEST_WAIT_S = 1.5


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A shop whose loop was killed in every stage, at a random moment of it."""
    project = Project(make_shop(tmp_path_factory.mktemp("killed")).root)
    moments = random.Random(SEED)
    for stage in STAGES:
        with subprocess.Popen(
            [sys.executable, "-m", "pipelines", "main", "--task", "tiny_churn"],
            cwd=project.root,
            env=project.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert any(stage in line for line in process.stderr), f"it never came to '{stage}'"
            time.sleep(moments.uniform(0.0, LONGEST_WAIT_S))
            process.send_signal(signal.SIGKILL)
        _check_nothing_is_half_done(project)
    assert FileLake(project.root / "data", project.root, DuckDBEngine()).find_manifest("tiny_shop") is not None
    return project


def test_the_next_loop_succeeds(killed):
    done = killed.regulars("main", "--task", "tiny_churn")

    assert done.returncode in {0, 4}, done.stdout + done.stderr
    _check_nothing_is_half_done(killed)
    assert "Champion" in done.stdout
    assert killed.regulars("verify_ledger", "--task", "tiny_churn").returncode == 0


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
    for path in (project.root / "data/scores").glob("tiny_churn/**/[!.]*.parquet"):
        assert len(pd.read_parquet(path)) > 0
    if (project.root / "mlflow.db").exists():
        _check_the_ledger(
            Scene(project, project.store, Store.of_sqlite(project.root / "mlflow.db", project.root / "data/scores"))
        )


def _check_the_ledger(scene):
    """It is whole, and who is champion in the registry is so by one of its last two records."""
    chain = scene.chain()
    assert chain.problems == ()
    aliases = scene.look(lambda models: models.aliases("tiny_churn"))
    assert aliases.get("champion") in {entry.after.champion for entry in chain.entries[-2:]} | {chain.standing.champion}
    for version in aliases.values():
        tags = MlflowClient(scene.uri, scene.uri).get_model_version("tiny_churn", version).tags
        assert {"digest", "known_at", "config"} <= set(tags)
        assert json.loads(tags["config"])["name"] == "tiny_churn"

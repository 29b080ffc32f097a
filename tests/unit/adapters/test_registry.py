"""The registry on a real SQLite store."""

from __future__ import annotations

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from pipelines.adapters.registry import MlflowModels
from pipelines.adapters.runs import open_run
from pipelines.adapters.workspace import Workspace
from pipelines.core.errors import ModelError
from pipelines.core.protocols import CHALLENGER, CHAMPION, PREVIOUS
from support.memory import MemoryProgress
from support.versions import KNOWN_AT, ROWS, new_version


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two registered versions; every test begins with these aliases removed."""
    workspace = Workspace(tmp_path_factory.mktemp("store"))
    patch = pytest.MonkeyPatch()
    patch.delenv("MLFLOW_TRACKING_URI", raising=False)
    patch.delenv("MLFLOW_RUN_ID", raising=False)
    with open_run(workspace, "churn", "train", {}, MemoryProgress()) as run:
        yield [MlflowModels().register(run, new_version(seed)) for seed in (1, 2)], run
    patch.undo()


@pytest.fixture
def versions(store):
    for alias in (CHALLENGER, CHAMPION, PREVIOUS):
        MlflowClient().delete_registered_model_alias("churn", alias)
    return store[0]


@pytest.fixture
def workspace_run(store):
    return store[1]


def test_nobody_holds_an_alias_that_was_never_given(versions):
    assert MlflowModels().find("churn", CHAMPION) is None
    assert MlflowModels().find("no_such_task", CHAMPION) is None


def test_the_model_comes_back_with_its_signature_example_and_scores(versions):
    loaded = MlflowModels().load(versions[0])

    assert (loaded.input_names, loaded.has_example) == (("recency_days",), True)
    assert loaded.scorer.digest() == versions[0].digest
    assert (versions[0].known_at, versions[0].config) == (KNOWN_AT, "{}")


def test_an_alias_points_where_it_is_told_to_and_to_nobody(versions):
    MlflowModels().point("churn", CHAMPION, versions[0].version)
    MlflowModels().point("churn", PREVIOUS, versions[1].version)
    assert MlflowModels().aliases("churn") == {CHAMPION: "1", PREVIOUS: "2"}

    MlflowModels().point("churn", PREVIOUS, None)
    assert MlflowModels().aliases("churn") == {CHAMPION: "1"}
    assert MlflowModels().find("churn", CHAMPION) == versions[0]


def test_an_alias_of_the_shop_s_own_is_left_alone(versions):
    MlflowClient().set_registered_model_alias("churn", "newsletter", "2")

    assert MlflowModels().aliases("churn") == {}
    assert MlflowModels().aliases("no_such_task") == {}


def test_a_version_is_found_by_its_number(versions):
    assert MlflowModels().version("churn", "2") == versions[1]
    assert MlflowModels().version("churn", "9") is None
    assert list(MlflowModels().numbers("churn")) == ["1", "2"]


def test_what_the_run_said_of_itself_comes_back(versions):
    assert MlflowModels().provenance(versions[0])["mlflow.runName"] == "train"


def test_the_model_is_asked_in_a_process_of_its_own(versions):
    found = MlflowModels().probe(versions[0], {"two": ROWS.head(2), "none": ROWS.head(0)})

    assert found.error == ""
    assert [(one.error, one.n_answered, one.n_bad) for one in found.answers.values()] == [("", 2, 0), ("", 0, 0)]
    assert 0 < found.size_mb < 10


def test_a_removed_version_is_gone_and_a_forgotten_model_too(workspace_run):
    made = MlflowModels().register(workspace_run, new_version(3, "short_lived"))
    MlflowModels().remove("short_lived", made.version)
    assert MlflowModels().version("short_lived", made.version) is None

    MlflowModels().forget("short_lived")
    MlflowModels().forget("short_lived")
    assert MlflowModels().numbers("short_lived") == {}


def test_a_version_without_its_files_is_a_readable_error(versions, monkeypatch):
    def gone(*_):
        raise FileNotFoundError("trees")

    monkeypatch.setattr(mlflow.pyfunc, "load_model", gone)

    with pytest.raises(ModelError, match=r"cannot be loaded \(FileNotFoundError"):
        MlflowModels().load(versions[0])

"""The registry on a real SQLite store: aliases move in an order that never leaves two champions, or none."""

from __future__ import annotations

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from pipelines.adapters.registry import MlflowModels
from pipelines.adapters.runs import open_run
from pipelines.adapters.workspace import Workspace
from pipelines.core.errors import ModelError, RegistryError
from pipelines.core.protocols import CHALLENGER, CHAMPION, PREVIOUS, NewVersion
from pipelines.core.windows import parse_cutoff
from pipelines.features.catalogue import Feature
from pipelines.models.calibration import SigmoidMap
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import LightGBM
from pipelines.policy.top_share import Threshold
from pipelines.scoring.scorer import Scorer
from support.memory import MemoryProgress

ROWS = pd.DataFrame({"recency_days": np.arange(200.0)})
KNOWN_AT = parse_cutoff("2020-10-19")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two registered versions; every test begins with these aliases removed."""
    workspace = Workspace(tmp_path_factory.mktemp("store"))
    patch = pytest.MonkeyPatch()
    patch.delenv("MLFLOW_TRACKING_URI", raising=False)
    patch.delenv("MLFLOW_RUN_ID", raising=False)
    with open_run(workspace, "churn", "train", {}, MemoryProgress()) as run:
        versions = [MlflowModels().register(run, new_version(seed)) for seed in (1, 2)]
    yield versions
    patch.undo()


@pytest.fixture
def versions(store):
    for alias in (CHALLENGER, CHAMPION, PREVIOUS):
        MlflowClient().delete_registered_model_alias("churn", alias)
    return store


def new_version(seed):
    label = (ROWS["recency_days"] > 100 + 10 * seed).to_numpy().astype(np.int8)
    trees = LightGBM(n_bags=1).fit(Dataset(ROWS, label), {"min_data_in_leaf": 5}, 3, seed)
    feature = Feature("recency_days", "", "days", "all history", "never", "recency", "{value} days ago")
    scorer = Scorer(trees, SigmoidMap(slope=1.0, intercept=0.0), Threshold(at_least=0.5), (feature,), 1, "spec")
    return NewVersion("churn", scorer, ROWS.head(3), KNOWN_AT, "data", "{}", "What it is.")


def holders():
    found = {alias: MlflowModels().find("churn", alias) for alias in (CHALLENGER, CHAMPION, PREVIOUS)}
    return {alias: version.version for alias, version in found.items() if version is not None}


def test_nobody_holds_an_alias_that_was_never_given(versions):
    assert MlflowModels().find("churn", CHAMPION) is None
    assert MlflowModels().find("no_such_task", CHAMPION) is None


def test_the_model_comes_back_with_its_signature_example_and_scores(versions):
    loaded = MlflowModels().load(versions[0])

    assert (loaded.input_names, loaded.has_example) == (("recency_days",), True)
    assert loaded.scorer.digest() == versions[0].digest
    assert (versions[0].known_at, versions[0].config) == (KNOWN_AT, "{}")


def test_a_new_champion_makes_the_old_one_previous(versions):
    first, second = versions
    MlflowModels().crown(first)
    MlflowModels().crown(second)

    assert holders() == {CHAMPION: second.version, PREVIOUS: first.version}


def test_crowning_the_champion_again_changes_nothing(versions):
    first, second = versions
    for version in (first, second, second):
        MlflowModels().crown(version)

    assert holders() == {CHAMPION: second.version, PREVIOUS: first.version}


def test_rollback_swaps_and_swaps_back(versions):
    first, second = versions
    MlflowModels().crown(first)
    MlflowModels().crown(second)

    MlflowModels().roll_back("churn")
    assert holders() == {CHAMPION: first.version, PREVIOUS: second.version}
    MlflowModels().roll_back("churn")
    assert holders() == {CHAMPION: second.version, PREVIOUS: first.version}


def test_rollback_without_a_previous_champion_says_so(versions):
    MlflowModels().crown(versions[0])

    with pytest.raises(RegistryError, match="'churn' has no previous champion"):
        MlflowModels().roll_back("churn")


@pytest.mark.parametrize("n_writes", [0, 1, 2])
def test_killed_between_two_writes_there_is_one_champion_and_the_next_try_ends_well(versions, monkeypatch, n_writes):
    first, second = versions
    MlflowModels().crown(first)
    MlflowClient().set_registered_model_alias("churn", CHALLENGER, second.version)
    with monkeypatch.context() as patch:
        fail_after(patch, n_writes)
        with pytest.raises(KeyboardInterrupt):
            MlflowModels().crown(second)

    assert holders()[CHAMPION] in {first.version, second.version}
    MlflowModels().crown(second)
    assert holders()[CHAMPION] == second.version
    assert CHALLENGER not in holders()


def test_dismissing_takes_only_the_dismissed_ones_alias(versions):
    first, second = versions
    MlflowClient().set_registered_model_alias("churn", CHALLENGER, second.version)
    MlflowModels().dismiss(first)
    assert holders() == {CHALLENGER: second.version}
    MlflowModels().dismiss(second)
    assert holders() == {}


def test_a_version_without_its_files_is_a_readable_error(versions, monkeypatch):
    def gone(*_):
        raise FileNotFoundError("trees")

    monkeypatch.setattr(mlflow.pyfunc, "load_model", gone)

    with pytest.raises(ModelError, match=r"cannot be loaded \(FileNotFoundError"):
        MlflowModels().load(versions[0])


def fail_after(patch, n_writes):
    """The process dies at the write after ``n_writes`` of them."""
    done = []

    def counted(write):
        def call(*arguments):
            if len(done) == n_writes:
                raise KeyboardInterrupt
            done.append(arguments)
            return write(*arguments)

        return call

    for name in ("set_registered_model_alias", "delete_registered_model_alias"):
        patch.setattr(MlflowClient, name, counted(getattr(MlflowClient, name)))

"""Spark scores with the registered model what the embedded path scores, row by row and reason by reason."""

from __future__ import annotations

import dataclasses
import shutil
from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest

from pipelines.adapters.engines import engine_named
from pipelines.adapters.registry import MlflowModels
from pipelines.core.ledger import Standing
from pipelines.core.protocols import NewVersion
from pipelines.flows.ingest import ingest
from pipelines.flows.score import score
from pipelines.flows.train import train
from pipelines.policy.top_share import Threshold
from pipelines.scoring.kinds import kind_of
from support.beside import ledger_of
from support.memory import MemoryModels, MemoryRun
from support.shop import make_shop

pytest.importorskip("pyspark", reason='the extra "spark" is not installed')
pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Java, which Spark runs on, is not installed")


class Registry:
    """The real registry, of which two versions are said to be champion and shadow."""

    def __init__(self, champion, shadow):
        self.held = {champion.version: champion, shadow.version: shadow}
        self.standing = Standing(champion.version, shadow=shadow.version, share=0.3)
        self.ledger = ledger_of("tiny_churn", self.standing)

    def aliases(self, task):
        return self.standing.aliases

    def version(self, task, number):
        return self.held.get(number)

    def load(self, version):
        return MlflowModels().load(version)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = make_shop(tmp_path_factory.mktemp("spark"))
    ingest(made.source, made.lake, MemoryRun())
    return made


@pytest.fixture(scope="module")
def registry(shop):
    mlflow.set_tracking_uri(f"sqlite:///{shop.root}/mlflow.db")
    experiment = mlflow.create_experiment("spark", artifact_location=(shop.root / "artifacts").as_uri())
    trained = train(shop.task, shop.lake, MemoryModels(), MemoryRun(), None)
    example = trained.prepared.parts.test.cases.example()
    versions = []
    for policy in (trained.fitted.scorer.policy, Threshold(at_least=0.05)):
        with mlflow.start_run(experiment_id=experiment) as run:
            pass
        scorer = dataclasses.replace(trained.fitted.scorer, policy=policy)
        config = trained.version.config
        version = NewVersion("tiny_churn", scorer, example, trained.version.known_at, "", config, "")
        versions.append(MlflowModels().register(SimpleNamespace(run_id=run.info.run_id), version))
    return Registry(*versions)


@pytest.fixture(scope="module")
def workers(shop):
    from pipelines.adapters.spark_scoring import SparkWorkers

    return SparkWorkers(engine_named("pyspark", shop.root / "spill").session)


@pytest.mark.parametrize("n_reasons", [0, 2])
def test_spark_says_what_the_embedded_path_says(shop, registry, workers, n_reasons):
    run, told = MemoryRun(), []
    for elsewhere in (None, workers):
        shutil.rmtree(shop.root / "data/scores", ignore_errors=True)
        scored = score(shop.task, shop.lake, registry, run, None, n_reasons=n_reasons, workers=elsewhere)
        told.append((scored, *(pd.read_parquet(path) for path in (scored.path, scored.shadow.path))))

    (ours, champion, shadow), (theirs, *others) = told
    pd.testing.assert_frame_equal(others[0], champion, check_exact=True)
    pd.testing.assert_frame_equal(others[1], shadow, check_exact=True)
    assert theirs.figures == ours.figures
    assert theirs.shadow.scoring == ours.shadow.scoring
    assert 0 < theirs.shadow.figures.n_in_force < len(shadow)
    assert len(champion) == len(kind_of(shop.task).current(shop.task, shop.lake, None)) > 300
    assert sum(name.startswith("reason_") for name in champion) == n_reasons
    assert sorted(path.name for path in theirs.path.iterdir())[0] == "_scores.json"


def test_what_spark_scored_is_not_scored_again(shop, registry, workers):
    first = score(shop.task, shop.lake, registry, MemoryRun(), None, n_reasons=1, workers=workers)
    again = score(shop.task, shop.lake, registry, MemoryRun(), None, n_reasons=1)

    assert again.outcome == "unchanged"
    assert again.figures == first.figures

"""A run is rebuilt from what it logged, and every difference is found."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pipelines.core.errors import RegistryError
from pipelines.core.protocols import CONFIG, Recorded
from pipelines.flows.outcome import Outcome
from pipelines.flows.reproduce import in_words, reproduce
from support.memory import MemoryRun


@dataclass
class MemoryRuns:
    """One recorded run."""

    recorded: Recorded

    def trained(self, run_id):
        return self.recorded

    def tags(self, run_id):
        return {"git_commit": "now", "lock_digest": "lock", "packages": "all"}


def recorded(run, **changes):
    tags = {**run.logged_tags, "git_commit": "now", "lock_digest": "lock", "packages": "all"}
    return Recorded(
        **{"run_id": "r1", "config": run.artifacts[CONFIG], "tags": tags, "metrics": run.metrics, **changes}
    )


@pytest.fixture(scope="module")
def again(loop):
    run = MemoryRun()
    known = recorded(loop.run.named("train"))
    return reproduce(lambda source: loop.shop.lake, MemoryRuns(known), run, "r1"), run


def test_the_same_configuration_and_data_give_the_same_to_the_last_digit(again):
    found, run = again

    assert found.outcome == Outcome.REPRODUCED, in_words(found)
    assert len(found.metrics) > 40
    assert run.logged_tags["outcome"] == "reproduced"
    assert run.metrics["reproduce.n_differing"] == 0


def test_nothing_is_registered(again, loop):
    found, run = again

    assert "model_version" not in run.logged_tags
    assert run.named("rebuilt").logged_tags["model_version"] == "not registered"
    assert found.run_id not in {version.run_id for version, *_ in loop.models.versions.values()}


def test_every_metric_and_digest_stands_in_the_table(again):
    _, run = again
    table = run.artifacts["reproduce.parquet"].set_index("what")

    assert {"test.roc_auc", "model_digest", "data_digest", "valid.log_loss"} <= set(table.index)
    assert table["is_same"].all()


def test_a_figure_that_was_logged_otherwise_is_named_with_both_values(loop):
    train = loop.run.named("train")
    known = recorded(train, metrics={**train.metrics, "test.roc_auc": 0.99, "test.made_up": 1.0})
    found = reproduce(lambda source: loop.shop.lake, MemoryRuns(known), MemoryRun(), "r1")

    assert found.outcome == Outcome.DIFFERS
    assert {one.name for one in found.differing} == {"test.roc_auc", "test.made_up"}
    assert any("test.roc_auc differs: 0.99 then" in line for line in in_words(found))


def test_another_model_digest_or_other_code_is_said(loop):
    train = loop.run.named("train")
    tags = {**recorded(train).tags, "model_digest": "other", "git_commit": "then"}
    found = reproduce(lambda source: loop.shop.lake, MemoryRuns(recorded(train, tags=tags)), MemoryRun(), "r1")

    assert [one.name for one in found.differing] == ["model_digest"]
    assert "made from another git commit: then then, now now" in in_words(found)


def test_a_run_without_its_configuration_is_refused(loop):
    known = recorded(loop.run.named("train"), config=None)
    with pytest.raises(RegistryError, match=r"holds no report/task\.json"):
        reproduce(lambda source: loop.shop.lake, MemoryRuns(known), MemoryRun(), "r1")

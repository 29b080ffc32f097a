"""A ledger on a real SQLite store: what is written comes back, in the order in which it was."""

from __future__ import annotations

import pytest
from mlflow.tracking import MlflowClient

from pipelines.adapters import ledger as ledgers
from pipelines.adapters.ledger import MlflowLedger
from pipelines.adapters.registry import MlflowModels
from pipelines.adapters.runs import open_run
from pipelines.adapters.workspace import Workspace
from pipelines.core.errors import ConfigError
from pipelines.core.ledger import Event, Standing, chained
from pipelines.flows.ledger import Step, entry_of, opened, recorded
from support.memory import MemoryProgress

NAME = "churn"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    workspace = Workspace(tmp_path_factory.mktemp("store"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("MLFLOW_RUN_ID", raising=False)
        with open_run(workspace, NAME, "train", {}, MemoryProgress()) as run:
            yield run


@pytest.fixture
def store(run):
    MlflowModels().forget(NAME)
    MlflowClient().create_registered_model(NAME)
    return MlflowLedger()


def write(run, reason):
    return recorded(NAME, MlflowModels(), run, Step(Event.REFUSED, reason=reason), lambda now: now)


def test_records_come_back_in_order_and_make_a_chain(store, run, monkeypatch):
    monkeypatch.setattr(ledgers, "_AT_ONCE", 2)  # so that they come in pages
    written = [write(run, f"reason {number}") for number in range(5)]

    chain = chained(store.read(NAME))
    assert chain.entries == tuple(written)
    assert (chain.problems, chain.void) == ((), ())
    assert store.head(NAME) == written[-1].digest
    assert store.names() == (NAME,)


def test_before_the_first_record_there_is_nothing(store):
    assert store.read(NAME) == ()
    assert (store.head(NAME), store.head("no_such_task")) == ("", "")


def test_a_record_reads_as_a_sentence_on_its_page(store, run):
    entry = write(run, "refused by calibrated")

    page = MlflowClient().get_model_version(f"{NAME}.ledger", "1")
    assert page.description == entry.in_words()
    assert (page.run_id, page.tags["event"]) == (run.run_id, "refused")
    assert "one record, chained by hash" in MlflowClient().get_registered_model(f"{NAME}.ledger").description


def test_a_record_that_was_deleted_leaves_a_gap_for_good(store, run):
    for number in range(3):
        write(run, f"reason {number}")
    MlflowClient().delete_model_version(f"{NAME}.ledger", "3")
    chain = chained(store.read(NAME))
    assert not chain.holds(store.head(NAME))

    store.append(entry_of(NAME, chain, Step(Event.REFUSED, reason="as if nothing had been"), Standing(), run))

    assert "record 3 of the store was removed" in chained(store.read(NAME)).problems


def test_a_record_that_was_edited_in_the_store_shows(store, run):
    write(run, "refused by calibrated")
    text = MlflowClient().get_model_version(f"{NAME}.ledger", "1").tags["record"]
    MlflowClient().set_model_version_tag(f"{NAME}.ledger", "1", "record", text.replace("refused", "promoted"))

    assert chained(store.read(NAME)).problems == (
        "record 1 of the store was edited: its digest is not that of its text",
    )


def test_a_long_reason_is_cut_on_the_page_and_whole_in_the_record(store, run):
    entry = write(run, "because " * 1_000)

    assert len(MlflowClient().get_model_version(f"{NAME}.ledger", "1").description) < 5_000
    assert chained(store.read(NAME)).entries == (entry,)


def test_an_address_that_nobody_can_be_told_at_refuses_before_anything_is_written(store, run, monkeypatch):
    monkeypatch.setenv("REGULARS_WEBHOOK", "file:///etc/passwd")

    with pytest.raises(ConfigError, match="REGULARS_WEBHOOK"):
        write(run, "one")

    assert store.read(NAME) == ()


def test_opening_an_untouched_ledger_changes_nothing(store, run):
    write(run, "one")
    before = store.read(NAME)

    assert opened(NAME, MlflowModels(), run) == chained(before)
    assert store.read(NAME) == before

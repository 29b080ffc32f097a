"""A tiny shop and what its saboteurs are made of, shared by all tests that only look at them."""

from __future__ import annotations

import pytest

from pipelines.flows.ingest import ingest
from pipelines.sabotage.workshop import Workshop
from support.memory import MemoryRun
from support.shop import make_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    made = make_shop(tmp_path_factory.mktemp("sabotage"))
    ingest(made.source, made.lake, MemoryRun())
    return made


@pytest.fixture(scope="session")
def workshop(shop):
    return Workshop(shop.task, shop.lake, shop.lake.manifest(shop.task.source).knowledge(None))


@pytest.fixture(scope="session")
def honest(workshop):
    return workshop.honest.scorer


@pytest.fixture(scope="session")
def judging_rows(workshop):
    return workshop.parts.test.cases.rows


@pytest.fixture(scope="session")
def label(workshop):
    return workshop.parts.test.label == 1

"""One loop on the tiny shop, shared by the tests that only look at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.flows.main import Finished, main
from support.memory import MemoryModels, MemoryRun
from support.shop import Shop, make_shop


@dataclass(frozen=True)
class Loop:
    shop: Shop
    models: MemoryModels
    run: MemoryRun
    finished: Finished


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make_shop(tmp_path)


@pytest.fixture(scope="session")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    made = make_shop(tmp_path_factory.mktemp("shop"))
    models, run = MemoryModels(), MemoryRun()
    return Loop(made, models, run, main(made.task, made.source, made.lake, models, run))

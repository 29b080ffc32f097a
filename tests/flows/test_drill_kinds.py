"""Saboteurs of rows that are no panel: cases of a table, and live sessions."""

from __future__ import annotations

import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.config.files import load_source
from pipelines.flows import drill as flow
from pipelines.flows.drill import drill
from pipelines.flows.ingest import ingest
from pipelines.sabotage.saboteurs import SABOTEURS
from pipelines.tasks.any_task import read_task
from support.cases import make_cases, rows
from support.drills import with_gates
from support.memory import MemoryModels, MemoryRun
from support.project import PROJECT
from support.sessions import SESSIONS

GATES = (
    {"type": "beats_champion", "margin": 0.05},
    {"type": "earns"},
    {"type": "no_leakage"},
    {"type": "has_signature"},
    {"type": "additive"},
    {"type": "traceable"},
    {"type": "not_older"},
)
OF_TABLES = ("label_leak", "test_window", "never_predicts", "missing_column", "another_question", "worse")
OF_SESSIONS = ("label_leak", "another_question", "stale_data", "fades")


@pytest.fixture
def drilled(monkeypatch):
    def of(task, lake, names):
        monkeypatch.setattr(flow, "SABOTEURS", tuple(one for one in SABOTEURS if one.name in names))
        found = drill(task, lake, MemoryModels(), MemoryRun(), None)
        return {one.saboteur.name: one for one in found.tried}

    return of


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    shop = make_cases(tmp_path_factory.mktemp("cases"), rows(2_500))
    ingest(shop.source, shop.lake, MemoryRun())
    return shop


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    root = tmp_path_factory.mktemp("sessions")
    lake = FileLake(root / "data", root, DuckDBEngine())
    ingest(load_source(PROJECT / "conf", "simulated_shop", "simulation.n_customers=1000"), lake, MemoryRun())
    return lake


def test_saboteurs_of_a_table_are_refused_by_the_gates_named(table, drilled):
    found = drilled(with_gates(table.task, *GATES), table.lake, OF_TABLES)

    assert {name: one.refused_by for name, one in found.items()} == {
        one.name: (one.gate,) for one in SABOTEURS if one.name in OF_TABLES
    }


def test_rows_that_are_not_divided_in_time_cannot_be_stale(table, drilled):
    found = drilled(with_gates(table.task, *GATES), table.lake, ("stale_data",))

    assert found["stale_data"].absent == "rows are not divided in time"


def test_saboteurs_of_live_sessions_are_refused_by_the_gates_named(sessions, drilled):
    gates = (*GATES, {"type": "stable_over_time", "max_drop": 0.1})
    found = drilled(with_gates(read_task(SESSIONS, "test"), *gates), sessions, OF_SESSIONS)

    assert {name: one.refused_by for name, one in found.items()} == {
        one.name: (one.gate,) for one in SABOTEURS if one.name in OF_SESSIONS
    }

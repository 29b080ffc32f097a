"""Bad inputs through the installed command: exit status, message, where each row went, and what the tables hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.bad_inputs.case import Case, Gets
from e2e.bad_inputs.cases import CASES, GROUPS
from e2e.bad_inputs.running import GOOD, Ran, Workspace, digest_of_rows, texts
from e2e.bad_inputs.sales import PERSONAL
from e2e.bad_inputs.table import table
from support.project import PROJECT

WORKERS = 2
TYPES = {
    "event_time": "timestamp[us]",
    "quantity": "int64",
    "amount": "decimal128(18, 2)",
}
"""Of the columns that are not text."""


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("bad_inputs"), PROJECT)


@pytest.fixture(scope="session")
def ran(request: pytest.FixtureRequest, workspace: Workspace) -> dict[str, Ran]:
    """Every case that was asked for, and those that it is compared with."""
    asked = [item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")]
    named = {name for name in asked if name in CASES}
    named |= {CASES[name].clean for name in named} - {""} | {GOOD}
    return workspace.run_all([case for name, case in CASES.items() if name in named], WORKERS)


@pytest.mark.parametrize("name", CASES)
def test_a_bad_input_gets_what_the_readme_says(name: str, ran: dict[str, Ran]) -> None:
    case, found = CASES[name], ran[name]
    _check_words(case, found)
    if case.gets == Gets.REFUSED:
        _check_refusal(case, found)
        return
    assert set(found.manifest["tables"]) == set(case.held)
    for place in case.held:
        _check_reconciliation(case, found, place)
        _check_left_out(case, found, place)
        _check_rows(case, found, place)
    if case.clean:
        clean = ran[case.clean]
        assert {place: _digest(found, place) for place in case.held} == {
            place: _digest(clean, place) for place in case.held
        }


def test_nothing_of_a_customer_is_in_the_tracking_store(workspace: Workspace, ran: dict[str, Ran]) -> None:
    assert ran
    for path in _tracked(workspace.root):
        content = path.read_bytes()
        assert not [word for word in PERSONAL if word.encode() in content], path


def test_nothing_is_half_done(workspace: Workspace, ran: dict[str, Ran]) -> None:
    assert ran
    assert list((workspace.root / "data").rglob("*draft*")) == []


def test_every_case_has_a_name_of_its_own() -> None:
    assert len(CASES) == sum(len(group.cases) for group in GROUPS)


def test_the_readme_shows_these_cases() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    if "| input | what it gets | how |" not in readme:
        pytest.skip("the README has no table of bad inputs yet")
    assert table(GROUPS) in readme, "run: python tests/e2e/bad_inputs/table.py"


def _check_words(case: Case, found: Ran) -> None:
    said = " ".join((found.output + found.error).split())
    assert found.status == case.status, said
    assert "Traceback" not in said
    for words in case.says:
        assert words in said
    assert not [word for word in PERSONAL if word in said], said


def _check_refusal(case: Case, found: Ran) -> None:
    """It says how to mend it, and the tables are those of before, byte by byte."""
    assert any(words.startswith("Fix: ") and len(words) > len("Fix: ") for words in case.says)
    assert found.before
    assert {place: found.after.get(place) for place in found.before} == found.before


def _check_reconciliation(case: Case, found: Ran, table: str) -> None:
    wanted, parts = case.held[table], found.parts(table)
    left_out = Counter(bad.check for bad in wanted.bad)
    duplicates = left_out.pop("duplicate", 0)
    quarantined: Counter[str] = Counter()
    for part in parts:
        quarantined.update({one["check"]: one["n_rows"] for one in part["quarantined"]})
    sums = {name: sum(part[name] for part in parts) for name in ("n_read", "n_accepted", "n_duplicates", "n_elsewhere")}

    assert quarantined == left_out
    assert sums == {
        "n_read": wanted.read,
        "n_accepted": len(wanted.rows),
        "n_duplicates": duplicates,
        "n_elsewhere": wanted.elsewhere,
    }
    assert sums["n_read"] == sums["n_accepted"] + sums["n_duplicates"] + quarantined.total()


def _check_left_out(case: Case, found: Ran, table: str) -> None:
    rows = found.rows(table, "quarantine")
    kept = {(row["quarantine_check"], row["_file"], row["_row"], row["source_row"]) for row in rows}

    assert kept == {(bad.check, bad.file, bad.row, bad.source) for bad in case.held[table].bad}
    assert len(rows) == len(kept)


def _check_rows(case: Case, found: Ran, table: str) -> None:
    """The rows are those written down in the case; their texts are compared first, since a digest explains nothing."""
    wanted, rows = case.held[table].rows, found.rows(table, "accepted")

    assert sorted(sorted(texts(row).items()) for row in rows) == sorted(sorted(row.items()) for row in wanted)
    assert digest_of_rows(rows) == digest_of_rows(wanted)
    types = {name: kind for name, kind in found.types(table).items() if kind != "string"}
    assert types == {name: kind for name, kind in TYPES.items() if name in found.types(table)}


def _digest(found: Ran, table: str) -> str:
    return digest_of_rows(found.rows(table, "accepted"))


def _tracked(root: Path) -> Iterator[Path]:
    yield from root.glob("mlflow.db*")
    yield from (path for path in (root / "mlruns").rglob("*") if path.is_file())

"""What the source as a whole promises; the layers themselves are import-linter's."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
FILES = sorted(SRC.rglob("*.py"))
MODULES = [".".join(file.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__") for file in FILES]
MAX_LINES = 400

HOMES = {
    "mlflow": "adapters/",
    "lightgbm": "models/lightgbm.py",
    "optuna": "search/",
    "shap": "explain/figures.py",
    "fairlearn": "fairness/",
    "evidently": "drift/evidently.py",
    "numba": "features/kernel.py",
    "pooch": "adapters/download.py",
    "pyspark": "adapters/spark.py",
    "python_calamine": "adapters/workbooks.py",
    "sqlglot": "tables/sql",
}
SPREAD = {"fairlearn", "mlflow", "optuna", "sqlglot"}
"""What several files below its home may import."""


def imported(file):
    """The top-level packages that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize(("library", "home"), HOMES.items())
def test_library_is_imported_in_its_home_only(library, home):
    places = [str(file.relative_to(SRC / "pipelines")) for file in FILES if library in imported(file)]

    assert places
    assert [place for place in places if not place.startswith(home)] == []


@pytest.mark.parametrize("library", [library for library in HOMES if library not in SPREAD])
def test_library_is_imported_in_one_file(library):
    assert len([file for file in FILES if library in imported(file)]) == 1


def test_no_file_is_longer_than_a_reader_bears():
    lengths = {str(file.relative_to(SRC)): len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}

    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_importing_every_module_writes_nothing(tmp_path):
    code = f"import importlib\nfor name in {MODULES!r}:\n    name.endswith('__main__') or importlib.import_module(name)"
    done = subprocess.run(  # our own words
        [sys.executable, "-B", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr[-2_000:]
    assert list(tmp_path.rglob("*")) == []


def test_importing_the_command_line_does_not_import_what_only_some_commands_need():
    code = "import sys, pipelines.cli.app; print(sorted({'mlflow', 'lightgbm', 'optuna', 'shap'} & set(sys.modules)))"
    done = subprocess.run(  # our own words
        [sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"

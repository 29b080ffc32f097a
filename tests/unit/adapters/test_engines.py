from __future__ import annotations

import sys

import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.engines import engine_named
from pipelines.core.errors import UsageError


def test_the_embedded_engine_is_opened(tmp_path):
    assert isinstance(engine_named("duckdb", tmp_path), DuckDBEngine)


def test_an_engine_that_is_not_installed_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    monkeypatch.delitem(sys.modules, "pipelines.adapters.spark", raising=False)
    with pytest.raises(UsageError) as error:
        engine_named("pyspark", tmp_path)

    assert str(error.value) == (
        "The engine 'pyspark' is not installed (pyspark.sql is missing). The core installation stays small. "
        'Fix: Run: pip install "regulars[spark]" with Java 17 or later, or use --set engine=duckdb.'
    )


def test_spark_without_java_says_what_is_missing(tmp_path, monkeypatch):
    pytest.importorskip("pyspark", reason='the extra "spark" is not installed')
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError) as error:
        engine_named("pyspark", tmp_path)

    assert str(error.value) == (
        "The engine 'pyspark' needs Java, which is not found. Spark runs on it. "
        "Fix: Install Java 17 or later (or set JAVA_HOME), or use --set engine=duckdb."
    )

"""The engine that a source asks for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pipelines.core.errors import UsageError
from pipelines.core.protocols import Engine
from pipelines.core.scores import Workers


def engine_named(name: str, spill: Path) -> Engine:
    """An engine, opened.

    Parameters
    ----------
    name : {"duckdb", "pyspark"}
        As sources declare it.
    spill : Path
        Where it puts what does not fit into memory.

    Raises
    ------
    UsageError
        If it is not installed.
    """
    if name == "duckdb":
        from pipelines.adapters.duckdb import DuckDBEngine

        return DuckDBEngine(spill)
    from pipelines.adapters.spark import SparkEngine

    _require_java(name)
    try:
        return SparkEngine(spill, os.environ.get("REGULARS_SPARK_MASTER", "local[*]"))
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The engine '{name}' is not installed ({error.name} is missing).",
            why="The core installation stays small.",
            fix='Run: pip install "regulars[spark]" with Java 17 or later, or use --set engine=duckdb.',
        ) from error


def _require_java(name: str) -> None:
    """Without it Spark ends the process's gateway with a message of its shell script."""
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise UsageError(
            f"The engine '{name}' needs Java, which is not found.",
            why="Spark runs on it.",
            fix="Install Java 17 or later (or set JAVA_HOME), or use --set engine=duckdb.",
        )


def workers_of(engine: Engine) -> Workers | None:
    """Who scores where the engine is more than this process; None scores here."""
    from pipelines.adapters.spark import SparkEngine

    if not isinstance(engine, SparkEngine):
        return None
    from pipelines.adapters.spark_scoring import SparkWorkers

    return SparkWorkers(engine.session)

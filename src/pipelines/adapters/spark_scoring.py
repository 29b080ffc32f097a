"""Scoring in Spark, with the registered model as MLflow gives it to the workers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow

from pipelines.adapters.pyfunc import N_REASONS
from pipelines.adapters.spark import in_our_words
from pipelines.core.columns import CUSTOMER_ID
from pipelines.core.protocols import SHADOW
from pipelines.core.scores import ScoresDraft, Scoring
from pipelines.scoring.batches import AT_ONCE

_AT_ONCE = "spark.sql.execution.arrow.maxRecordsPerBatch"
_UDF = "regulars_score"


class SparkWorkers:
    """Scores a panel's file with `mlflow.pyfunc.spark_udf`.

    The workers must see the folders of this process, and have what the model needs: they load it as it was logged, with
    its own code. A job that is killed begins again.

    Parameters
    ----------
    session : SparkSession
        Where it runs.
    """

    def __init__(self, session: Any) -> None:
        self._session = session

    def write(self, draft: ScoresDraft, scoring: Scoring, file: Path, every: Mapping[str, str | float]) -> None:
        """Score every row of a panel's file; the rows keep their order."""
        folder = draft.path / "spark"
        shutil.rmtree(folder, ignore_errors=True)
        with in_our_words(), _larger_batches(self._session):
            panel = self._session.read.parquet(str(file))
            features = [name for name in panel.columns if name not in {CUSTOMER_ID, "label"}]
            self._session.udf.register(_UDF, self._udf(scoring))
            asked = panel.selectExpr(f"`{CUSTOMER_ID}`", f"{_UDF}(struct({_listed(features)})) AS said")
            rows = asked.selectExpr(*_columns(scoring, every))
            rows.write.option("maxRecordsPerFile", AT_ONCE).parquet(str(folder), compression="zstd")
        draft.adopt(sorted(folder.glob("part-*.parquet")))
        shutil.rmtree(folder, ignore_errors=True)

    def _udf(self, scoring: Scoring) -> Any:
        said = ["score double", "decision boolean", *(f"{reason} string" for reason in _reasons(scoring))]
        return mlflow.pyfunc.spark_udf(
            self._session,
            f"models:/{scoring.task}/{scoring.version}",
            result_type=", ".join(said),
            env_manager="local",
            params={N_REASONS: scoring.n_reasons},
        )


def _reasons(scoring: Scoring) -> list[str]:
    return [f"reason_{rank}" for rank in range(1, scoring.n_reasons + 1)]


def _columns(scoring: Scoring, every: Mapping[str, str | float]) -> list[str]:
    """Every column as Spark selects it, in the order in which the embedded path writes them."""
    at = [] if scoring.cutoff is None else [f"TIMESTAMP_NTZ'{scoring.cutoff:%Y-%m-%d %H:%M:%S}' AS cutoff"]
    said = [f"said.{name} AS {name}" for name in ("score", "decision", *_reasons(scoring))]
    same = [f"{_literal(value)} AS {name}" for name, value in every.items()]
    return [f"`{CUSTOMER_ID}`", *at, *said, f"{_in_force(scoring)} AS in_force", *same]


def _in_force(scoring: Scoring) -> str:
    """`pipelines.policy.rollout.in_rollout` in SQL: the first 53 bits of the SHA-256."""
    if not scoring.rollout:
        return "true"
    hashed = f"sha2(concat({_literal(scoring.rollout + '/')}, `{CUSTOMER_ID}`), 256)"
    bits = f"shiftright(CAST(conv(substring({hashed}, 1, 14), 16, 10) AS BIGINT), 3)"
    reached = f"({bits} / pow(2D, 53) < {_literal(scoring.share)})"
    return reached if scoring.role == SHADOW else f"NOT {reached}"


def _literal(value: str | float) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return f"{value!r}D"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


@contextmanager
def _larger_batches(session: Any) -> Iterator[None]:
    """What a model sets up for each batch pays with many rows."""
    before = session.conf.get(_AT_ONCE)
    session.conf.set(_AT_ONCE, str(AT_ONCE))
    try:
        yield
    finally:
        session.conf.set(_AT_ONCE, before)

"""What a process that has never seen a version finds when it loads it and asks it about rows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException

from pipelines.adapters import asking
from pipelines.core.protocols import Answer, Probe
from pipelines.scoring.probing import answered

LIMIT_S = 120.0
"""How long loading and all answers may take together; loading alone takes some 3 s."""
_SECRET = ("REGULARS_", "MLFLOW_", "PYTHON")
"""Variables that the model is not shown: what it is asked needs no key, no store and no other code."""


def probe(model: str, asked: Mapping[str, pd.DataFrame], limit_s: float = LIMIT_S) -> Probe:
    """Load a model in a clean process by the path that serving takes, and ask it about rows.

    The process is an interpreter of its own that imports nothing of ours: ``pipelines`` is there the model's own logged
    code, as it is on a machine that serves it. Rows and answers go by Parquet files, never as pickles.

    Parameters
    ----------
    model : str
        ``models:/<name>/<version>`` in the tracking store that is set, or a folder.
    asked : mapping of str to DataFrame
        What to ask, by name, in this order.
    limit_s : float
        Seconds for loading and all answers; then the process is ended.

    Returns
    -------
    Probe
        Its error is that of downloading or loading, ``ForeignCode`` if it runs our installed code instead of its own,
        or says at which question the process crashed or was ended; then there are no answers. Errors are named by
        their kind: their texts may hold values of a customer.
    """
    with TemporaryDirectory(prefix="regulars-probe-") as folder:
        home = Path(folder)
        try:
            files = Path(mlflow.artifacts.download_artifacts(model, dst_path=_place(home, model)))
        except (MlflowException, OSError) as error:
            return Probe(type(error).__name__, {}, 0.0)
        return _asked(files, asked, home, limit_s)


def _place(home: Path, model: str) -> str | None:
    """Where to download to; a folder is read where it lies."""
    if not model.startswith("models:/"):
        return None
    (home / "model").mkdir()
    return str(home / "model")


def _asked(files: Path, asked: Mapping[str, pd.DataFrame], home: Path, limit_s: float) -> Probe:
    talk = home / "talk"
    talk.mkdir()
    for number, rows in enumerate(asked.values()):
        rows.reset_index(drop=True).to_parquet(talk / f"{number}.parquet")
    ended = _ended(files, talk, limit_s)
    size_mb = sum(path.stat().st_size for path in files.rglob("*") if path.is_file()) / 1e6
    loaded = _said(talk / asking.LOADED)
    if loaded is not None and loaded["error"]:
        return Probe(str(loaded["error"]), {}, size_mb)
    said = {name: _said(talk / f"{number}.json") for number, name in enumerate(asked)}
    if ended or loaded is None or None in said.values():
        return Probe(f"{ended or 'exit status 0'} {_where(loaded, said)}", {}, size_mb)
    frames = zip(range(len(asked)), asked.items(), strict=True)
    answers = {name: _answer(said[name] or {}, talk / f"{number}.answer", len(rows)) for number, (name, rows) in frames}
    return Probe("", answers, size_mb)


def _ended(files: Path, talk: Path, limit_s: float) -> str:
    """How the process ended, in words; empty if it ended well. Its children end with it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_SECRET)}
    process = subprocess.Popen(  # noqa: S603 - our own script, by our own interpreter
        [sys.executable, "-I", "-B", asking.__file__, str(files.resolve()), str(talk)],
        cwd=talk,
        env=environment | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        status = process.wait(limit_s)
    except subprocess.TimeoutExpired:
        return f"ended after {limit_s:g} s"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}" if status else ""


def _where(loaded: Mapping[str, object] | None, said: Mapping[str, Mapping[str, object] | None]) -> str:
    if loaded is None:
        return "while it loaded"
    silent = [name for name, answer in said.items() if answer is None]
    return f"when asked '{silent[0]}'" if silent else "after its last answer"


def _said(path: Path) -> dict[str, object] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _answer(said: Mapping[str, object], path: Path, n_asked: int) -> Answer:
    seconds = float(str(said["seconds"]))
    if said["error"]:
        return Answer(str(said["error"]), n_asked, 0, 0, seconds)
    try:
        return answered(pd.read_parquet(path), n_asked, seconds)
    except KeyError as error:
        return Answer(type(error).__name__, n_asked, 0, 0, seconds)

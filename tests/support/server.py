"""Servers on loopback, for as long as a test needs them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def tracking_server(database: str, folder: Path, environment: Mapping[str, str], n_workers: int = 1) -> Iterator[str]:
    """An MLflow server over a database, with its artifacts below ``folder``; yields its address."""
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", database]
    where = [
        "--artifacts-destination",
        str(folder / "artifacts"),
        "-h",
        "127.0.0.1",
        "-p",
        "{port}",
        "-w",
        str(n_workers),
    ]
    jobs = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # a dozen processes that nothing here asks anything of
    with serving([*command, *where], "/health", folder, {**environment, **jobs}) as url:
        yield url


@contextmanager
def serving(command: Sequence[str], path: str, folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """The address of a server that answers at ``path``; ``{port}`` in the command becomes a free port."""
    port = _free_port()
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [word.format(port=port) for word in command],
            cwd=folder,
            env=dict(environment),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield _ready(f"http://127.0.0.1:{port}", path, server)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(url: str, path: str, server: subprocess.Popen[bytes]) -> str:
    for _ in range(480):
        if server.poll() is not None:
            pytest.fail(f"the server ended with {server.returncode}")
        try:
            with urllib.request.urlopen(url + path, timeout=2):
                return url
        except OSError:
            time.sleep(0.25)
    pytest.fail("the server did not come up")

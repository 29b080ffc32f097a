"""The installed command, each time in a process of its own that has loaded its libraries already.

Loading them takes seconds, a small ingest a tenth of that: a hundred cases are a matter of minutes or of quarters of an
hour. A server loads them once and forks for each request; the child calls what the console script calls, with its
arguments, its streams and its exit status.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LOADED = (
    "pipelines.cli.commands",
    "pipelines.adapters.runs",
    "pipelines.adapters.lake",
    "pipelines.adapters.duckdb",
    "pipelines.flows.ingest",
    "mlflow.store.tracking.sqlalchemy_store",
)
"""What `ingest` imports; nothing in it starts a thread before it is used."""


class Server:
    """A process that forks."""

    def __init__(self, cwd: Path, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], cwd=cwd, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, arguments: list[str], out: Path, err: Path) -> subprocess.CompletedProcess[str]:
        """Run ``regulars`` with these arguments; what it says goes through two files."""
        request = json.dumps({"arguments": arguments, "out": str(out), "err": str(err)})
        print(request, file=self._process.stdin, flush=True)
        status = int(self._process.stdout.readline())
        return subprocess.CompletedProcess(arguments, status, out.read_text("utf-8"), err.read_text("utf-8"))

    def stop(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=60)


def serve() -> None:
    """Answer each request with the exit status of a forked child."""
    for name in LOADED:
        importlib.import_module(name)
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="regulars")
    command = script.load()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(command, json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become(command: Any, request: dict[str, Any]) -> None:
    """Be the command; never comes back."""
    for place, number in ((request["out"], 1), (request["err"], 2)):
        os.dup2(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.argv = ["regulars", *request["arguments"]]
    status = 0
    try:
        command()
    except SystemExit as ended:
        status = int(ended.code or 0)
    except BaseException:  # as the interpreter does at the end of a script
        traceback.print_exc()
        status = 1
    with contextlib.suppress(BaseException):  # a stream that is closed already must not keep the child alive
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    serve()

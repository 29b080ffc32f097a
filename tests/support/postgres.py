"""A PostgreSQL server in a temporary folder, for the length of a test."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "not-to-be-shown"


def for_mlflow(url: str) -> str:
    """The same database as MLflow is told of it: by the driver that our extra ``postgres`` brings."""
    return url.replace("postgres://", "postgresql+psycopg://", 1)


def programs() -> Path | None:
    """The folder of the newest server programs, or None."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    newest = sorted(found, key=lambda path: float(path.parent.name))
    return newest[-1] if newest else Path(on_path).parent if on_path else None


@contextmanager
def server(bin_folder: Path) -> Iterator[str]:
    """A server that listens on localhost only; yields its URL. Its files are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="regulars-postgres-", dir="/tmp"))
    user = _unprivileged()
    if user is not None:
        os.chown(folder, user, -1)
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    port = _free_port()

    def run(program: str, *given: str) -> None:
        subprocess.run([bin_folder / program, *given], user=user, check=True, capture_output=True, cwd=folder)

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "shop", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync")
    settings = f"-F -p {port} -c listen_addresses=localhost -c unix_socket_directories={folder}"
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", settings, "start")
    try:
        yield f"postgres://shop:{PASSWORD}@localhost:{port}/postgres"
    finally:
        run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def _unprivileged() -> int | None:
    """Who runs the server: nobody else than we, unless we are root, as whom it refuses to run."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return names.get("postgres", names.get("nobody"))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("localhost", 0))
        return int(one.getsockname()[1])

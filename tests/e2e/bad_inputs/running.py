"""Cases run through the installed command, in one workspace with one tracking store; see `forks` for how."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from queue import Queue
from typing import Any

import yaml
from pyarrow import parquet as pq

from e2e.bad_inputs.case import Case, Feed, Gets, Row
from e2e.bad_inputs.forks import Server
from e2e.bad_inputs.sales import SOURCE

GOOD = "clean"
"""The case whose tables a refused one finds already there."""


@dataclass(frozen=True)
class Ran:
    """What one case left.

    Parameters
    ----------
    status, output, error : int, str, str
        Of the command.
    before, after : mapping of str to str
        SHA-256 of every file of the source in the lake, by its place.
    lake : Path
        The source's folder in it.
    """

    status: int
    output: str
    error: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    lake: Path

    @property
    def manifest(self) -> dict[str, Any]:
        """What the lake says that it holds."""
        found: dict[str, Any] = json.loads((self.lake / "manifest.json").read_bytes())
        return found

    def parts(self, table: str) -> list[dict[str, Any]]:
        """The parts of a table, as the manifest has them."""
        found: list[dict[str, Any]] = self.manifest["tables"][table]["parts"]
        return found

    def rows(self, table: str, kind: str) -> list[dict[str, Any]]:
        """The rows of a table's ``accepted`` or ``quarantine`` files."""
        folders = [self.lake / "parts" / part["data_digest"][:16] for part in self.parts(table)]
        paths = [folder / f"{kind}.parquet" for folder in folders]
        return [row for path in paths if path.is_file() for row in pq.read_table(path).to_pylist()]

    def types(self, table: str) -> dict[str, str]:
        """The type of every column of a table's accepted rows."""
        folder = self.lake / "parts" / self.parts(table)[0]["data_digest"][:16]
        schema = pq.read_schema(folder / "accepted.parquet")
        return {name: str(kind) for name, kind in zip(schema.names, schema.types, strict=True)}


class Workspace:
    """A folder with an MLproject file, in which every case has a source of its own name."""

    def __init__(self, root: Path, project: Path) -> None:
        self.root = root
        self._idle: Queue[Server] = Queue()
        shutil.copy(project / "MLproject", root)
        (root / "conf/sources").mkdir(parents=True)

    def run_all(self, cases: Iterable[Case], workers: int) -> dict[str, Ran]:
        """Every case by its name. The good one comes first: it makes the tracking store, and refused ones find it."""
        listed = list(cases)
        first = [case for case in listed if case.name == GOOD]
        others = [case for case in listed if case.name != GOOD]
        found = [self.run(case) for case in first]
        assert all(ran.status == 0 for ran in found), [ran.output + ran.error for ran in found]
        servers = [Server(self.root, self._environment()) for _ in range(workers)]
        for server in servers:
            self._idle.put(server)
        with ThreadPoolExecutor(workers) as pool:
            found += pool.map(self.run, others)
        for server in servers:
            server.stop()
        return {case.name: ran for case, ran in zip([*first, *others], found, strict=True)}

    def run(self, case: Case) -> Ran:
        """Ingest what came before, then the case's own feed."""
        lake = self.root / "data/lake" / case.name
        if case.before is not None:
            self._feed(case, case.before)
            done = self._ingest(case.name)
            assert done.returncode == 0, f"{case.name}, before: {done.stdout}{done.stderr}"
        elif case.gets == Gets.REFUSED:
            self._plant(lake)
        before = digests(lake)
        self._feed(case, case.feed)
        done = self._ingest(case.name)
        return Ran(done.returncode, done.stdout, done.stderr, before, digests(lake), lake)

    def _plant(self, lake: Path) -> None:
        """The good tables under another source's name, as an earlier ingest of good files would have left them."""
        good = lake.with_name(GOOD)
        shutil.copytree(good / "parts", lake / "parts")
        told = (good / "manifest.json").read_text(encoding="utf-8")
        (lake / "manifest.json").write_text(
            told.replace(f'"source": "{GOOD}"', f'"source": "{lake.name}"'), encoding="utf-8"
        )

    def _feed(self, case: Case, feed: Feed) -> None:
        raw = self.root / "raw" / case.name
        shutil.rmtree(raw, ignore_errors=True)
        raw.mkdir(parents=True)
        for place, content in feed.files.items():
            (raw / place).parent.mkdir(parents=True, exist_ok=True)
            (raw / place).write_bytes(content)
        written = case.yaml.replace("{name}", case.name) if case.yaml else _yaml(case.name, feed.declared)
        (self.root / f"conf/sources/{case.name}.yaml").write_text(written, encoding="utf-8")

    def _ingest(self, name: str) -> subprocess.CompletedProcess[str]:
        if name != GOOD:
            return self._forked(name)
        command = Path(sys.executable).with_name("regulars")
        return subprocess.run(
            [command, "ingest", "--source", name],
            cwd=self.root,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def _forked(self, name: str) -> subprocess.CompletedProcess[str]:
        said = self.root / "said"
        said.mkdir(exist_ok=True)
        server = self._idle.get()
        try:
            return server.run(["ingest", "--source", name], said / f"{name}.out", said / f"{name}.err")
        finally:
            self._idle.put(server)

    def _environment(self) -> dict[str, str]:
        """Ours without settings of other projects; compiled modules are kept, or each command compiles them anew."""
        dropped = ("MLFLOW_", "REGULARS_", "PYTHONDONTWRITEBYTECODE")
        ours = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        if sys.dont_write_bytecode:
            ours["PYTHONPYCACHEPREFIX"] = str(self.root / "compiled")
        return ours | {"REGULARS_HOME": str(self.root), "COLUMNS": "300"}


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below ``folder``, by its place; nothing of a lock."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock"]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def digest_of_rows(rows: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 of rows as text, in an order of their own; nulls are left out."""
    return hashlib.sha256("\n".join(sorted(map(_line, rows))).encode()).hexdigest()


def texts(row: Mapping[str, Any]) -> Row:
    """A row's values as text, nulls left out."""
    return {name: _text(value) for name, value in sorted(row.items()) if value is not None}


def _line(row: Mapping[str, Any]) -> str:
    return "\x1f".join(f"{name}={text}" for name, text in texts(row).items())


def _text(value: Any) -> str:
    if isinstance(value, Decimal | int | str):
        return str(value)
    return value.isoformat(" ") if hasattr(value, "isoformat") else repr(value)


def _yaml(name: str, declared: Mapping[str, Any]) -> str:
    content = {"name": name, **copy.deepcopy(SOURCE)}
    content["raw"]["sales"]["path"] = f"raw/{name}/sales.csv"
    for place, value in declared.items():
        *parents, last = place.split(".")
        inner = content
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return text.replace("{name}", name)

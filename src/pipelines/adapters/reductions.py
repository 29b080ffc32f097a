"""Reductions as Parquet: ``days/<source>/<code>/<how>-<parts>/``, a file per range of customers and a note."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines.adapters.drafts import draft_of, drafting
from pipelines.core.errors import ConfigError
from pipelines.core.protocols import Engine
from pipelines.core.spec import digest
from pipelines.tables.reduction import Reduction

_NOTE = "reduction.json"
_KEPT = 2
"""Of the same reduction the present one, and the one before for those who read it meanwhile."""


class FileReductions:
    """Reductions of every source under a workspace's ``data`` folder."""

    def __init__(self, data: Path, engine: Engine) -> None:
        self._data, self._folder, self._engine = data, data / "days", engine

    def find(self, source: str, wanted: Reduction) -> Reduction | None:
        """The newest one that was computed in the same way, whatever log it was reduced from."""
        held = (self._read(path) for path in self._newest_first(source, wanted))
        return next((one for one in held if one is not None), None)

    @staticmethod
    def _read(path: Path) -> Reduction | None:
        """The note of a kept reduction; None if it is not there, damaged, or described by another release."""
        try:
            return Reduction.read(json.loads((path / _NOTE).read_bytes()), str(path))
        except (ConfigError, ValueError, FileNotFoundError):
            return None

    def table(self, source: str, kept: Reduction) -> Any:
        """Its rows as an Ibis table."""
        return self._engine.read([str(path) for path in sorted(self._path(source, kept).glob("*.parquet"))])

    def keep(self, source: str, reduction: Reduction, rows: Iterable[Any]) -> None:
        """Write it in one step; clear away all but the one before, and what other releases kept."""
        final = self._path(source, reduction)
        draft = draft_of(final)
        with drafting(self._data):
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            try:
                self._write(draft, reduction, rows)
                if self._read(final) != reduction:  # else somebody has kept the same meanwhile, and may be reading it
                    shutil.rmtree(final, ignore_errors=True)
                    draft.rename(final)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        for left in self._newest_first(source, reduction)[_KEPT:]:
            shutil.rmtree(left, ignore_errors=True)
        for other in final.parent.parent.iterdir():
            if other != final.parent:
                shutil.rmtree(other, ignore_errors=True)

    def _write(self, folder: Path, reduction: Reduction, rows: Iterable[Any]) -> None:
        for number, some in enumerate(rows):
            self._engine.write(some, folder / f"{number:06d}.parquet")
        (folder / _NOTE).write_text(reduction.model_dump_json(indent=1), encoding="utf-8")

    def _newest_first(self, source: str, wanted: Reduction) -> list[Path]:
        held = self._path(source, wanted).parent.glob(f"{wanted.how[:16]}-*")
        return sorted(held, key=lambda path: path.stat().st_mtime_ns, reverse=True)

    def _path(self, source: str, reduction: Reduction) -> Path:
        name = f"{reduction.how[:16]}-{digest(reduction.parts)[:16]}"
        return self._folder / source / reduction.code[:16] / name

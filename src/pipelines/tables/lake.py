"""The lake as flows see it: ingested contract tables and the scores made from them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
from numpy.typing import NDArray

from pipelines.tables.manifest import Manifest
from pipelines.tables.source import SourceSpec


class Lake(Protocol):
    """Where contract tables and scores live. Writes are atomic: a table is there whole or not at all."""

    def raw(self, source: SourceSpec) -> Mapping[str, Any]:
        """The raw tables of a source as Ibis tables."""
        ...

    def raw_digests(self, source: SourceSpec) -> dict[str, str]:
        """SHA-256 of every raw file, by raw table."""
        ...

    def columns(self, expression: Any) -> dict[str, NDArray[Any]]:
        """The result of an Ibis expression as NumPy columns."""
        ...

    def manifest(self, source: str) -> Manifest:
        """What was ingested.

        Raises
        ------
        NotEnoughDataError
            If the source has not been ingested yet.
        """
        ...

    def find_manifest(self, source: str) -> Manifest | None:
        """The same, or None."""
        ...

    def table(self, source: str, name: str) -> Any:
        """An ingested contract table as an Ibis table."""
        ...

    def writing(self, source: str) -> AbstractContextManager[None]:
        """Nobody else writes this source meanwhile.

        Raises
        ------
        BusyError
            If somebody does already.
        """
        ...

    def store(self, source: str, data_digest: str, tables: Mapping[str, Any]) -> Mapping[str, int]:
        """Write tables beside the present ones, not visible before `publish`; returns their numbers of rows."""
        ...

    def publish(self, manifest: Manifest) -> None:
        """Make the stored tables of ``manifest`` the present ones, in one step."""
        ...

    def write_scores(self, task: str, cutoff: datetime, scores: pd.DataFrame) -> Path:
        """Write the scores of one cutoff; replaces earlier ones of the same cutoff."""
        ...

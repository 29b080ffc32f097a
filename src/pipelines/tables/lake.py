"""The lake as flows see it: ingested contract tables and the scores made from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
from numpy.typing import NDArray

from pipelines.core.panels import Panels
from pipelines.core.scores import Scores
from pipelines.tables.manifest import FileManifest, Manifest, PartManifest
from pipelines.tables.parts import Part
from pipelines.tables.reduction import Reduction
from pipelines.tables.source import SourceSpec


class Lake(Protocol):
    """Where contract tables and scores live. Writes are atomic: a table is there whole or not at all."""

    def files(self, source: SourceSpec) -> dict[str, tuple[FileManifest, ...]]:
        """The raw files of a source with the SHA-256 of their bytes, by raw table.

        Raises
        ------
        ContractError
            If there are none where the source says, or one cannot be read.
        """
        ...

    def raw(self, source: SourceSpec, file: FileManifest) -> Any:
        """A raw file as an Ibis table, with its name and each row's number."""
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

    def parts(self, source: str, digests: tuple[str, ...]) -> Any:
        """The accepted rows of parts that are written, as an Ibis table."""
        ...

    def quarantine(self, source: str, name: str) -> Any | None:
        """The rows of a table that were left out, with check, reason and source row; None if there are none."""
        ...

    def writing(self, source: str) -> AbstractContextManager[None]:
        """Nobody else writes this source meanwhile.

        Raises
        ------
        BusyError
            If somebody does already.
        """
        ...

    def find_part(self, source: str, part: Part) -> PartManifest | None:
        """A part that is written already."""
        ...

    def draft(self, source: str, part: Part) -> AbstractContextManager[Draft]:
        """A folder for a part's tables, which gets its name when the block ends well."""
        ...

    def publish(self, manifest: Manifest) -> None:
        """Make the parts of ``manifest`` the present tables, in one step."""
        ...

    def find_reduction(self, source: str, wanted: Reduction) -> Reduction | None:
        """The newest kept table that was computed as ``wanted`` is, from whatever parts; None if there is none."""
        ...

    def reduction(self, source: str, kept: Reduction) -> Any:
        """A kept reduction as an Ibis table."""
        ...

    def keep_reduction(self, source: str, reduction: Reduction, rows: Iterable[Any]) -> None:
        """Write a reduction, whose rows come in several Ibis tables below each other."""
        ...

    @property
    def rows_at_once(self) -> int:
        """How many rows of the log its engine reduces best together."""
        ...

    @property
    def panels(self) -> Panels:
        """Where panels are kept."""
        ...

    @property
    def scores(self) -> Scores:
        """Where scores are kept."""
        ...

    def kept_segments(self, name: str) -> Mapping[datetime, str]:
        """The histories of a segmentation that are kept, by when each was chosen."""
        ...

    def keep_segments(self, name: str, known_at: datetime, history: str) -> None:
        """Keep one; it replaces another that was chosen at the same moment."""
        ...

    def write_scores(self, task: str, cutoff: datetime | None, scores: pd.DataFrame) -> Path:
        """Write one table of one cutoff, such as segments; replaces an earlier one of the same."""
        ...


class Draft(Protocol):
    """A part that is being written."""

    def write(self, name: str, rows: Any) -> Any:
        """Write a table of the part, in its order; returns what was written as an Ibis table."""
        ...

    def finish(self, manifest: PartManifest) -> None:
        """Say what the part holds."""
        ...

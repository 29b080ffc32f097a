"""Where panels are kept, as those see it who build and read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Keys = Mapping[str, str]
"""Digests of what the columns of one cutoff were computed from."""


@dataclass(frozen=True)
class PanelRows:
    """Rows of a panel in memory.

    Parameters
    ----------
    customer_ids : ndarray of object, shape (n_customers,)
        Ascending.
    customer : ndarray of int64, shape (n_rows,)
        The place of each row's customer among them.
    n_rows : tuple of int
        How many rows each cutoff has.
    columns : mapping of str to ndarray of float64, shape (n_rows,)
        NaN where there is no value.
    """

    customer_ids: NDArray[np.object_]
    customer: NDArray[np.int64]
    n_rows: tuple[int, ...]
    columns: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class PanelPart:
    """Rows that are to be written, of some customers at several cutoffs.

    Parameters
    ----------
    customer_ids : ndarray of object, shape (n_customers,)
        Ascending.
    customer : ndarray of int64, shape (n_rows,)
        The place of each row's customer among them, ascending within a cutoff.
    columns : ndarray of float64, shape (n_features, n_rows)
        NaN where there is no value.
    rows : mapping of datetime to slice
        The rows of each cutoff.
    labels : mapping of datetime to ndarray of int8
        Of the rows of each cutoff whose outcome is known.
    """

    customer_ids: NDArray[np.object_]
    customer: NDArray[np.int64]
    columns: NDArray[np.float64]
    rows: Mapping[datetime, slice]
    labels: Mapping[datetime, NDArray[np.int8]]


class PanelDraft(Protocol):
    """Cutoffs that are being written; they are there when the block ends well."""

    def write(self, part: PanelPart) -> None:
        """Append rows to cutoffs; no value is null. It may return before they are written."""
        ...


class Panels(Protocol):
    """Panels on disk: one ordered Parquet file per cutoff."""

    def place(self, panel: str) -> str:
        """Where a panel is, for people."""
        ...

    def find(self, panel: str, cutoff: datetime) -> Keys | None:
        """What the columns of a cutoff were computed from; None if it is not kept."""
        ...

    def read(self, panel: str, cutoffs: Sequence[datetime], columns: Sequence[str]) -> PanelRows:
        """The rows of these cutoffs, one cutoff after the other."""
        ...

    def size(self, panel: str, cutoff: datetime) -> int:
        """How many rows a cutoff has."""
        ...

    def path(self, panel: str, cutoff: datetime) -> Path:
        """The file of a cutoff, for who reads it elsewhere."""
        ...

    def pieces(
        self, panel: str, cutoff: datetime, columns: Sequence[str], at_once: int, numbers: Sequence[int]
    ) -> Iterator[PanelRows]:
        """Rows of one cutoff: of each number the rows from ``number * at_once`` on, ``at_once`` of them at most."""
        ...

    def writing(
        self, panel: str, keys: Mapping[datetime, Keys], features: Mapping[str, bool]
    ) -> AbstractContextManager[PanelDraft]:
        """Replace these cutoffs, each in one step.

        Columns are ``customer_id``, the ``features`` (float64; each with whether it may be null) and ``label`` (int8).
        """
        ...

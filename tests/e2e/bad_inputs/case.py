"""What one bad input is: its bytes, what its source declares, and everything that must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Row = Mapping[str, str]
"""One accepted row as texts, by column; a column that is not named is null."""


class Gets(StrEnum):
    """What becomes of an input."""

    READ = "read as it stands"
    REPAIRED = "repaired by declaration"
    QUARANTINED = "quarantined"
    REFUSED = "refused"


@dataclass(frozen=True)
class Bad:
    """One row that must be left out: by which check, from where, and its source as quarantine keeps it."""

    check: str
    row: int
    source: str
    file: str = "sales.csv"


@dataclass(frozen=True)
class Held:
    """What one table must hold.

    Parameters
    ----------
    read : int
        Rows that belong to it.
    rows : tuple of Row
        The accepted ones.
    bad : tuple of Bad
        The others, duplicates among them (check ``duplicate``).
    elsewhere : int
        Rows of the files that belong to another table.
    """

    read: int
    rows: tuple[Row, ...]
    bad: tuple[Bad, ...] = ()
    elsewhere: int = 0


@dataclass(frozen=True)
class Feed:
    """Raw files, by their place below the case's own folder, and what the source declares beside the base."""

    files: Mapping[str, bytes]
    declared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One bad input, as the table in the README and the tests have it.

    Parameters
    ----------
    name : str
        Also the name of its source.
    odd : str
        What is odd about it, for people.
    gets : Gets
        What becomes of it.
    feed : Feed
        What is ingested.
    says : tuple of str
        What the command must print; of a refusal what, why and how to fix it.
    held : mapping of str to Held
        Every table, unless the input is refused.
    clean : str
        The case without the oddity: the tables of both must have the same digests.
    before : Feed or None
        What the same source held before. A refused case without it finds a good ingest already there.
    shown : str
        How the README says what was done, if neither the declaration nor the first words of ``says`` tell it.
    status : int
        The command's exit status.
    """

    name: str
    odd: str
    gets: Gets
    feed: Feed
    says: tuple[str, ...] = ()
    held: Mapping[str, Held] = field(default_factory=dict)
    clean: str = ""
    before: Feed | None = None
    shown: str = ""
    status: int = 0
    yaml: str = ""


@dataclass(frozen=True)
class Group:
    """Cases that belong together in the README."""

    title: str
    cases: tuple[Case, ...] = field(default_factory=tuple)

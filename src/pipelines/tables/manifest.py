"""What an ingested source consists of: files, parts, columns, span, and where each raw row went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from pydantic import Field

from pipelines.core.errors import NotEnoughDataError, UsageError
from pipelines.core.spec import Spec
from pipelines.core.windows import Window
from pipelines.tables.contract import Kind, Role

_MIN_SILENCE_DAYS = 3


class FileManifest(Spec):
    """One raw file that was read: its raw table, its name and its SHA-256."""

    raw: str
    name: str
    sha256: str


class Quarantined(Spec):
    """How many rows one check set aside, and why."""

    check: str
    reason: str
    n_rows: int


class PartManifest(Spec):
    """What some raw files became: ``n_read = n_accepted + n_duplicates + sum of quarantined``, always.

    Parameters
    ----------
    data_digest : str
        Of the files' bytes, the mapping and the contract: a part with the same digest holds the same rows.
    files : tuple of FileManifest
        What it was made from.
    n_elsewhere : int
        Rows of the files that belong to another table, by the map's ``where``; not among those read.
    n_read, n_accepted, n_duplicates : int
        Numbers of rows.
    quarantined : tuple of Quarantined
        By check and reason.
    n_missing : mapping of str to int
        Accepted rows that lack a value, by column.
    first, last : datetime or None
        Of the accepted rows' times, UTC.
    median_amount : float or None
        Of its purchases, in the currency's unit.
    """

    data_digest: str
    files: tuple[FileManifest, ...]
    n_elsewhere: int
    n_read: int
    n_accepted: int
    n_duplicates: int
    quarantined: tuple[Quarantined, ...] = ()
    n_missing: dict[str, int] = Field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None
    median_amount: float | None = None


class ColumnManifest(Spec):
    """One column of an ingested table."""

    kind: Kind
    role: Role
    as_of_today: bool = False


class TableManifest(Spec):
    """One ingested table: its parts, its columns, and what is odd about it as a whole."""

    parts: tuple[PartManifest, ...]
    columns: dict[str, ColumnManifest]

    @property
    def n_read(self) -> int:
        """Rows of the raw files that belong to this table."""
        return sum(part.n_read for part in self.parts)

    @property
    def n_accepted(self) -> int:
        """Rows that stand in the table."""
        return sum(part.n_accepted for part in self.parts)

    @property
    def n_duplicates(self) -> int:
        """Copies and older versions."""
        return sum(part.n_duplicates for part in self.parts)

    @property
    def n_elsewhere(self) -> int:
        """Rows of the raw files that belong to another table."""
        return sum(part.n_elsewhere for part in self.parts)

    @property
    def quarantined(self) -> dict[str, int]:
        """Rows set aside, by reason, the most frequent first."""
        return _summed((one.reason, one.n_rows) for part in self.parts for one in part.quarantined)

    @property
    def failed(self) -> dict[str, int]:
        """Rows set aside, by check."""
        return _summed((one.check, one.n_rows) for part in self.parts for one in part.quarantined)

    @property
    def n_missing(self) -> dict[str, int]:
        """Accepted rows without a value, by column."""
        return _summed(item for part in self.parts for item in part.n_missing.items())

    @property
    def roles(self) -> dict[str, Role]:
        """What each column may be used for."""
        return {name: column.role for name, column in self.columns.items()}


class Finding(Spec):
    """Something odd about a table as a whole, which no single row is to blame for."""

    check: str
    table: str
    says: str
    n_rows: int
    of: int


class About(Spec):
    """What people should know of a source: its name, its licence and its limits, as its file says them."""

    title: str = ""
    licence: str = ""
    note: str = ""


class Clock(Spec):
    """When an ingested source begins and ends; ``latest`` is the default moment of knowledge (see `latest_day`)."""

    first: datetime
    last: datetime
    latest: datetime


class Manifest(Spec):
    """An ingested source.

    Parameters
    ----------
    source : str
        Its name.
    data_digest : str
        Of all parts: two ingests with the same digest hold the same rows.
    clock : Clock or None
        None for a finished feature table without a time column.
    n_customers : int
        Distinct customers among events, or of a finished feature table the cases.
    currency, decimals : str, int
        How money is meant.
    tables : mapping of str to TableManifest
        By contract table.
    findings : tuple of Finding
        What is odd.
    n_late : int
        Accepted events of new files that lie before the end of what was ingested earlier.
    gone : tuple of str
        Files that were ingested before and are no longer there; their rows left with them.
    about : About
        For people.
    """

    source: str
    data_digest: str
    clock: Clock | None
    n_customers: int
    currency: str
    decimals: int
    tables: dict[str, TableManifest]
    findings: tuple[Finding, ...] = ()
    n_late: int = 0
    gone: tuple[str, ...] = ()
    about: About = About()

    @property
    def times(self) -> Clock:
        """When the source begins and ends.

        Raises
        ------
        NotEnoughDataError
            If it is a finished feature table without a time column.
        """
        if self.clock is None:
            raise NotEnoughDataError(
                f"The source '{self.source}' has no times.",
                why="It is a finished feature table, so there is no moment of knowledge to ask for.",
                fix="Map case_time in its source file if its rows have one.",
            )
        return self.clock

    @property
    def latest(self) -> datetime:
        """The default moment of knowledge."""
        return self.times.latest

    @property
    def span(self) -> Window:
        """From the start of the first day to the start of the last day that the source holds.

        The last day is left out since nobody knows whether it is complete.
        """
        return Window(_midnight(self.times.first), self.latest)

    def knowledge(self, cutoff: datetime | None) -> datetime | None:
        """The moment of knowledge as `known_at` has it; None for a table without times, of which all is known.

        Raises
        ------
        NotEnoughDataError
            If a moment is asked for that such a table does not have; besides as `known_at`.
        """
        return None if cutoff is None and self.clock is None else self.known_at(cutoff)

    def known_at(self, cutoff: datetime | None) -> datetime:
        """The moment of knowledge that was asked for, checked against the data.

        Parameters
        ----------
        cutoff : datetime or None
            None stands for the latest one.

        Raises
        ------
        UsageError
            If the cutoff lies after the data's end: the days between would look like days without purchases.
        NotEnoughDataError
            If it lies before the data begins.
        """
        if cutoff is None:
            return self.latest
        if cutoff > self.latest:
            raise UsageError(
                f"The cutoff {cutoff:%Y-%m-%d} lies after the end of '{self.source}' ({self.latest:%Y-%m-%d}).",
                why="Days that are not in the data yet would be taken for days without purchases.",
                fix=f"Use --cutoff {self.latest:%Y-%m-%d} or earlier, or ingest newer data.",
            )
        if cutoff <= self.span.start:
            raise NotEnoughDataError(
                f"The cutoff {cutoff:%Y-%m-%d} lies before '{self.source}' begins ({self.span.start:%Y-%m-%d}).",
                why="Nothing is known at that moment.",
                fix=f"Use a cutoff between {self.span.start + timedelta(days=1):%Y-%m-%d} and {self.latest:%Y-%m-%d}.",
            )
        return cutoff


def latest_day(days: Sequence[int]) -> int:
    """The last day that the log holds, as the start of which knowledge ends.

    A few events that lie ahead of the rest, after a silence at least as long as they span, of three whole days or more
    and more than twice as long as any before it, are taken for misdated: counting on them, every day of the silence
    would be a day without purchases.

    Parameters
    ----------
    days : sequence of int
        Days with events, ascending.

    Returns
    -------
    int
        One of ``days``.

    Examples
    --------
    >>> latest_day([1, 2, 3, 4]), latest_day([1, 2, 3, 10])
    (4, 3)
    >>> latest_day([1, 8, 15, 22])
    22
    >>> latest_day([1, 2, 10, 11, 12, 13, 14, 15, 16, 17])
    17
    """
    silences = [0, *(day - before - 1 for before, day in pairwise(days))]
    usual = list(accumulate(silences, max))
    for place in range(len(days) - 1, 0, -1):
        span = days[-1] - days[place] + 1
        if silences[place] >= max(_MIN_SILENCE_DAYS, span, 2 * usual[place - 1] + 1):
            return latest_day(days[:place])
    return days[-1]


def _summed(items: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, number in items:
        sums[name] = sums.get(name, 0) + number
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)

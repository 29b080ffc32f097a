"""What an ingested source consists of: rows, span, digest, and where each raw row went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pipelines.core.errors import NotEnoughDataError, UsageError
from pipelines.core.spec import Spec
from pipelines.core.windows import Window
from pipelines.tables.contract import Role

_MIN_SILENCE_DAYS = 3


class TableManifest(Spec):
    """One table's reconciliation: ``n_read = n_accepted + sum of quarantined``."""

    n_read: int
    n_accepted: int
    quarantined: dict[str, int]
    roles: dict[str, Role]


class Manifest(Spec):
    """An ingested source.

    ``latest`` is the default moment of knowledge (see `latest_day`). ``data_digest`` covers the bytes of the raw files,
    the source's mapping and the contract; two ingests with the same digest hold the same rows.
    """

    source: str
    data_digest: str
    files: dict[str, str]
    first_event: datetime
    last_event: datetime
    latest: datetime
    n_customers: int
    currency: str
    decimals: int
    tables: dict[str, TableManifest]

    @property
    def span(self) -> Window:
        """From the start of the first day to the start of the last day that the source holds.

        The last day is left out since nobody knows whether it is complete.
        """
        return Window(_midnight(self.first_event), self.latest)

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

    A few events that lie ahead of the rest, after a silence at least as long as they span and of three whole days or
    more, are taken for misdated: counting on them, every day of the silence would be a day without purchases.

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
    >>> latest_day([1, 2, 10, 11, 12, 13, 14, 15, 16, 17])
    17
    """
    for place in range(len(days) - 1, 0, -1):
        silence = days[place] - days[place - 1] - 1
        span = days[-1] - days[place] + 1
        if silence >= _MIN_SILENCE_DAYS and silence >= span:
            return latest_day(days[:place])
    return days[-1]


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)

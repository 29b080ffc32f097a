"""What an ingested source consists of: rows, span, digest, and where each raw row went."""

from __future__ import annotations

from datetime import datetime, timedelta

from pipelines.core.errors import NotEnoughDataError, UsageError
from pipelines.core.spec import Spec
from pipelines.core.windows import Window
from pipelines.tables.contract import Role


class TableManifest(Spec):
    """One table's reconciliation: ``n_read = n_accepted + sum of quarantined``."""

    n_read: int
    n_accepted: int
    quarantined: dict[str, int]
    roles: dict[str, Role]


class Manifest(Spec):
    """An ingested source.

    ``data_digest`` covers the bytes of the raw files, the source's mapping and the contract; two ingests with the same
    digest hold the same rows.
    """

    source: str
    data_digest: str
    files: dict[str, str]
    first_event: datetime
    last_event: datetime
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

    @property
    def latest(self) -> datetime:
        """The default moment of knowledge: the start of the last day that the source holds."""
        return _midnight(self.last_event)

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


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)

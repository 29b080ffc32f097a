"""Tables that are reduced from contract tables and kept, so that each row of the log is reduced once."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.core.spec import Spec
from pipelines.core.windows import day_number
from pipelines.tables.manifest import PartManifest


class Reduction(Spec):
    """One table with a column ``day``, and what it was reduced from.

    Parameters
    ----------
    name : str
        What it holds, such as ``days``.
    code : str
        Digest of the package that computed it.
    how : str
        Digest of what it was asked to compute.
    order : tuple of str
        What its rows are ordered by.
    parts : mapping of str to int or None
        Of each part of a contract table that it was reduced from its first day (days since 1970-01-01 UTC); None
        where rows have no time.
    """

    name: str
    code: str
    how: str
    order: tuple[str, ...]
    parts: dict[str, int | None]

    def differs_since(self, held: Reduction) -> int | None:
        """The first day whose rows may differ from those of ``held``; None if any row may.

        Examples
        --------
        >>> before = Reduction(name="days", code="", how="", order=(), parts={"january": 0, "february": 31})
        >>> before.model_copy(update={"parts": {**before.parts, "march": 59}}).differs_since(before)
        59
        """
        changed = dict(self.parts.items() ^ held.parts.items())
        first = [day for day in changed.values() if day is not None]
        return min(first) if first and len(first) == len(changed) else None


def first_days(parts: Iterable[PartManifest]) -> dict[str, int | None]:
    """The first day of each part, by its digest."""
    return {part.data_digest: _first_day(part) for part in parts}


def _first_day(part: PartManifest) -> int | None:
    if part.first is None:
        return None
    return day_number(part.first.replace(hour=0, minute=0, second=0, microsecond=0))

"""Half-open windows of time and the cutoffs that split known from unknown. Everything is UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipelines.core.errors import UsageError

DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """The half-open interval ``[start, end)``, both ends timezone-aware UTC.

    Examples
    --------
    >>> cutoff = parse_cutoff("2017-12-25")
    >>> str(Window.outcome(cutoff, 28 * DAY))
    '[2017-12-25, 2018-01-22)'
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("A window needs timezone-aware ends.")
        if self.start > self.end:
            raise ValueError(f"A window cannot end before it starts: {self.start} > {self.end}.")

    def __str__(self) -> str:
        return f"[{self.start:%Y-%m-%d}, {self.end:%Y-%m-%d})"

    @classmethod
    def observation(cls, cutoff: datetime, length: timedelta) -> Window:
        """What features may see: ``[cutoff - length, cutoff)``."""
        return cls(cutoff - length, cutoff)

    @classmethod
    def outcome(cls, cutoff: datetime, horizon: timedelta) -> Window:
        """What the label is about: ``[cutoff, cutoff + horizon)``."""
        return cls(cutoff, cutoff + horizon)


def parse_cutoff(text: str) -> datetime:
    """Read a cutoff such as ``2017-12-25`` as midnight UTC.

    Parameters
    ----------
    text : str
        An ISO 8601 date, or date and time; without a zone it is UTC.

    Raises
    ------
    UsageError
        If the text is not an ISO date.

    Examples
    --------
    >>> parse_cutoff("2017-12-25").isoformat()
    '2017-12-25T00:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"'{text}' is not a cutoff ({error}).",
            why="A cutoff splits what is known from what is not, so it must be one exact moment.",
            fix="Write an ISO 8601 date such as 2017-12-25, or 'latest'.",
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def said(moment: datetime | None) -> str:
    """A moment of knowledge in words; None is that of a table without times.

    Examples
    --------
    >>> said(parse_cutoff("2017-12-25")), said(None)
    ('2017-12-25', 'the whole table')
    """
    return "the whole table" if moment is None else f"{moment:%Y-%m-%d}"


def day_number(moment: datetime) -> int:
    """Days from 1970-01-01 to ``moment``, which must be a midnight UTC.

    Raises
    ------
    UsageError
        If the moment lies inside a day: features reduced to days would leak the rest of that day.

    Examples
    --------
    >>> day_number(parse_cutoff("1970-01-08"))
    7
    """
    days, rest = divmod(moment - _EPOCH, DAY)
    if rest:
        raise UsageError(
            f"The cutoff {moment.isoformat()} is not a midnight UTC.",
            why="Features are reduced to whole days: a total of that day would leak its rest into the past.",
            fix=f"Use {moment:%Y-%m-%d}.",
        )
    return days


def day_moment(day: int) -> datetime:
    """The midnight UTC that begins a day: the inverse of `day_number`.

    Examples
    --------
    >>> day_moment(7).isoformat()
    '1970-01-08T00:00:00+00:00'
    """
    return _EPOCH + day * DAY


def cutoffs_between(first: datetime, last: datetime, weekday: int) -> tuple[datetime, ...]:
    """Weekly cutoffs on a weekday, from ``first`` to ``last``, both included.

    Parameters
    ----------
    first, last : datetime
        Bounds; a bound that falls on the weekday at midnight is a cutoff itself.
    weekday : int
        0 is Monday.

    Returns
    -------
    tuple of datetime
        Midnights UTC, oldest first; empty if no such day lies between.

    Examples
    --------
    >>> days = cutoffs_between(parse_cutoff("2017-11-01"), parse_cutoff("2017-11-20"), weekday=0)
    >>> [f"{day:%d}" for day in days]
    ['06', '13', '20']
    """
    start = first.replace(hour=0, minute=0, second=0, microsecond=0)
    start = start if start == first else start + DAY
    start += ((weekday - start.weekday()) % 7) * DAY
    n_cutoffs = max(0, (last - start) // (7 * DAY) + 1)
    return tuple(start + 7 * i * DAY for i in range(n_cutoffs))

"""Raw values read as moments, alike on every engine; what cannot be read becomes null.

DuckDB 2.0 drops the offset of ``'2020-01-01 10:00:00+01:00'`` when it casts, PySpark follows it; the two disagree on
repeated hours too. So offsets are read by regular expressions here, and clock changes come from Python's `zoneinfo`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo, available_timezones

import ibis

from pipelines.core.errors import nearest
from pipelines.tables.reading import as_integer, stripped

Epoch = Literal["s", "ms", "us", "ns"]

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Moments outside of these years are taken for misread and become null."""

_TYPE = "timestamp(6)"
_START = datetime(1970, 1, 1)  # noqa: DTZ001 - hands of a clock, in whichever zone
_PER_SECOND: dict[str, int] = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_FIRST, _AFTER = datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR + 1, 1, 1)  # noqa: DTZ001
_DAY = 86_400
_NEVER = 2**40  # seconds; later than LAST_YEAR
_ZERO = "0"
_SPECIAL = frozenset(r"\.^$|?*+()[]{}-")
_NEEDED = (("Y", "y"), ("m", "b", "B"), ("d",))

_HOUR, _SIXTY = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
_LOCAL = rf"(?:19|20|21)[0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{_HOUR}:{_SIXTY}(?::{_SIXTY}(?:\.[0-9]{{1,9}})?)?)?"
_OFFSET = rf"Z|UTC|GMT|[+-](?:0[0-9]|1[0-4])(?::?{_SIXTY})?"
_ISO_LOCAL = rf"\A{_LOCAL}\z"
_ISO_OFFSET = rf"\A({_LOCAL}) ?({_OFFSET})\z"

_MONTH_NAMES = "january february march april may june july august september october november december"
_MONTHS = {name: f"{number:02}" for number, name in enumerate(_MONTH_NAMES.split(), start=1)}
_SHORT_MONTHS = {name[:3]: number for name, number in _MONTHS.items()}


def _words(names: Sequence[str]) -> str:
    """Any of ``names`` in any case; spelt out, since RE2's own option takes a long s for an s and Java's does not."""
    spelt = ("".join(f"[{letter.upper()}{letter}]" for letter in name) for name in names)
    return f"(?:{'|'.join(spelt)})"


_DIRECTIVES: dict[str, str] = {
    "Y": "(?:19|20|21)[0-9]{2}",
    "y": "[0-9]{2}",
    "m": "(?:1[0-2]|0?[1-9])",
    "b": _words(tuple(_SHORT_MONTHS)),
    "B": _words(tuple(_MONTHS)),
    "d": "(?:3[01]|[12][0-9]|0?[1-9])",
    "H": "(?:2[0-3]|[01]?[0-9])",
    "I": "(?:1[0-2]|0?[1-9])",
    "p": _words(("am", "pm")),
    "M": "[0-5]?[0-9]",
    "S": "[0-5]?[0-9]",
    "f": "[0-9]{1,9}",
    "z": f"(?:{_OFFSET})",
}


def as_time(value: Any, pattern: str | None = None, epoch: Epoch | None = None, zone: str = "UTC") -> Any:
    """``value`` as a moment.

    Parameters
    ----------
    value : ibis Value
        Without ``pattern`` and ``epoch``: ISO 8601 text (``2020-01-31``, which is midnight, ``2020-01-31T10:00``,
        ``2020-01-31 10:00:00.123456``), with or without an offset (``Z``, `` UTC``, ``+01``, ``+0100``, ``+01:00``) row
        by row; dates; times. Digits beyond microseconds are cut off. Numbers without ``epoch`` are null.
    pattern : str or None
        How text is written instead, in `datetime.strptime`'s words: ``%Y %y %m %b %B %d %H %I %p %M %S %f %z``
        and ``%%``. Month names are English, in any case; one digit suffices for day, month, hour, minute and second.
        Columns that are dates or times already are taken as they are.
    epoch : {"s", "ms", "us", "ns"} or None
        The value counts these since 1970 in UTC: an integer, an integral float, or text of either.
    zone : str
        The IANA zone whose clocks showed what carries no offset. An hour that clocks showed twice is the first of
        the two; one that they skipped is read as if they had not been put forward.

    Returns
    -------
    ibis Value
        timestamp(6) without a zone, in UTC; null for dates that do not exist and outside of 1900 to 2199.

    Raises
    ------
    ValueError
        If the pattern or the zone is unknown, both ``pattern`` and ``epoch`` are given, or the type cannot be read.
    """
    if pattern is not None and epoch is not None:
        raise ValueError("needs either a pattern or an epoch, not both")
    form, clock = None if pattern is None else Form.of(pattern), clock_of(zone)
    if epoch is not None:
        return _since_1970(as_integer(value), epoch)
    kind = value.type()
    if kind.is_string():
        return _iso(stripped(value), clock) if form is None else form.read(stripped(value), clock)
    if kind.is_timestamp() or kind.is_date():
        moment = _within(value.cast(_TYPE))
        return moment if kind.is_timestamp() and kind.timezone is not None else clock.utc(moment)
    as_integer(value)  # refuses what nothing is read from
    return ibis.null(_TYPE)


def _iso(text: Any, clock: Clock) -> Any:
    local = ibis.cases((text.re_search(_ISO_LOCAL), text.try_cast(_TYPE)))
    with_offset = _earlier(text.re_extract(_ISO_OFFSET, 1).try_cast(_TYPE), _seconds(text.re_extract(_ISO_OFFSET, 2)))
    return ibis.coalesce(clock.utc(local), ibis.cases((text.re_search(_ISO_OFFSET), with_offset)))


def _since_1970(count: Any, epoch: Epoch) -> Any:
    per_second = _PER_SECOND[epoch]
    first, after = (_clock_seconds(moment) * per_second for moment in (_FIRST, _AFTER))
    known = ibis.cases(((count >= first) & (count < after), count))
    microseconds = _thousands(known) if epoch == "ns" else known * (1_000_000 // per_second)
    return (ibis.literal(_START, _TYPE) + microseconds.cast("int64").as_interval("us")).cast(_TYPE)


def _thousands(count: Any) -> Any:
    """Without the last three digits; DuckDB would divide floats."""
    digits = count.cast("string")
    whole = digits.re_extract(r"\A(-?[0-9]+)[0-9]{3}\z", 1).try_cast("int64")
    return ibis.cases((digits.notnull(), whole.fill_null(0)))


def _within(moment: Any) -> Any:
    known = (moment >= ibis.literal(_FIRST, _TYPE)) & (moment < ibis.literal(_AFTER, _TYPE))
    return ibis.cases((known, moment))


def _earlier(moment: Any, seconds: Any) -> Any:
    return (moment - seconds.cast("interval('s')")).cast(_TYPE)


def _seconds(offset: Any) -> Any:
    """Seconds ahead of UTC that ``+01:30``, ``-0130``, ``+01`` or ``Z`` says."""
    digits = offset.replace(":", "")
    hours, minutes = (digits.substr(start, 2).try_cast("int64").fill_null(0) for start in (1, 3))
    return (hours * 3600 + minutes * 60) * ibis.cases((digits.startswith("-"), -1), else_=1)


@dataclass(frozen=True)
class Form:
    """How a column writes its times.

    Parameters
    ----------
    regex : str
        Matches the whole text, with one group for each directive.
    directives : tuple of str
        The letters of the directives, in the order of the groups.
    """

    regex: str
    directives: tuple[str, ...]

    @classmethod
    def of(cls, pattern: str) -> Self:
        """The form that a pattern in the words of `datetime.strptime` describes.

        Raises
        ------
        ValueError
            If it uses a directive that is not supported, one twice, or does not tell the day.

        Examples
        --------
        >>> Form.of("%d.%m.%Y").directives
        ('d', 'm', 'Y')
        """
        parts = re.split(r"%(.?)", pattern, flags=re.DOTALL)
        letters = [letter for letter in parts[1::2] if letter != "%"]
        _require_readable(pattern, letters)
        groups = ["%" if letter == "%" else f"({_DIRECTIVES[letter]})" for letter in parts[1::2]]
        literals = [_escaped(text) for text in parts[::2]]
        regex = "".join(literal + group for literal, group in zip(literals, [*groups, ""], strict=True))
        return cls(rf"\A{regex}\z", tuple(letters))

    def read(self, text: Any, clock: Clock) -> Any:
        """The moments that ``text``, an Ibis string, says; what carries no offset was shown by ``clock``."""
        part = {letter: text.re_extract(self.regex, place) for place, letter in enumerate(self.directives, start=1)}
        date = _year(part) + "-" + _month(part) + "-" + part["d"]
        minute, second, fraction = (part.get(letter, _ZERO) for letter in "MSf")
        local = (date + " " + _hour(part) + ":" + minute + ":" + second + "." + fraction).try_cast(_TYPE)
        return _earlier(local, _seconds(part["z"])) if "z" in part else clock.utc(local)


def _require_readable(pattern: str, letters: Sequence[str]) -> None:
    supported = ", ".join(f"%{letter}" for letter in (*_DIRECTIVES, "%"))
    for letter in letters:
        if letter not in _DIRECTIVES:
            raise ValueError(f"'%{letter}' in the pattern '{pattern}' is not supported; supported: {supported}")
        if letters.count(letter) > 1:
            raise ValueError(f"'%{letter}' stands more than once in the pattern '{pattern}'")
    for choice in _NEEDED:
        if not _one_of(choice, letters):
            raise ValueError(f"the pattern '{pattern}' needs exactly one of {', '.join(f'%{one}' for one in choice)}")
    if ("I" in letters) != ("p" in letters) or {"H", "I"} <= set(letters):
        raise ValueError(f"the pattern '{pattern}' needs either %H, or %I together with %p")


def _one_of(choice: Sequence[str], letters: Sequence[str]) -> bool:
    return sum(letter in letters for letter in choice) == 1


def _escaped(text: str) -> str:
    """``text`` for a regular expression in the syntax that RE2 and Java share."""
    return "".join(f"\\{one}" if one in _SPECIAL else one for one in text)


def _year(part: Mapping[str, Any]) -> Any:
    if "Y" in part:
        return part["Y"]
    century = ibis.cases((part["y"] >= "69", "19"), else_="20")  # as POSIX and Python have it
    return century + part["y"]


def _month(part: Mapping[str, Any]) -> Any:
    if "m" in part:
        return part["m"]
    return part["b" if "b" in part else "B"].lower().substr(0, 3).cases(*_SHORT_MONTHS.items())


def _hour(part: Mapping[str, Any]) -> Any:
    if "I" not in part:
        return part.get("H", _ZERO)
    hour = part["I"].try_cast("int64") % 12 + ibis.cases((part["p"].lower() == "pm", 12), else_=0)
    return hour.cast("string")


@dataclass(frozen=True)
class Clock:
    """What the clocks of a zone show, as a table by year.

    Parameters
    ----------
    first_year : int
        The year of the first entry; earlier years are read as this one, years after the last entry as the last.
    changes : tuple of tuple of int
        For the first, second, … change of a year: the local seconds since 1970 from which it holds, by year.
    offsets : tuple of tuple of int
        Seconds ahead of UTC before the first change, after the first, …: by year.
    """

    first_year: int
    changes: tuple[tuple[int, ...], ...]
    offsets: tuple[tuple[int, ...], ...]

    def utc(self, local: Any) -> Any:
        """The moment at which the clocks showed ``local``, an Ibis timestamp."""
        if not self.changes:
            fixed = self.offsets[0][0]
            return _earlier(local, ibis.literal(fixed, "int64")) if fixed else local
        place = ibis.least(ibis.greatest(local.year() - self.first_year, 0), len(self.offsets[0]) - 1)
        offset = _entry(self.offsets[0], place)  # sums rather than cases: engines then compute local once
        for at, before, after in zip(self.changes, self.offsets[:-1], self.offsets[1:], strict=True):
            step = tuple(later - earlier for earlier, later in zip(before, after, strict=True))
            offset += (local.epoch_seconds() >= _entry(at, place)).cast("int64") * _entry(step, place)
        return _earlier(local, offset)


def _entry(by_year: tuple[int, ...], place: Any) -> Any:
    """The entry of a year: from one text, since engines take seconds to plan hundreds of numbers."""
    if len(set(by_year)) == 1:
        return ibis.literal(by_year[0], "int64")
    least = min(by_year)
    width = len(str(max(by_year) - least))
    text = "".join(str(one - least).zfill(width) for one in by_year)
    return ibis.literal(text).substr(place * width, width).cast("int64") + least


@lru_cache(maxsize=32)
def clock_of(zone: str) -> Clock:
    """The clock of an IANA zone, from Python's `zoneinfo` between 1900 and 2199.

    Raises
    ------
    ValueError
        If there is no such zone.

    Examples
    --------
    >>> clock_of("UTC").offsets
    ((0,),)
    """
    zones = available_timezones()
    if zone not in zones:
        raise ValueError(f"no time zone '{zone}'; zones have IANA names such as Europe/London.{nearest(zone, zones)}")
    first, *changes = _clock_changes(ZoneInfo(zone))
    if not changes:
        return Clock(FIRST_YEAR, (), ((first.offset,),))
    most = max(Counter(change.year for change in changes).values())
    at, ahead, last = [], [], first.offset
    for year in range(changes[0].year, changes[-1].year + 1):
        held = [change for change in changes if change.year == year]
        held += [_Change(_NEVER, held[-1].offset if held else last)] * (most - len(held))
        at.append([change.at for change in held])
        ahead.append([last, *(change.offset for change in held)])
        last = held[-1].offset
    return Clock(changes[0].year, tuple(zip(*at, strict=True)), tuple(zip(*ahead, strict=True)))


class _Change(NamedTuple):
    at: int
    offset: int

    @property
    def year(self) -> int:
        return (_START + timedelta(seconds=self.at)).year


def _clock_changes(zone: ZoneInfo) -> Iterator[_Change]:
    """When, in local time, the offset becomes what; the first is what it begins with."""
    begin, end = _clock_seconds(_FIRST), _clock_seconds(_AFTER)
    offset = _offset_at(zone, begin)
    yield _Change(begin, offset)
    for midnight in range(begin, end, _DAY):
        if (after := _offset_at(zone, midnight + _DAY)) != offset:
            seconds = range(midnight, midnight + _DAY + 1)
            at = bisect_left(seconds, True, key=lambda second: _offset_at(zone, second) != offset)
            yield _Change(seconds[at], after)
            offset = after


def _offset_at(zone: ZoneInfo, second: int) -> int:
    ahead = (_START + timedelta(seconds=second)).replace(tzinfo=zone).utcoffset()
    return int(ahead.total_seconds()) if ahead is not None else 0


def _clock_seconds(local: datetime) -> int:
    return round((local - _START).total_seconds())

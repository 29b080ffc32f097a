"""The arithmetic and the comparisons of `sql`: exact, without engine errors, and alike on every engine."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import Any

import ibis
from ibis.expr.operations import Literal

from pipelines.tables.reading import FALSE_WORDS, TRUE_WORDS, as_boolean, as_decimal, as_integer, as_number, as_text
from pipelines.tables.reading_time import as_time

SCALE = 6
"""Decimals of every exact number."""

_EXACT = f"decimal(18, {SCALE})"
_WIDER = (
    f"decimal(19, {SCALE})"  # makes DuckDB compute in 38 digits, and still leaves PySpark all decimals of a product
)
_WIDEST = f"decimal(38, {SCALE})"
_LARGEST = 10**12
_INTEGER = "decimal(19, 0)"
_TEXT, _WHOLE, _NUMBER, _TRUTH, _TIME = "text", "whole number", "number", "truth value", "time"


def exact(value: Any) -> Any:
    """``value`` as decimal(18, 6)."""
    return as_decimal(value, SCALE)


_READERS: dict[str, Callable[[Any], Any]] = {
    _TEXT: as_text,
    _WHOLE: as_integer,
    _NUMBER: exact,
    _TRUTH: as_boolean,
    _TIME: as_time,
}


def alike(values: Sequence[Any]) -> list[Any]:
    """``values`` in one type, so that they can be compared or be the outcomes of one case.

    Text beside a number, a truth value or a time is read as one; integers beside decimals become decimals.

    Raises
    ------
    ValueError
        If they are of kinds that cannot be compared, or a literal cannot be read.
    """
    kinds = {kind for value in values if (kind := kind_of(value))}
    strict = kinds - {_TEXT}
    if not strict:
        return [value if kind_of(value) else value.cast("string") for value in values]
    if (strict == {_WHOLE} and _TEXT in kinds) or strict == {_WHOLE, _NUMBER}:
        strict = {_NUMBER}
    if len(strict) > 1:
        raise ValueError(f"a {' and a '.join(sorted(kinds))} cannot stand together; use CAST")
    (target,) = strict
    return [_read(value, target) for value in values]


def kind_of(value: Any) -> str | None:
    """What sort of thing ``value`` is; None if it is nothing but null.

    Raises
    ------
    ValueError
        If it is nothing that a simple expression can handle.
    """
    kind = value.type()
    if kind.is_null():
        return None
    if kind.is_string():
        return _TEXT
    if kind.is_integer():
        return _WHOLE
    if kind.is_numeric():
        return _NUMBER
    if kind.is_boolean():
        return _TRUTH
    if kind.is_timestamp() or kind.is_date():
        return _TIME
    raise ValueError(f"a column of type {kind} cannot stand in a simple expression")


def _read(value: Any, target: str) -> Any:
    written = value.op().value if isinstance(value.op(), Literal) and value.type().is_string() else None
    if written is not None and not _is_readable(str(written), target):
        raise ValueError(f"'{written}' stands where a {target} is needed")
    return _READERS[target](value)


def _is_readable(text: str, target: str) -> bool:
    if target == _TRUTH:
        return text.strip().lower() in {*TRUE_WORDS, *FALSE_WORDS}
    read: Callable[[str], object] = datetime.fromisoformat if target == _TIME else Decimal
    try:
        read(text)
    except (ValueError, InvalidOperation):
        return False
    return True


def comparable(values: Sequence[Any]) -> list[Any]:
    """``values`` in one type, none of them nothing but null.

    Raises
    ------
    ValueError
        As `alike`; or if one is NULL, with which Ibis compares otherwise than SQL does.
    """
    found = alike(values)
    if any(kind_of(value) is None for value in values) or any(_is_null(value) for value in found):
        raise ValueError("a comparison with NULL is never true; use IS NULL")
    return found


def _is_null(value: Any) -> bool:
    return isinstance(value.op(), Literal) and value.op().value is None


def is_in(value: Any, *members: Any) -> Any:
    """Whether ``value`` is one of ``members``."""
    if not members:
        raise ValueError("IN needs the values themselves, as in x IN ('a', 'b')")
    given, *known = comparable([value, *members])
    return reduce(operator.or_, (given == member for member in known))


def is_between(value: Any, low: Any, high: Any) -> Any:
    """Whether ``value`` is neither below ``low`` nor above ``high``."""
    given, least, most = comparable([value, low, high])
    return (given >= least) & (given <= most)


def is_missing(value: Any) -> Any:
    """Whether ``value`` is null; for a float, whether it is no number, of which engines disagree."""
    return (as_number(value) if value.type().is_floating() else value).isnull()


def number(written: str) -> Any:
    """A literal: int64, or decimal(18, 6)."""
    if written.isdigit() and int(written) < 2**63:
        return ibis.literal(int(written), "int64")
    read = Decimal(written)
    if abs(read) >= _LARGEST or read != round(read, SCALE):
        raise ValueError(f"the number {written} has too many digits; {SCALE} decimals and 12 before them do")
    return ibis.literal(round(read, SCALE), _EXACT)


def truth(value: Any) -> Any:
    """``value`` as a condition."""
    return _read(value, _TRUTH)


def arithmetic(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """A sum, difference or product: int64 of integers, else decimal(18, 6); null where it does not fit."""
    if {kind_of(left), kind_of(right)} <= {_WHOLE, None}:
        whole = operation(as_integer(left).cast(_INTEGER), as_integer(right).cast(_INTEGER))
        return whole.try_cast("int64")
    for value in (left, right):
        if kind_of(value) in {_TRUTH, _TIME}:
            raise ValueError(f"a {kind_of(value)} cannot be computed with; use CAST")
    found = operation(_read(left, _NUMBER).cast(_WIDER), _read(right, _NUMBER))
    return found.try_cast(_WIDEST).try_cast(_EXACT)


def size(value: Any) -> Any:
    """The absolute value."""
    if kind_of(value) == _WHOLE:
        return as_integer(value).cast(_INTEGER).abs().try_cast("int64")
    return _read(value, _NUMBER).abs()


def rounded(value: Any, decimals: int) -> Any:
    """Half away from zero."""
    if kind_of(value) == _WHOLE:
        return value
    return _read(value, _NUMBER).try_cast(f"decimal(18, {decimals})").try_cast(_EXACT)


def lower(text: Any) -> Any:
    """``text`` in small letters; a dotted capital I loses its dot, and a sigma is the same wherever it stands."""
    return text.replace("İ", "i").lower().replace("\u03c2", "\u03c3")


def upper(text: Any) -> Any:
    """``text`` in capitals; ß has one too. Ligatures and a few Greek letters are not the same on every engine."""
    return text.replace("ß", "ẞ").upper()


def part_of(text: Any, delimiter: str, place: int) -> Any:
    """Part number ``place`` of ``text``, counted from 1; empty if it has fewer."""
    separator = re.sub(r"([^\w\s])", r"\\\1", delimiter, flags=re.ASCII)
    return text.re_extract(rf"\A(?:(?s:.)*?{separator}){{{place - 1}}}((?s:.)*?)(?:{separator}|\z)", 1)


def joined(*texts: Any) -> Any:
    """Texts one after another; null if one of them is."""
    return reduce(operator.add, map(text_of, texts))


def text_of(value: Any) -> Any:
    """Text as it is, anything else as `as_text` writes it."""
    return value if kind_of(value) == _TEXT else as_text(value) if kind_of(value) else value.cast("string")


_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?.?|[*+?}][+]|.", re.DOTALL)
_SAME = {".": r"[^\n]", "^": r"\A", "$": r"\z", r"\s": r"[ \t\n\f\r]", r"\S": r"[^ \t\n\f\r]"}
_ESCAPES = frozenset(r"dDwWAztnr")


def portable(pattern: str) -> str:
    r"""A regular expression that RE2 (DuckDB) and Java (PySpark) take alike.

    Raises
    ------
    ValueError
        If it uses what only one of them has, or has otherwise.

    Examples
    --------
    >>> print(portable(r"^a.\d$"))
    \Aa[^\n]\d\z
    """
    found = "".join(_portable_piece(piece, pattern) for piece in _PIECE.findall(pattern))
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"'{pattern}' is not a regular expression: {error}") from error
    return found


def _portable_piece(piece: str, pattern: str) -> str:
    refused = ValueError(f"'{piece}' in the regular expression '{pattern}' does not mean the same on every engine")
    if piece in _SAME:
        return _SAME[piece]
    if piece.startswith("[") and len(piece) > 1:
        inside = piece[1:-1]
        if re.search(r"\[|&&|--|\|\||~~|\\[^dwstnr\W_]", inside):
            raise refused
        return f"[{inside}]".replace(r"\s", r" \t\n\f\r")
    is_odd_escape = piece.startswith("\\") and piece[1].isalnum() and piece[1] not in _ESCAPES
    if is_odd_escape or (piece.startswith("(?") and piece != "(?:") or re.fullmatch(r"[*+?}]\+", piece):
        raise refused
    return piece

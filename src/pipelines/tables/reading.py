"""Raw values read as text, numbers and truth, alike on every engine; what cannot be read becomes null.

Engines cast differently (DuckDB reads ``'12.0'`` as an integer, PySpark does not), so nothing is cast before a regular
expression has said that it has a form that all of them read alike. Times are read in `reading_time`.
"""

from __future__ import annotations

import functools
import operator
import re
from decimal import Decimal
from typing import Any, Literal

import ibis

TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")
Mark = Literal[".", ","]
Group = Literal["", ".", ",", " ", "'"]

_SPACES = (" ", "\u00a0", "\u202f")  # a thousand in French is 1\u202f000
_BLANKS = (" ", "\t", "\n", "\r", "\v", "\f")
_QUOTES = ("'", "\u2019")
_GROUPS: dict[str, tuple[str, ...]] = {"": (), ".": (".",), ",": (",",), " ": _SPACES, "'": _QUOTES}
_EXACT = 2**53  # every integer below it is a float, and no other integer is the same float
_PRECISION = 18
_TEXT_SCALE = 6
_TEXT_LIMIT = 10**9  # with six decimals more, still below _EXACT


def as_text(value: Any) -> Any:
    """``value`` as text.

    Parameters
    ----------
    value : ibis Value
        Text is stripped of blanks, tabs and line ends; empty text is null. Integers and integral floats and decimals
        become their digits (``12345``, also from 12345.0). Other floats become their decimals if they have six or
        fewer (``7.5``), else null: engines write them differently. Other decimals keep their scale (``7.50``).
        Booleans are ``true`` or ``false``; dates ``2020-01-31``; times ``2020-01-31 10:00:00``, those with a zone
        in UTC.

    Returns
    -------
    ibis Value
        string, never empty.

    Raises
    ------
    ValueError
        If the type is none of these.
    """
    kind = _readable(value)
    if kind.is_string():
        return stripped(value).nullif("")
    if kind.is_floating():
        return _float_text(value.cast("float64"))
    if kind.is_decimal():
        return value.cast("string").re_replace(r"\.0+\z", "")
    if kind.is_boolean():
        return ibis.cases((value, "true"), (~value, "false"))
    if kind.is_timestamp():
        return value.cast("timestamp(6)").cast("string")
    return value.cast("string")


def as_integer(value: Any) -> Any:
    """``value`` as an integer.

    Parameters
    ----------
    value : ibis Value
        Text such as ``12``, ``+12``, ``-012``, ``12.`` or ``12.00``, blanks around it; integral floats below 2**53 in
        size; integral decimals; integers; booleans (0 or 1). Exponents, grouped digits and anything outside of
        int64 are null, as are times.

    Returns
    -------
    ibis Value
        int64.

    Raises
    ------
    ValueError
        If the type cannot be read at all, e.g. an array.
    """
    kind = _readable(value)
    if kind.is_string():
        return _integral_text(stripped(value))
    if kind.is_floating():
        return _integral_float(value.cast("float64"))
    if kind.is_decimal():
        return _integral_text(value.cast("string"))
    if kind.is_boolean():
        return ibis.cases((value, ibis.literal(1, "int64")), (~value, ibis.literal(0, "int64")))
    return value.try_cast("int64") if kind.is_integer() else ibis.null("int64")


def as_decimal(value: Any, scale: int, mark: Mark = ".", group: Group = "") -> Any:
    """``value`` as an exact decimal with ``scale`` decimals.

    Parameters
    ----------
    value : ibis Value
        Text such as ``12``, ``-12.50``, ``+.5``, ``12.`` or ``1.25e3``, blanks around it; numbers; booleans (0 or 1).
        A number that is written with another mark or another group is null, never a part of it, and so are currency
        signs. Floats are taken times ``10**scale`` and rounded; NaN and the infinities are null.
    scale : int in [0, 18]
        Decimals that stay; what is beyond is rounded half away from zero.
    mark : {".", ","}
        What stands before the decimals.
    group : {"", ".", ",", " ", "'"}
        What may stand between groups of three digits; a blank stands for no-break blanks too.

    Returns
    -------
    ibis Value
        decimal(18, scale); null where ``18 - scale`` digits before the mark do not suffice.

    Raises
    ------
    ValueError
        If mark and group are the same, or one of them is unknown, or the type cannot be read at all.
    """
    digits, exponent = _number_patterns(mark, group)
    kind, target = _readable(value), f"decimal({_PRECISION}, {scale})"
    if kind.is_string():
        text, plain = stripped(value), _plain(stripped(value), mark, group)
        return ibis.cases(
            (text.re_search(digits), plain.try_cast(target)),
            (text.re_search(exponent), _decimal_of_exponent(plain, scale)),
        )
    if kind.is_floating():
        return _decimal_of_float(value.cast("float64"), scale)
    if kind.is_boolean():
        return as_integer(value).try_cast(target)
    return value.try_cast(target) if kind.is_numeric() else ibis.null(target)


def plain_numbers(text: Any, mark: Mark = ".", group: Group = "") -> Any:
    """Texts that are numbers with this mark and group, with a point and without groups; other texts as they are.

    Parameters
    ----------
    text : ibis Value
        string.
    mark, group : str
        As for `as_decimal`.

    Returns
    -------
    ibis Value
        string.
    """
    if (mark, group) == (".", ""):
        return text
    digits, exponent = _number_patterns(mark, group)
    is_number = stripped(text).re_search(digits) | stripped(text).re_search(exponent)
    return ibis.cases((is_number, _plain(stripped(text), mark, group)), else_=text)


def as_number(value: Any, mark: Mark = ".", group: Group = "") -> Any:
    """``value`` as a float, for measurements rather than money.

    Parameters
    ----------
    value : ibis Value
        As for `as_decimal`.
    mark : {".", ","}
        What stands before the decimals.
    group : {"", ".", ",", " ", "'"}
        What may stand between groups of three digits.

    Returns
    -------
    ibis Value
        float64, finite; the float nearest to the number that was written.

    Raises
    ------
    ValueError
        As `as_decimal`.
    """
    digits, exponent = _number_patterns(mark, group)
    kind = _readable(value)
    if kind.is_string():
        text, plain = stripped(value), _plain(stripped(value), mark, group)
        is_number = text.re_search(digits) | text.re_search(exponent)
        return _finite(ibis.cases((is_number, plain)).try_cast("float64"))
    if kind.is_floating():
        return _finite(value.cast("float64"))
    if kind.is_decimal():
        return value.cast("string").try_cast("float64")  # DuckDB's own cast of a decimal is off by one bit at times
    if kind.is_boolean():
        return as_integer(value).cast("float64")
    return value.cast("float64") if kind.is_integer() else ibis.null("float64")


def as_boolean(value: Any) -> Any:
    """``value`` as true or false.

    Parameters
    ----------
    value : ibis Value
        Text in any case, blanks around it: ``true``, ``t``, ``yes``, ``y``, ``1`` and ``false``, ``f``, ``no``,
        ``n``, ``0``; the numbers 1 and 0; booleans. Anything else is null.

    Returns
    -------
    ibis Value
        boolean.

    Raises
    ------
    ValueError
        If the type cannot be read at all, e.g. an array.
    """
    kind = _readable(value)
    if kind.is_boolean():
        return value
    if kind.is_string():
        word = stripped(value).lower()
        return ibis.cases((word.isin(TRUE_WORDS), True), (word.isin(FALSE_WORDS), False))
    number = as_integer(value)
    return ibis.cases((number == 1, True), (number == 0, False))


def stripped(text: Any) -> Any:
    """``text`` without blanks, tabs and line ends around it; the engine's own function, which is slow, sees few."""
    around = functools.reduce(operator.or_, (text.endswith(blank) for blank in _BLANKS), text < "!")
    return ibis.cases((around, text.strip()), else_=text)


def _readable(value: Any) -> Any:
    """The type of ``value``, if anything is read from it."""
    kind = value.type()
    kinds = (
        kind.is_string(),
        kind.is_numeric(),
        kind.is_boolean(),
        kind.is_timestamp(),
        kind.is_date(),
        kind.is_null(),
    )
    if not any(kinds):
        raise ValueError(f"a raw column of type {kind} cannot be read; text, numbers, booleans, dates and times can")
    return kind


def _number_patterns(mark: str, group: str) -> tuple[str, str]:
    """Regular expressions of a number without and with an exponent, in the syntax that RE2 and Java share."""
    if mark not in {".", ","} or group not in _GROUPS or mark == group:
        raise ValueError(
            f"the decimal mark is '.' or ',' and the group another one of {', '.join(map(repr, _GROUPS))}; "
            f"got mark {mark!r} and group {group!r}"
        )
    point = re.escape(mark)
    grouped = "".join(rf"|[0-9]{{1,3}}(?:{re.escape(one)}[0-9]{{3}})+" for one in _GROUPS[group])
    digits = rf"(?:(?:[0-9]+{grouped})(?:{point}[0-9]*)?|{point}[0-9]+)"
    short = rf"(?:[0-9]{{1,18}}(?:{point}[0-9]*)?|{point}[0-9]+)"
    return rf"\A[+-]?{digits}\z", rf"\A[+-]?{short}[eE][+-]?[0-9]{{1,3}}\z"


def _plain(text: Any, mark: str, group: str) -> Any:
    """``text`` without groups and with a point."""
    for one in _GROUPS[group]:
        text = text.replace(one, "")
    return text if mark == "." else text.replace(mark, ".")


def _finite(number: Any) -> Any:
    return ibis.cases((number.abs() < float("inf"), number))  # Ibis says of no number on PySpark that it is infinite


def _integral_text(text: Any) -> Any:
    return text.re_extract(r"\A([+-]?[0-9]+)(?:\.0*)?\z", 1).try_cast("int64")


def _integral_float(number: Any) -> Any:
    """Nothing is cast that is not integral: DuckDB would round it, PySpark cut it off."""
    small = ibis.cases((number.abs() < _EXACT, number))
    return ibis.cases((small == small.floor(), small)).try_cast("int64")


def _float_text(number: Any) -> Any:
    """Digits of an integral float; decimals of a float that is nearest to a number with six or fewer."""
    short = _decimal_of_float(ibis.cases((number.abs() < _TEXT_LIMIT, number)), _TEXT_SCALE)
    digits = short.cast("string").re_replace(r"0+\z", "")
    return ibis.coalesce(
        _integral_float(number).cast("string"),
        ibis.cases((short.cast("string").try_cast("float64") == number, digits)),
    )


def _decimal_of_float(number: Any, scale: int) -> Any:
    """Rounded in floats, which are the same everywhere; casts to decimals are not."""
    scaled = number * float(10**scale)
    size = ibis.cases((scaled.abs() < float(10**_PRECISION), scaled.abs()))
    below = size.floor().cast("int64")
    whole = below + ibis.cases((size - below.cast("float64") >= 0.5, 1), else_=0).cast("int64")
    units = ibis.cases((number < 0, -whole), else_=whole).cast(f"decimal({_PRECISION}, 0)")
    one = ibis.literal(Decimal(1).scaleb(-scale), f"decimal({_PRECISION}, {scale})")
    return (units * one).try_cast(f"decimal({_PRECISION}, {scale})")


def _decimal_of_exponent(text: Any, scale: int) -> Any:
    """By way of 38 digits, since DuckDB wants room for all digits that stand before the exponent takes effect."""
    return text.try_cast(f"decimal(38, {scale})").try_cast(f"decimal({_PRECISION}, {scale})")

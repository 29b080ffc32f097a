"""How values are said: rounded and written by their unit, in sentences that have one word for one and one for many."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
_MONEY = re.compile(r"([A-Z]{3})\b")
_NO_CURRENCY = "XXX"
"""ISO 4217's code for money that is none."""
_FORMS = re.compile(r"\{([^{}|]*)\|((?:\{value\}|[^{}|])*)\}")
_DIGITS, _RATIO_DIGITS = 3, 2


def rounded(values: FloatArray, unit: str) -> FloatArray:
    """As exact as `shown` writes them: equal results are written alike.

    Examples
    --------
    >>> rounded(np.array([0.4, 9.4, 41.6]), "days")
    array([ 0.4,  9. , 42. ])
    >>> rounded(np.array([12.504, 1234.56]), "EUR")
    array([  12.5, 1235. ])
    """
    size = np.abs(values)
    if unit == "share":
        return np.round(values, 2)
    if unit == "days":
        return np.where(size < 1, np.round(values, 1), np.round(values))
    if _MONEY.match(unit):
        return np.where(size < 100, np.round(values, 2), np.round(values))
    small = (size < 10) & (size > 0)
    safe = np.where(small, np.maximum(size, 1e-200), 1.0)
    digits = _RATIO_DIGITS if unit == "ratio" else _DIGITS
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(safe)))
    # as a quotient of whole numbers, so that 0.3 is the nearest float to 0.3
    exact = np.divide(np.round(values * scale), scale, out=np.zeros_like(values), where=small)
    return np.where(small, exact, np.round(values))


def shown(value: float, unit: str) -> str:
    """A value that was rounded, with its currency or per cent; other units are the sentence's.

    Examples
    --------
    >>> [shown(value, unit) for value, unit in ((0.35, "share"), (12.5, "EUR"), (1234.0, "EUR"), (3.0, "orders"))]
    ['35%', '12.50 EUR', '1,234 EUR', '3']
    >>> shown(1.0, "0 or 1"), shown(2011.0, "number"), shown(12_500.0, "units")
    ('yes', '2011', '12,500')
    """
    if unit == "0 or 1" and value in (0.0, 1.0):
        return "yes" if value else "no"
    if unit == "share":
        return f"{value:.0%}"
    value += 0.0  # no minus before a zero
    if money := _MONEY.match(unit):
        amount = f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"
        return amount if money[1] == _NO_CURRENCY else f"{amount} {money[1]}"
    if abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.{_DIGITS}g}"


def told(sentence: str, words: str) -> str:
    """A sentence with a value in place of ``{value}``, and of ``{one|many}`` the form that agrees with it.

    Examples
    --------
    >>> [told("{value} {order|orders} in the last 28 days", words) for words in ("1", "5")]
    ['1 order in the last 28 days', '5 orders in the last 28 days']
    >>> [told("every {day|{value} days}", words) for words in ("1", "5")]
    ['every day', 'every 5 days']
    """
    return _FORMS.sub(lambda forms: forms[1] if words == "1" else forms[2], sentence).replace("{value}", words)


def in_last(n_days: int) -> str:
    """A window in words.

    Examples
    --------
    >>> in_last(1), in_last(28)
    ('in the last day', 'in the last 28 days')
    """
    return "in the last day" if n_days == 1 else f"in the last {n_days} days"


def plain(text: str) -> str:
    """A name from data, such as a level, as it may stand in a sentence: without the signs that sentences use.

    Examples
    --------
    >>> plain("{a|b}")
    '(a/b)'
    """
    return text.translate(str.maketrans("{}|", "()/"))

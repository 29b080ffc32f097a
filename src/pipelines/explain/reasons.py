"""Reason codes: the ideas that moved a row's score most, in words. Packed into the served model: no SHAP library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ModelError
from pipelines.features.catalogue import Feature
from pipelines.features.wording import rounded, shown, told

RAISES, LOWERS = " (raises the score)", " (lowers the score)"
Typical = Mapping[str, float | str]
"""Of a feature the value of the median customer; of text, the commonest level."""
_NOTHING = 1e-9
"""Log-odds that are what rounding leaves of 0."""
_CHUNK = 262_144
"""Rows at a time: what is worked out of them stays below 200 MB at 60 features."""


def reasons(
    values: NDArray[np.floating],
    rows: pd.DataFrame,
    features: Sequence[Feature],
    k: int,
    typical: Typical | None = None,
) -> pd.DataFrame:
    """The ``k`` ideas that moved each score most, in either direction.

    SHAP values are added up over the features of an idea. Of these features the one speaks that moved the score most
    in the direction of the whole; its own value is told beside the customer's usual value, or else beside what is
    typical of others.

    Parameters
    ----------
    values : float array of shape (n_rows, n_features)
        SHAP values in log-odds, columns in the order of ``features``.
    rows : DataFrame
        Feature values, found by name; numbers or text.
    features : sequence of Feature of length n_features
        Gives the words.
    k : int
        How many reasons each row gets.
    typical : mapping, optional
        What is typical of others (`typical_values`); a feature that it lacks is told without.

    Returns
    -------
    DataFrame of shape (n_rows, k)
        Text columns ``reason_1`` … ``reason_k``, strongest first, with the index of ``rows``; ties keep the order of
        the features. Empty text where no further idea moved the score.

    Raises
    ------
    ModelError
        If values, rows and features do not fit together.

    Examples
    --------
    >>> recency = Feature("recency_days", "", "days", "", "", "", "last purchase {value} {day|days} ago",
    ...                   usual="gap_days", usual_phrase="usually every {value} {day|days}")
    >>> gap = Feature("gap_days", "", "days", "", "", "", "usually buys every {value} {day|days}")
    >>> orders = Feature("n_orders_28d", "", "orders", "", "", "", "{value} {order|orders} in the last 28 days")
    >>> rows = pd.DataFrame({"recency_days": [41.0], "gap_days": [9.0], "n_orders_28d": [1.0]})
    >>> moved = np.array([[1.5, 0.0, -0.2]])
    >>> for words in reasons(moved, rows, [recency, gap, orders], k=2, typical={"n_orders_28d": 5.0}).loc[0]:
    ...     print(words)
    last purchase 41 days ago; usually every 9 days (raises the score)
    1 order in the last 28 days; others typically 5 (lowers the score)
    """
    _check_fit(values, rows, features)
    words = np.full((len(rows), k), "", dtype=object)
    for begin in range(0, len(rows), _CHUNK):
        part = slice(begin, begin + _CHUNK)
        words[part] = _of_chunk(np.asarray(values[part]), rows.iloc[part], features, k, typical or {})
    return pd.DataFrame(words, index=rows.index, columns=[f"reason_{rank}" for rank in range(1, k + 1)], dtype=object)


def typical_values(rows: pd.DataFrame, features: Sequence[Feature]) -> dict[str, float | str]:
    """The median of each feature, nulls left out; of text the commonest level, the first of those that tie.

    Parameters
    ----------
    rows : DataFrame
        What a model was fitted on, text as it comes. A feature that is null throughout has no typical value, nor one
        that grows with the calendar: what was typical then is not now.

    Examples
    --------
    >>> spent, plan = Feature("spent", "", "", "", "", "", ""), Feature("plan", "", "", "", "", "", "", levels=("a",))
    >>> typical_values(pd.DataFrame({"spent": [1.0, None, 4.0], "plan": ["b", "a", "a"]}), [spent, plan])
    {'spent': 2.5, 'plan': 'a'}
    """
    found: dict[str, float | str] = {}
    for feature in features:
        known = rows[feature.name].dropna()
        if len(known) == 0 or feature.grows_with_calendar:
            continue
        if feature.levels:
            found[feature.name] = str(known.map(str).mode().iloc[0])
        else:
            found[feature.name] = float(np.median(known.to_numpy(np.float64)))
    return found


@dataclass(frozen=True)
class Grouped:
    """SHAP values added up over the features of one idea: Shapley values add up.

    Parameters
    ----------
    names : tuple of str
        The ideas, in the order of their first feature.
    values : float array of shape (n_rows, n_ideas)
        In log-odds.
    of_feature : int array of shape (n_features,)
        The place of each feature's idea in ``names``.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    of_feature: NDArray[np.int64]


def grouped(values: NDArray[np.floating], features: Sequence[Feature]) -> Grouped:
    """SHAP values by idea.

    Examples
    --------
    >>> week, month = (Feature(f"n_orders_{n}d", "", "", "", "", "", "", idea="orders") for n in (7, 28))
    >>> grouped(np.array([[0.5, 0.25]]), [week, month])
    Grouped(names=('orders',), values=array([[0.75]]), of_feature=array([0, 0]))
    """
    names = tuple(dict.fromkeys(feature.subject_matter for feature in features))
    of_feature = np.array([names.index(feature.subject_matter) for feature in features], dtype=np.int64)
    summed = np.zeros((len(values), len(names)))
    for place, idea in enumerate(of_feature):
        summed[:, idea] += values[:, place]
    return Grouped(names, summed, of_feature)


def strongest(moved: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """The places of the ``k`` ideas that move each row most, the first of those that tie; -1 where no more do.

    Parameters
    ----------
    moved : float array of shape (n_rows, n_ideas)
        In log-odds.

    Returns
    -------
    int array of shape (n_rows, min(k, n_ideas))

    Examples
    --------
    >>> strongest(np.array([[0.5, -1.0, 0.0]]), 3)
    array([[ 1,  0, -1]])
    """
    left = np.abs(moved)
    ranked = np.full((len(moved), min(k, moved.shape[1])), -1, dtype=np.int64)
    every = np.arange(len(moved))
    for rank in range(ranked.shape[1]):
        best = left.argmax(axis=1)
        ranked[:, rank] = np.where(left[every, best] > _NOTHING, best, -1)
        left[every, best] = -1.0
    return ranked


def _of_chunk(
    values: NDArray[np.floating], rows: pd.DataFrame, features: Sequence[Feature], k: int, typical: Typical
) -> NDArray[np.object_]:
    ideas = grouped(values, features)
    ranked = strongest(ideas.values, k)
    words = np.full((len(rows), k), "", dtype=object)
    for idea in range(len(ideas.names)):
        row, rank = np.nonzero(ranked == idea)
        raises = ideas.values[row, idea] > 0
        members = np.flatnonzero(ideas.of_feature == idea)
        agreeing = np.where(raises[:, None], values[row[:, None], members], -values[row[:, None], members])
        speaker = members[agreeing.argmax(axis=1)] if row.size else row
        for place in members:
            here = speaker == place
            said = _said(features[int(place)], rows, row[here], features, typical)
            words[row[here], rank[here]] = said + np.where(raises[here], RAISES, LOWERS).astype(object)
    return words


def _said(
    feature: Feature, rows: pd.DataFrame, at: NDArray[np.int64], features: Sequence[Feature], typical: Typical
) -> NDArray[np.object_]:
    """What the feature says of each of these rows, worked out once for each pair of values that differs."""
    own = rows[feature.name].iloc[at]
    numbers = None if feature.levels else _numbers(own)
    if numbers is None:
        codes, known = pd.factorize(own.map(str, na_action="ignore"), use_na_sentinel=False)
        return _taken([_text_words(feature, text, typical) for text in known], codes)
    has_usual = any(one.name == feature.usual for one in features)
    beside = _numbers(rows[feature.usual].iloc[at]) if has_usual else None
    usual = np.full(len(at), np.nan) if beside is None else rounded(beside, feature.unit)
    of_own, known_own = pd.factorize(rounded(numbers, feature.unit), use_na_sentinel=False)
    of_usual, known_usual = pd.factorize(usual, use_na_sentinel=False)
    of_others, n_usual = _of_others(feature, typical), max(1, len(known_usual))
    codes, pairs = pd.factorize(of_own * n_usual + of_usual)
    words = [
        _number_words(feature, known_own[pair // n_usual], known_usual[pair % n_usual], of_others) for pair in pairs
    ]
    return _taken(words, codes)


def _numbers(column: pd.Series) -> NDArray[np.float64] | None:
    """Null as NaN; None for text."""
    try:
        return column.to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        return None


def _taken(words: list[str], codes: NDArray[np.intp]) -> NDArray[np.object_]:
    return np.array(words or [""], dtype=object)[codes]


def _of_others(feature: Feature, typical: Typical) -> str:
    """What is typical of others, as it is written; empty where nobody knows."""
    value = typical.get(feature.name)
    return "" if not isinstance(value, float | int) or np.isnan(value) else feature.shown(value)


def _number_words(feature: Feature, own: float, usual: float, of_others: str) -> str:
    """The customer's value, rounded, beside their usual one, or what is typical of others."""
    if np.isnan(own):
        return feature.words(own)
    written = shown(own, feature.unit)
    words = told(feature.phrase, written)
    if not np.isnan(usual):
        return f"{words}; {told(feature.usual_phrase, shown(usual, feature.unit))}"
    if not of_others:
        return words
    return f"{words}, as is typical" if of_others == written else f"{words}; others typically {of_others}"


def _text_words(feature: Feature, own: object, typical: Typical) -> str:
    words = feature.words(own if isinstance(own, str) else float("nan"))
    commonest = typical.get(feature.name)
    if not isinstance(own, str) or not isinstance(commonest, str):
        return words
    return f"{words}, the commonest" if commonest == own else f"{words}; the commonest is {commonest}"


def _check_fit(values: NDArray[np.floating], rows: pd.DataFrame, features: Sequence[Feature]) -> None:
    missing = [feature.name for feature in features if feature.name not in rows.columns]
    if missing or values.shape != (len(rows), len(features)):
        lacking = f"; missing columns: {', '.join(missing[:5])}" if missing else ""
        raise ModelError(
            f"{values.shape} SHAP values for {len(rows)} rows and {len(features)} features{lacking}.",
            why="A reason would be told with another feature's value.",
            fix="Give the rows that were explained and the features of that model, in its order.",
        )

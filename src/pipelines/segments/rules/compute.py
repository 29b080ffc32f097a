"""Rules and a log → who is in which segment, and how sizes move."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.columns import CUSTOMER_ID
from pipelines.core.windows import Window
from pipelines.segments.rules.checks import require_answerable
from pipelines.segments.rules.rule import SEGMENT
from pipelines.segments.rules.seen import CUTOFF, MICROS, Cutoffs, Seen
from pipelines.segments.rules.spec import RuleSegments
from pipelines.tables.lake import Lake

IntArray = NDArray[np.int64]


def members(spec: RuleSegments, lake: Lake, known_at: datetime) -> pd.DataFrame:
    """Who is in which segment at one cutoff; nothing at or after it is read.

    Parameters
    ----------
    spec : RuleSegments
        The rules.
    lake : Lake
        Holds their source.
    known_at : datetime
        The cutoff, UTC.

    Returns
    -------
    DataFrame, shape (n_customers, 1 + n_segments)
        ``customer_id``, ascending: everybody with an event before the cutoff; one boolean column per segment.

    Raises
    ------
    ConfigError
        If the source cannot answer the rules.
    """
    require_answerable(spec, lake)
    seen = Seen(lake, lake.manifest(spec.source), Cutoffs((known_at,)))
    customers = np.sort(lake.columns(seen.first_events.select(CUSTOMER_ID))[CUSTOMER_ID].astype(object))
    found = lake.columns(_membership(spec, seen).select(SEGMENT, CUSTOMER_ID))
    names = list(spec.said)
    inside = np.zeros((len(customers), len(names)), np.bool_)
    inside[np.searchsorted(customers, found[CUSTOMER_ID]), _places(names, found[SEGMENT])] = True
    return pd.DataFrame({CUSTOMER_ID: customers, **{name: inside[:, place] for place, name in enumerate(names)}})


def sizes_over_time(spec: RuleSegments, lake: Lake, known_at: datetime) -> pd.DataFrame:
    """How large each segment was at each cutoff, up to a moment of knowledge; nothing at or after it is read.

    Returns
    -------
    DataFrame, shape (n_cutoffs * n_segments, 5)
        By ``cutoff`` and ``segment``: ``n_members``, ``n_known``, the customers with an event before the cutoff, and
        ``share``, the one of the other.

    Raises
    ------
    ConfigError
        If the source cannot answer the rules.
    NotEnoughDataError
        If no cutoff lies between the first day and the moment of knowledge.
    """
    require_answerable(spec, lake)
    manifest = lake.manifest(spec.source)
    cutoffs = spec.cutoffs.within(Window(manifest.span.start, known_at))
    seen = Seen(lake, manifest, Cutoffs(cutoffs))
    counted = _membership(spec, seen).group_by(SEGMENT, CUTOFF).agg(n=lambda one: one.count().cast("int64"))
    found, names = lake.columns(counted), list(spec.said)
    sizes = np.zeros((len(cutoffs), len(names)), np.int64)
    sizes[found[CUTOFF].astype(np.int64), _places(names, found[SEGMENT])] = found["n"]
    n_known = np.repeat(_n_known(seen), len(names))
    return pd.DataFrame(
        {
            "cutoff": np.repeat(np.array(cutoffs, object), len(names)),
            SEGMENT: names * len(cutoffs),
            "n_members": sizes.ravel(),
            "n_known": n_known,
            "share": sizes.ravel() / np.maximum(n_known, 1),
        }
    )


def sizes_of(sizes: pd.DataFrame, place: int) -> pd.DataFrame:
    """The rows of one cutoff of `sizes_over_time`, by segment: 0 is the first, -1 the last."""
    rows: pd.DataFrame = sizes[sizes.cutoff == sizes.cutoff.iloc[place]]
    return rows.set_index(SEGMENT)


def overlaps(members: pd.DataFrame) -> pd.DataFrame:
    """How far segments are the same customers.

    Parameters
    ----------
    members : DataFrame
        From `members`.

    Returns
    -------
    DataFrame, shape (n_pairs, 7)
        Of each pair of segments ``segment`` and ``other``, ``n_segment`` and ``n_other``, ``n_both``, ``jaccard`` (both
        of either) and ``share_of_smaller`` (both of the smaller one); NaN where that is of nobody.

    Examples
    --------
    >>> inside = pd.DataFrame({"customer_id": ["a", "b", "c"], "x": [True, True, False], "y": [False, True, False]})
    >>> overlaps(inside)[["n_both", "jaccard", "share_of_smaller"]].values.tolist()
    [[1.0, 0.5, 1.0]]
    """
    names = [name for name in members.columns if name != CUSTOMER_ID]
    both = shared(members)
    sizes = np.diag(both)
    one, other = np.triu_indices(len(names), k=1)
    n_both, smaller = both[one, other], np.minimum(sizes[one], sizes[other])
    either = sizes[one] + sizes[other] - n_both
    with np.errstate(invalid="ignore"):
        parts = {"jaccard": n_both / either, "share_of_smaller": n_both / smaller}
    labels = np.array(names, object)
    counts = {"n_segment": sizes[one], "n_other": sizes[other], "n_both": n_both}
    return pd.DataFrame({SEGMENT: labels[one], "other": labels[other], **counts, **parts})


def shared(members: pd.DataFrame) -> IntArray:
    """How many customers each two segments share; on the diagonal, the sizes. Shape (n_segments, n_segments)."""
    inside = members.drop(columns=CUSTOMER_ID).to_numpy(np.float64)
    both: IntArray = (inside.T @ inside).astype(np.int64)
    return both


def _membership(spec: RuleSegments, seen: Seen) -> Any:
    """Every rule's members below each other: ``segment``, ``customer_id`` and the number of the cutoff."""
    parts = [rule.members(seen, name) for name, rule in spec.segments.items()]
    return parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]


def _places(names: list[str], found: NDArray[Any]) -> IntArray:
    """Where each name found stands among ``names``."""
    places: IntArray = pd.Index(names).get_indexer(pd.Index(found)).astype(np.int64)
    return places


def _n_known(seen: Seen) -> IntArray:
    """Customers with an event before each cutoff, shape (n_cutoffs,)."""
    first = seen.first_events
    number = seen.cutoffs.not_before(first[MICROS] + 1)
    found = seen.lake.columns(first.select(since=number).group_by("since").agg(n=lambda one: one.count()))
    counts = np.zeros(len(seen.cutoffs.moments), np.int64)
    counts[found["since"].astype(np.int64)] = found["n"]
    known: IntArray = counts.cumsum()
    return known

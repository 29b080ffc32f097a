"""Micro-segments in words."""

from __future__ import annotations

import pandas as pd

from pipelines.core.windows import said as said_day
from pipelines.segments.rules.compute import sizes_of
from pipelines.segments.rules.rule import SEGMENT, Said


def percent(share: float) -> str:
    """A share for people: two digits where it is small.

    Examples
    --------
    >>> percent(0.1234), percent(0.0123), percent(0.0), percent(1.0)
    ('12 %', '1.2 %', '0 %', '100 %')
    """
    return f"{100 * share:.0f} %" if share >= 0.0995 or share == 0 else f"{100 * share:.2g} %"


def changed(before: float, now: float) -> str:
    """Two shares, and which way they went.

    Examples
    --------
    >>> changed(0.2, 0.3), changed(0.2, 0.2)
    ('from 20 % to 30 %', '20 % then and now')
    """
    return (
        f"{percent(now)} then and now"
        if percent(before) == percent(now)
        else f"from {percent(before)} to {percent(now)}"
    )


def as_markdown(title: str, said: dict[str, Said], sizes: pd.DataFrame, overlaps: pd.DataFrame) -> str:
    """Each segment in a row: who is in it, how many at the last cutoff, and how that moved; then the largest overlaps.

    Parameters
    ----------
    title : str
        Of the file.
    said : mapping of segment to Said
        In order.
    sizes, overlaps : DataFrame
        From `sizes_over_time` and `overlaps`.
    """
    first, last = sizes_of(sizes, 0), sizes_of(sizes, -1)
    moments = sizes.cutoff.iloc[0], sizes.cutoff.iloc[-1]
    n_known = int(last.n_known.iloc[0])
    lines = [
        f"# {title}",
        "",
        f"At {said_day(moments[1])}, of {n_known:,} customers known by then; the last column is the share at "
        f"{said_day(moments[0])}.",
        "",
        "| segment | who | customers | share | before |",
        "|---|---|--:|--:|--:|",
        *(
            f"| {one.title} (`{name}`) | {one.says} | {last.n_members[name]:,} | {percent(last.share[name])} | "
            f"{percent(first.share[name])} |"
            for name, one in said.items()
        ),
        "",
        *_of_overlaps(overlaps, said),
        *_of_empty(last, said),
    ]
    return "\n".join(lines) + "\n"


def _of_overlaps(overlaps: pd.DataFrame, said: dict[str, Said]) -> list[str]:
    """The pairs that share most, by the share of either."""
    largest = overlaps[overlaps.n_both > 0].sort_values("jaccard", ascending=False, kind="stable").head(5)
    pairs = zip(largest[SEGMENT], largest.other, largest.n_both, largest.jaccard, largest.share_of_smaller, strict=True)
    told = [
        f"- {said[one].title} and {said[other].title}: {n_both:,} customers in both, {percent(jaccard)} of those in "
        f"either and {percent(of_smaller)} of the smaller"
        for one, other, n_both, jaccard, of_smaller in pairs
    ]
    return ["Most alike at the moment of knowledge:", "", *told, ""] if told else ["No two share a customer.", ""]


def _of_empty(last: pd.DataFrame, said: dict[str, Said]) -> list[str]:
    empty = [said[name].title for name in said if last.n_members[name] == 0]
    return [f"Nobody is in: {', '.join(empty)}.", ""] if empty else []

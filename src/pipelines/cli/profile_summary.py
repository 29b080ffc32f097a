"""What `describe` prints: a source at a glance, 80 columns wide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipelines.cli.summary import Place, next_steps, wrapped
from pipelines.core.windows import day_moment
from pipelines.profile import words
from pipelines.profile.counts import IntArray
from pipelines.profile.facts import Facts
from pipelines.profile.horizon import Suggestion
from pipelines.profile.oddities import percent
from pipelines.profile.profile import Profile

if TYPE_CHECKING:
    from pipelines.flows.describe import Described

_WIDTH = 80
_BARS = " ▁▂▃▄▅▆▇█"
_MOST_BARS = 60


def of_described(described: Described, place: Place) -> None:
    """Size, weeks, buying, gaps, missing values, oddities, and the lines for a churn task."""
    profile, console = described.profile, place.console
    console.rule(f"[bold]{escape(profile.facts.source)}[/]", align="left", characters="─")
    wrapped(console, "Log", words.size(profile.facts))
    _types(profile.facts, console)
    _weeks(profile.facts, console)
    wrapped(console, "Customers", words.customers(profile.facts))
    wrapped(console, "Baskets", words.baskets(profile.facts))
    _missing(profile.facts, console)
    _oddities(profile, console)
    _gaps(profile, console)
    _horizon(profile, console)
    next_steps(place)


def bars(counts: IntArray) -> str:
    """A line of text whose characters are as high as the counts; a count above nothing is never blank.

    Examples
    --------
    >>> bars(np.array([0, 1, 50, 100]))
    ' ▁▄█'
    """
    top = max(1, int(counts.max(initial=0)))
    heights = np.where(counts > 0, np.maximum(1, counts * (len(_BARS) - 1) // top), 0)
    return "".join(_BARS[height] for height in heights)


def _types(facts: Facts, console: Console) -> None:
    table = _table("type", "events", "share", "customers", "first", "last")
    for one in facts.types:
        share = percent(one.n_events / facts.n_events)
        days = (f"{one.first:%Y-%m-%d}", f"{one.last:%Y-%m-%d}")
        table.add_row(Text(one.name), f"{one.n_events:,}", share, f"{one.n_customers:,}", *days)
    console.print(table)


def _weeks(facts: Facts, console: Console) -> None:
    """Events per week as one line of bars, of several weeks each where there are many."""
    weeks = facts.weeks
    each = -(-len(weeks.monday) // _MOST_BARS)
    starts = np.arange(0, len(weeks.monday), each)
    unit = "a week" if each == 1 else f"{each} weeks"
    first, last = (f"{day_moment(int(day)):%Y-%m-%d}" for day in weeks.monday[[0, -1]])
    wrapped(console, "Weeks", f"from {first} to {last}, a bar is {unit}; the first and last may be partial")
    kinds = [(one.name, weeks.n_events[number]) for number, one in enumerate(facts.types)]
    kinds += [("money spent", weeks.paid)] if weeks.paid.any() else []
    for name, counts in kinds:
        console.print(f"  {escape(name[:17]):<17} {bars(np.add.reduceat(counts, starts))}")


def _missing(facts: Facts, console: Console) -> None:
    lacking = sorted((one for one in facts.columns if one.n_missing), key=lambda one: -one.share_missing)
    told = ", ".join(f"{one.table}.{one.column} {percent(one.share_missing)}" for one in lacking)
    wrapped(console, "Missing", told or "nothing, in any column that the source maps")


def _oddities(profile: Profile, console: Console) -> None:
    wrapped(console, "Oddities", f"{len(profile.oddities)} found" if profile.oddities else "none found")
    for said in profile.oddities:
        wrapped(console, "          -", said)


def _gaps(profile: Profile, console: Console) -> None:
    ended = profile.facts.gaps.ended
    if not ended.total:
        return
    wrapped(
        console,
        "Gaps",
        f"days from one purchase day of a customer to the next; {ended.total:,} ended, "
        f"{profile.facts.gaps.still_open.total:,} are still open and not in this table",
    )
    table = _table(*(f"{100 * level:.0f} %" for level in words.LEVELS))
    table.add_row(*(f"{ended.quantile(level):,}" for level in words.LEVELS))
    console.print(table)


def _horizon(profile: Profile, console: Console) -> None:
    """Who comes back after a silence, and what follows from it."""
    found = profile.suggestion
    if profile.told_silences:
        table = _table("silent for", "silences", "customers", f"back within {profile.follow_up} days [95 %]")
        for one in profile.told_silences:
            is_chosen = isinstance(found, Suggestion) and one.horizon == found.horizon
            cells = (f"{one.horizon} days", f"{one.n_silences:,}", f"{one.n_customers:,}", words.ranged(one.returning))
            table.add_row(*cells, style="bold" if is_chosen else "")
        console.print(table)
    wrapped(console, "Horizon", words.suggested(profile))
    if isinstance(found, Suggestion):
        wrapped(console, "Task file", "these lines, in a file in conf/tasks:")
        for line in found.yaml:
            console.print("            " + escape(line))


def _table(*headers: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, width=_WIDTH, pad_edge=False)
    for number, header in enumerate(headers):
        table.add_column(Text(header), justify="left" if number == 0 else "right", no_wrap=True)
    return table

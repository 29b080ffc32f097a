"""What the commands about segments print: 80 columns wide."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.cli.summary import Place, next_steps, wrapped
from pipelines.core.windows import said

if TYPE_CHECKING:
    from pipelines.flows.assign import AssignedSegments
    from pipelines.flows.rule_segments import MetRules, RulesCounted
    from pipelines.flows.segment import Segmented
    from pipelines.flows.segment_drift import SegmentDrift
    from pipelines.segments.personas import Told

_WIDTH, _LABEL = 80, 12


def of_segmented(found: Segmented, place: Place) -> None:
    """What was chosen, who the segments are, what became of those before, and what the gates said."""
    console, spec = place.console, found.spec
    console.rule(f"[bold]{escape(spec.title)}[/]", align="left", characters="─")
    wrapped(console, "Question", spec.description)
    won = found.chosen.measured
    parts = f"separation {won.separation:.2f}, stability {won.stability:.2f}, size {won.size:.2f}"
    wrapped(console, "Chosen", f"{won.candidate}, of {len(found.chosen.trials):,} tried: {won.score:.3f} ({parts})")
    wrapped(console, "Structure", found.chosen.structure.words)
    if found.told is not None:
        _personas(found.told, console)
        _steadiness(found, console)
    if found.continuity is not None:
        from pipelines.segments.continuity_report import continuity_words

        for line in continuity_words(found.continuity, found.told.names if found.told else {}):
            wrapped(console, "Continuity", line)
    _rulings(found, console)
    wrapped(console, "Segments", f"{found.outcome} at {said(found.cutoff)}{_version(found)}{_kept(found)}")
    next_steps(place, *_next(found))


def of_assigned(found: AssignedSegments, place: Place) -> None:
    """How many customers each segment has, and how many came and left."""
    console = place.console
    table = _table("segment", "name", "customers", "share", "came", "left", texts=2)
    for one in found.sizes.itertuples():
        counts = (f"{one.n_customers:,}", f"{one.share:.1%}", f"{one.n_came:,}", f"{one.n_left:,}")
        table.add_row(str(one.segment), escape(str(one.name)), *counts)
    console.print(table)
    wrapped(
        console, "Assigned", f"{len(found.table):,} customers at {said(found.cutoff)} (version {found.version.version})"
    )
    console.print(f"{'':{_LABEL}}{found.path}")
    next_steps(place, f"regulars drift_check --task {found.version.task}")


def of_segment_drift(found: SegmentDrift, place: Place) -> None:
    """The verdict and its reasons, and what a new segmentation came to."""
    text = "; ".join(found.verdict.reasons) or f"no share moved; distances moved by {found.verdict.score_shift}"
    wrapped(place.console, "Drift", f"{found.outcome} at {said(found.cutoff)}: {text}")
    if found.resegmented is not None:
        of_segmented(found.resegmented, place)
        return
    next_steps(place, f"regulars assign --segments {found.champion.task}")


def of_rules(found: RulesCounted, place: Place) -> None:
    """How many customers meet each rule now, and how many did at the first cutoff."""
    table = _table("segment", "customers", "share", "at first", "who")
    table.columns[-1].justify, table.columns[-1].no_wrap = "left", False
    for one in found.rows:
        table.add_row(one.name, f"{one.n_now:,}", f"{one.share_now:.1%}", f"{one.share_first:.1%}", escape(one.title))
    place.console.print(table)
    first, last = said(found.first), said(found.cutoff)
    wrapped(place.console, "Rules", f"{len(found.rows)} segments of '{found.spec.name}', {first} to {last}")
    next_steps(place, f"regulars assign --segments {found.spec.name}")


def of_met(found: MetRules, place: Place) -> None:
    """Where the table is."""
    n = int(found.table.iloc[:, 2:].any(axis=1).sum())
    wrapped(place.console, "Assigned", f"{n:,} of {len(found.table):,} customers meet a rule at {said(found.cutoff)}")
    place.console.print(f"{'':{_LABEL}}{found.path}")
    next_steps(place, f"regulars segment --segments {found.spec.name}")


def _personas(told: Told, console: Console) -> None:
    table = _table("segment", "name", "customers", "share", "revenue", texts=2)
    for one in told.personas:
        shares = (f"{one.share.estimate:.1%}", f"{one.revenue_share.estimate:.1%}")
        table.add_row(str(one.segment), escape(one.name), f"{one.n_customers:,}", *shares)
    console.print(table)


def _steadiness(found: Segmented, console: Console) -> None:
    pairs = [one for one in found.refits if one.definition is not None]
    if not pairs:
        wrapped(console, "Steady", "one cutoff only: nothing is known of a refit later")
        return
    definition = [one.definition for one in pairs if one.definition is not None]
    membership = [one.membership for one in pairs if one.membership is not None]
    days = found.spec.cutoffs.every.days
    same = f"{_mean(definition)} about the same customers (at least {min(definition):.2f})"
    own = f"the customers' own segments to {_mean(membership)} (at least {min(membership):.2f})"
    wrapped(console, "Steady", f"refits {days} days apart agree to {same}; {own}")


def _mean(values: list[float]) -> str:
    return f"{sum(values) / len(values):.2f}"


def _rulings(found: Segmented, console: Console) -> None:
    for ruling in found.rulings:
        mark = "[green]pass[/]  " if ruling.passed else "[red]refuse[/]"
        lines = textwrap.wrap(ruling.reason, _WIDTH - 26) or [""]
        console.print(f"  {mark} {ruling.gate:<16} {escape(lines[0])}")
        for line in lines[1:]:
            console.print(" " * 26 + escape(line))


def _version(found: Segmented) -> str:
    return "" if found.version is None else f" (version {found.version.version})"


def _kept(found: Segmented) -> str:
    from pipelines.flows.outcome import Outcome

    said = ": kept for tasks that read segments; the champion, which knows later days, stays"
    return said if found.outcome == Outcome.DONE else ""


def _next(found: Segmented) -> tuple[str, ...]:
    from pipelines.flows.outcome import Outcome

    stands = found.outcome in {Outcome.PROMOTED, Outcome.UNCHANGED}
    return (f"regulars assign --segments {found.spec.name}",) if stands else ()


def _table(*headers: str, texts: int = 1) -> Table:
    table = Table(box=box.SIMPLE_HEAD, width=_WIDTH, pad_edge=False)
    for number, header in enumerate(headers):
        table.add_column(header, justify="left" if number < texts else "right", no_wrap=number >= texts)
    return table

"""What ``explain`` prints: score, decision, reasons and counter-checks, and where the page is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from pipelines.cli.summary import wrapped

if TYPE_CHECKING:
    from pipelines.explain.local import LocalCase
    from pipelines.flows.explain import Explained

_SHOWN = 5


def of_explained(explained: Explained, page: Path, console: Console) -> None:
    """Each case in short; every value is on the page."""
    for case in explained.told[:_SHOWN]:
        _case(case, explained, console)
    more = len(explained.told) - _SHOWN
    if more > 0:
        wrapped(console, "More", f"{more:,} older cases")
    console.print(f"[bold]{'Page':<11}[/] {escape(str(page))}")


def _case(case: LocalCase, explained: Explained, console: Console) -> None:
    if case.name:
        wrapped(console, "Case", case.name)
    decided = "to contact" if case.decision else "not to contact"
    as_of = f", as of {explained.cutoff:%Y-%m-%d}" if explained.cutoff is not None else ""
    wrapped(console, "Score", f"{case.score:.3f}, {decided} (version {explained.version.version}{as_of})")
    below, mean = explained.tested.share_below(case.score), explained.tested.mean
    wrapped(
        console, "Beside", f"higher than {100 * below:.0f} % of the rows it was tested on, which average {mean:.3f}"
    )
    wrapped(console, "Decision", case.why)
    for place, reason in enumerate(one for one in case.reasons if one):
        wrapped(console, "" if place else "Why", reason)
    for place, check in enumerate(case.checks):
        wrapped(console, "" if place else "What if", check.words(case))

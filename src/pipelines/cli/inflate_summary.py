"""What `inflate` prints: claims beside what they are worth, 80 columns wide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from pipelines.cli.summary import Place, next_steps, wrapped

if TYPE_CHECKING:
    from pipelines.core.intervals import Interval
    from pipelines.evaluation.inflation import Benchmark
    from pipelines.flows.inflate import Inflated

_WIDTH = 80
_HEADERS = ("", "ROC-AUC\nclaimed", "minus\nhonest", "\nworth", "PR-AUC\nclaimed", "\nworth")


def of_inflated(found: Inflated, place: Place) -> None:
    """The table, what each row did, what could not be done, and where the figure is."""
    console, one = place.console, found.benchmark
    console.print(_table(one))
    size = f"{one.n_rows:,} rows of {one.n_subjects:,} subjects, {100 * one.prevalence:.1f} % {found.task.positive}"
    wrapped(console, "Honest test", f"{size}. {found.split}")
    wrapped(console, "Model", one.model)
    wrapped(console, "Worth", "what the same recipe, fitted without the honest test, reaches on it")
    wrapped(console, "PR-AUC", "grows with the share of positives: 0.5 is what a coin has where a test was balanced")
    for name, made in one.mistakes.items():
        said = f"{made.said} ({made.n_rows:,} rows tested, {100 * made.prevalence:.1f} % positive)"
        wrapped(console, "Done", f"{name.replace('_', ' ')}: {said}")
    for name, why in one.left_out.items():
        wrapped(console, "Left out", f"{name.replace('_', ' ')}: {why}")
    wrapped(console, "Figure", "inflate/inflate.png among the run's artifacts; every number in inflate.json")
    next_steps(place, f"regulars train --task {found.task.name}")


def _table(one: Benchmark) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, width=_WIDTH, pad_edge=False, padding=(0, 1, 0, 0))
    for number, header in enumerate(_HEADERS):
        shown.add_column(header, justify="left" if number == 0 else "right", no_wrap=True)
    area, precision = _cell(one.honest["roc_auc"]), _cell(one.honest["pr_auc"])
    shown.add_row("honest", area, "", area, precision, precision, style="bold")
    for name, made in one.mistakes.items():
        shown.add_row(
            name.replace("_", " "),
            _cell(made.claimed["roc_auc"]),
            f"{made.over_honest['roc_auc'].estimate:+.3f}",
            _cell(made.worth["roc_auc"]),
            _cell(made.claimed["pr_auc"]),
            _cell(made.worth["pr_auc"]),
        )
    return shown


def _cell(one: Interval) -> str:
    return f"{one.estimate:.3f}\n[dim]{one.low:.3f} {one.high:.3f}[/]"

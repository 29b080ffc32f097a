"""The commands about who stands where in the registry: each is an entry point too."""

from __future__ import annotations

import click

from pipelines.cli.group import Command, at_cutoff, cli, commands, of_task, of_task_or_segments, with_overrides


def _signed(command: Command) -> Command:
    command = click.option("--reason", required=True, metavar="TEXT", help="Why.")(command)
    return click.option("--by", required=True, metavar="NAME", help="Who answers for it.")(command)


def _version(command: Command) -> Command:
    said = "A version's number, or who holds a place."
    return click.option("--version", default="challenger", show_default=True, help=said)(command)


@cli.command()
@of_task_or_segments
@_version
@_signed
def approve(task: str, version: str, by: str, reason: str) -> int:
    """A person answers for a version, by name and for a reason."""
    return int(commands("registry").approve(task, version, by, reason))


@cli.command()
@of_task_or_segments
@_version
@_signed
def reject(task: str, version: str, by: str, reason: str) -> int:
    """A person objects to a version, or takes an approval back."""
    return int(commands("registry").reject(task, version, by, reason))


@cli.command()
@of_task
@_version
@click.option(
    "--share",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    show_default=True,
    help="Of the customers, how many it decides about.",
)
def shadow(task: str, version: str, share: float) -> int:
    """Score a version beside the champion; trust it with a share."""
    return int(commands("registry").shadow(task, version, share))


@cli.command("stop_shadow")  # click would put a dash
@of_task
def stop_shadow(task: str) -> int:
    """The champion decides alone again, from the next scoring on."""
    return int(commands("registry").stop_shadow(task))


@cli.command("compare_shadow")  # click would put a dash
@of_task
@at_cutoff
def compare_shadow(task: str, cutoff: str) -> int:
    """Shadow and champion on stored scores whose outcomes are known."""
    return int(commands("registry").compare_shadow(task, cutoff))


@cli.command()
@of_task_or_segments
@click.option("--keep", type=click.IntRange(0), default=10, show_default=True, help="So many of the newest stay.")
@click.option("--older_than", "--older-than", default="P90D", show_default=True, help="An age, such as P90D.")
def retire(task: str, keep: int, older_than: str) -> int:
    """Old versions leave the registry; who holds a place stays."""
    return int(commands("registry").retire(task, keep, older_than))


@cli.command()
@of_task_or_segments
@_signed
def restore(task: str, by: str, reason: str) -> int:
    """Go on after somebody edited a ledger or moved an alias."""
    return int(commands("registry").restore(task, by, reason))


@cli.command()
@of_task
@at_cutoff
@with_overrides
def drill(task: str, cutoff: str, overrides: tuple[str, ...]) -> int:
    """Bad models on purpose; each must be refused by the right gate."""
    return int(commands("registry").drill(task, cutoff, " ".join(overrides)))

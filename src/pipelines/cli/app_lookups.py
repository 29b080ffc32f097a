"""Commands that only look something up: they write nothing to tracking and are no entry points."""

from __future__ import annotations

import click

from pipelines.cli.group import at_cutoff, cli, commands, of_task, of_task_or_segments, with_overrides

LOOKUPS = ("features", "explain", "history", "champion_at", "verify_ledger")


@cli.command()
@of_task
@with_overrides
def features(task: str, overrides: tuple[str, ...]) -> int:
    """The features of a task: name, unit, window, meaning; a look-up."""
    return int(commands().features(task, " ".join(overrides)))


@cli.command()
@of_task
@click.option("--customer-id", required=True, metavar="ID", help="As the source writes it; recorded nowhere.")
@at_cutoff
def explain(task: str, customer_id: str, cutoff: str) -> int:
    """One customer: score, reasons, what-ifs; a page that stays here."""
    return int(commands().explain(task, customer_id, cutoff))


@cli.command()
@of_task_or_segments
def history(task: str) -> int:
    """Every record of a model's ledger: who did what, when and why."""
    return int(commands("ledger").history(task))


@cli.command("champion_at")  # click would put a dash
@of_task_or_segments
@click.option("--time", "moment", required=True, metavar="TIME", help="Such as 2026-11-23T14:30, UTC.")
def champion_at(task: str, moment: str) -> int:
    """Who was champion at a time."""
    return int(commands("ledger").champion_at(task, moment))


@cli.command("verify_ledger")  # click would put a dash
@click.option("--task", default="", metavar="NAME", help="One ledger; otherwise all of them.")
def verify_ledger(task: str) -> int:
    """Look for records edited or removed, and aliases moved by hand."""
    return int(commands("ledger").verify_ledger(task))

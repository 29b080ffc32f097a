"""The commands of the loop, and what belongs to them: each is an entry point too."""

from __future__ import annotations

import click

from pipelines.cli.group import (
    at_cutoff,
    cli,
    commands,
    of_segments,
    of_source,
    of_task,
    of_task_or_segments,
    with_overrides,
)


@cli.command()
@of_task
@with_overrides
def main(task: str, overrides: tuple[str, ...]) -> int:
    """The whole loop: ingest, train, promote, score, drift_check."""
    return int(commands().main(task, " ".join(overrides)))


@cli.command()
@of_source
@click.option("--path", default="", metavar="PLACE", help="Its raw files, if not where the source says.")
@click.option(
    "--download",
    type=click.Choice(["yes", "no"]),
    default="no",
    show_default=True,
    help="Fetch from its publisher what is not there.",
)
@with_overrides
def ingest(source: str, path: str, download: str, overrides: tuple[str, ...]) -> int:
    """Raw tables become checked contract tables in the lake."""
    return int(commands().ingest(source, path, " ".join(overrides), download == "yes"))


@cli.command()
@of_source
def describe(source: str) -> int:
    """What an ingested source looks like, and a horizon for churn."""
    return int(commands().describe(source))


@cli.command()
@of_task
@at_cutoff
@with_overrides
def panel(task: str, cutoff: str, overrides: tuple[str, ...]) -> int:
    """Features and labels of every weekly cutoff, as Parquet."""
    return int(commands().panel(task, cutoff, " ".join(overrides)))


@cli.command("audit_leakage")  # click would put a dash
@of_task
@at_cutoff
@click.option(
    "--limit",
    type=click.FloatRange(0.5, 1),
    default=0.95,
    show_default=True,
    help="The ROC-AUC from which on a feature alone is suspicious.",
)
@with_overrides
def audit_leakage(task: str, cutoff: str, limit: float, overrides: tuple[str, ...]) -> int:
    """Does any feature know the future? Other futures are tried."""
    return int(commands().audit_leakage(task, cutoff, limit, " ".join(overrides)))


@cli.command()
@of_task
@at_cutoff
@with_overrides
def inflate(task: str, cutoff: str, overrides: tuple[str, ...]) -> int:
    """What the usual mistakes would claim of the same data."""
    return int(commands().inflate(task, cutoff, " ".join(overrides)))


@cli.command()
@of_task
@at_cutoff
@with_overrides
def train(task: str, cutoff: str, overrides: tuple[str, ...]) -> int:
    """Search, fit, calibrate, evaluate, explain; register a challenger."""
    return int(commands().train(task, cutoff, " ".join(overrides)))


@cli.command()
@of_task
@at_cutoff
@with_overrides
def search(task: str, cutoff: str, overrides: tuple[str, ...]) -> int:
    """Trials only: share a search among processes or machines."""
    return int(commands().search(task, cutoff, " ".join(overrides)))


@cli.command()
@of_task
def promote(task: str) -> int:
    """The challenger becomes champion, if every gate agrees."""
    return int(commands().promote(task))


@cli.command()
@of_task
@with_overrides
def policy(task: str, overrides: tuple[str, ...]) -> int:
    """Another policy for the champion, without training."""
    return int(commands().policy(task, " ".join(overrides)))


@cli.command()
@of_task_or_segments
def rollback(task: str) -> int:
    """The previous champion comes back."""
    return int(commands("registry").rollback(task))


@cli.command()
@of_task
@at_cutoff
@click.option("--reasons", default="all", show_default=True, help="How many a row gets; 0 is faster.")
def score(task: str, cutoff: str, reasons: str) -> int:
    """The champion scores every eligible customer, with reasons."""
    return int(commands().score(task, cutoff, reasons))


@cli.command("drift_check")  # click would put a dash
@of_task_or_segments
@at_cutoff
@click.option(
    "--retrain",
    type=click.Choice(["auto", "never"]),
    default="auto",
    show_default=True,
    help="What to do if it drifted.",
)
def drift_check(task: str, cutoff: str, retrain: str) -> int:
    """Compare the customers of now with those the champion was judged on."""
    return int(commands().drift_check(task, cutoff, retrain))


@cli.command()
@of_task
@at_cutoff
def retrain(task: str, cutoff: str) -> int:
    """Train, then promote."""
    return int(commands().retrain(task, cutoff))


@cli.command()
@of_segments
@at_cutoff
@with_overrides
def segment(segments: str, cutoff: str, overrides: tuple[str, ...]) -> int:
    """Tell customers apart: choose, fit, describe, gate, register."""
    return int(commands("segments").segment(segments, cutoff, " ".join(overrides)))


@cli.command()
@of_segments
@at_cutoff
def assign(segments: str, cutoff: str) -> int:
    """The segment of every eligible customer, or who meets which rule."""
    return int(commands("segments").assign(segments, cutoff))


@cli.command()
@click.option(
    "--run_id", "--run-id", "run_id", required=True, metavar="ID", help="A run of train, or of main or retrain."
)
def reproduce(run_id: str) -> int:
    """Rebuild a run from its logged configuration, and compare."""
    return int(commands().reproduce(run_id))

"""``regulars``: every command with its options. Heavy imports wait until a command runs."""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Callable
from difflib import get_close_matches
from types import ModuleType
from typing import Any

import click

from pipelines import __version__
from pipelines.adapters.logs import configure, progress_for
from pipelines.core.errors import PipelineError, UsageError

Command = Callable[..., Any]


class _Group(click.Group):
    """Commands in the order in which one meets them; dashes and underscores are the same."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name.replace("-", "_"))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            close = get_close_matches(args[0].replace("-", "_"), self.commands, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise click.UsageError(f"No command '{args[0]}'. Known: {', '.join(self.commands)}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Group, context_settings={"max_content_width": 80})
@click.version_option(__version__)
def cli() -> None:
    """Customer models from a shop's event log, kept honest.

    The whole loop on the embedded data:  regulars main

    Each command is also an MLflow entry point:
    mlflow run . -e train -P task=churn --env-manager local
    """


def _task(command: Command) -> Command:
    return click.option("--task", default="churn", show_default=True, help="A file in conf/tasks.")(command)


def _task_or_segments(command: Command) -> Command:
    said = "A file in conf/tasks or conf/segments."
    return click.option("--task", default="churn", show_default=True, help=said)(command)


def _segments(command: Command) -> Command:
    said = "A file in conf/segments."
    return click.option("--segments", default="segments_complete_journey", show_default=True, help=said)(command)


def _source(command: Command) -> Command:
    said = "A file in conf/sources."
    return click.option("--source", default="complete_journey", show_default=True, help=said)(command)


def _cutoff(command: Command) -> Command:
    said = "Moment of knowledge, such as 2017-12-25; nothing at or after it is read."
    return click.option("--cutoff", default="latest", show_default=True, help=said)(command)


def _set(command: Command) -> Command:
    said = 'Overrides of the task file, such as "search.n_trials=5"; may be given several times.'
    return click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE …", help=said)(command)


@cli.command()
@_task
@_set
def main(task: str, overrides: tuple[str, ...]) -> int:
    """The whole loop: ingest, train, promote, score, drift_check."""
    return int(_commands().main(task, " ".join(overrides)))


@cli.command()
@_source
@click.option("--path", default="", metavar="PLACE", help="Its raw files, if not where the source says.")
@click.option(
    "--download",
    type=click.Choice(["yes", "no"]),
    default="no",
    show_default=True,
    help="Fetch from its publisher what is not there.",
)
@_set
def ingest(source: str, path: str, download: str, overrides: tuple[str, ...]) -> int:
    """Raw tables become checked contract tables in the lake."""
    return int(_commands().ingest(source, path, " ".join(overrides), download == "yes"))


@cli.command()
@_source
def describe(source: str) -> int:
    """What an ingested source looks like, and a horizon for churn."""
    return int(_commands().describe(source))


@cli.command()
@_task
@_cutoff
@_set
def panel(task: str, cutoff: str, overrides: tuple[str, ...]) -> int:
    """Features and labels of every weekly cutoff, as Parquet."""
    return int(_commands().panel(task, cutoff, " ".join(overrides)))


@cli.command("audit_leakage")  # click would put a dash
@_task
@_cutoff
@click.option(
    "--limit",
    type=click.FloatRange(0.5, 1),
    default=0.95,
    show_default=True,
    help="The ROC-AUC from which on a feature alone is suspicious.",
)
@_set
def audit_leakage(task: str, cutoff: str, limit: float, overrides: tuple[str, ...]) -> int:
    """Does any feature know the future? Other futures are tried."""
    return int(_commands().audit_leakage(task, cutoff, limit, " ".join(overrides)))


@cli.command()
@_task
@_cutoff
@_set
def inflate(task: str, cutoff: str, overrides: tuple[str, ...]) -> int:
    """What the usual mistakes would claim of the same data."""
    return int(_commands().inflate(task, cutoff, " ".join(overrides)))


@cli.command()
@_task
@_cutoff
@_set
def train(task: str, cutoff: str, overrides: tuple[str, ...]) -> int:
    """Search, fit, calibrate, evaluate, explain; register a challenger."""
    return int(_commands().train(task, cutoff, " ".join(overrides)))


@cli.command()
@_task
@_cutoff
@_set
def search(task: str, cutoff: str, overrides: tuple[str, ...]) -> int:
    """Trials only: share a search among processes or machines."""
    return int(_commands().search(task, cutoff, " ".join(overrides)))


@cli.command()
@_task
def promote(task: str) -> int:
    """The challenger becomes champion, if every gate agrees."""
    return int(_commands().promote(task))


@cli.command()
@_task
@_set
def policy(task: str, overrides: tuple[str, ...]) -> int:
    """Another policy for the champion, without training."""
    return int(_commands().policy(task, " ".join(overrides)))


@cli.command()
@_task_or_segments
def rollback(task: str) -> int:
    """The previous champion comes back."""
    return int(_commands().rollback(task))


@cli.command()
@_task
@_cutoff
def score(task: str, cutoff: str) -> int:
    """The champion scores every eligible customer, with reasons."""
    return int(_commands().score(task, cutoff))


@cli.command("drift_check")  # click would put a dash
@_task_or_segments
@_cutoff
@click.option(
    "--retrain",
    type=click.Choice(["auto", "never"]),
    default="auto",
    show_default=True,
    help="What to do if it drifted.",
)
def drift_check(task: str, cutoff: str, retrain: str) -> int:
    """Compare the customers of now with those the champion was judged on."""
    return int(_commands().drift_check(task, cutoff, retrain))


@cli.command()
@_task
@_cutoff
def retrain(task: str, cutoff: str) -> int:
    """Train, then promote."""
    return int(_commands().retrain(task, cutoff))


@cli.command()
@_segments
@_cutoff
@_set
def segment(segments: str, cutoff: str, overrides: tuple[str, ...]) -> int:
    """Tell customers apart: choose, fit, describe, gate, register."""
    return int(_commands("segments").segment(segments, cutoff, " ".join(overrides)))


@cli.command()
@_segments
@_cutoff
def assign(segments: str, cutoff: str) -> int:
    """The segment of every eligible customer, or who meets which rule."""
    return int(_commands("segments").assign(segments, cutoff))


@cli.command()
@click.option(
    "--run_id", "--run-id", "run_id", required=True, metavar="ID", help="A run of train, or of main or retrain."
)
def reproduce(run_id: str) -> int:
    """Rebuild a run from its logged configuration, and compare."""
    return int(_commands().reproduce(run_id))


@cli.command()
@_task
@_set
def features(task: str, overrides: tuple[str, ...]) -> int:
    """The features of a task: name, unit, window, meaning; a look-up."""
    return int(_commands().features(task, " ".join(overrides)))


@cli.command()
@_task
@click.option("--customer-id", required=True, metavar="ID", help="As the source writes it; recorded nowhere.")
@_cutoff
def explain(task: str, customer_id: str, cutoff: str) -> int:
    """One customer: score, reasons, what-ifs; a page that stays here."""
    return int(_commands().explain(task, customer_id, cutoff))


_TERMINATED = 128 + signal.SIGTERM

LOOKUPS = ("features", "explain")
"""Commands that only look something up: they write nothing to tracking and are no entry points."""


def run() -> None:
    """Run a command and end with its exit status."""
    configure()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(_TERMINATED)
    )  # so that runs end FAILED instead of staying RUNNING
    try:
        status = cli.main(standalone_mode=False)
    except click.NoSuchOption as error:
        click.echo(f"Error: {error.format_message()} Known: {', '.join(_options(error.ctx))}.", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except PipelineError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    sys.exit(status)


def _commands(module: str = "commands") -> ModuleType:
    """What the commands do; their libraries take seconds to load, so say that they do."""
    progress_for(sys.stderr).stage("loading libraries")
    return importlib.import_module(f"pipelines.cli.{module}")


def _options(context: click.Context | None) -> list[str]:
    parameters = context.command.params if context is not None else []
    return [option for parameter in parameters for option in parameter.opts]

"""The group of commands, and the options that several of them take."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from difflib import get_close_matches
from types import ModuleType
from typing import Any

import click

from pipelines import __version__
from pipelines.adapters.logs import progress_for

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


def of_task(command: Command) -> Command:
    """The task that it is about."""
    return click.option("--task", default="churn", show_default=True, help="A file in conf/tasks.")(command)


def of_task_or_segments(command: Command) -> Command:
    """The task or segmentation that it is about."""
    said = "A file in conf/tasks or conf/segments."
    return click.option("--task", default="churn", show_default=True, help=said)(command)


def of_segments(command: Command) -> Command:
    """The segmentation that it is about."""
    said = "A file in conf/segments."
    return click.option("--segments", default="segments_complete_journey", show_default=True, help=said)(command)


def of_source(command: Command) -> Command:
    """The source that it is about."""
    said = "A file in conf/sources."
    return click.option("--source", default="complete_journey", show_default=True, help=said)(command)


def at_cutoff(command: Command) -> Command:
    """The moment of knowledge."""
    said = "Moment of knowledge, such as 2017-12-25; nothing at or after it is read."
    return click.option("--cutoff", default="latest", show_default=True, help=said)(command)


def with_overrides(command: Command) -> Command:
    """Overrides of the file."""
    said = 'Overrides of the task file, such as "search.n_trials=5"; may be given several times.'
    return click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE …", help=said)(command)


def commands(module: str = "commands") -> ModuleType:
    """What the commands do; their libraries take seconds to load, so say that they do."""
    progress_for(sys.stderr).stage("loading libraries")
    return importlib.import_module(f"pipelines.cli.{module}")

"""``regulars``: every command with its options. Heavy imports wait until a command runs."""

from __future__ import annotations

import signal
import sys

import click

from pipelines.adapters.logs import configure

from pipelines.cli import app_loop, app_registry, app_lookups  # isort: skip  # in the order in which help lists them
from pipelines.cli.group import cli
from pipelines.core.errors import PipelineError, UsageError

COMMANDS = (app_loop, app_registry, app_lookups)
"""Importing them gives the group its commands, in this order."""

_TERMINATED = 128 + signal.SIGTERM


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


def _options(context: click.Context | None) -> list[str]:
    parameters = context.command.params if context is not None else []
    return [option for parameter in parameters for option in parameter.opts]

"""An MLproject entry point and a console command are the same thing under two names."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from pipelines.cli.app import cli
from pipelines.cli.app_lookups import LOOKUPS

ROOT = Path(__file__).parents[2]
ENTRY_POINTS = yaml.safe_load((ROOT / "MLproject").read_text(encoding="utf-8"))["entry_points"]
each_entry_point = pytest.mark.parametrize("name", ENTRY_POINTS)


def options(name):
    """What a command takes: the defaults by the long name of the option; None where one must be given."""
    return {
        parameter.opts[0].removeprefix("--"): ""
        if parameter.multiple
        else None
        if parameter.required
        else parameter.default
        for parameter in cli.commands[name].params
    }


def test_every_command_that_opens_a_run_is_an_entry_point_in_the_same_order():
    assert [*ENTRY_POINTS, *LOOKUPS] == list(cli.commands)


@each_entry_point
def test_entry_point_takes_what_its_command_takes_with_the_same_defaults(name):
    parameters = {key: value.get("default") for key, value in ENTRY_POINTS[name].get("parameters", {}).items()}

    assert options(name) == parameters


@each_entry_point
def test_entry_point_calls_its_command_with_every_parameter(name):
    parameters = ENTRY_POINTS[name].get("parameters", {})
    passed = [word for key in parameters for word in (f"--{key}", f"{{{key}}}")]

    assert shlex.split(ENTRY_POINTS[name]["command"]) == ["PYTHONPATH=src", "python", "-m", "pipelines", name, *passed]


@each_entry_point
@pytest.mark.parametrize("written", [str, lambda name: name.replace("_", "-")], ids=["underscores", "dashes"])
def test_command_is_found_with_underscores_and_with_dashes(name, written):
    assert cli.get_command(None, written(name)) is cli.commands[name]


def test_help_lists_every_entry_point_and_every_look_up():
    listed = CliRunner().invoke(cli, ["--help"]).output.split("Commands:")[1]

    assert [line.split()[0] for line in listed.strip().splitlines()] == [*ENTRY_POINTS, *LOOKUPS]


def test_unknown_command_is_answered_with_the_known_ones_and_the_nearest():
    done = CliRunner().invoke(cli, ["drift-chek"])

    assert done.exit_code == 2
    assert (
        f"No command 'drift-chek'. Known: {', '.join([*ENTRY_POINTS, *LOOKUPS])}. Did you mean 'drift_check'?"
        in done.output
    )


@pytest.mark.parametrize("arguments", [["train", "--taks", "churn"], ["drift_check", "--retrain", "maybe"]])
def test_option_that_no_command_takes_is_refused(arguments):
    assert CliRunner().invoke(cli, arguments).exit_code == 2

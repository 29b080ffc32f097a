from __future__ import annotations

import pytest

from pipelines.core.errors import ConfigError, PipelineError, UsageError, nearest, unknown_name


def test_message_says_what_why_and_fix_in_this_order():
    error = PipelineError("3 rows lack a price.", why="They cannot be summed.", fix="Map amount.")

    assert str(error) == "3 rows lack a price. They cannot be summed. Fix: Map amount."


def test_parts_of_the_message_can_be_read_one_by_one():
    error = PipelineError("What.", why="Why.", fix="Fix.")

    assert (error.what, error.why, error.fix) == ("What.", "Why.", "Fix.")


def test_unknown_name_lists_the_known_ones_sorted_and_the_nearest():
    error = unknown_name("task", "chrun", ["segments", "churn"])

    assert str(error) == (
        "Unknown task 'chrun'. Known: churn, segments. Did you mean 'churn'? Fix: Use a known task, or add its file."
    )


def test_unknown_name_says_so_where_nothing_is_known_yet():
    assert "Known: none yet." in str(unknown_name("source", "shop", []))


def test_unknown_name_is_a_usage_error_and_so_a_config_error():
    assert isinstance(unknown_name("task", "x", []), UsageError)
    assert issubclass(UsageError, ConfigError)


@pytest.mark.parametrize(("given", "hint"), [("recency_day", " Did you mean 'recency_days'?"), ("zzz", ""), ("", "")])
def test_nearest_asks_only_where_a_name_is_close(given, hint):
    assert hint == nearest(given, ["recency_days", "tenure_days"])

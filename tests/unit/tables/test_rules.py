from __future__ import annotations

import pytest

from pipelines.core.errors import ConfigError
from pipelines.tables.rules import Duplicates, TableRules


@pytest.mark.parametrize(
    ("written", "share"), [("1%", 0.01), (" 2.5 % ", 0.025), ("100%", 1.0), (0, 0.0), (0.2, 0.2), ("0.2", 0.2)]
)
def test_share_may_be_written_in_percent(written, share):
    assert TableRules(max_quarantined=written).max_quarantined == share


@pytest.mark.parametrize("written", ["101%", "-1%", 1.5, "some%", "much"])
def test_what_is_no_share_is_refused(written):
    with pytest.raises(ConfigError, match="max_quarantined: "):
        TableRules.read({"max_quarantined": written}, "rules")


def test_limits_of_checks_and_columns_are_shares_too():
    rules = TableRules.read({"limits": {"event_after_end": "1%"}, "max_missing": {"amount": "5%"}}, "rules")

    assert (rules.limits, rules.max_missing) == ({"event_after_end": 0.01}, {"amount": 0.05})


def test_a_fifth_may_be_set_aside_unless_a_source_says_otherwise():
    assert TableRules().max_quarantined == 0.2


def test_amounts_cannot_be_held_to_no_change_at_all():
    with pytest.raises(ConfigError, match="max_scale_change: Input should be greater than 1"):
        TableRules.read({"max_scale_change": 1}, "rules")


@pytest.mark.parametrize(("written", "key"), [("row", "row"), (["order_id"], ("order_id",))])
def test_copies_are_told_by_a_key_or_by_whole_rows(written, key):
    assert Duplicates(key=written).key == key


def test_a_key_is_a_list_of_columns():
    with pytest.raises(ConfigError, match="key"):
        Duplicates.read({"key": "order_id"}, "rules")


def test_preference_is_an_expression():
    with pytest.raises(ConfigError, match="prefer: 'version >' is not an expression"):
        Duplicates.read({"key": ["order_id"], "prefer": "version >"}, "rules")

from __future__ import annotations

import pytest

from pipelines.core.errors import ConfigError
from pipelines.tables.contract import Role
from support.tables import SOURCE, source

EVENTS = SOURCE["tables"]["events"]


def refusal(**fields):
    with pytest.raises(ConfigError) as error:
        source(**fields)
    return str(error.value)


def with_columns(**columns):
    return {"events": {**EVENTS, "columns": {**EVENTS["columns"], **columns}}}


def test_shorthand_of_a_column_is_its_raw_name():
    columns = source(tables=with_columns(amount={"from": "paid"})).tables["events"].columns

    assert columns["amount"] == source().tables["events"].columns["amount"]


def test_role_is_that_of_the_contract_unless_the_source_says_otherwise():
    roles = source(tables=with_columns(age={"from": "age", "role": "sensitive"}, colour="colour")).roles("events")

    assert (roles["customer_id"], roles["age"], roles["colour"]) == (Role.IDENTIFIER, Role.SENSITIVE, Role.FEATURE)


def test_table_that_is_not_mapped_has_no_roles():
    assert source().roles("customers") == {}


def test_table_that_the_contract_does_not_know_is_refused_with_the_nearest():
    said = refusal(tables={**SOURCE["tables"], "product": EVENTS})

    assert "no contract table 'product'; known: events, customers, products. Did you mean 'products'?" in said


def test_source_without_events_is_refused():
    assert "the table 'events' is missing: without events there is nothing to learn from" in refusal(tables={})


def test_raw_table_that_is_not_declared_is_refused_with_the_nearest():
    said = refusal(tables={"events": {**EVENTS, "from": "sale"}})

    assert "tables.events.from: no raw table 'sale'. Did you mean 'sales'?" in said


def test_required_column_that_is_not_mapped_is_refused():
    said = refusal(tables={"events": {**EVENTS, "columns": {"amount": "paid", "event_time": "at"}}})

    assert "tables.events.columns lacks customer_id, event_type" in said


@pytest.mark.parametrize("origin", [{}, {"from": "a", "constant": "b"}, {"role": "feature"}])
def test_column_has_one_origin(origin):
    assert "tables.events.columns.amount: needs either 'from' or 'constant'" in refusal(
        tables=with_columns(amount=origin)
    )


def test_misspelt_field_of_a_column_is_refused_with_the_nearest():
    said = refusal(tables=with_columns(amount={"from": "paid", "rolle": "feature"}))

    assert "tables.events.columns.amount.rolle: no such field. Did you mean 'role'?" in said


def test_misspelt_field_of_a_raw_table_is_refused_with_the_nearest():
    assert "raw.sales.paht: no such field. Did you mean 'path'?" in refusal(raw={"sales": {"paht": "x.csv"}})


def test_unknown_role_is_refused():
    assert "Input should be 'feature', 'sensitive'" in refusal(tables=with_columns(age={"from": "a", "role": "secret"}))


@pytest.mark.parametrize("decimals", [-1, 7])
def test_currency_has_between_0_and_6_decimals(decimals):
    assert "decimals: Input should be " in refusal(decimals=decimals)

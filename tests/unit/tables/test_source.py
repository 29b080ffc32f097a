from __future__ import annotations

import pytest

from pipelines.core.errors import ConfigError
from pipelines.tables.contract import EVENTS as EVENTS_TABLE
from pipelines.tables.contract import PRODUCTS, Kind, Role
from pipelines.tables.rules import Duplicates
from support.tables import CASES, EVENTS, SOURCE, source


def refusal(**fields):
    with pytest.raises(ConfigError) as error:
        source(**fields)
    return str(error.value)


def with_columns(**columns):
    return {"events": {**EVENTS, "columns": {**EVENTS["columns"], **columns}}}


def with_events(**fields):
    return {"events": {**EVENTS, **fields}}


def test_shorthand_of_a_column_is_its_raw_name():
    (long,) = source(tables=with_columns(amount={"from": "paid"})).tables["events"]
    (short,) = source().tables["events"]

    assert long.columns["amount"] == short.columns["amount"]


def test_role_is_that_of_the_contract_unless_the_source_says_otherwise():
    roles = source(tables=with_columns(age={"from": "age", "role": "sensitive"}, colour="colour")).roles("events")

    assert (roles["customer_id"], roles["age"], roles["colour"]) == (Role.IDENTIFIER, Role.SENSITIVE, Role.FEATURE)


def test_table_that_is_not_mapped_has_no_roles():
    assert source().roles("customers") == {}


def test_table_that_the_contract_does_not_know_is_refused_with_the_nearest():
    said = refusal(tables={**SOURCE["tables"], "product": EVENTS})

    assert (
        "no contract table 'product'; known: events, customers, products, contacts, cases. Did you mean 'products'?"
        in said
    )


def test_source_without_events_is_refused():
    assert "the table 'events' is missing: without it there is nothing to learn from" in refusal(tables={})


def test_raw_table_that_is_not_declared_is_refused_with_the_nearest():
    said = refusal(tables={"events": {**EVENTS, "from": "sale"}})

    assert "tables.events: no raw table 'sale'. Did you mean 'sales'?" in said


def test_required_column_that_is_not_mapped_is_refused():
    said = refusal(tables={"events": {**EVENTS, "columns": {"amount": "paid", "event_time": "at"}}})

    assert "tables.events.columns lacks customer_id, event_type" in said


@pytest.mark.parametrize("origin", [{}, {"from": "a", "constant": "b"}, {"role": "feature"}, {"from": "a", "sql": "a"}])
def test_column_has_one_origin(origin):
    said = refusal(tables=with_columns(amount=origin))

    assert "tables.events.0.columns.amount: needs one of from, constant, sql" in said


def test_pattern_and_epoch_exclude_each_other():
    said = refusal(tables=with_columns(event_time={"from": "at", "pattern": "%Y-%m-%d", "epoch": "s"}))

    assert "columns.event_time: pattern and epoch exclude each other" in said


def test_misspelt_field_of_a_column_is_refused_with_the_nearest():
    said = refusal(tables=with_columns(amount={"from": "paid", "rolle": "feature"}))

    assert "tables.events.0.columns.amount.rolle: no such field. Did you mean 'role'?" in said


def test_misspelt_field_of_a_raw_table_is_refused_with_the_nearest():
    assert "raw.sales.paht: no such field. Did you mean 'path'?" in refusal(raw={"sales": {"paht": "x.csv"}})


def test_unknown_role_is_refused():
    assert "Input should be 'feature', 'sensitive'" in refusal(tables=with_columns(age={"from": "a", "role": "secret"}))


@pytest.mark.parametrize("decimals", [-1, 7])
def test_currency_has_between_0_and_6_decimals(decimals):
    assert "decimals: Input should be " in refusal(decimals=decimals)


def test_unknown_zone_is_refused_with_the_nearest():
    said = refusal(zone="Europe/Berlim", tables=with_columns(event_time={"from": "at", "zone": "Europe/Pariss"}))

    assert "zone: no such time zone. Did you mean 'Europe/Berlin'?" in said
    assert "columns.event_time.zone: no such time zone. Did you mean 'Europe/Paris'?" in said


def test_expression_that_is_none_is_refused_with_its_place():
    assert "tables.events.0.where: 'paid >' is not an expression" in refusal(tables=with_events(where="paid >"))


def test_raw_table_of_a_lookup_must_be_declared():
    said = refusal(tables=with_events(lookup={"goods": {"on": {"sku": "sku"}}}))

    assert "tables.events: no raw table 'goods'." in said


def test_lookup_needs_a_key():
    assert "lookup.sales.on: Dictionary should have at least 1 item" in refusal(
        tables=with_events(lookup={"sales": {"on": {}}})
    )


def test_several_raw_tables_may_feed_one_contract_table():
    both = source(
        tables={"events": [EVENTS, {**EVENTS, "from": "web"}]}, raw={**SOURCE["raw"], "web": {"path": "w.csv"}}
    )

    assert [how.raw for how in both.tables["events"]] == ["sales", "web"]


def test_finished_feature_table_has_cases_and_no_events():
    assert source(**CASES).tables["cases"][0].raw == "sales"
    assert "the table 'cases' is missing" in refusal(kind="table")
    assert "a source of kind 'table' has no table 'events'" in refusal(
        **{**CASES, "tables": {**CASES["tables"], **SOURCE["tables"]}}
    )


@pytest.mark.parametrize("rules", [{"max_missing": {"amonut": 0.1}}, {"duplicates": {"key": ["amonut"]}}])
def test_rule_about_a_column_that_is_not_there_is_refused_with_the_nearest(rules):
    assert "rules.events: no column 'amonut'. Did you mean 'amount'?" in refusal(rules={"events": rules})


def test_rule_about_a_table_that_is_not_there_is_refused():
    assert "no contract table 'event'; known: events," in refusal(rules={"event": {}})


def test_contract_columns_come_first_and_those_of_the_shop_after_them():
    columns = source(tables=with_columns(till={"from": "till", "as": "integer"}, note="note")).columns("events")

    assert list(columns)[-3:] == ["amount", "till", "note"]
    assert (columns["till"], columns["note"], columns["quantity"]) == (Kind.INTEGER, Kind.TEXT, Kind.INTEGER)


def test_columns_as_of_today_are_named():
    spec = source(tables=with_columns(city={"from": "city", "as_of_today": True}, age="age"))

    assert spec.as_of_today("events") == ("city",)


def test_whole_rows_of_a_table_with_a_key_never_repeat():
    spec = source(rules={"products": {"max_quarantined": 0.1}})

    assert spec.rules_of(PRODUCTS).duplicates == Duplicates(key="row")
    assert spec.rules_of(PRODUCTS).max_quarantined == 0.1
    assert spec.rules_of(EVENTS_TABLE).duplicates is None


def test_meaning_leaves_out_titles_and_places():
    other = source(title="x", licence="y", note="z", raw={"sales": {"path": ["elsewhere.csv", "b.csv"]}})

    assert other.meaning() == source().meaning()
    assert source(raw={"sales": {"path": "sales.parquet", "decimal": ","}}).meaning() != source().meaning()

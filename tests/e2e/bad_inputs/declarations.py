"""Bad declarations: mistakes in the source's YAML."""

from __future__ import annotations

from typing import Any

from e2e.bad_inputs.case import Case, Feed, Gets, Group
from e2e.bad_inputs.sales import sales

_COLUMNS = "tables.events.columns"


def _mistake(name: str, odd: str, declared: dict[str, Any], *says: str, **rest: Any) -> Case:
    status = rest.pop("status", 1)
    fix = rest.pop("fix", f"Fix: Mend the fields above in conf/sources/{name}.yaml")
    return Case(name, odd, Gets.REFUSED, Feed({"sales.csv": sales()}, declared), (*says, fix), status=status, **rest)


_TEXT = """\
name: {name}
title: A shop
licence: ours
currency: EUR
raw:
  sales: {path: raw/{name}/sales.csv}
tables:
  events:
    from: sales
    columns:
      customer_id: customer
      event_time: time
      event_type: {constant: purchase}
      amount: amount
"""

DECLARATIONS = (
    _mistake(
        "field_misspelt",
        "a misspelt field",
        {"raw.sales.delimeter": ";"},
        "raw.sales.delimeter: no such field. Did you mean 'delimiter'?",
    ),
    _mistake(
        "fields_wrong",
        "several mistakes at once",
        {"raw.sales.delimeter": ";", "late": "never", "zone": "Europe/Berlon"},
        "has 3 problems:",
        "raw.sales.delimeter: no such field. Did you mean 'delimiter'?",
        "late: Input should be 'accept' or 'refuse' (got 'never')",
        "zone: no such time zone. Did you mean 'Europe/Berlin'?",
    ),
    _mistake(
        "table_unknown",
        "a table that the contract does not know",
        {"tables.event": {"from": "sales", "columns": {}}},
        "no contract table 'event'; known: events, customers, products, contacts, cases. Did you mean 'events'?",
    ),
    _mistake(
        "raw_unknown",
        "a raw table that is not declared",
        {"tables.events.from": "sale"},
        "tables.events: no raw table 'sale'. Did you mean 'sales'?",
    ),
    _mistake(
        "column_unmapped",
        "a required column that is not mapped",
        {_COLUMNS: {"customer_id": "customer", "event_time": "time"}},
        "tables.events.columns lacks event_type",
    ),
    _mistake(
        "rule_for_no_column",
        "a rule about a column that is not mapped",
        {"rules.events.max_missing": {"order": 0.1}},
        "rules.events: no column 'order'. Did you mean 'order_id'?",
    ),
    _mistake(
        "two_origins",
        "a column with two origins",
        {f"{_COLUMNS}.amount": {"from": "amount", "constant": "1"}},
        "needs one of from, constant, sql",
    ),
    _mistake("zone_unknown", "a zone that does not exist", {"zone": "CET+1"}, "zone: no such time zone."),
    _mistake(
        "directive_unknown",
        "a pattern with an unknown directive",
        {f"{_COLUMNS}.event_time": {"from": "time", "pattern": "%d.%m.%Y %T"}},
        "'%T' in the pattern '%d.%m.%Y %T' is not supported; supported: %Y",
    ),
    _mistake(
        "pattern_without_day",
        "a pattern that does not tell the day",
        {f"{_COLUMNS}.event_time": {"from": "time", "pattern": "%m/%Y"}},
        "the pattern '%m/%Y' needs exactly one of %d",
    ),
    _mistake(
        "marks_alike",
        "the same mark for decimals and thousands",
        {"raw.sales.decimal": ",", "raw.sales.thousands": ","},
        "decimal and thousands are both ','",
    ),
    _mistake(
        "function_unknown",
        "an unknown function in `sql`",
        {f"{_COLUMNS}.amount": {"sql": "LOWWER(amount)"}},
        "'LOWWER(amount)' is not supported. Functions: COALESCE,",
        "Did you mean 'LOWER'?",
    ),
    _mistake(
        "subquery",
        "a subquery in `sql`",
        {f"{_COLUMNS}.amount": {"sql": "(SELECT amount FROM sales)"}},
        "is not supported",
    ),
    _mistake(
        "reads_a_file",
        "`sql` that reads a file",
        {f"{_COLUMNS}.amount": {"sql": "read_csv('/etc/passwd')"}},
        "is not supported",
    ),
    _mistake(
        "sql_broken",
        "`sql` with a bracket that is not closed",
        {f"{_COLUMNS}.amount": {"sql": "ROUND(amount"}},
        "'ROUND(amount' is not an expression",
    ),
    _mistake(
        "sql_of_no_column",
        "`sql` over a column that is not there",
        {f"{_COLUMNS}.amount": {"sql": "price * 2"}},
        "needs the raw column price; the raw table has customer, time, order, amount",
        fix="Fix: Correct conf/sources/sql_of_no_column.yaml, or the raw file's header.",
    ),
    _mistake(
        "key_twice",
        "a YAML key that stands there twice",
        {},
        "the key 'amount' stands twice",
        yaml=_TEXT + "      amount: time\n",
        fix="Fix: Mend its syntax.",
    ),
    _mistake(
        "yaml_broken",
        "YAML with a tab for indentation",
        {},
        "conf/sources/yaml_broken.yaml is not readable YAML",
        yaml=_TEXT + "\tlate: refuse\n",
        fix="Fix: Mend its syntax.",
    ),
    _mistake(
        "yaml_empty",
        "an empty source file",
        {},
        "conf/sources/yaml_empty.yaml is not a mapping.",
        yaml="# nothing yet\n",
        fix="Fix: Write 'name: …'.",
    ),
    _mistake(
        "name_of_another",
        "a source that calls itself otherwise than its file",
        {"name": "another"},
        "conf/sources/name_of_another.yaml calls itself 'another'.",
        fix="Fix: Set name: name_of_another, or rename the file.",
    ),
)
GROUPS = (Group("Declarations", DECLARATIONS),)

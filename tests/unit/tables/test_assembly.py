from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.windows import DAY, day_moment
from pipelines.tables.assembly import columns_of, manifest_of
from pipelines.tables.contract import Kind, Role
from pipelines.tables.manifest import Clock
from support.events import events_table, make_events
from support.tables import CASES, file, held, manifest, part, source, with_columns

OLD, NEW = "1" * 64, "2" * 64


@dataclass(frozen=True)
class Parts:
    """A lake that holds the accepted rows of parts."""

    rows: dict[str, Any]

    def parts(self, source: str, digests: tuple[str, ...]) -> Any:
        first, *others = (self.rows[digest] for digest in digests)
        return ibis.union(first, *others) if others else first

    def columns(self, expression: Any) -> Any:
        return DuckDBEngine().columns(expression)


def log(**purchases):
    """A lake with the purchases of each part, and the table of these parts."""
    rows = {f"{name:0<64}": events_table(make_events(bought)) for name, bought in purchases.items()}
    parts = [
        part(
            digest,
            files=(file(f"{digest[:3]}.csv"), file("goods.csv", raw="goods")),
            n_read=3,
            n_accepted=3,
            first=day_moment(0) + min(day for days in bought.values() for day in days) * DAY,
            last=day_moment(0) + max(day for days in bought.values() for day in days) * DAY,
        )
        for digest, bought in zip(rows, purchases.values(), strict=True)
    ]
    return Parts(rows), {"events": held(*parts, columns=["customer_id", "order_id"])}


def assembled(before=None, **purchases):
    lake, tables = log(**purchases)
    return manifest_of(source(), lake, tables, before)


def test_customers_are_counted_once_over_all_parts():
    assert assembled(one={"a": [1], "b": [2]}, two={"a": [3]}).n_customers == 2


def test_the_clock_runs_from_the_first_to_the_last_event_of_all_parts():
    assert assembled(one={"a": [3.25, 4]}, two={"a": [1.5, 2]}).clock == Clock(
        first=day_moment(1) + DAY / 2, last=day_moment(4), latest=day_moment(4)
    )


def test_a_misdated_event_does_not_move_the_moment_of_knowledge():
    found = assembled(one={"a": [1, 2, 3]}, two={"a": [50]})

    assert (found.clock.last, found.latest) == (day_moment(50), day_moment(3))


def test_data_digest_is_that_of_the_parts():
    assert assembled(one={"a": [1]}).data_digest == assembled(one={"a": [1]}).data_digest
    assert assembled(one={"a": [1]}).data_digest != assembled(two={"a": [1]}).data_digest


@pytest.mark.parametrize(("day", "n_late"), [(2.9, 1), (3, 0), (3.5, 0)])
def test_rows_of_new_files_before_the_known_end_are_late(day, n_late):
    before = assembled(one={"a": [1, 3.9]})

    assert before.latest == day_moment(3)
    assert assembled(before, one={"a": [1, 3.9]}, two={"b": [day]}).n_late == n_late


def test_nothing_is_late_at_first_or_in_files_that_were_known():
    known = {"one": {"a": [1, 3.9]}, "two": {"b": [2]}}

    assert assembled(**known).n_late == 0
    assert assembled(assembled(**known), **known).n_late == 0


def test_files_that_are_no_longer_there_are_named():
    before = assembled(one={"a": [1]}, two={"a": [2]})

    assert assembled(before, one={"a": [1]}).gone == ("two.csv",)
    assert before.gone == ()


def test_a_file_of_the_same_name_in_another_raw_table_does_not_hide_one_that_is_gone():
    (known,) = log(one={"a": [1]})[1]["events"].parts
    before = manifest(events=held(known.model_copy(update={"files": (*known.files, file("goods.csv", raw="sales"))})))

    assert assembled(before, one={"a": [1]}).gone == ("goods.csv",)


def test_findings_are_asked_of_filled_columns_only():
    lake, tables = log(one={"a": [1, 5]})
    shared = events_table([{**row, "order_id": "7"} for row in make_events({"a": [1], "b": [1]})])
    empty = {"events": held(part(n_accepted=3, n_missing={"order_id": 3}), columns=["order_id"])}

    assert manifest_of(source(), Parts({OLD: shared}), empty, None).findings == ()
    assert manifest_of(source(), lake, tables, None).findings == ()
    (found,) = manifest_of(source(), Parts(dict.fromkeys(lake.rows, shared)), tables, None).findings
    assert (found.check, found.n_rows, found.of) == ("order_shared", 2, 2)


def test_a_finished_feature_table_counts_its_cases_and_may_have_no_times():
    rows = ibis.memtable({"case_id": ["1", "2"], "case_time": [None, None]}).cast({"case_time": "timestamp"})
    found = manifest_of(source(**CASES), Parts({OLD: rows}), {"cases": held(part(OLD, n_accepted=2))}, None)

    assert (found.n_customers, found.clock) == (2, None)


def test_columns_say_how_they_are_read_and_what_they_may_be_used_for():
    spec = with_columns(age={"from": "age", "as": "integer", "role": "sensitive", "as_of_today": True})
    found = columns_of(spec, "events")

    assert set(found) == {"customer_id", "event_time", "event_type", "amount", "age"}
    assert (found["age"].kind, found["age"].role, found["age"].as_of_today) == (Kind.INTEGER, Role.SENSITIVE, True)
    assert (found["amount"].kind, found["customer_id"].role) == (Kind.MONEY, Role.IDENTIFIER)

from __future__ import annotations

import json
from datetime import UTC, datetime

import ibis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.errors import ContractError
from pipelines.tables.checks import judged
from pipelines.tables.contract import CUSTOMERS, EVENTS
from pipelines.tables.manifest import Finding, Quarantined
from pipelines.tables.mapping import source_rows
from pipelines.tables.parts import Part
from pipelines.tables.reconcile import accepted, counts, described, left_out, reconciled, reconciliation, statistics
from support.tables import file, held, manifest, mapped_table, part, sales, source, with_columns

COLUMNS = DuckDBEngine().columns
PART = Part(EVENTS, (), "1" * 64)
SOME_BAD = sales(
    who=["b", None, "a", "c"],
    at=["2020-01-02", "2020-01-01", "2020-01-03 12:00", "2020-01-01"],
    paid=["2.00", "1", "4.00", "free"],
)


def rows_of(raw=SOME_BAD, spec=None):
    """Judged rows, written as a part has them when they are counted."""
    spec = spec or source()
    return ibis.memtable(judged(EVENTS, mapped_table(spec, raw), spec).to_pyarrow())


def bad(*pairs):
    """What `counts` finds."""
    return {
        "quarantine_check": [check for check, _ in pairs],
        "quarantine_reason": [f"why {check}" for check, _ in pairs],
        "n_rows": [n_rows for _, n_rows in pairs],
    }


def test_accepted_rows_stand_in_the_order_of_the_contract_without_the_judgement():
    found = accepted(rows_of(), EVENTS)

    assert set(found.columns) == set(source().columns("events"))
    assert found.to_pyarrow()["customer_id"].to_pylist() == ["a", "b"]


def test_rows_that_are_alike_in_the_contracts_order_are_ordered_by_the_shops_columns():
    spec = with_columns(till="till")
    found = accepted(rows_of(sales(till=["2", "1", "3"]), spec), EVENTS)

    assert found.to_pyarrow()["till"].to_pylist() == ["1", "2", "3"]


def test_rows_left_out_stand_beside_what_somebody_wrote_in_the_order_of_the_file():
    found = left_out(rows_of(), source_rows(SOME_BAD)).to_pyarrow().to_pylist()

    assert [(row["_file"], row["_row"]) for row in found] == [("sales.parquet", 2), ("sales.parquet", 4)]
    assert [row["quarantine_check"] for row in found] == ["customer_id_missing", "amount_unreadable"]
    assert json.loads(found[1]["source_row"]) == {"who": "c", "at": "2020-01-01", "paid": "free"}


def test_rows_left_out_are_counted_by_check():
    found = COLUMNS(counts(rows_of(sales(who=["a", None, None], paid=["free", "1", "1"]))))

    assert found["quarantine_check"].tolist() == ["amount_unreadable", "customer_id_missing"]
    assert found["n_rows"].tolist() == [1, 2]


def made(raw, n_read):
    rows = rows_of(raw)
    return reconciled(PART, n_read, 7, COLUMNS(statistics(accepted(rows, EVENTS), EVENTS)), COLUMNS(counts(rows)))


def test_a_part_says_what_it_holds():
    found = made(SOME_BAD, 4)

    assert (found.n_read, found.n_accepted, found.n_elsewhere, found.median_amount) == (4, 2, 7, 3.0)
    assert (found.first, found.last) == (datetime(2020, 1, 2, tzinfo=UTC), datetime(2020, 1, 3, 12, tzinfo=UTC))
    assert (found.n_missing["customer_id"], found.n_missing["order_id"]) == (0, 2)
    assert {one.check: one.n_rows for one in found.quarantined} == {"amount_unreadable": 1, "customer_id_missing": 1}


def test_a_part_without_accepted_rows_has_no_times_and_nothing_missing():
    found = made(sales(who=[None]), 1)

    assert (found.first, found.last, found.median_amount, found.n_missing) == (None, None, None, {})


def test_a_table_without_times_has_none():
    spec = source(tables={**source_tables(), "customers": {"from": "sales", "columns": {"customer_id": "who"}}})
    inside = accepted(judged(CUSTOMERS, mapped_table(spec, sales(), "customers"), spec), CUSTOMERS)

    assert set(COLUMNS(statistics(inside, CUSTOMERS))) == {"n_rows", "missing.customer_id"}


def source_tables():
    return {"events": source().tables["events"][0].model_dump(by_alias=True)}


def test_duplicates_are_counted_beside_the_quarantined():
    found = reconciled(PART, 6, 0, {"n_rows": [3]}, bad(("duplicate", 2), ("set_aside", 1)))

    assert (found.n_accepted, found.n_duplicates, found.quarantined[0].n_rows) == (3, 2, 1)
    assert len(found.quarantined) == 1


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 40))
def test_a_part_that_does_not_add_up_is_refused(n_accepted, n_copies, n_bad, n_read):
    outside = bad(("duplicate", n_copies), ("set_aside", n_bad))
    if n_read == n_accepted + n_copies + n_bad:
        assert reconciled(PART, n_read, 0, {"n_rows": [n_accepted]}, outside).n_read == n_read
    else:
        with pytest.raises(ContractError, match=r"The rows of 'events' do not add up: "):
            reconciled(PART, n_read, 0, {"n_rows": [n_accepted]}, outside)


def test_refusal_says_both_sides():
    with pytest.raises(ContractError) as error:
        reconciled(PART, 9, 0, {"n_rows": [3]}, bad(("duplicate", 2), ("set_aside", 1)))

    assert "do not add up: 9 read, 3 accepted, 2 duplicates, 1 quarantined." in str(error.value)


WHOLE = manifest(
    events=held(
        part(n_read=6, n_accepted=3, n_duplicates=1, quarantined=(Quarantined(check="x", reason="a|<b>", n_rows=2),)),
        part(
            n_read=1, n_accepted=0, files=(file("b.csv"),), quarantined=(Quarantined(check="y", reason="z", n_rows=1),)
        ),
    )
).model_copy(update={"findings": (Finding(check="f", table="events", says="events are odd", n_rows=1, of=3),)})


def test_the_reconciliation_is_a_table_that_adds_up():
    found = reconciliation(WHOLE)

    assert found["went_to"].tolist() == ["accepted", "duplicates", "quarantined", "quarantined"]
    assert found["check"].tolist() == ["", "duplicate", "x", "y"]
    assert found["n_rows"].sum() == WHOLE.tables["events"].n_read


def test_the_page_says_the_same_and_what_is_odd():
    page = described(WHOLE)

    assert "| **events** | **read** | **7** | |" in page
    assert "| | quarantined | 2 | a\\|&lt;b> |" in page
    assert page.endswith("- 1 of 3 events are odd")

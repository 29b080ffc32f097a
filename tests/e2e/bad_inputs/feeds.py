"""Bad files, folders and feeds: what is there, what is not, and what is there twice."""

from __future__ import annotations

from e2e.bad_inputs.case import Bad, Case, Feed, Gets, Group, Held, Row
from e2e.bad_inputs.sales import (
    CLEAN,
    HEADER,
    changed,
    columns,
    events,
    lines,
    parquet,
    refused,
    repaired,
    sales,
    source_row,
)

_FOLDER = {"raw.sales.path": "raw/{name}"}
_FIRST, _SECOND = CLEAN[:4], CLEAN[4:]
_HALVES = {"a.csv": sales(rows=_FIRST), "b.csv": sales(rows=_SECOND)}
_WHOLE = {"events": Held(8, events())}


def _folder(name: str, odd: str, files: dict[str, bytes], *says: str, **declared: object) -> Case:
    return Case(name, odd, Gets.REFUSED, Feed(files, {**_FOLDER, **declared}), says, status=1)


def _good_folder(name: str, odd: str, files: dict[str, bytes], shown: str) -> Case:
    return Case(name, odd, Gets.READ, Feed(files, _FOLDER), held=_WHOLE, clean="clean", shown=shown)


FILES = (
    _folder(
        "parquet_truncated",
        "a Parquet file that is cut off",
        {"sales.parquet": parquet(columns())[:-40]},
        "sales.parquet cannot be read",
        "the tables ingested before stay as they are",
        "Fix: Give a whole Parquet file, or take it away.",
    ),
    _folder(
        "parquet_by_name_only",
        "a text file that is named `.parquet`",
        {"sales.parquet": sales()},
        "sales.parquet cannot be read",
        "Fix: Give a whole Parquet file, or take it away.",
    ),
    _folder(
        "workbook_by_name_only",
        "a text file that is named `.xlsx`",
        {"sales.xlsx": sales()},
        "sales.xlsx cannot be read as a workbook",
        "Fix: Save it again as .xlsx, or as CSV.",
    ),
    Case(
        "parquet_of_two_types",
        "a Parquet folder whose second file has another type",
        Gets.READ,
        Feed(
            {
                "a.parquet": parquet(columns(_FIRST, amount=[float(row[3]) for row in _FIRST])),
                "b.parquet": parquet(columns(_SECOND)),
            },
            _FOLDER,
        ),
        held=_WHOLE,
        clean="clean",
        shown="each file is read by its own types",
    ),
    _folder(
        "nested_parquet",
        "a Parquet column that holds lists",
        {"sales.parquet": parquet(columns(amount=[[1.0, 2.0]] * 8))},
        "a raw column of type array<float64> cannot be read; text, numbers, booleans, dates and times can.",
        "Fix: Correct tables.events in conf/sources/nested_parquet.yaml.",
    ),
    _folder(
        "one_bad_file",
        "a folder with one bad file among good ones",
        {**_HALVES, "c.csv": "customer,time,order,amount\nID4711é,2024-03-08,A9,1.00\n".encode("cp1252")},
        "c.csv is not utf-8: the byte at position 33 cannot be decoded.",
        "Fix: Declare the encoding under 'raw'",
    ),
    _folder(
        "one_bad_header",
        "a folder with one file of other columns",
        {**_HALVES, "c.csv": b"customer;time\n"},
        "c.csv has one column with the delimiter ',', and ';' stands in its header.",
        "Fix: Declare delimiter: \";\" under 'raw' in the source file, if all its files have it.",
    ),
    _folder(
        "one_cut_parquet",
        "a folder with one Parquet file that is cut off",
        {"a.parquet": parquet(columns(_FIRST)), "b.parquet": parquet(columns(_SECOND))[:200]},
        "b.parquet cannot be read",
        "Fix: Give a whole Parquet file, or take it away.",
    ),
    _folder(
        "unknown_suffix",
        "a folder with a file of another kind",
        {**_HALVES, "notes.json": b"{}"},
        "notes.json is neither Parquet, CSV nor a workbook by its suffix.",
        "leaving it out would lose its rows",
        "Fix: Declare raw.sales.format, or name the files with a glob such as folder/*.parquet.",
    ),
    _folder(
        "empty_folder",
        "an empty folder",
        {"deeper/.keep": b""},
        "the raw table 'sales' is not at raw/empty_folder.",
        "Fix: Give its place: regulars ingest --source empty_folder --path FILE;",
    ),
    refused(
        "nothing_at_glob",
        "a glob that matches nothing",
        sales(),
        "the raw table 'sales' is not at raw/nothing_at_glob/*.parquet.",
        "Fix: Give its place: regulars ingest --source nothing_at_glob --path FILE; "
        "or correct raw.sales.path in conf/sources/nothing_at_glob.yaml.",
        declared={"raw.sales.path": "raw/nothing_at_glob/*.parquet"},
    ),
    refused(
        "no_file",
        "no file at all",
        b"",
        "the raw table 'sales' is not at raw/no_file/sales.csv.",
        "Fix: Give its place: regulars ingest --source no_file --path FILE;",
        file="other.csv",
    ),
    _good_folder(
        "hidden_files",
        "hidden files and markers in a folder (`.DS_Store`, `_SUCCESS`)",
        {**_HALVES, ".DS_Store": b"\x00", "_SUCCESS": b"", ".hidden/x.csv": b"\xff"},
        "they are not read",
    ),
    _good_folder(
        "header_only_among_others",
        "a folder with a file that has only a header",
        {**_HALVES, "c.csv": lines(()).encode()},
        "it adds no rows",
    ),
    _good_folder(
        "columns_in_another_order",
        "a folder whose second file has its columns in another order",
        {"a.csv": sales(rows=_FIRST), "b.csv": lines((row[::-1] for row in _SECOND), HEADER[::-1]).encode()},
        "columns are found by their names",
    ),
    _folder(
        "same_bytes_twice",
        "the same file twice, under two names",
        {"a.csv": sales(), "a (copy).csv": sales()},
        "events: a (copy).csv and a.csv hold the same bytes: take one away, or declare duplicates",
        "Fix: Mend the feed or its mapping",
    ),
)


_ROW_RULE = {"rules.events.duplicates": {"key": "row"}}
_TWICE = (*CLEAN, CLEAN[0], CLEAN[1])
_VERSIONED = (*HEADER, "version")
_CORRECTED = (*((*row, "1") for row in CLEAN), (*CLEAN[7][:3], "8.95", "2"))
_NEWEST = (*CLEAN[:7], (*CLEAN[7][:3], "8.95"))
_PEOPLE = {
    "raw.people": {"path": "raw/{name}/people.csv"},
    "tables.customers": {"from": "people", "columns": {"customer_id": "id", "town": "town"}},
}
_TOWNS: tuple[Row, ...] = ({"customer_id": "ID4711", "town": "Ulm"}, {"customer_id": "ID4712", "town": "Bern"})
_CATALOGUE = {
    "raw.products": {"path": "raw/{name}/products.csv"},
    "tables.events.lookup": {"products": {"on": {"order": "order"}}},
    "tables.events.columns.brand": "products.brand",
}


def _person(file: str, check: str, row: int, town: str | None) -> Bad:
    return Bad(check, row, source_row("ID4711", town, names=("id", "town")), file)


FEEDS = (
    Case(
        "copies_kept",
        "rows that stand there twice",
        Gets.READ,
        Feed({"sales.csv": sales(rows=_TWICE)}),
        held={"events": Held(10, events(_TWICE))},
        shown="equal lines of an order are no copies unless `duplicates` says so",
    ),
    repaired(
        "copies_declared",
        "the same, declared to be copies",
        sales(rows=_TWICE),
        _ROW_RULE,
        held={
            "events": Held(
                10, events(), (Bad("duplicate", 9, source_row(*CLEAN[0])), Bad("duplicate", 10, source_row(*CLEAN[1])))
            )
        },
    ),
    repaired(
        "corrected_order",
        "an order and its correction",
        lines(_CORRECTED, _VERSIONED).encode(),
        {"rules.events.duplicates": {"key": ["order_id"], "prefer": "CAST(version AS BIGINT)"}},
        held={"events": Held(9, events(_NEWEST), (Bad("duplicate", 8, source_row(*CLEAN[7], "1", names=_VERSIONED)),))},
        clean="clean_newest",
    ),
    Case(
        "clean_newest",
        "",
        Gets.READ,
        Feed({"sales.csv": sales(rows=_NEWEST)}),
        held={"events": Held(8, events(_NEWEST))},
    ),
    Case(
        "customer_twice",
        "a customer who stands there twice, differently",
        Gets.QUARANTINED,
        Feed(
            {"sales.csv": sales(), "people.csv": b"id,town\nID4711,Ulm\nID4712,Bern\nID4711,Zug\nID4711,Ulm\n"},
            {**_PEOPLE, "rules.customers.limits": {"key_repeated": "50%"}},
        ),
        ("customers set aside: customer_id stands in another row too",),
        {
            "events": Held(8, events()),
            "customers": Held(
                4,
                _TOWNS,
                (_person("people.csv", "key_repeated", 3, "Zug"), _person("people.csv", "duplicate", 4, "Ulm")),
            ),
        },
        shown="customer_id stands in another row too (`key_repeated`); equal rows are duplicates",
    ),
    Case(
        "lookup_key_twice",
        "a key that stands twice where columns are looked up",
        Gets.REFUSED,
        Feed({"sales.csv": sales(), "products.csv": b"order,brand\nA1,x\nA1,y\n"}, _CATALOGUE),
        (
            "1 of 2 rows of the raw table 'products' repeat order.",
            "would multiply rows of 'sales'",
            "Fix: Look them up by a key that names one row, under 'lookup'",
        ),
        status=1,
    ),
    Case(
        "lookup_key_missing",
        "a key that is not there where columns are looked up",
        Gets.READ,
        Feed({"sales.csv": sales(), "products.csv": b"order,brand\nA1,x\n"}, _CATALOGUE),
        held={"events": Held(8, ({**events()[0], "brand": "x"}, *events()[1:]))},
        shown="the looked-up value is missing",
    ),
    refused(
        "no_row_belongs",
        "no row is left after `where`",
        sales(),
        "has no acceptable row in 'events' among 0: the files hold no rows that belong to it.",
        "Fix: Correct tables.events in conf/sources/no_row_belongs.yaml",
        declared={"tables.events.where": "amount > 1000"},
    ),
    Case(
        "some_rows_belong",
        "rows of another table in the same file",
        Gets.REPAIRED,
        Feed({"sales.csv": sales()}, {"tables.events.where": "amount > 10"}),
        ("rows of the files are not for events, by its 'where'",),
        {"events": Held(4, events(tuple(row for row in CLEAN if float(row[3]) > 10)), elsewhere=4)},
    ),
    refused(
        "no_row_accepted",
        "not one acceptable row",
        sales(rows=changed(0, "")),
        "has no acceptable row in 'events' among 8: 8 rows: customer_id is missing.",
    ),
    refused(
        "too_many_quarantined",
        "more rows fail one check than `max_quarantined` allows",
        sales(*(("", f"2024-03-08 1{place}:00:00", "A9", "1.00") for place in range(3))),
        "events: 3 of 11 rows (27.3%, limit 0.2): customer_id is missing [customer_id_missing]",
        "the tables ingested before stay as they are",
        "Fix: Mend the feed or its mapping, or raise the limit under 'rules' in conf/sources/too_many_quarantined.yaml",
    ),
    refused(
        "too_many_missing",
        "more values are missing than `max_missing` allows",
        sales(*(("ID4720", f"2024-03-08 1{place}:00:00", "", "1.00") for place in range(2))),
        "events: order_id is missing in 2 of 10 rows (max_missing 0.1)",
        "Fix: Mend the feed or its mapping, or raise the limit",
        declared={"rules.events.max_missing": {"order_id": "10%"}},
    ),
    _folder(
        "one_file_in_cents",
        "two files, one of them in cents",
        {
            "a.csv": sales(rows=_FIRST),
            "b.csv": sales(rows=tuple((*row[:3], row[3].replace(".", "")) for row in _SECOND)),
        },
        "events: the median purchase of b.csv is 1,447.00, of a.csv 9.62: are units mixed up? [max_scale_change 20]",
        "Fix: Mend the feed or its mapping, or raise the limit",
    ),
    Case(
        "late_refused",
        "late rows, where the source refuses them",
        Gets.REFUSED,
        Feed({"a.csv": sales(rows=_SECOND), "b.csv": sales(rows=_FIRST)}, {**_FOLDER, "late": "refuse"}),
        (
            "4 events of new files lie before the end of what was ingested earlier.",
            "Fix: Take them out of the files, or set late: accept in conf/sources/late_refused.yaml.",
        ),
        before=Feed({"a.csv": sales(rows=_SECOND)}, {**_FOLDER, "late": "refuse"}),
        status=1,
    ),
    Case(
        "late_accepted",
        "late rows, where it does not",
        Gets.READ,
        Feed({"a.csv": sales(rows=_SECOND), "b.csv": sales(rows=_FIRST)}, _FOLDER),
        ("4 events came late: before the end of what was ingested earlier",),
        _WHOLE,
        clean="clean",
        before=Feed({"a.csv": sales(rows=_SECOND)}, _FOLDER),
        shown="they are counted",
    ),
    Case(
        "file_gone",
        "a file that was there at the last ingest and is gone",
        Gets.READ,
        Feed({"a.csv": sales()}, _FOLDER),
        ("b.csv is no longer there; its rows left with it",),
        _WHOLE,
        clean="clean",
        before=Feed(
            {"a.csv": sales(), "b.csv": sales(("ID4720", "2024-03-08 10:00:00", "A9", "1.00"), rows=())}, _FOLDER
        ),
        shown="its rows leave with it, and the command says so",
    ),
    refused(
        "database_not_set",
        "a database whose variable is not set",
        sales(),
        "The environment variable SHOP_DATABASE is not set.",
        "Fix: Set it, such as SHOP_DATABASE=postgres://user@host/shop",
        declared={"raw.sales": {"database": "SHOP_DATABASE", "table": "sales"}},
    ),
)
GROUPS = (Group("Files and folders", FILES), Group("Feeds", FEEDS))

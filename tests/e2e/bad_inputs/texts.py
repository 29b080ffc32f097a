"""Bad text: encodings, dialects of CSV, headers."""

from __future__ import annotations

import gzip

from e2e.bad_inputs.case import Bad, Case, Feed, Gets, Group, Held
from e2e.bad_inputs.sales import CLEAN, HEADER, events, lines, read, refused, repaired, sales

_CITY = {"tables.events.columns.city": "city"}
_CITIES = tuple((*row, "Köln") for row in CLEAN)
_TOWNS = lines(_CITIES, (*HEADER, "city"))
_IN_TOWN = {"events": Held(8, events(city="Köln"))}


ENCODINGS = (
    Case("clean", "", Gets.READ, Feed({"sales.csv": sales()}), held={"events": Held(8, events())}),
    Case("clean_town", "", Gets.READ, Feed({"sales.csv": _TOWNS.encode()}, _CITY), held=_IN_TOWN),
    refused(
        "cp1252_undeclared",
        "Windows-1252 (cp1252) instead of UTF-8",
        _TOWNS.encode("cp1252"),
        "sales.csv is not utf-8: the byte at position 68 cannot be decoded.",
        "Names and ids would be read wrong.",
        "Fix: Declare the encoding under 'raw' in the source file, such as encoding: cp1252",
        declared=_CITY,
    ),
    repaired(
        "cp1252_declared",
        "the same, declared",
        _TOWNS.encode("cp1252"),
        {"raw.sales.encoding": "cp1252", **_CITY},
        held=_IN_TOWN,
        clean="clean_town",
    ),
    refused(
        "utf16_undeclared",
        "UTF-16 with a byte order mark (Excel's “Unicode text”)",
        _TOWNS.encode("utf-16"),
        "sales.csv is not utf-8: the byte at position 0 cannot be decoded.",
        "Fix: Declare the encoding under 'raw'",
        "utf-16",
        declared=_CITY,
    ),
    repaired(
        "utf16_declared",
        "the same, declared",
        _TOWNS.encode("utf-16"),
        {"raw.sales.encoding": "utf-16", **_CITY},
        held=_IN_TOWN,
        clean="clean_town",
    ),
    read(
        "utf8_bom",
        "a UTF-8 byte order mark (Excel's “CSV UTF-8”)",
        b"\xef\xbb\xbf" + sales(),
        "the mark is dropped",
        clean="clean",
    ),
    refused(
        "encoding_unknown",
        "an encoding that does not exist (`utf-88`)",
        sales(),
        "raw.sales.encoding: no such encoding; common ones are utf-8, cp1252, latin-1, utf-16 (got 'utf-88')",
        "Fix: Mend the fields above in conf/sources/encoding_unknown.yaml",
        declared={"raw.sales.encoding": "utf-88"},
    ),
)

_QUOTED = '"{}"'
_NOTED = {"tables.events.columns.note": "note"}
_NOTE = 'He said: "two,\nplease"'
_ESCAPED = '"He said: ""two,\nplease"""'
_RAGGED = sales() + b"ID4720,2024-03-08 10:00:00,A9\nID4721,2024-03-08 10:00:00,A10,1.00,2.00\n"
_NULS = (*CLEAN[:7], ("ID47\x0013", *CLEAN[7][1:]))

DIALECTS = (
    refused(
        "semicolons_undeclared",
        "semicolons between the columns",
        lines(CLEAN, mark=";").encode(),
        "sales.csv has one column with the delimiter ',', and ';' stands in its header.",
        "Its lines would not be divided into columns.",
        "Fix: Declare delimiter: \";\" under 'raw' in the source file, if all its files have it.",
    ),
    repaired(
        "semicolons_declared", "the same, declared", lines(CLEAN, mark=";").encode(), {"raw.sales.delimiter": ";"}
    ),
    repaired("pipes", "pipes between the columns", lines(CLEAN, mark="|").encode(), {"raw.sales.delimiter": "|"}),
    Case(
        "tabs",
        "tabs between the columns, named `.tsv`",
        Gets.READ,
        Feed({"sales.tsv": lines(CLEAN, mark="\t").encode()}, {"raw.sales.path": "raw/tabs/sales.tsv"}),
        held={"events": Held(8, events())},
        clean="clean",
        shown="the suffix tells",
    ),
    read("crlf", "Windows line ends", lines(CLEAN, end="\r\n").encode(), "they are line ends", clean="clean"),
    read(
        "blank_lines",
        "blank lines in between and at the end",
        sales().replace(b"\n", b"\n\n") + b"\n",
        "they are no rows",
        clean="clean",
    ),
    read("no_last_line_end", "no line end after the last row", sales().rstrip(b"\n"), "nothing is lost", clean="clean"),
    read(
        "quotes_with_line_ends",
        "quoted text with delimiters, line ends and doubled quotes",
        lines(((*row, _ESCAPED) for row in CLEAN), (*HEADER, "note")).encode(),
        "as RFC 4180 says",
        declared=_NOTED,
        held={"events": Held(8, events(note=_NOTE))},
    ),
    repaired(
        "single_quotes",
        "single quotes around the values",
        lines(tuple(f"'{value}'" for value in row) for row in CLEAN).encode(),
        {"raw.sales.quote": "'"},
    ),
    refused(
        "quote_unclosed",
        "a quotation mark that is never closed",
        sales() + b'ID4720,2024-03-08 10:00:00,"A9,1.00\nID4721,2024-03-08 10:00:00,A10,1.00\n',
        "sales.csv: a quotation mark in line 10 is opened and not closed before the line ends.",
        "The lines below it would become one value, and their rows be lost.",
        "Fix: Correct the line; or declare another quote under 'raw'",
    ),
    Case(
        "ragged_lines",
        "a line with too few and one with too many fields",
        Gets.QUARANTINED,
        Feed({"sales.csv": _RAGGED}),
        ("events set aside: the line has another number of fields than the header",),
        {
            "events": Held(
                10,
                events(),
                (
                    Bad("line_unreadable", 9, "ID4720,2024-03-08 10:00:00,A9"),
                    Bad("line_unreadable", 10, "ID4721,2024-03-08 10:00:00,A10,1.00,2.00"),
                ),
            )
        },
        shown="the line has another number of fields than the header (`line_unreadable`)",
    ),
    refused(
        "delimiter_at_line_ends",
        "a delimiter at the end of every line but the header",
        lines(CLEAN, mark=",").replace("\n", ",\n").replace("amount,\n", "amount\n").encode(),
        "has no acceptable row in 'events' among 8",
        "8 rows: the line has another number of fields than the header",
        "Fix: Correct tables.events in conf/sources/delimiter_at_line_ends.yaml, or the raw files.",
    ),
    read(
        "delimiter_at_all_line_ends",
        "a delimiter at the end of every line, the header too",
        sales().replace(b"\n", b",\n"),
        "the column without a name is not read",
        clean="clean",
    ),
    Case(
        "gzipped",
        "compressed with gzip",
        Gets.READ,
        Feed({"sales.csv.gz": gzip.compress(sales(), mtime=0)}, {"raw.sales.path": "raw/gzipped/sales.csv.gz"}),
        held={"events": Held(8, events())},
        clean="clean",
        shown="the suffix tells",
    ),
    refused(
        "gzip_truncated",
        "a gzip file that is cut off",
        gzip.compress(sales(), mtime=0)[:-30],
        "sales.csv.gz cannot be read as CSV",
        "It is cut off",
        "Fix: Give the whole file",
        file="sales.csv.gz",
        declared={"raw.sales.path": "raw/gzip_truncated/sales.csv.gz"},
    ),
    refused(
        "gzip_by_name_only",
        "plain text that is named `.csv.gz`",
        sales(),
        "sales.csv.gz cannot be read as CSV",
        "Fix: Give the whole file",
        file="sales.csv.gz",
        declared={"raw.sales.path": "raw/gzip_by_name_only/sales.csv.gz"},
    ),
    read(
        "nul_bytes",
        "a NUL byte in an id",
        sales(rows=_NULS),
        "it stays: an id is any text",
        held={"events": Held(8, events(_NULS))},
    ),
    refused(
        "web_page",
        "an error page saved as `.csv`",
        b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n",
        "needs the raw columns customer, time, order, amount; the raw table has <!DOCTYPE html>.",
        "Fix: Correct conf/sources/web_page.yaml, or the raw file's header.",
    ),
)

HEADERS = (
    refused(
        "empty_file",
        "an empty file",
        b"",
        "sales.csv is empty: it has no header.",
        "Fix: Give a file whose first line names the columns",
    ),
    refused(
        "header_only",
        "a header and nothing else",
        lines(()).encode(),
        "has no acceptable row in 'events' among 0: the files hold no rows that belong to it.",
        "There is nothing to learn from; the tables ingested before stay as they are.",
    ),
    refused(
        "duplicate_header",
        "two columns of the same name",
        lines(((*row, "1") for row in CLEAN), (*HEADER, "amount")).encode(),
        "sales.csv names amount more than once in its header.",
        "Fix: Rename one of them in the file.",
    ),
    refused(
        "missing_column",
        "a column that the source maps is not there (`ammount`)",
        lines(CLEAN, ("customer", "time", "order", "ammount")).encode(),
        "needs the raw column amount; the raw table has customer, time, order, ammount. Did you mean 'ammount'?",
        "Fix: Correct conf/sources/missing_column.yaml, or the raw file's header.",
    ),
    read(
        "extra_column",
        "a column that the source does not map",
        lines(((*row, "x@example.org") for row in CLEAN), (*HEADER, "email")).encode(),
        "it is not taken over",
        clean="clean",
    ),
    read(
        "nameless_column",
        "a column without a name (an index that pandas wrote)",
        lines(((str(place), *row) for place, row in enumerate(CLEAN)), ("", *HEADER)).encode(),
        "it is not taken over",
        clean="clean",
    ),
    refused(
        "header_in_capitals",
        "`CUSTOMER` where the source says `customer`",
        lines(CLEAN, map(str.upper, HEADER)).encode(),
        "needs the raw columns customer, time, order, amount; the raw table has CUSTOMER, TIME, ORDER, AMOUNT.",
        "Did you mean 'CUSTOMER'?",
        "Fix: Correct conf/sources/header_in_capitals.yaml",
    ),
    read(
        "header_with_blanks",
        "blanks around the names in the header",
        lines(CLEAN, (f" {name} " for name in HEADER)).encode(),
        "they are dropped",
        clean="clean",
    ),
    refused(
        "no_header",
        "no header: the first line is a row",
        lines(CLEAN[1:], CLEAN[0]).encode(),
        "the first line of the raw file looks like a row, not like names.",
        "needs the raw columns customer, time, order, amount",
        "Fix: Correct conf/sources/no_header.yaml, or the raw file's header.",
    ),
    refused(
        "title_above_header",
        "a line with a title above the header",
        b"Sales of March\n" + sales(),
        "needs the raw columns customer, time, order, amount; the raw table has Sales of March.",
        "Fix: Correct conf/sources/title_above_header.yaml, or the raw file's header.",
    ),
)
GROUPS = (Group("Encoding", ENCODINGS), Group("CSV", DIALECTS), Group("Header", HEADERS))

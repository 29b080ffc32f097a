"""Bad values: numbers, ids, times, kinds of events."""

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
    quarantined,
    read,
    refused,
    repaired,
    sales,
    source_row,
)

AMOUNT, TIME, CUSTOMER, TYPE, QUANTITY = (
    f"tables.events.columns.{name}" for name in ("amount", "event_time", "customer_id", "event_type", "quantity")
)
_DAY = "2024-03-08 10:00:00"
_COMMAS = tuple((*row[:3], row[3].replace(".", ",")) for row in CLEAN)
_LARGE: tuple[tuple[str, str, str, str], ...] = (*CLEAN, ("ID4716", _DAY, "A9", "1234.50"))


def _with_amount(amount: str) -> tuple[str, str, str, str]:
    return ("ID4720", _DAY, "A9", amount)


def _sold(amount: str, customer: str = "ID4720", time: str = _DAY) -> tuple[Row, ...]:
    return events(((customer, time, "A9", amount),))


NUMBERS = (
    refused(
        "decimal_commas_undeclared",
        "decimal commas",
        lines(_COMMAS, mark=";").encode(),
        "has no acceptable row in 'events' among 8: 8 rows: amount is given but unreadable",
        "Fix: Correct tables.events in conf/sources/decimal_commas_undeclared.yaml, or the raw files. "
        "Amounts may need decimal and thousands under 'raw', or a sql that takes signs away.",
        declared={"raw.sales.delimiter": ";"},
    ),
    repaired(
        "decimal_commas_declared",
        "the same, declared",
        lines(_COMMAS, mark=";").encode(),
        {"raw.sales.delimiter": ";", "raw.sales.decimal": ","},
    ),
    quarantined(
        "one_decimal_comma",
        "one decimal comma among points",
        [("ID4720", _DAY, "A9", '"3,50"')],
        "amount_unreadable",
        "amount is given but unreadable",
        bad=(Bad("amount_unreadable", 9, source_row("ID4720", _DAY, "A9", "3,50")),),
    ),
    repaired(
        "thousands",
        "thousands: `1.234,50`",
        lines((*_COMMAS, ("ID4716", _DAY, "A9", "1.234,50")), mark=";").encode(),
        {"raw.sales.delimiter": ";", "raw.sales.decimal": ",", "raw.sales.thousands": "."},
        held={"events": Held(9, events(_LARGE))},
        clean="clean_large",
    ),
    Case(
        "clean_large", "", Gets.READ, Feed({"sales.csv": sales(rows=_LARGE)}), held={"events": Held(9, events(_LARGE))}
    ),
    refused(
        "currency_sign_undeclared",
        "currency signs: `€3.50`",
        sales(rows=changed(3, "€{}")),
        "8 rows: amount is given but unreadable",
        "Fix: Correct tables.events in conf/sources/currency_sign_undeclared.yaml",
        "a sql that takes signs away",
    ),
    repaired(
        "currency_sign_declared",
        "the same, declared",
        sales(rows=changed(3, "€{}")),
        {AMOUNT: {"sql": "REPLACE(amount, '€', '')"}},
    ),
    repaired(
        "cents",
        "amounts in cents",
        sales(rows=tuple((*row[:3], row[3].replace(".", "")) for row in CLEAN)),
        {AMOUNT: {"sql": "amount / 100"}},
    ),
    quarantined(
        "negative_price",
        "a purchase with a negative amount",
        [_with_amount("-4.00")],
        "purchase_amount_negative",
        "a purchase with a negative amount: is it a return?",
    ),
    repaired(
        "negative_price_declared",
        "the same, declared to be a return",
        sales(_with_amount("-4.00")),
        {TYPE: {"sql": "CASE WHEN amount < 0 THEN 'return' ELSE 'purchase' END"}},
        held={"events": Held(9, (*events(), {**_sold("-4.00")[0], "event_type": "return"}))},
        clean="clean_return",
    ),
    Case(
        "clean_return",
        "",
        Gets.READ,
        Feed(
            {
                "sales.csv": lines(
                    (*((*row, "purchase") for row in CLEAN), (*_with_amount("-4.00"), "return")), (*HEADER, "type")
                ).encode()
            },
            {TYPE: "type"},
        ),
        held={"events": Held(9, (*events(), {**_sold("-4.00")[0], "event_type": "return"}))},
    ),
    read(
        "zero_price",
        "an amount of zero",
        sales(_with_amount("0.00")),
        "it stays, but counts as no purchase",
        held={"events": Held(9, events() + _sold("0.00"))},
    ),
    quarantined(
        "infinite_amount",
        "`inf` and `1e400` as amounts",
        [_with_amount("inf"), _with_amount("1e400")],
        "amount_unreadable",
        "amount is given but unreadable",
    ),
    quarantined(
        "missing_amount",
        "`NaN` and nothing as amounts",
        [_with_amount("NaN"), _with_amount("")],
        "purchase_without_amount",
        "a purchase without an amount",
        bad=(
            Bad("purchase_without_amount", 9, source_row(*_with_amount("NaN"))),
            Bad("purchase_without_amount", 10, source_row(*_with_amount(""))),
        ),
    ),
    Case(
        "nan_in_parquet",
        "NaN among the floats of a Parquet file",
        Gets.QUARANTINED,
        Feed(
            {
                "sales.parquet": parquet(
                    columns((*CLEAN, _with_amount("")), amount=[*(float(row[3]) for row in CLEAN), float("nan")])
                )
            },
            {"raw.sales.path": "raw/nan_in_parquet/sales.parquet"},
        ),
        held={
            "events": Held(
                9,
                events(),
                (Bad("purchase_without_amount", 9, source_row("ID4720", _DAY, "A9", "nan"), "sales.parquet"),),
            )
        },
        says=("events set aside: a purchase without an amount",),
        shown="a purchase without an amount (`purchase_without_amount`)",
    ),
    read(
        "exponents",
        "exponents: `1.2e1`",
        sales(_with_amount("1.2e1")),
        "they are numbers",
        held={"events": Held(9, events() + _sold("12.00"))},
    ),
    read(
        "tenths_of_cents",
        "more decimals than the currency has: `3.505`",
        sales(_with_amount("3.505")),
        "rounded half away from zero: 3.51",
        held={"events": Held(9, events() + _sold("3.51"))},
    ),
    quarantined(
        "brackets_for_minus",
        "`(3.50)` and `3.50-` for minus",
        [_with_amount("(3.50)"), _with_amount("3.50-")],
        "amount_unreadable",
        "amount is given but unreadable",
    ),
    quarantined(
        "huge_amount",
        "an amount beyond 16 digits before the point",
        [_with_amount("12345678901234567890.00")],
        "amount_unreadable",
        "amount is given but unreadable",
    ),
    Case(
        "half_a_piece",
        "a quantity of 1.5",
        Gets.QUARANTINED,
        Feed(
            {
                "sales.csv": lines(
                    (*((*row, "1.0") for row in CLEAN), (*_with_amount("4.00"), "1.5")), (*HEADER, "pieces")
                ).encode()
            },
            {QUANTITY: "pieces"},
        ),
        ("events set aside: quantity is given but unreadable",),
        {
            "events": Held(
                9,
                events(quantity="1"),
                (Bad("quantity_unreadable", 9, source_row(*_with_amount("4.00"), "1.5", names=(*HEADER, "pieces"))),),
            )
        },
        shown="quantity is given but unreadable (`quantity_unreadable`)",
    ),
    Case(
        "negative_quantity",
        "a purchase of -1 pieces",
        Gets.QUARANTINED,
        Feed(
            {
                "sales.csv": lines(
                    (*((*row, "1") for row in CLEAN), (*_with_amount("4.00"), "-1")), (*HEADER, "pieces")
                ).encode()
            },
            {QUANTITY: "pieces"},
        ),
        ("events set aside: a purchase of a negative quantity: is it a return?",),
        {
            "events": Held(
                9,
                events(quantity="1"),
                (
                    Bad(
                        "purchase_quantity_negative",
                        9,
                        source_row(*_with_amount("4.00"), "-1", names=(*HEADER, "pieces")),
                    ),
                ),
            )
        },
        shown="a purchase of a negative quantity: is it a return? (`purchase_quantity_negative`)",
    ),
)


def _of(customer: str) -> tuple[str, str, str, str]:
    return (customer, _DAY, "A9", "4.00")


_FLOATS = columns(customer=[float(row[0][2:]) for row in CLEAN])
_NUMBERED = tuple((row[0][2:], *row[1:]) for row in CLEAN)

IDS = (
    quarantined(
        "nan_ids",
        "`NaN` and `NULL` as customers",
        [_of("NaN"), _of("NULL")],
        "customer_id_missing",
        "customer_id is missing",
    ),
    quarantined(
        "empty_ids",
        "nothing and blanks as customers",
        [_of(""), _of("  ")],
        "customer_id_missing",
        "customer_id is missing",
    ),
    Case(
        "clean_numbers",
        "",
        Gets.READ,
        Feed({"sales.csv": sales(rows=_NUMBERED)}),
        held={"events": Held(8, events(_NUMBERED))},
    ),
    repaired(
        "ids_as_floats",
        "ids as floats in CSV: `4711.0`",
        sales(rows=changed(0, "{}.0", _NUMBERED)),
        {CUSTOMER: {"from": "customer", "as": "integer"}},
        held={"events": Held(8, events(_NUMBERED))},
        clean="clean_numbers",
    ),
    Case(
        "ids_as_floats_in_parquet",
        "ids as floats in Parquet (pandas, because one was missing)",
        Gets.READ,
        Feed({"sales.parquet": parquet(_FLOATS)}, {"raw.sales.path": "raw/ids_as_floats_in_parquet/sales.parquet"}),
        held={"events": Held(8, events(_NUMBERED))},
        clean="clean_numbers",
        shown="whole numbers become their digits",
    ),
    read(
        "leading_zeros",
        "ids with leading zeros: `00123`",
        sales(_of("00123")),
        "they stay: ids are text",
        held={"events": Held(9, events() + _sold("4.00", "00123"))},
    ),
    read(
        "blanks_around_ids",
        "blanks and tabs around ids",
        sales(rows=changed(0, " {}\t")),
        "they are dropped",
        clean="clean",
    ),
    read(
        "namibia",
        "`NA` as an id",
        sales(_of("NA")),
        "it stays: it is Namibia, too",
        held={"events": Held(9, events() + _sold("4.00", "NA"))},
    ),
    repaired(
        "own_missing_text",
        "`unknown` for an unknown order",
        sales(rows=changed(2, "unknown")),
        {"raw.sales.missing": ["unknown"]},
        held={
            "events": Held(
                8, tuple({name: text for name, text in row.items() if name != "order_id"} for row in events())
            )
        },
        clean="clean_no_orders",
    ),
    Case(
        "clean_no_orders",
        "",
        Gets.READ,
        Feed({"sales.csv": sales(rows=changed(2, ""))}),
        held={
            "events": Held(
                8, tuple({name: text for name, text in row.items() if name != "order_id"} for row in events())
            )
        },
    ),
    refused(
        "mail_addresses_as_ids",
        "mail addresses as ids, in rows that fail",
        sales(rows=changed(3, "x", changed(0, "{}@example.org"))),
        "8 rows: amount is given but unreadable",
    ),
)

_BERLIN = {"zone": "Europe/Berlin"}
_NIGHTS = (
    ("ID4711", "2024-03-31 01:59:59", "A1", "3.50"),
    ("ID4712", "2024-03-31 02:30:00", "A2", "12.00"),
    ("ID4713", "2024-03-31 03:00:00", "A3", "7.25"),
    ("ID4714", "2024-10-27 02:30:00", "A4", "5.00"),
    ("ID4715", "2024-10-27 03:00:00", "A5", "5.50"),
)
_NIGHTS_UTC = tuple(
    (*row[:1], time, *row[2:])
    for row, time in zip(
        _NIGHTS,
        (
            "2024-03-31 00:59:59",
            "2024-03-31 01:30:00",
            "2024-03-31 01:00:00",
            "2024-10-27 00:30:00",
            "2024-10-27 02:00:00",
        ),
        strict=True,
    )
)
_MIXED = (
    "2024-03-01T12:00:00+02:00",
    "2024-03-01T18:45:00Z",
    "2024-03-02 04:15:00-05:00",
    "2024-03-03 12:00:00",
    "2024-03-04T16:20:00.000Z",
    "2024-03-05 08:05 UTC",
    "2024-03-07T02:00:00+0530",
    "2024-03-07 11:11:11+00",
)
_SECONDS = (
    "1709287200",
    "1709318700",
    "1709370900",
    "1709467200",
    "1709569200",
    "1709625900",
    "1709757000",
    "1709809871",
)


def _at(times: tuple[str, ...]) -> tuple[tuple[str, str, str, str], ...]:
    return tuple((row[0], time, *row[2:]) for row, time in zip(CLEAN, times, strict=True))  # type: ignore[misc]


_MS = _at(tuple(f"{second}000" for second in _SECONDS))
_SLASHED = _at(tuple(f"{row[1][8:10]}/{row[1][5:7]}/{row[1][:4]} {row[1][11:]}" for row in CLEAN))
_SHORT_YEARS = _at(tuple(f"{row[1][8:10]}.{row[1][5:7]}.{row[1][2:4]} {row[1][11:]}" for row in CLEAN))
_LATE_IN_MONTH = tuple((row[0], f"2{place}/03/2024 10:00", *row[2:]) for place, row in enumerate(CLEAN))


def _on(time: str) -> tuple[str, str, str, str]:
    return ("ID4720", time, "A9", "4.00")


TIMES = (
    read(
        "mixed_zones",
        "several zones in one column, and none",
        sales(rows=_at(_MIXED)),
        "each row's offset holds",
        clean="clean",
    ),
    Case(
        "clean_nights",
        "",
        Gets.READ,
        Feed({"sales.csv": sales(rows=_NIGHTS_UTC)}),
        held={"events": Held(5, events(_NIGHTS_UTC))},
    ),
    repaired(
        "local_times",
        "local times, also in the hours that clocks skip and repeat",
        sales(rows=_NIGHTS),
        _BERLIN,
        held={"events": Held(5, events(_NIGHTS_UTC))},
        clean="clean_nights",
    ),
    refused(
        "epoch_ms_undeclared",
        "milliseconds since 1970",
        sales(rows=_MS),
        "8 rows: event_time is given but unreadable",
        "Times may need a pattern, or an epoch if they are numbers.",
    ),
    repaired("epoch_ms_declared", "the same, declared", sales(rows=_MS), {TIME: {"from": "time", "epoch": "ms"}}),
    refused(
        "seconds_as_milliseconds",
        "seconds since 1970, declared as milliseconds",
        sales(rows=_at(_SECONDS)),
        "8 rows: event_time lies before 1990-01-01 or not before 2100-01-01: are seconds and milliseconds mixed up",
        declared={TIME: {"from": "time", "epoch": "ms"}},
    ),
    refused(
        "day_first_undeclared",
        "`31/12/2024`",
        sales(rows=_SLASHED),
        "8 rows: event_time is given but unreadable",
        "Times may need a pattern, or an epoch if they are numbers.",
    ),
    repaired(
        "day_first_declared",
        "the same, declared",
        sales(rows=_SLASHED),
        {TIME: {"from": "time", "pattern": "%d/%m/%Y %H:%M:%S"}},
    ),
    refused(
        "month_first_by_mistake",
        "the same, declared as month first",
        sales(rows=_LATE_IN_MONTH),
        "8 rows: event_time is given but unreadable",
        declared={TIME: {"from": "time", "pattern": "%m/%d/%Y %H:%M"}},
    ),
    repaired(
        "two_digit_years",
        "years of two digits",
        sales(rows=_SHORT_YEARS),
        {TIME: {"from": "time", "pattern": "%d.%m.%y %H:%M:%S"}},
    ),
    quarantined(
        "impossible_dates",
        "a 30th of February and an hour 25",
        [_on("2024-02-30 10:00:00"), _on("2024-02-28 25:00:00")],
        "event_time_unreadable",
        "event_time is given but unreadable",
    ),
    read(
        "date_only",
        "a date without a time",
        sales(_on("2024-03-08")),
        "it is midnight",
        held={"events": Held(9, events() + _sold("4.00", time="2024-03-08 00:00:00"))},
    ),
    quarantined("missing_time", "no time", [_on("")], "event_time_missing", "event_time is missing"),
    quarantined(
        "year_2999",
        "the year 2999",
        [_on("2999-01-01 00:00:00")],
        "event_time_unreadable",
        "event_time is given but unreadable",
    ),
    quarantined(
        "year_2150",
        "the years 2150 and 1901",
        [_on("2150-01-01 00:00:00"), _on("1901-01-01 00:00:00")],
        "event_time_out_of_range",
        "event_time lies before 1990-01-01 or not before 2100-01-01: are seconds and milliseconds mixed up?",
    ),
    read(
        "misdated",
        "one event years after the rest",
        sales(_on("2031-05-05 00:00:00")),
        "it stays, but the default cutoff is before the silence",
        says=("[2024-03-01, 2024-03-07)",),
        held={"events": Held(9, events() + _sold("4.00", time="2031-05-05 00:00:00"))},
    ),
    quarantined(
        "after_the_end",
        "events at and after the declared end of the log",
        [_on("2024-03-08 00:00:00"), _on("2031-05-05 00:00:00")],
        "event_after_end",
        "event_time is not before 'until'",
        declared={"until": "2024-03-08T00:00:00Z"},
    ),
    read(
        "unsorted", "rows in no order", sales(rows=CLEAN[::-1]), "tables are ordered by what is in them", clean="clean"
    ),
)


def _kinds(*named: str, rows: tuple[tuple[str, str, str, str], ...] = CLEAN) -> bytes:
    return lines(((*row, kind) for row, kind in zip(rows, named, strict=True)), (*HEADER, "type")).encode()


_TYPED = {TYPE: "type"}
_NINE = (*CLEAN, _with_amount("4.00"))
_TEN = (*_NINE, ("ID4721", _DAY, "B1", "-4.00"))
_BACK: tuple[Row, ...] = ({**events(_TEN[9:])[0], "event_type": "return"},)


def _kept_type(kind: str, amount: str = "4.00") -> str:
    return source_row(*_with_amount(amount), kind, names=(*HEADER, "type"))


EVENTS = (
    Case(
        "unknown_type",
        "an event of the unknown type `purchse`",
        Gets.QUARANTINED,
        Feed({"sales.csv": _kinds(*["purchase"] * 8, "purchse", rows=_NINE)}, _TYPED),
        ("events set aside: event_type is neither in the contract nor in 'event_types'",),
        {"events": Held(9, events(), (Bad("event_type_unknown", 9, _kept_type("purchse")),))},
        shown="event_type is neither in the contract nor in 'event_types' (`event_type_unknown`)",
    ),
    refused(
        "types_in_german",
        "every type in another language",
        _kinds(*["Kauf"] * 8),
        "8 rows: event_type is neither in the contract nor in 'event_types'",
        "Event types of other words may need 'values', a shop's own ones 'event_types'.",
        declared=_TYPED,
    ),
    repaired(
        "types_in_german_declared",
        "the same, declared",
        _kinds(*["Kauf"] * 9, "Retoure", rows=_TEN),
        {TYPE: {"from": "type", "values": {"Kauf": "purchase", "Retoure": "return"}}},
        held={"events": Held(10, events(_NINE) + _BACK)},
        clean="clean_types",
    ),
    Case(
        "clean_types",
        "",
        Gets.READ,
        Feed({"sales.csv": _kinds(*["purchase"] * 9, "return", rows=_TEN)}, _TYPED),
        held={"events": Held(10, events(_NINE) + _BACK)},
    ),
    repaired(
        "types_in_capitals",
        "`PURCHASE` and `RETURN`",
        _kinds(*["PURCHASE"] * 9, "RETURN", rows=_TEN),
        {TYPE: {"sql": "LOWER(type)"}},
        held={"events": Held(10, events(_NINE) + _BACK)},
        clean="clean_types",
    ),
    Case(
        "own_type",
        "an event of the shop's own type `wishlist`",
        Gets.REPAIRED,
        Feed({"sales.csv": _kinds(*["purchase"] * 8, "wishlist", rows=_NINE)}, {"event_types": ["wishlist"], **_TYPED}),
        held={"events": Held(9, (*events(), {**_sold("4.00")[0], "event_type": "wishlist"}))},
    ),
    Case(
        "positive_return",
        "a return with a positive amount",
        Gets.QUARANTINED,
        Feed({"sales.csv": _kinds(*["purchase"] * 8, "return", rows=_NINE)}, _TYPED),
        ("events set aside: a return with a positive amount: what flows back is negative",),
        {"events": Held(9, events(), (Bad("return_amount_positive", 9, _kept_type("return")),))},
        shown="a return with a positive amount: what flows back is negative (`return_amount_positive`)",
    ),
    repaired(
        "positive_return_declared",
        "the same, declared",
        _kinds(*["purchase"] * 9, "return", rows=(*_NINE, (*_TEN[9][:3], "4.00"))),
        {AMOUNT: {"sql": "CASE WHEN type = 'return' THEN -amount ELSE amount END"}, **_TYPED},
        held={"events": Held(10, events(_NINE) + _BACK)},
        clean="clean_types",
    ),
    repaired(
        "rows_of_no_interest",
        "rows that are no sales (postage)",
        sales(rows=changed(2, "{}", (*CLEAN, ("ID4720", _DAY, "POST", "4.00")))),
        {"tables.events.set_aside": {"postage is no product": "order = 'POST'"}},
        held={"events": Held(9, events(), (Bad("set_aside", 9, source_row("ID4720", _DAY, "POST", "4.00")),))},
        says=("events set aside: postage is no product",),
    ),
)
GROUPS = (Group("Numbers", NUMBERS), Group("Ids", IDS), Group("Times", TIMES), Group("Kinds of events", EVENTS))

from __future__ import annotations

import pytest

from pipelines.core.errors import NotEnoughDataError, UsageError
from pipelines.core.windows import day_moment, parse_cutoff
from pipelines.tables.contract import Role
from pipelines.tables.manifest import Clock, Manifest, Quarantined, latest_day
from support.tables import held, manifest, part

KNOWN = manifest().model_copy(
    update={
        "clock": Clock(
            first=parse_cutoff("2017-01-01T11:30:00"),
            last=parse_cutoff("2017-12-31T23:59:00"),
            latest=parse_cutoff("2017-12-31"),
        )
    }
)


def test_span_runs_from_the_first_day_to_the_start_of_the_last():
    assert str(KNOWN.span) == "[2017-01-01, 2017-12-31)"


def test_latest_is_the_default_moment_of_knowledge():
    assert KNOWN.known_at(None) == KNOWN.latest == parse_cutoff("2017-12-31")


def test_cutoff_inside_the_span_is_taken_as_it_is():
    assert KNOWN.known_at(parse_cutoff("2017-06-05")) == parse_cutoff("2017-06-05")


def test_cutoff_after_the_end_is_refused_with_the_last_that_is_possible():
    with pytest.raises(UsageError) as error:
        KNOWN.known_at(parse_cutoff("2018-01-01"))

    assert str(error.value) == (
        "The cutoff 2018-01-01 lies after the end of 'shop' (2017-12-31). Days that are not in the data yet would be "
        "taken for days without purchases. Fix: Use --cutoff 2017-12-31 or earlier, or ingest newer data."
    )


@pytest.mark.parametrize("cutoff", ["2016-05-01", "2017-01-01"])
def test_cutoff_before_anything_is_known_is_refused(cutoff):
    with pytest.raises(NotEnoughDataError) as error:
        KNOWN.known_at(parse_cutoff(cutoff))

    assert str(error.value).startswith(f"The cutoff {cutoff} lies before 'shop' begins (2017-01-01).")
    assert str(error.value).endswith("Fix: Use a cutoff between 2017-01-02 and 2017-12-31.")


def quarantined(**n_rows):
    return tuple(Quarantined(check=check, reason=f"why {check}", n_rows=n) for check, n in n_rows.items())


def test_manifest_survives_json():
    whole = KNOWN.model_copy(update={"tables": {"events": held(part(n_missing={"amount": 1}), columns=["amount"])}})

    assert Manifest.model_validate_json(whole.model_dump_json()) == whole


def test_table_without_times_has_no_moment_of_knowledge():
    with pytest.raises(NotEnoughDataError, match=r"The source 'shop' has no times\..*Map case_time"):
        KNOWN.model_copy(update={"clock": None}).known_at(None)


@pytest.mark.parametrize("count", ["n_read", "n_accepted", "n_duplicates", "n_elsewhere"])
def test_a_table_counts_what_its_parts_count(count):
    assert getattr(held(part(**{count: 3}), part(**{count: 4})), count) == 7


def test_reasons_are_summed_over_parts_and_the_most_frequent_comes_first():
    table = held(part(quarantined=quarantined(b=2, a=1)), part(quarantined=quarantined(a=4)))

    assert list(table.quarantined.items()) == [("why a", 5), ("why b", 2)]
    assert list(table.failed.items()) == [("a", 5), ("b", 2)]


def test_missing_values_are_summed_over_parts():
    assert held(part(n_missing={"x": 1, "y": 0}), part(n_missing={"x": 2})).n_missing == {"x": 3, "y": 0}


def test_roles_are_those_of_the_columns():
    assert held(columns=["age", "city"], sensitive=["age"]).roles == {"age": Role.SENSITIVE, "city": Role.FEATURE}


@pytest.mark.parametrize(
    ("days", "last"),
    [
        ([5], 5),
        ([1, 2, 3, 7], 3),  # three silent days before one
        ([1, 2, 3, 6], 6),  # two do not suffice
        ([1, 2, 10, 11, 12], 2),
        ([1, 2, 5, 6, 7, 8], 8),  # more days after the silence than it lasted
        ([1, 10, 20], 20),  # a shop that is usually silent for days
        ([1, 8, 15, 400], 15),
    ],
)
def test_days_ahead_of_the_rest_are_not_the_end(days, last):
    assert latest_day(days) == last


def test_log_that_ends_at_midnight_ends_with_that_day():
    assert manifest().latest == day_moment(20)

from __future__ import annotations

import pytest

from pipelines.core.errors import NotEnoughDataError, UsageError
from pipelines.core.windows import day_moment, parse_cutoff
from support.tables import manifest

KNOWN = manifest().model_copy(
    update={
        "first_event": parse_cutoff("2017-01-01T11:30:00"),
        "last_event": parse_cutoff("2017-12-31T23:59:00"),
        "latest": parse_cutoff("2017-12-31"),
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


def test_manifest_survives_json():
    assert type(KNOWN).model_validate_json(KNOWN.model_dump_json()) == KNOWN


def test_log_that_ends_at_midnight_ends_with_that_day():
    assert manifest().latest == day_moment(20)

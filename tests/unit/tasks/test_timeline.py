from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.windows import DAY, Window, parse_cutoff
from pipelines.tasks.timeline import WEEKDAYS, TimelineSpec

REFERENCE = TimelineSpec(history=56 * DAY)
SPAN = Window(parse_cutoff("2017-01-01"), parse_cutoff("2017-12-25"))

specs = st.builds(
    TimelineSpec,
    weekday=st.sampled_from(WEEKDAYS),
    history=st.integers(1, 90).map(lambda days: days * DAY),
    n_test=st.integers(1, 5),
    n_valid=st.integers(1, 5),
    n_folds=st.integers(1, 4),
)
spans = st.tuples(
    st.datetimes(datetime(2016, 1, 1), datetime(2017, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # bounds
    st.timedeltas(timedelta(days=100), timedelta(days=700)),
).map(lambda drawn: Window(drawn[0], drawn[0] + drawn[1]))
horizons = st.integers(1, 60).map(lambda days: days * DAY)


def iso(cutoffs):
    return [f"{cutoff:%Y-%m-%d}" for cutoff in cutoffs]


def divided(spec, span, horizon):
    """The timeline; logs that are too short are not what is tested."""
    try:
        return spec.divide(span, horizon)
    except NotEnoughDataError:
        assume(False)


def test_reference_year_is_tested_on_the_last_four_complete_mondays():
    timeline = REFERENCE.divide(SPAN, 28 * DAY)

    assert iso(timeline.test) == ["2017-11-06", "2017-11-13", "2017-11-20", "2017-11-27"]
    assert iso([timeline.develop[0], timeline.develop[-1]]) == ["2017-02-27", "2017-10-09"]
    assert timeline.labelled == timeline.develop + timeline.test


def test_reference_year_has_rolling_folds_oldest_first():
    folds = REFERENCE.divide(SPAN, 28 * DAY).folds

    assert [iso([fold.valid[0], fold.valid[-1]]) for fold in folds] == [
        ["2017-07-24", "2017-08-14"],
        ["2017-08-21", "2017-09-11"],
        ["2017-09-18", "2017-10-09"],
    ]
    assert [iso([fold.train[0], fold.train[-1]]) for fold in folds] == [
        ["2017-02-27", "2017-06-26"],
        ["2017-02-27", "2017-07-24"],
        ["2017-02-27", "2017-08-21"],
    ]


def test_weekly_cutoffs_begin_when_the_log_has_run_long_enough_and_end_with_it():
    span = Window(parse_cutoff("2017-01-02"), parse_cutoff("2017-01-30"))

    assert iso(TimelineSpec(history=14 * DAY).weekly(span)) == ["2017-01-16", "2017-01-23", "2017-01-30"]


def test_cutoff_whose_outcome_ends_with_the_log_is_labelled_and_a_day_less_is_not():
    spec = TimelineSpec(history=DAY, n_test=1, n_valid=1, n_folds=1)
    start, last = parse_cutoff("2017-01-01"), parse_cutoff("2017-02-06")

    assert spec.divide(Window(start, last + 7 * DAY), 7 * DAY).test == (last,)
    assert spec.divide(Window(start, last + 6 * DAY), 7 * DAY).test == (last - 7 * DAY,)


@given(specs, spans, horizons)
def test_every_label_window_of_a_part_ends_before_the_next_part_begins(spec, span, horizon):
    timeline = divided(spec, span, horizon)

    assert max(timeline.develop) + horizon <= min(timeline.test)
    for fold in timeline.folds:
        assert max(fold.train) + horizon <= min(fold.valid)
        assert max(fold.valid) + horizon <= min(timeline.test)


@given(specs, spans, horizons)
def test_no_label_window_reaches_beyond_what_is_known(spec, span, horizon):
    timeline = divided(spec, span, horizon)

    assert max(timeline.labelled) + horizon <= span.end
    assert min(timeline.labelled) >= span.start + spec.history


@given(specs, spans, horizons)
def test_parts_have_the_sizes_that_were_asked_for(spec, span, horizon):
    timeline = divided(spec, span, horizon)

    assert len(timeline.test) == spec.n_test
    assert [len(fold.valid) for fold in timeline.folds] == [spec.n_valid] * spec.n_folds
    assert all(fold.train for fold in timeline.folds)


@given(specs, spans, horizons)
def test_validation_parts_follow_each_other_without_sharing_a_cutoff(spec, span, horizon):
    timeline = divided(spec, span, horizon)
    valid = [cutoff for fold in timeline.folds for cutoff in fold.valid]

    assert valid == sorted(set(valid))
    assert set(valid) <= set(timeline.develop)


@given(specs, spans, horizons)
def test_later_knowledge_never_takes_a_labelled_cutoff_away(spec, span, horizon):
    timeline = divided(spec, span, horizon)
    later = spec.divide(Window(span.start, span.end + 7 * DAY), horizon)

    assert set(timeline.develop) <= set(later.develop)


@given(specs, horizons)
def test_log_of_the_length_that_the_error_names_is_long_enough_up_to_weeks(spec, horizon):
    start = parse_cutoff("2017-01-04")
    with pytest.raises(NotEnoughDataError) as error:
        spec.divide(Window(start, start + DAY), horizon)
    needed = int(str(error.value).split("Use a log of about ")[1].split(" days")[0])

    assert spec.divide(Window(start, start + (needed + 21) * DAY), horizon).test


def test_too_short_a_log_says_what_it_holds_and_what_is_needed():
    with pytest.raises(NotEnoughDataError) as error:
        REFERENCE.divide(Window(parse_cutoff("2017-01-01"), parse_cutoff("2017-06-01")), 28 * DAY)

    assert str(error.value) == (
        "[2017-01-01, 2017-06-01) holds 10 weekly cutoffs with a complete outcome of 28 days; the task needs 3 folds "
        "of 4 and a test of 4, each a horizon apart. With overlapping label windows the figures would be too good. "
        "Fix: Use a log of about 252 days, a later cutoff, or fewer folds (set timeline.n_folds=1)."
    )


@pytest.mark.parametrize("n_days", [0, 1, 60, 90, 100, 200])
def test_every_short_log_is_refused_by_the_same_error(n_days):
    with pytest.raises(NotEnoughDataError, match="weekly cutoffs with a complete outcome of 28 days"):
        REFERENCE.divide(Window(SPAN.start, SPAN.start + n_days * DAY), 28 * DAY)

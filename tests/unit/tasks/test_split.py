from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from pipelines.core.errors import ConfigError, NotEnoughDataError
from pipelines.core.windows import DAY, parse_cutoff
from pipelines.tasks.split import Divisible, GroupedSplit, StratifiedSplit, TimeSplit

END = parse_cutoff("2024-04-01")
TIME = TimeSplit(test=14 * DAY, valid=7 * DAY, n_folds=2)
STRATIFIED = StratifiedSplit(test_share=0.3, n_folds=3)
GROUPED = GroupedSplit(test_share=0.3, n_folds=3)


def rows(n_rows=600, seed=1, n_subjects=200, days=90):
    rng = np.random.default_rng(seed)
    subject = np.array([f"who-{i}" for i in rng.integers(0, n_subjects, n_rows)], dtype=object)
    start = np.datetime64("2024-01-02T00:00:00", "us")
    moment = start + rng.integers(0, days * 86_400, n_rows).astype("timedelta64[s]")
    return Divisible((rng.random(n_rows) < 0.3).astype(np.int8), subject, moment)


@settings(deadline=None, max_examples=30)
@given(ahead=st.integers(0, 10), seed=st.integers(0, 5))
def test_no_label_of_a_part_was_known_after_the_next_part_begins(ahead, seed):
    given_rows = rows(seed=seed)
    found = TIME.divide(given_rows, END, ahead * DAY, 1)
    known = given_rows.moment + np.timedelta64(ahead, "D")

    assert known[found.develop].max() <= given_rows.moment[found.test].min()
    for train, valid in found.folds:
        assert known[train].max() <= given_rows.moment[valid].min()
        assert not (valid & ~found.develop).any()


def test_folds_follow_each_other_and_none_reaches_into_the_test():
    moment = rows().moment
    found = TIME.divide(rows(), END, DAY, 1)
    (_, first), (_, second) = found.folds

    assert moment[first].max() < moment[second].min()
    assert moment[second].max() < moment[found.test].min()
    assert moment[found.test].max() < np.datetime64("2024-03-31")


def test_rows_without_time_cannot_be_divided_by_it():
    with pytest.raises(ConfigError, match="the rows have none"):
        TIME.divide(Divisible(rows().label, rows().subject, None), None, timedelta(0), 1)


def test_stratified_test_is_that_of_scikit_learn():
    given_rows = rows()
    places = np.arange(600)
    _, test = train_test_split(places, test_size=0.3, stratify=given_rows.label, random_state=42)

    assert set(np.flatnonzero(STRATIFIED.divide(given_rows, None, timedelta(0), 42).test)) == set(test)


@pytest.mark.parametrize("split", [STRATIFIED, GROUPED])
def test_every_row_is_learned_from_or_tested_and_validates_once(split):
    found = split.divide(rows(), None, timedelta(0), 1)

    assert (found.develop ^ found.test).all()
    assert (sum(valid.astype(int) for _, valid in found.folds) == found.develop).all()
    assert all(((train ^ valid) == found.develop).all() for train, valid in found.folds)


def test_subjects_of_a_grouped_split_stand_on_one_side_and_keep_it_when_the_table_grows():
    small = rows(400)
    large = Divisible(
        np.r_[small.label, small.label], np.r_[small.subject, [f"{one}-new" for one in small.subject]], None
    )
    before, after = (GROUPED.divide(one, None, timedelta(0), 1) for one in (small, large))

    assert not set(small.subject[before.test]) & set(small.subject[before.develop])
    assert (after.test[:400] == before.test).all()
    for (_, old), (_, new) in zip(before.folds, after.folds, strict=True):
        assert (new[:400] == old).all()


def test_another_seed_deals_subjects_anew():
    assert (
        GROUPED.divide(rows(), None, timedelta(0), 1).test != GROUPED.divide(rows(), None, timedelta(0), 2).test
    ).any()


@pytest.mark.parametrize("split", [TIME, STRATIFIED, GROUPED])
@pytest.mark.parametrize("label", [0, 1])
def test_label_of_one_class_is_refused(split, label):
    one_class = Divisible(np.full(600, label, np.int8), rows().subject, rows().moment)

    with pytest.raises(NotEnoughDataError, match=f"{600 * label} of 600|{'0' if not label else ''} of"):
        split.divide(one_class, END, timedelta(0), 1)


@pytest.mark.parametrize("split", [TIME, STRATIFIED, GROUPED])
def test_thirty_rows_are_too_few(split):
    few = rows(30)

    with pytest.raises(NotEnoughDataError, match="rows in one part of the split"):
        split.divide(few, END, timedelta(0), 1)

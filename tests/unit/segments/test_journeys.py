"""Journeys: who was where, for how long, and which ways are common."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pipelines.segments.described import Moment
from pipelines.segments.journeys import AWAY, Timeline, migration, moves, paths, sizes, stay, timeline

FIRST = datetime(2026, 1, 5, tzinfo=UTC)


def states(*rows):
    """A timeline with a cutoff every four weeks, one row per customer."""
    state = np.array(rows, np.int64)
    return Timeline(tuple(FIRST + timedelta(weeks=4 * place) for place in range(state.shape[1])), state)


def test_customers_are_matched_by_their_code():
    moments = [
        Moment(FIRST, np.array([9, 4]), np.array([1, 2])),
        Moment(FIRST + timedelta(days=28), np.array([4, 7]), np.array([2, 3])),
    ]
    found = timeline(moments)

    assert found.state.tolist() == [[2, 2], [AWAY, 3], [1, AWAY]]
    assert found.step_days == (28, 28)
    assert found.states == (1, 2, 3, AWAY)


def test_migration_counts_everybody_who_is_there_at_either_time():
    table = migration(states([1, 2], [1, 1], [AWAY, 1], [2, AWAY], [AWAY, AWAY]))

    assert table.loc[1].tolist() == [1, 1, 0]
    assert table.loc[AWAY].tolist() == [1, 0, 0]
    assert table.to_numpy().sum() == 4


def test_moves_say_where_customers_go_and_where_they_come_from():
    found = moves(states([1, 2, 2], [1, 1, 2], [2, 2, AWAY], [AWAY, 2, 2]), 0.95).set_index(["origin", "target"])

    assert found.loc[(1, 2), "n_moves"] == 2
    assert found.loc[(1, 2), "after"] == pytest.approx(2 / 3)
    assert found.loc[(1, 2), "before"] == pytest.approx(2 / 6)
    assert math.isnan(found.loc[(AWAY, 2), "after"])
    assert math.isnan(found.loc[(2, AWAY), "before"])
    assert (AWAY, AWAY) not in found.index


def test_shares_of_moves_from_a_segment_add_up_to_one():
    rng = np.random.default_rng(1)
    found = moves(states(*rng.integers(-1, 4, (200, 5))), 0.95)
    leaving = found[found["origin"] != AWAY]

    assert leaving.groupby("origin")["after"].sum().to_numpy() == pytest.approx(1.0)
    assert (leaving["after.ci_low"] <= leaving["after"]).all()
    assert (leaving["after"] <= leaving["after.ci_high"]).all()


def test_a_path_tells_each_stay_once_and_begins_with_the_customer():
    found = paths(states([AWAY, 1, 1, 2], [1, 1, 1, 2], [1, 2, 1, 2], [3, 3, 3, 3]), 0.95)

    assert found["path"].tolist() == [(1, 2), (1, 2, 1, 2), (3,)]
    assert found["n_customers"].tolist() == [2, 1, 1]
    assert found["share"].tolist() == [0.5, 0.25, 0.25]


def test_paths_that_end_in_a_segment_are_of_its_present_customers():
    found = paths(states([1, 2], [2, 2], [2, 1]), 0.95, ending=2)

    assert found["path"].tolist() == [(1, 2), (2,)]
    assert found["share"].tolist() == [0.5, 0.5]


def test_paths_over_many_cutoffs_do_not_overflow():
    rng = np.random.default_rng(1)
    state = rng.integers(-1, 12, (300, 60))
    state[:, -1] = 3
    found = paths(Timeline(tuple(FIRST + timedelta(days=place) for place in range(60)), state), 0.95, n_shown=500)

    assert found["n_customers"].sum() == 300
    assert len(found) == 300


def test_half_of_those_who_come_are_gone_after_the_median():
    found = stay(states([2, 1, 1, 2, 2], [2, 1, 2, 2, 2], [AWAY, 1, 1, 1, AWAY], [2, 1, 2, 2, 2]), 1, 0.95)

    assert found.n_spells == 4
    assert found.median_days == 28.0
    assert found.rate.estimate == pytest.approx(3 / 7)


def test_stays_that_last_to_the_end_are_censored():
    found = stay(states([2, 1, 1, 1], [2, 2, 2, 1], [2, 1, 2, 2]), 1, 0.95)

    assert found.median_days == 28.0  # of the two that were seen for 28 days one left; the third came at the end
    assert found.followed_days == 56.0
    assert found.n_spells == 3


def test_nobody_leaves_a_segment_whose_stays_never_end():
    found = stay(states([2, 1, 1], [2, 1, 1]), 1, 0.95)

    assert math.isnan(found.median_days)
    assert found.rate.estimate == 1.0


def test_one_cutoff_says_nothing_of_moving():
    found = states([1], [2])

    assert moves(found, 0.95).empty
    assert math.isnan(stay(found, 1, 0.95).rate.estimate)


def test_sizes_are_of_those_who_are_there():
    found = sizes(states([1, AWAY], [2, 2], [1, 1]), 0.95)

    assert found["share"].tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 2, 1 / 2])

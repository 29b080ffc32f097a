"""What a refit continues of the segments before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.segments.continuity import Fate, continuity


def fates(found):
    return [(change.fate, change.old, change.new) for change in found.changes]


def labels(*sizes):
    """So many customers in each segment, by (segment, number)."""
    return np.concatenate([np.full(n, segment, np.int64) for segment, n in sizes])


def test_the_same_groups_under_other_labels_persist_under_their_ids():
    before, now = labels((4, 10), (7, 20), (9, 30)), labels((2, 10), (3, 20), (1, 30))

    found = continuity(before, now, next_id=10)

    assert found.ids == {2: 4, 3: 7, 1: 9}
    assert fates(found) == [(Fate.PERSISTED, (4,), (4,)), (Fate.PERSISTED, (7,), (7,)), (Fate.PERSISTED, (9,), (9,))]
    assert found.n_persisted == 3


def test_the_larger_part_of_a_split_keeps_the_id_and_the_other_gets_one_that_was_never_used():
    before = labels((1, 100), (2, 50))
    now = np.concatenate([labels((1, 60), (2, 40)), labels((3, 50))])

    found = continuity(before, now, next_id=8)

    assert found.ids == {1: 1, 2: 8, 3: 2}
    assert (Fate.SPLIT, (1,), (1, 8)) in fates(found)


def test_two_segments_that_come_together_are_a_merger_and_nobody_dissolved():
    before, now = labels((1, 50), (2, 45), (3, 60)), labels((1, 95), (2, 60))

    found = continuity(before, now, next_id=4)

    assert found.ids == {1: 1, 2: 3}
    assert (Fate.MERGED, (1, 2), (1,)) in fates(found)
    assert not [one for one in found.changes if one.fate in {Fate.DISSOLVED, Fate.BORN}]


def test_a_group_that_scatters_dissolves_and_one_of_nobody_is_born():
    before = labels((1, 100), (2, 100), (3, 20), (0, 30))
    now = np.concatenate([labels((1, 100)), labels((2, 100)), np.tile([1, 2], 10), labels((3, 30))])

    found = continuity(before, now, next_id=4)

    assert (Fate.DISSOLVED, (3,), ()) in fates(found)
    assert (Fate.BORN, (), (4,)) in fates(found)


def test_of_two_equally_similar_the_nearer_centre_is_continued():
    before, now = labels((1, 20)), labels((1, 10), (2, 10))

    near_second = continuity(before, now, 2, {(1, 1): 3.0, (1, 2): 0.5})
    near_first = continuity(before, now, 2, {(1, 1): 0.5, (1, 2): 3.0})

    assert near_second.ids == {1: 2, 2: 1}
    assert near_first.ids == {1: 1, 2: 2}


@pytest.mark.parametrize("side", ["before", "now"])
def test_those_in_no_segment_are_never_matched(side):
    some, nobody = labels((1, 10)), np.zeros(10, np.int64)

    found = continuity(*((nobody, some) if side == "before" else (some, nobody)), next_id=5)

    assert found.ids == ({1: 5} if side == "before" else {})
    assert found.n_persisted == 0


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=60),
    st.permutations(range(1, 6)),
)
def test_ids_are_unique_and_every_segment_is_told_whatever_the_labels(pairs, renamed):
    before, now = (np.array(side, np.int64) for side in zip(*pairs, strict=True))

    found = continuity(before, now, next_id=6)
    told_old = {one for change in found.changes for one in change.old}
    told_new = {one for change in found.changes for one in change.new}

    assert len(set(found.ids.values())) == len(found.ids) == len(set(now) - {0})
    assert told_old == set(before) - {0}
    assert told_new == set(found.ids.values())
    assert found.overlap.to_numpy().sum() == len(pairs)
    shuffled = np.array([0, *renamed], np.int64)[now]
    assert continuity(before, shuffled, next_id=6).n_persisted == found.n_persisted

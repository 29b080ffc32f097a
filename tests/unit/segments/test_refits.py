"""Refits of one way of segmenting, cutoff by cutoff."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from pipelines.segments.choice import Candidate
from pipelines.segments.continuity import Fate
from pipelines.segments.refits import refitted, renumbered
from pipelines.segments.segmenters import KMeans
from pipelines.segments.snapshots import Snapshot
from pipelines.segments.transforms import Transforms

START = datetime(2026, 1, 5, tzinfo=UTC)
CENTRES = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def snapshot(place, kind, moved=0.0):
    """Customers about the centres of their kinds."""
    rng = np.random.default_rng(place)
    rows = pd.DataFrame(CENTRES[kind] + moved + rng.normal(size=(len(kind), 2)), columns=["x", "y"])
    return Snapshot(START + timedelta(days=28 * place), np.arange(len(kind)), rows)


def walked(snapshots, n_segments=3):
    how = Candidate(transforms=Transforms(shape="none"), segmenter=KMeans(), n_segments=n_segments)
    return refitted(lambda one, before: how.fit(one.rows, 7, before), snapshots)


def test_segments_that_drift_slowly_keep_their_ids_and_customers():
    kind = np.arange(300) % 3
    found = walked([snapshot(place, kind, moved=0.3 * place) for place in range(5)])

    assert len({one.segmentation.ids for one in found}) == 1
    assert all(one.definition > 0.97 and one.membership > 0.97 for one in found[1:])
    assert (found[0].definition, found[0].membership, found[0].continuity) == (None, None, None)
    assert all(change.fate == Fate.PERSISTED for one in found[1:] for change in one.continuity.changes)


def test_customers_who_change_lower_membership_and_not_the_definition():
    kind = np.arange(300) % 3
    changed = np.where(np.arange(300) < 60, (kind + 1) % 3, kind)

    _, found = walked([snapshot(0, kind), snapshot(1, changed)])

    assert found.definition > 0.97
    assert 0.4 < found.membership < 0.8


def test_only_customers_of_both_cutoffs_count_for_membership():
    kind = np.arange(300) % 3
    first, second = snapshot(0, kind), snapshot(1, kind)
    others = Snapshot(second.cutoff, second.customer + 150, second.rows)

    _, found = walked([first, others])

    assert found.membership > 0.97  # 150 customers on, kinds repeat: 150 is a multiple of 3


def test_other_ids_are_handed_to_every_refit_and_the_dead_get_new_ones():
    kind = np.arange(300) % 3
    found = walked([snapshot(place, kind) for place in range(2)])

    told = renumbered(found, {1: 7, 2: 4}, next_id=9)

    assert {one.segmentation.ids for one in told} == {tuple({1: 7, 2: 4, 3: 9}[i] for i in found[0].segmentation.ids)}
    assert set(told[1].segment) == {7, 4, 9}
    assert np.array_equal(told[1].segment == 7, found[1].segment == 1)
    assert {one for change in told[1].continuity.changes for one in change.new} == {7, 4, 9}
    assert sorted(told[1].continuity.overlap.columns) == [4, 7, 9]

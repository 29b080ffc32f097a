"""What every segmenter promises. A new one gets one line in `SPECS`."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from pydantic import TypeAdapter

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.segments.clusters import NOISE, AnyClusters
from pipelines.segments.segmenters import DBSCAN, HDBSCAN, AnySegmenter, GaussianMixture, KMeans, MiniBatchKMeans, Ward
from pipelines.segments.stability import adjusted_rand
from support.blobs import CENTRES, blobs

SPECS = (KMeans(), MiniBatchKMeans(), GaussianMixture(), Ward(), DBSCAN(), HDBSCAN())
each_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
each_that_takes_n = pytest.mark.parametrize(
    "spec", [spec for spec in SPECS if spec.takes_n], ids=lambda spec: spec.type
)
POINTS, GROUP = blobs()
LATER, _ = blobs(500, seed=9)


def test_every_segmenter_is_tried_here():
    assert {type(spec) for spec in SPECS} == set(get_args(get_args(AnySegmenter)[0]))
    assert {type(spec.fit(POINTS, 3, 0)) for spec in SPECS} == set(get_args(get_args(AnyClusters)[0]))


@each_spec
def test_two_obvious_groups_are_found(spec):
    points, group = blobs(600, n_groups=2)
    clusters = spec.fit(points, 2, 1)
    assigned = clusters.assign(points)

    assert clusters.n_clusters == 2
    assert adjusted_rand(group[assigned.label != NOISE], assigned.label[assigned.label != NOISE]) > 0.97
    assert (assigned.label == NOISE).mean() < 0.15
    assert clusters.centres.shape == (2, 3)


@each_spec
def test_same_seed_gives_the_same_clusters(spec):
    assert spec.fit(POINTS, 3, 5) == spec.fit(POINTS, 3, 5)


@each_spec
def test_cluster_of_a_row_does_not_depend_on_the_others_or_their_order(spec):
    clusters = spec.fit(POINTS, 3, 1)
    order = np.random.default_rng(2).permutation(len(LATER))
    assigned, shuffled = clusters.assign(LATER), clusters.assign(LATER[order])

    assert np.array_equal(assigned.label[order], shuffled.label)
    np.testing.assert_allclose(assigned.distance[order], shuffled.distance, rtol=1e-12)
    assert clusters.assign(LATER[7:8]).label[0] == assigned.label[7]
    assert clusters.assign(LATER[:0]).label.shape == (0,)


@each_spec
def test_clusters_say_the_same_after_json(spec):
    clusters = spec.fit(POINTS, 3, 1)
    again = TypeAdapter(AnyClusters).validate_json(clusters.model_dump_json())

    assert again == clusters
    assert np.array_equal(again.assign(LATER).label, clusters.assign(LATER).label)
    assert np.array_equal(again.assign(LATER).distance, clusters.assign(LATER).distance)


@each_spec
def test_labels_and_distances_are_those_of_the_centres(spec):
    clusters = spec.fit(POINTS, 3, 1)
    assigned = clusters.assign(LATER)
    to_each = np.sqrt(np.square(LATER[:, None] - clusters.centres).sum(axis=2))
    is_in = assigned.label != NOISE

    assert assigned.label.dtype == np.int64
    assert set(assigned.label) <= {NOISE, *range(clusters.n_clusters)}
    np.testing.assert_allclose(assigned.distance[is_in], to_each[is_in, assigned.label[is_in]])
    np.testing.assert_allclose(assigned.distance[~is_in], to_each[~is_in].min(axis=1))


@each_spec
def test_point_far_from_all_is_noise_only_where_density_decides(spec):
    label = spec.fit(POINTS, 3, 1).assign(np.full((1, 3), 500.0)).label[0]

    assert (label == NOISE) == (not spec.takes_n)


@each_spec
def test_start_is_accepted(spec):
    clusters = spec.fit(POINTS, 3, 1, start=CENTRES)
    label = clusters.assign(POINTS).label

    assert adjusted_rand(GROUP[label != NOISE], label[label != NOISE]) > 0.95


@pytest.mark.parametrize("spec", [KMeans(), MiniBatchKMeans(), GaussianMixture()], ids=lambda spec: spec.type)
def test_refit_from_a_start_keeps_the_order_of_the_clusters(spec):
    clusters = spec.fit(POINTS, 3, 1, start=CENTRES[[2, 0, 1]])

    np.testing.assert_allclose(clusters.centres, CENTRES[[2, 0, 1]], atol=0.5)


@each_that_takes_n
def test_start_of_another_shape_is_refused(spec):
    with pytest.raises(ModelError, match=r"start has shape \(2, 3\); 3 segments of 3 dimensions"):
        spec.fit(POINTS, 3, 1, start=CENTRES[:2])


@each_spec
def test_one_row_is_too_few(spec):
    with pytest.raises(NotEnoughDataError, match="1 different rows cannot make"):
        spec.fit(POINTS[:1], 3, 1)


@pytest.mark.parametrize("spec", [KMeans(), MiniBatchKMeans()], ids=lambda spec: spec.type)
def test_fewer_different_rows_than_segments_are_too_few(spec):
    with pytest.raises(NotEnoughDataError, match="2 different rows cannot make 3 segments"):
        spec.fit(np.repeat(POINTS[:2], 50, axis=0), 3, 1)


@each_spec
def test_equal_rows_give_clusters_or_an_error_that_says_why(spec):
    points = np.zeros((300, 3))
    if isinstance(spec, (KMeans, MiniBatchKMeans, Ward)):
        with pytest.raises(NotEnoughDataError, match="1 different rows cannot make 3 segments"):
            spec.fit(points, 3, 1)
    elif isinstance(spec, HDBSCAN):  # a region is dense only beside a less dense one
        with pytest.raises(ModelError, match="No region of the 300 rows is dense enough"):
            spec.fit(points, 3, 1)
    else:
        assert np.isfinite(spec.fit(points, 3, 1).centres).all()


@each_spec
def test_constant_column_changes_nothing_but_its_own_coordinate(spec):
    points = np.column_stack([POINTS, np.zeros(len(POINTS))])
    label = spec.fit(points, 3, 1).assign(points).label

    assert adjusted_rand(label, spec.fit(POINTS, 3, 1).assign(POINTS).label) > 0.95


@each_spec
def test_point_that_is_not_finite_is_refused(spec):
    points = POINTS.copy()
    points[3, 1] = np.nan

    with pytest.raises(ModelError, match="1 of 600 points are not finite"):
        spec.fit(points, 3, 1)
    with pytest.raises(ModelError, match="1 of 600 points are not finite"):
        spec.fit(POINTS, 3, 1).assign(points)


@each_spec
def test_points_of_other_dimensions_are_refused(spec):
    with pytest.raises(ModelError, match="the centres have 3 dimensions"):
        spec.fit(POINTS, 3, 1).assign(POINTS[:, :2])


@each_spec
def test_fitting_leaves_the_points_as_they_were(spec):
    points = POINTS.copy()
    spec.fit(points, 3, 1).assign(points)

    assert np.array_equal(points, POINTS)


@each_spec
def test_spec_is_read_by_its_type(spec):
    assert TypeAdapter(AnySegmenter).validate_python(spec.model_dump()) == spec


def test_assigning_needs_no_scikit_learn():
    code = "import sys, pipelines.segments.segmentation; sys.exit('sklearn' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

import numpy as np
import pytest

from pipelines.core.errors import ModelError
from pipelines.segments.clusters import NOISE
from pipelines.segments.segmenters import DBSCAN, HDBSCAN, GaussianMixture, KMeans, MiniBatchKMeans, Ward
from pipelines.segments.stability import adjusted_rand
from support.blobs import blobs

POINTS, GROUP = blobs(3_000)


def test_k_means_that_tries_starts_on_a_sample_ends_where_all_rows_lead():
    sampled = KMeans(n_tried=300).fit(POINTS, 3, 1)
    full = KMeans().fit(POINTS, 3, 1)

    np.testing.assert_allclose(sorted(sampled.centres.tolist()), sorted(full.centres.tolist()), atol=0.02)
    assert sum(sampled.n_rows) == len(POINTS)


def test_update_moves_a_centre_to_the_mean_of_all_rows_it_was_nearest_to():
    spec = MiniBatchKMeans(batch_size=100)
    clusters = KMeans().fit(POINTS[:1_000], 3, 1)
    updated = spec.update(clusters, POINTS[1_000:])
    label = updated.assign(POINTS).label
    means = np.array([POINTS[label == i].mean(axis=0) for i in range(3)])

    np.testing.assert_allclose(updated.centres, means, atol=0.02)
    assert sum(updated.n_rows) == len(POINTS)


def test_update_is_what_partial_fit_does():
    from sklearn.cluster import MiniBatchKMeans as Theirs

    clusters = KMeans().fit(POINTS[:1_000], 3, 1)
    theirs = Theirs(3, init=clusters.centres, n_init=1, reassignment_ratio=0, random_state=0)
    theirs.partial_fit(POINTS[:1_000])
    theirs.partial_fit(POINTS[1_000:2_000])
    ours = MiniBatchKMeans().update(clusters.model_copy(update={"n_rows": (0.0,) * 3}), POINTS[:1_000])
    ours = MiniBatchKMeans().update(ours, POINTS[1_000:2_000])

    np.testing.assert_allclose(ours.centres, theirs.cluster_centers_, rtol=1e-9)


def test_centre_without_new_rows_stays_where_it_is():
    clusters = KMeans().fit(POINTS, 3, 1)
    far = clusters.assign(POINTS).label == 0
    updated = MiniBatchKMeans(forget=1.0).update(clusters, POINTS[far] + 0.1)

    np.testing.assert_array_equal(updated.centres[1:], clusters.centres[1:])
    np.testing.assert_allclose(updated.centres[0], (POINTS[far] + 0.1).mean(axis=0))


def test_update_that_forgets_follows_further_than_one_that_remembers():
    clusters = KMeans().fit(POINTS, 3, 1)
    moved = POINTS + 0.5
    steps = [
        np.abs(MiniBatchKMeans(forget=forget).update(clusters, moved).centres - clusters.centres).mean()
        for forget in (0.0, 0.5, 1.0)
    ]

    assert steps[0] < steps[1] < steps[2]
    assert steps[2] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("covariance", ["full", "diag", "tied"])
def test_mixture_assigns_as_the_library_does(covariance):
    from sklearn.mixture import GaussianMixture as Theirs

    ours = GaussianMixture(covariance=covariance, n_init=1, floor=1e-3).fit(POINTS, 3, 4)
    settings = {"covariance_type": covariance, "init_params": "k-means++", "reg_covar": 1e-3, "max_iter": 200}
    theirs = Theirs(3, random_state=4, **settings).fit(POINTS)

    assert np.array_equal(ours.assign(POINTS).label, theirs.predict(POINTS))


@pytest.mark.parametrize("covariance", ["full", "diag", "tied"])
def test_mixture_that_begins_from_its_own_means_stays_there(covariance):
    spec = GaussianMixture(covariance=covariance)
    fitted = spec.fit(POINTS, 3, 1)
    again = spec.fit(POINTS, 3, 2, start=fitted.centres[[1, 2, 0]])

    np.testing.assert_allclose(again.centres, fitted.centres[[1, 2, 0]], atol=0.05)


def test_long_clusters_are_found_by_a_mixture_and_not_by_k_means():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 1_000)
    points = np.column_stack([rng.normal(0, 4, 1_000), rng.normal(0, 0.5, 1_000) + 4 * group])

    assert adjusted_rand(group, GaussianMixture().fit(points, 2, 1).assign(points).label) > 0.98
    assert adjusted_rand(group, KMeans().fit(points, 2, 1).assign(points).label) < 0.1


def test_ward_on_a_sample_assigns_the_rest_to_the_nearest_mean():
    clusters = Ward(sample=200).fit(POINTS, 3, 1)

    assert adjusted_rand(GROUP, clusters.assign(POINTS).label) > 0.97
    assert sum(clusters.n_rows) == len(POINTS)


def test_density_finds_rings_that_no_centre_can_tell_apart():
    rng = np.random.default_rng(0)
    ring = rng.integers(0, 2, 1_500)
    angle = rng.uniform(0, 2 * np.pi, 1_500)
    radius = 1 + 4 * ring + rng.normal(0, 0.1, 1_500)
    points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])

    for spec in (DBSCAN(radius=0.7, n_neighbours=5), HDBSCAN(smallest_share=0.2, n_neighbours=5)):
        label = spec.fit(points, 0, 1).assign(points).label
        assert adjusted_rand(ring, label) > 0.95


def test_radius_grows_until_few_kept_rows_still_reach_their_cluster():
    everything = DBSCAN(n_kept=3_000).fit(POINTS, 0, 1)
    thinned = DBSCAN(n_kept=60).fit(POINTS, 0, 1)

    assert len(thinned.kept) <= 60 + thinned.n_clusters
    assert min(thinned.radius) > max(everything.radius)
    label = everything.assign(POINTS).label
    assert (thinned.assign(POINTS[label != NOISE]).label != NOISE).mean() > 0.95


def test_noise_around_dense_groups_is_left_out():
    rng = np.random.default_rng(3)
    scattered = rng.uniform(-40, 40, (300, 3))
    label = HDBSCAN(smallest_share=0.1).fit(np.concatenate([POINTS, scattered]), 0, 1).assign(scattered).label

    assert (label == NOISE).mean() > 0.9


def test_no_dense_region_is_an_error_that_says_so():
    scattered = np.random.default_rng(0).normal(size=(500, 10))

    with pytest.raises(ModelError, match="No region of the 500 rows is dense enough"):
        HDBSCAN(smallest_share=0.4).fit(scattered, 0, 1)


def test_batches_begin_from_centres_of_a_sample_and_end_where_k_means_does():
    rng = np.random.default_rng(8)
    kind = rng.integers(0, 6, 6_000)
    points = rng.normal(size=(6, 8))[kind] * 1.6 + rng.normal(size=(6_000, 8))

    told = [one.fit(points, 6, seed).assign(points).label for seed in range(4) for one in (KMeans(), MiniBatchKMeans())]

    assert min(adjusted_rand(one, other) for one, other in zip(told[::2], told[1::2], strict=True)) > 0.9

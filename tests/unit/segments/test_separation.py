import numpy as np
import pytest
from sklearn import metrics

from pipelines.segments.choice import Candidate
from pipelines.segments.choice_measure import same_customers, stability_of
from pipelines.segments.segmenters import KMeans
from pipelines.segments.separation import Reference, Separation, log_within, reference, separation, without_groups
from pipelines.segments.stability import (
    Neighbouring,
    adjusted_rand,
    best_jaccard,
    neighbouring,
    resampled,
)
from pipelines.segments.transforms import Transforms
from support.blobs import blobs, snapshots

POINTS, GROUP = blobs()
NOISE_POINTS = np.random.default_rng(5).random((600, 3))


def test_measures_are_the_published_ones():
    found = separation(POINTS, GROUP, 10_000, 1)

    assert found.silhouette == pytest.approx(metrics.silhouette_score(POINTS, GROUP))
    assert found.davies_bouldin == pytest.approx(metrics.davies_bouldin_score(POINTS, GROUP))
    assert found.calinski_harabasz == pytest.approx(metrics.calinski_harabasz_score(POINTS, GROUP))


def test_noise_is_left_out():
    label = np.where(np.arange(600) % 10 == 0, -1, GROUP)
    kept = label >= 0

    assert separation(POINTS, label, 10_000, 1) == separation(POINTS[kept], GROUP[kept], 10_000, 1)


def test_sampled_silhouette_is_near_the_full_one():
    full, sampled = (separation(POINTS, GROUP, n, 1).silhouette for n in (600, 200))

    assert sampled != full
    assert sampled == pytest.approx(full, abs=0.05)


def test_within_share_is_what_k_means_minimises():
    fitted = KMeans().fit(POINTS, 3, 1)
    label = fitted.assign(POINTS).label
    within = sum(np.square(POINTS[label == i] - POINTS[label == i].mean(axis=0)).sum() for i in range(3))

    assert np.exp(log_within(POINTS, label)) == pytest.approx(within / np.square(POINTS - POINTS.mean(axis=0)).sum())


def test_reference_has_the_mean_and_covariance_of_the_points():
    like = np.random.default_rng(0).normal(size=(20_000, 3)) @ np.array([[2, 1, 0], [0, 1, 0], [0, 0, 0.1]])
    drawn = without_groups(like)(np.random.default_rng(1))

    np.testing.assert_allclose(drawn.mean(axis=0), like.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(like.T), atol=0.15)


def test_groups_score_above_a_half_and_none_about_a_half():
    scores = {}
    for name, points in (("groups", POINTS), ("none", NOISE_POINTS)):
        label = KMeans().fit(points, 3, 1).assign(points).label
        scores[name] = reference(points, 3, 5, 600, 1).score(separation(points, label, 600, 1))

    assert scores["groups"] > 0.75
    assert scores["none"] == pytest.approx(0.5, abs=0.04)


def test_gap_is_above_zero_for_groups_only():
    gaps = {}
    for name, points in (("groups", POINTS), ("none", NOISE_POINTS)):
        label = KMeans().fit(points, 3, 1).assign(points).label
        gaps[name] = reference(points, 3, 5, 600, 1).gap(separation(points, label, 600, 1))

    assert gaps["groups"] > 0.5
    assert abs(gaps["none"]) < 0.1


def test_score_lies_between_zero_and_one_and_rises_with_the_silhouette():
    scores = [Reference(0.4, -1.0, 0.1).score(Separation(s, 1.0, 1.0, -1.0)) for s in (-0.5, 0.0, 0.2, 0.6, 1.0)]

    assert scores == sorted(scores)
    assert (scores[0], scores[1], scores[-1]) == (0.0, 0.0, 1.0)


def test_same_partition_under_other_labels_agrees_fully():
    assert adjusted_rand(GROUP, (GROUP + 1) % 3) == 1.0
    assert best_jaccard(GROUP, (GROUP + 1) % 3, 3).tolist() == [1.0, 1.0, 1.0]


def test_merged_clusters_keep_their_share_of_the_union():
    one = np.repeat([0, 1, 2], [60, 40, 100])
    merged = np.repeat([0, 0, 2], [60, 40, 100])

    np.testing.assert_allclose(best_jaccard(one, merged, 3), [0.6, 0.4, 1.0])


def test_cluster_that_became_noise_or_is_empty_has_no_index():
    assert best_jaccard(np.array([0, 0, 1]), np.array([-1, -1, 0]), 3).tolist() == [0.0, 1.0, 0.0]


def test_real_groups_are_found_again_and_slices_in_the_wrong_number_are_not():
    def fit_of(n):
        return lambda points, seed: KMeans(n_init=1).fit(points, n, seed)

    found = {n: resampled(POINTS, fit_of(n)(POINTS, 0), fit_of(n), 6, 600, 1) for n in (3, 7)}

    assert min(found[3].jaccard) > 0.95
    assert np.mean(found[3].ari) > 0.95
    assert min(found[7].jaccard) < 0.8
    assert (len(found[3].jaccard), len(found[3].ari)) == (3, 6)


def test_neighbouring_cutoffs_are_compared_by_rows_and_by_customers():
    shots = snapshots(moved=0.3)
    candidate = Candidate(transforms=Transforms(shape="none"), segmenter=KMeans(), n_segments=3)
    near = neighbouring(shots, [candidate.fit(shot.rows, 1) for shot in shots])

    assert len(near.definition) == len(near.membership) == 2
    assert min(near.definition) > 0.97
    assert min(near.membership) > 0.9


def test_customers_who_wander_lower_membership_and_not_definition():
    candidate = Candidate(transforms=Transforms(shape="none"), segmenter=KMeans(), n_segments=3)
    shots = snapshots(moved=2.0, n_rows=1_500)
    near = neighbouring(shots, [candidate.fit(shot.rows, 1) for shot in shots])

    assert np.mean(near.definition) > 0.8
    assert np.mean(near.membership) < np.mean(near.definition) - 0.15


def test_one_cutoff_has_no_neighbours():
    shots = snapshots(1)
    fits = [Candidate(transforms=Transforms(), segmenter=KMeans(), n_segments=3).fit(shots[0].rows, 1)]

    assert neighbouring(shots, fits) == Neighbouring((), ())


def test_sampled_customers_are_the_same_at_every_cutoff():
    shots = snapshots(3, n_rows=1_000)
    sampled = same_customers(shots, 200, np.random.default_rng(1))

    assert 120 < len(sampled[0]) < 280
    assert all(np.array_equal(one.customer, sampled[0].customer) for one in sampled)
    row = sampled[1].rows.iloc[5]
    assert row.equals(shots[1].rows.iloc[int(sampled[1].customer[5])].rename(row.name))
    assert same_customers(shots, 1_000, np.random.default_rng(1)) == tuple(shots)


def test_stability_is_no_better_than_its_parts_allow():
    from pipelines.segments.stability import Resampled

    again = Resampled((1.0, 0.5), (0.9, 0.9))

    assert stability_of(again, Neighbouring()) == pytest.approx(np.sqrt(0.5 * 0.9))
    assert stability_of(again, Neighbouring((0.0,), (0.9,))) == 0.0
    assert stability_of(Resampled((1.0,), (-0.1,)), Neighbouring()) == 0.0

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from pipelines.segments.choice import Candidate
from pipelines.segments.segmentation import Segmentation
from pipelines.segments.segmenters import HDBSCAN, GaussianMixture, KMeans
from pipelines.segments.stability import adjusted_rand
from pipelines.segments.transforms import Transforms
from support.blobs import blobs, frame

POINTS, GROUP = blobs()
ROWS = frame(POINTS)


def candidate(segmenter=None, n_segments=3, **transforms):
    return Candidate(
        transforms=Transforms(**({"shape": "none"} | transforms)),
        segmenter=segmenter or KMeans(),
        n_segments=n_segments,
    )


@pytest.mark.parametrize("segmenter", [KMeans(), GaussianMixture(), HDBSCAN()], ids=lambda one: one.type)
def test_segmentation_says_the_same_after_json(segmenter):
    of = candidate(segmenter).fit(ROWS, 1)
    again = Segmentation.model_validate_json(of.model_dump_json())

    assert again == of
    assert np.array_equal(again.assign(ROWS).segment, of.assign(ROWS).segment)
    assert np.array_equal(again.assign(ROWS).distance, of.assign(ROWS).distance)


def test_ids_are_ranks_by_size():
    of = candidate().fit(ROWS[(GROUP != 1) | (np.arange(len(ROWS)) % 4 == 0)], 1)
    n_rows = np.bincount(of.assign(ROWS[(GROUP != 1) | (np.arange(len(ROWS)) % 4 == 0)]).segment)

    assert sorted(of.ids) == [1, 2, 3]
    assert n_rows[0] == 0
    assert n_rows[1] >= n_rows[2] >= n_rows[3]


def test_ids_and_names_travel_and_clusters_stay():
    of = candidate().fit(ROWS, 1)
    renamed = of.with_ids([10, 4, 7], {4: "regulars"})
    was, now = of.assign(ROWS).segment, renamed.assign(ROWS).segment

    assert renamed.clusters == of.clusters
    assert renamed.names == {4: "regulars"}
    assert dict(zip(was, now, strict=True)) == dict(zip(of.ids, renamed.ids, strict=True))


def test_noise_has_id_zero():
    of = candidate(HDBSCAN(), 0).fit(ROWS, 1)
    far = pd.DataFrame([dict.fromkeys(ROWS, 1e6)])

    assert of.assign(far).segment.tolist() == [0]
    assert of.with_ids(of.ids, {0: "in no segment"}).names[0] == "in no segment"


def test_centres_are_in_units():
    of = candidate().fit(ROWS, 1)
    means = ROWS.groupby(of.assign(ROWS).segment).mean()

    np.testing.assert_allclose(of.centres().sort_index(), means, atol=1e-6)


def test_refit_that_begins_from_an_earlier_one_keeps_its_clusters_in_order():
    before = candidate().fit(ROWS, 1)
    after = candidate(shape="quantile").fit(ROWS + 0.2, 99, before)
    old, new = (one.clusters.assign(one.transforms.apply(ROWS)).label for one in (before, after))

    assert (old == new).mean() > 0.9


def test_earlier_fit_of_another_number_or_features_is_not_begun_from():
    before = candidate(n_segments=2).fit(ROWS, 1)
    others = candidate().fit(ROWS.rename(columns={"x0": "y0"}), 1)

    assert candidate().fit(ROWS, 5, before) == candidate().fit(ROWS, 5)
    assert candidate().fit(ROWS, 5, others) == candidate().fit(ROWS, 5)


def test_groups_are_found_in_rows():
    assert adjusted_rand(GROUP, candidate().fit(ROWS, 1).assign(ROWS).segment) > 0.97


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ids": (1, 2)}, "needs 3 different ids, got .1, 2."),
        ({"ids": (1, 2, 2)}, "needs 3 different ids"),
        ({"ids": (0, 1, 2)}, "greater than or equal to 1"),
        ({"names": {9: "x"}}, "names of ids that there are not: .9."),
        ({"transforms": Transforms().fit(ROWS[["x0"]])}, "transforms give 1 dimensions, the clusters have 3"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(changed, words):
    of = candidate().fit(ROWS, 1)
    parts = {"transforms": of.transforms, "clusters": of.clusters, "ids": of.ids, "names": of.names}

    with pytest.raises(ValidationError, match=words):
        Segmentation(**(parts | changed))


def test_million_rows_are_assigned_in_bounded_memory():
    import tracemalloc

    of = candidate().fit(ROWS, 1)
    points = np.tile(POINTS, (400, 1))
    tracemalloc.start()
    of.clusters.assign(points)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 3 * points.nbytes

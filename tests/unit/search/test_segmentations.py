import numpy as np
import pytest

from pipelines.core.errors import ModelError
from pipelines.search.segmentations import choose
from pipelines.segments.choice import ChoiceSpec, SegmentSpace
from pipelines.segments.segmenters import DBSCAN, KMeans, Ward
from pipelines.segments.snapshots import Snapshot
from pipelines.segments.stability import adjusted_rand
from pipelines.segments.structure import StructureTest
from pipelines.segments.transforms import Transforms
from support.blobs import blobs, frame, snapshots

QUICK = ChoiceSpec(n_resamples=3, n_references=2, structure=StructureTest(n_rows=300, most_clusters=4))
PLAIN = Transforms(shape="none")
SMALL = SegmentSpace(transforms=PLAIN, fewest=2, most=5)
LARGE = SegmentSpace(transforms=PLAIN, shape=("log", "quantile"), scale=("robust",), segmenters=(KMeans(), DBSCAN()))


def of_noise(n_rows=400, n_dims=2):
    shot = snapshots(1)[0]
    points = np.random.default_rng(3).random((n_rows, n_dims))
    return [Snapshot(shot.cutoff, np.arange(n_rows), frame(points))]


def chosen(space=SMALL, choice=QUICK, shots=None, seed=1):
    told = []
    found = choose(
        space, choice, snapshots() if shots is None else shots, seed, lambda one, best: told.append((one, best))
    )
    return found, told


def test_planted_groups_are_chosen_and_called_groups():
    found, _ = chosen()
    points, group = blobs(400, seed=0)

    assert found.measured.n_segments == 3
    assert found.structure.found
    assert found.structure.kind == "groups"
    assert adjusted_rand(group, found.candidate.fit(frame(points), 1).assign(frame(points)).segment) > 0.95


def test_noise_is_called_a_continuum_or_nothing():
    found, _ = chosen(shots=of_noise(), space=SMALL.model_copy(update={"fewest": 3}))

    assert not found.structure.found
    assert found.structure.kind in {"slices", "nothing"}
    assert "no separate groups" in found.structure.words


def test_small_space_is_tried_exhaustively_and_told_in_order():
    found, told = chosen()

    assert [one.candidate for one in found.trials] == SMALL.candidates()
    assert [one for one, _ in told] == list(found.trials)
    assert [best for _, best in told] == list(np.maximum.accumulate([one.score for one in found.trials]))
    assert found.measured.score == max(one.score for one in found.trials)
    assert found.measured.candidate == found.candidate


def test_large_space_is_sampled_without_repetition():
    choice = QUICK.model_copy(update={"n_trials": 14, "n_startup": 4})
    found, _ = chosen(LARGE, choice, snapshots(1))

    assert len(LARGE.candidates()) > 14
    assert len({one.candidate.digest() for one in found.trials}) == len(found.trials) == 14
    assert {one.candidate.digest() for one in found.trials} <= {one.digest() for one in LARGE.candidates()}


def test_budget_just_below_the_whole_space_is_met():
    space = SegmentSpace(transforms=PLAIN, segmenters=(KMeans(), Ward()), fewest=2, most=4)
    found, _ = chosen(space, QUICK.model_copy(update={"n_trials": 5, "n_startup": 2}), snapshots(1))

    assert len({one.candidate.digest() for one in found.trials}) == 5


def test_same_seed_gives_the_same_choice_and_trials():
    choice = QUICK.model_copy(update={"n_trials": 6, "n_startup": 3})

    assert chosen(LARGE, choice, snapshots(1), seed=7)[0] == chosen(LARGE, choice, snapshots(1), seed=7)[0]


def test_space_without_a_usable_candidate_is_an_error_with_its_reasons():
    choice = QUICK.model_copy(update={"smallest_share": 0.4})

    with pytest.raises(ModelError, match="All 3 candidates were refused; most often: smallest segment"):
        chosen(SegmentSpace(transforms=PLAIN, fewest=3, most=5), choice, snapshots(1))

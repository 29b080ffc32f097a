import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from pipelines.core.errors import NotEnoughDataError
from pipelines.segments.choice import Candidate, ChoiceSpec, Measured, SegmentSpace, usable_size
from pipelines.segments.choice_figures import (
    best_by_number,
    choice_metrics,
    choice_report,
    trials_table,
)
from pipelines.segments.choice_measure import Measuring
from pipelines.segments.segmenters import DBSCAN, HDBSCAN, KMeans, Ward
from pipelines.segments.structure import Structure
from pipelines.segments.transforms import Transforms
from support.blobs import blobs, frame, snapshots

QUICK = ChoiceSpec(n_resamples=3, n_references=2)
PLAIN = Transforms(shape="none")
SPACE = SegmentSpace(transforms=PLAIN, fewest=2, most=5)


def measuring(shots=None, choice=QUICK, space=SPACE):
    return Measuring(space, choice, snapshots() if shots is None else shots, 1)


def candidate(n=3, segmenter=None):
    return Candidate(transforms=PLAIN, segmenter=segmenter or KMeans(), n_segments=n)


def test_space_lists_every_combination_once():
    space = SegmentSpace(
        transforms=Transforms(winsorise=0.01),
        shape=("quantile", "log"),
        scale=("robust",),
        winsorise=(0.0,),
        segmenters=(KMeans(), DBSCAN()),
        fewest=3,
        most=4,
    )
    found = space.candidates()

    assert len({one.digest() for one in found}) == len(found) == 2 * 2 * 2 * 2 + 2 * 2 * 2
    assert found[0].transforms == space.transforms
    assert {one.n_segments for one in found if isinstance(one.segmenter, DBSCAN)} == {0}


def test_exceptions_by_feature_hold_for_every_candidate():
    space = SegmentSpace(transforms=Transforms(by_feature={"x": {"weight": 2.0}}), shape=("quantile",))

    assert all(one.transforms.by_feature["x"].weight == 2.0 for one in space.candidates())


@pytest.mark.parametrize("wrong", [{"fewest": 5, "most": 4}, {"segmenters": ()}, {"segmenters": ({"type": "som"},)}])
def test_space_that_makes_no_sense_is_not_read(wrong):
    with pytest.raises(ValidationError):
        SegmentSpace.model_validate(wrong)


def test_weights_that_are_all_zero_are_refused():
    with pytest.raises(ValidationError, match="a weight above 0"):
        ChoiceSpec(separation=0, stability=0, size=0)


@pytest.mark.parametrize("part", ["separation", "stability", "size"])
def test_score_rises_with_each_part_and_none_makes_up_for_a_zero(part):
    parts = {"separation": 0.5, "stability": 0.5, "size": 0.5}

    assert ChoiceSpec().score(**(parts | {part: 0.6})) > ChoiceSpec().score(**parts) == pytest.approx(0.5)
    assert ChoiceSpec().score(**(parts | {part: 0.0})) == 0.0
    assert ChoiceSpec(**{part: 0.0}).score(**(parts | {part: 0.0})) == pytest.approx(0.5)


def test_uneven_sizes_and_noise_are_less_usable():
    sizes = [usable_size(shares) for shares in ((0.25,) * 4, (0.4, 0.3, 0.2, 0.1), (0.97, 0.01, 0.01, 0.01))]

    assert sizes[0] == pytest.approx(1.0)
    assert sizes == sorted(sizes, reverse=True)
    assert usable_size((0.3, 0.3)) == pytest.approx(0.6)


def test_everything_is_measured():
    found = measuring().measure(4, candidate())

    assert (found.number, found.refused, found.n_segments) == (4, "", 3)
    assert found.shares == tuple(sorted(found.shares, reverse=True))
    assert sum(found.shares) == pytest.approx(1)
    assert found.separation > 0.7
    assert found.stability > 0.9
    assert found.gap > 0.3
    assert found.gap_se > 0
    assert found.davies_bouldin > 0
    assert found.calinski_harabasz > 100
    assert found.silhouette > found.silhouette_reference
    assert (len(found.jaccard), len(found.ari_resamples)) == (3, 3)
    assert (len(found.ari_definition), len(found.ari_membership)) == (2, 2)
    assert found.score == QUICK.score(found.separation, found.stability, found.size)
    assert Measured.model_validate_json(found.model_dump_json()) == found


def test_planted_number_scores_best():
    of = measuring()
    found = [of.measure(i, candidate(n)) for i, n in enumerate((2, 3, 4, 5))]

    assert max(found, key=lambda one: one.score).n_segments == 3


def test_one_cutoff_is_measured_without_neighbours():
    found = measuring(snapshots(1)).measure(0, candidate())

    assert (found.ari_definition, found.ari_membership) == ((), ())
    assert found.stability > 0.9


def test_no_cutoff_is_not_enough():
    with pytest.raises(NotEnoughDataError, match="no snapshot"):
        measuring([]).measure(0, candidate())


def test_one_outlier_against_the_rest_is_refused_however_well_separated():
    shots = snapshots(1)
    rows = shots[0].rows.copy()
    rows.iloc[0] = 1e6
    of = measuring([type(shots[0])(shots[0].cutoff, shots[0].customer, rows)])

    found = of.measure(0, candidate(2))
    assert found.refused == "smallest segment 0.2%, below 3.0%"
    assert (found.score, found.silhouette) == (0.0, None)


def test_noise_above_the_limit_is_refused():
    points = np.concatenate([blobs(300, 2)[0], np.random.default_rng(0).uniform(-30, 30, (300, 3))])
    shot = snapshots(1)[0]
    shots = [type(shot)(shot.cutoff, np.arange(600), frame(points))]
    found = measuring(shots).measure(0, candidate(0, HDBSCAN(smallest_share=0.15)))

    assert "of customers in no segment, above 30.0%" in found.refused
    assert found.noise > 0.3


def test_candidate_that_cannot_be_fitted_is_refused_in_its_own_words():
    shot = snapshots(1)[0]
    shots = [type(shot)(shot.cutoff, shot.customer, pd.DataFrame({"x": np.ones(400)}))]

    assert measuring(shots).measure(0, candidate()).refused == "1 different rows cannot make 3 segments."


def test_same_seed_measures_the_same():
    assert measuring().measure(0, candidate()) == measuring().measure(0, candidate())


def test_units_of_a_feature_do_not_change_what_is_measured():
    shots = snapshots(1)
    scaled = [type(one)(one.cutoff, one.customer, one.rows * [1.0, 1000.0, 1.0]) for one in shots]

    one, other = measuring(shots).measure(0, candidate()), measuring(scaled).measure(0, candidate())
    assert one.score == pytest.approx(other.score, abs=1e-9)


def trials():
    of = measuring()
    kinds = [(2, KMeans()), (3, KMeans()), (3, Ward()), (4, KMeans()), (0, DBSCAN(radius=1e-6))]
    return [of.measure(i, candidate(n, kind)) for i, (n, kind) in enumerate(kinds)]


TRIALS = trials()
FOUND = Structure(True, 20.0, 0.02, 3, 400)


def test_table_has_a_row_per_candidate_and_numbers_where_they_are_known():
    table = trials_table(TRIALS)

    assert table["number"].tolist() == [0, 1, 2, 3, 4]
    assert table["refused"].ne("").tolist() == [False] * 4 + [True]
    assert table.loc[:3, ["silhouette", "gap", "ari_membership", "jaccard_smallest"]].notna().all(axis=None)
    assert table.loc[4, ["silhouette", "gap", "ari_membership"]].isna().all()
    assert table["ari_resamples"].iloc[1] == pytest.approx(np.mean(TRIALS[1].ari_resamples))


def test_best_by_number_leaves_out_the_refused():
    best = best_by_number(TRIALS)

    assert [one.n_segments for one in best] == [2, 3, 4]
    assert best[1].score == max(one.score for one in TRIALS if one.n_segments == 3)


def test_metrics_leave_out_what_was_not_measured():
    metrics = choice_metrics(measuring(snapshots(1)).measure(0, candidate()), FOUND)

    assert metrics["segments.n"] == 3
    assert metrics["segments.structure_found"] == 1.0
    assert "segments.ari_definition" not in metrics
    assert "segments.ari_membership" in choice_metrics(TRIALS[1], FOUND)


@pytest.mark.parametrize("shots", [snapshots(3), snapshots(1)], ids=["three cutoffs", "one cutoff"])
def test_report_draws_every_figure(shots, tmp_path):
    winner = measuring(shots).measure(0, candidate())
    report = choice_report([winner, *TRIALS[1:]], winner, FOUND, QUICK)

    figures = {path: one for path, one in report.artifacts.items() if path.endswith(".png")}
    assert set(figures) == {f"choice/{name}.png" for name in ("trade_off", "by_number", "gap", "stability")}
    for path, figure in figures.items():
        figure.savefig(tmp_path / path.replace("/", "_"))
        assert all(axes.get_xlabel() for axes in figure.axes)
    assert winner.candidate.__str__() in figures["choice/trade_off.png"].axes[0].get_title(loc="left")

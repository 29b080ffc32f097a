import numpy as np
import pytest
from pydantic import ValidationError

from pipelines.core.errors import NotEnoughDataError
from pipelines.segments.continuum import nearest_unimodal, spread_ties, unimodal_like
from pipelines.segments.structure import Structure, StructureTest, in_words
from support.blobs import blobs

TEST = StructureTest(n_rows=400, most_clusters=5)
SKEWED = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]])
WITHOUT = {
    "uniform": lambda rng: rng.random((400, 2)),
    "uniform in many dimensions": lambda rng: rng.random((400, 12)),
    "normal": lambda rng: rng.normal(size=(400, 3)),
    "correlated": lambda rng: rng.normal(size=(400, 3)) @ SKEWED * [1, 5, 0.1],
    "skewed": lambda rng: rng.exponential(size=(400, 5)),
    "very skewed": lambda rng: np.exp(rng.normal(size=(400, 5))),
    "heavy tails": lambda rng: rng.standard_t(3, (400, 3)),
    "counts": lambda rng: np.log1p(rng.poisson(np.exp(rng.normal(0.7, 0.8, (400, 1))), (400, 3))),
    "indicators": lambda rng: (rng.random((400, 5)) < [0.1, 0.3, 0.5, 0.5, 0.8]).astype(float),
}


@pytest.mark.parametrize("draw", [pytest.param(draw, id=name) for name, draw in WITHOUT.items()])
def test_data_without_groups_have_none(draw):
    found = [TEST.judge(draw(np.random.default_rng(seed)), seed) for seed in range(6)]

    assert sum(one.found for one in found) <= 1
    assert all(0 < one.p_value <= 1 for one in found)


@pytest.mark.parametrize("n_groups", [2, 3])
def test_groups_are_found(n_groups):
    found = TEST.judge(blobs(400, n_groups)[0], 1)

    assert found.found
    assert found.n_clusters == n_groups
    assert found.p_value == pytest.approx(0.02)
    assert found.n_rows == 400


def test_groups_in_one_feature_among_others_are_found():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 3))
    points[:, 1] += 7 * rng.integers(0, 2, 400)

    assert TEST.judge(points, 1).found


def test_indicators_that_go_together_are_groups():
    rng = np.random.default_rng(0)
    kind = rng.random((400, 1)) < 0.4
    points = np.where(rng.random((400, 6)) < 0.95, kind, ~kind).astype(float)

    assert TEST.judge(points, 1).found


def test_same_seed_gives_the_same_answer():
    points = blobs(500, spread=2.5)[0]

    assert TEST.judge(points, 4) == TEST.judge(points, 4)


def test_feature_that_never_varies_changes_nothing():
    points = blobs(400)[0]

    assert TEST.judge(np.column_stack([points, np.full(400, 0.1)]), 1) == TEST.judge(points, 1)
    assert not TEST.judge(np.full((400, 2), 0.1), 1).found


def test_feature_that_is_a_copy_does_not_stop_the_test():
    points = np.random.default_rng(0).normal(size=(400, 2))

    assert not TEST.judge(np.column_stack([points, points[:, 0]]), 1).found


def test_few_rows_are_not_enough():
    with pytest.raises(NotEnoughDataError, match="49 rows are too few"):
        TEST.judge(blobs(49)[0], 1)


def test_level_that_no_p_value_reaches_is_refused():
    with pytest.raises(ValidationError, match="give at least 99"):
        StructureTest(n_references=49, level=0.01)


@pytest.mark.parametrize(
    ("found", "is_stable", "kind", "words"),
    [
        (True, True, "groups", "There are groups"),
        (True, False, "groups", "none of the candidates describes them well"),
        (False, True, "slices", "customers form a continuum. The 4 segments are slices"),
        (False, False, "nothing", "do not build on these segments"),
    ],
)
def test_answer_is_one_of_three_and_says_on_what_it_rests(found, is_stable, kind, words):
    told = in_words(Structure(found, 1.5, 0.34, 2, 800), 4, is_stable=is_stable)

    assert told.kind == kind
    assert words in told.words
    assert "p = 0.34, n = 800" in told.words


def test_ties_are_spread_no_further_than_half_way_to_the_next_value():
    values = np.array([0.0] * 5 + [1.0] * 5 + [5.0, 5.0] + [7.5])[:, None]
    spread = spread_ties(values, np.random.default_rng(0))

    assert np.all(np.abs(spread[:5]) <= 0.5)
    assert np.all((spread[5:10] >= 0.5) & (spread[5:10] <= 3.0))
    assert np.all((spread[10:12] >= 3.0) & (spread[10:12] <= 6.25))
    assert spread[12] == 7.5
    assert len(np.unique(spread)) == 13


def test_values_without_ties_stay_as_they_are():
    points = np.random.default_rng(0).normal(size=(50, 3))

    assert np.array_equal(spread_ties(points, np.random.default_rng(1)), points)


@pytest.mark.parametrize("draw", [lambda rng, n: rng.normal(size=n), lambda rng, n: rng.exponential(size=n)])
def test_nearest_unimodal_distribution_of_a_unimodal_one_is_itself(draw):
    values = draw(np.random.default_rng(0), 5_000)
    edge, level = nearest_unimodal(values)
    own = np.searchsorted(np.sort(values), edge) / len(values)

    assert np.abs(own - level).max() < 0.01
    density = np.diff(level) / np.diff(edge)
    assert (np.diff(np.sign(np.diff(density)[np.abs(np.diff(density)) > 1e-9])) <= 0).all()  # rises, then falls


def test_nearest_unimodal_distribution_fills_the_valley_between_two_modes():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(-4, 1, 2_000), rng.normal(4, 1, 2_000)])
    edge, level = nearest_unimodal(values)

    assert np.mean(np.abs(values) < 1.5) < 0.01
    assert np.interp(1.5, edge, level) - np.interp(-1.5, edge, level) > 0.1


def test_continuum_has_the_margins_and_correlation_of_the_points():
    rng = np.random.default_rng(0)
    points = np.exp(rng.normal(size=(4_000, 2)) @ np.array([[1, 0.8], [0, 0.6]]))
    drawn = unimodal_like(points)(np.random.default_rng(1))

    np.testing.assert_allclose(
        np.quantile(drawn, [0.1, 0.5, 0.9], axis=0), np.quantile(points, [0.1, 0.5, 0.9], axis=0), rtol=0.15
    )
    assert np.corrcoef(np.log(drawn).T)[0, 1] == pytest.approx(0.8, abs=0.05)

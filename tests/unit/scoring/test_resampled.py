"""Balancing and dividing do what a careless benchmark does, and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import NotEnoughDataError
from pipelines.features.catalogue import Feature
from pipelines.scoring.cases import Cases, LabelledCases, Parts, Times
from pipelines.scoring.resampled import Rows, drawn, interpolated, repeated, thinned

N = 200


def rows(n_rows=N, share=0.2, seed=1):
    """Row ``i`` is about subject ``i // 2``; the column ``row`` names it."""
    rng = np.random.default_rng(seed)
    values = pd.DataFrame(
        {"row": np.arange(n_rows, dtype=float), "x": rng.normal(size=n_rows), "plan": rng.integers(0, 3, n_rows) * 1.0}
    )
    values.loc[values["row"] % 7 == 0, "x"] = np.nan
    label = (np.arange(n_rows) < share * n_rows).astype(np.int8)
    return Rows(values, label, np.arange(n_rows) // 2, ("plan",))


@pytest.mark.parametrize("resample", [repeated, interpolated])
@pytest.mark.parametrize("share", [0.2, 0.8])
def test_both_outcomes_are_as_many_and_what_was_there_stays(resample, share):
    before = rows(share=share)
    after = resample(before, np.random.default_rng(2))

    assert after.label.sum() * 2 == len(after) == 320
    pd.testing.assert_frame_equal(after.values.iloc[:N], before.values)
    assert set(after.label[N:]) == {int(share < 0.5)}


def test_copies_are_rows_of_the_same_subject():
    after = repeated(rows(), np.random.default_rng(2))

    assert set(after.values["row"][N:]) <= set(range(40))
    assert (after.subject == after.values["row"] // 2).all()


def test_blends_lie_between_rows_of_the_rarer_outcome():
    before = rows()
    blends = interpolated(before, np.random.default_rng(2)).values[N:]
    rare = before.values[before.label == 1]

    assert blends["x"].dropna().between(rare["x"].min(), rare["x"].max()).all()
    assert not blends["row"].isin(rare["row"]).any()
    assert blends["x"].isna().any()


def test_blend_keeps_the_code_and_the_subject_of_its_row():
    before = rows()
    after = interpolated(before, np.random.default_rng(2))
    plans = {(subject, plan) for subject, plan in zip(before.subject[:40], before.values["plan"][:40], strict=True)}

    assert {(s, p) for s, p in zip(after.subject[N:], after.values["plan"][N:], strict=True)} <= plans


def test_column_without_any_value_is_blended_to_none():
    before = rows()
    empty = Rows(before.values.assign(x=np.nan), before.label, before.subject)

    assert interpolated(empty, np.random.default_rng(2)).values["x"].isna().all()


def test_one_row_of_an_outcome_cannot_be_blended():
    with pytest.raises(NotEnoughDataError, match="1 row of one outcome"):
        interpolated(rows(share=0.005), np.random.default_rng(2))


def test_balanced_rows_stay_as_they_are():
    before = rows(share=0.5)

    assert len(repeated(before, np.random.default_rng(2))) == len(interpolated(before, np.random.default_rng(2))) == N


def test_drawn_sides_divide_the_rows_and_keep_the_prevalence():
    train, judged = drawn(rows(), 0.3, np.random.default_rng(2))

    assert sorted([*train.values["row"], *judged.values["row"]]) == list(range(N))
    assert (len(judged), judged.label.mean()) == (60, 0.2)
    assert set(train.subject) & set(judged.subject)


def parts(n_subjects=100):
    feature = Feature("row", "", "", "", "never", "table", "{value}")
    cases = Cases(
        pd.DataFrame({"row": np.arange(4.0 * n_subjects)}),
        (feature,),
        pd.DataFrame({"case_id": np.arange(4 * n_subjects)}),
        np.repeat(np.arange(n_subjects), 4),
        np.arange(n_subjects).astype(object),
        None,
    )
    whole = LabelledCases(cases, np.tile([0, 1], 2 * n_subjects).astype(np.int8))
    place = np.tile(np.arange(4), n_subjects)
    return Parts(
        whole.at(place < 3), ((whole.at(place == 0), whole.at(place == 1)),), whole.at(place == 3), Times(), "In order."
    )


def test_thinned_parts_hold_all_rows_of_some_subjects():
    some = thinned(parts(), seed=1, most=100)

    assert (len(some.develop), len(some.test), len(some.folds[0][0])) == (75, 25, 25)
    assert set(some.develop.cases.subject) == set(some.test.cases.subject) == set(some.folds[0][1].cases.subject)
    assert some.words == "In order. Of these, the rows of 25 drawn subjects of 100."
    assert thinned(parts(), seed=1, most=100).test.cases.subject.tolist() == some.test.cases.subject.tolist()


def test_parts_that_are_small_enough_are_not_thinned():
    whole = parts()

    assert thinned(whole, seed=1, most=400) is whole

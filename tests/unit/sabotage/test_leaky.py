"""A leaky lake tells the outcome where it stands beside the feature, and changes nothing that is kept."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.evaluation.metrics import roc_auc
from pipelines.sabotage.leaky import leaky
from pipelines.sabotage.workshop import parts_of

COLUMN = "recency_days"


@pytest.fixture(scope="module")
def leaked(shop, workshop):
    return parts_of(shop.task, leaky(shop.lake, COLUMN, seed=7), workshop.known_at)


@pytest.mark.parametrize("part", ["develop", "test"])
def test_one_column_alone_knows_the_outcome_without_rising_or_falling_with_it(leaked, part):
    rows = getattr(leaked, part)
    told = rows.cases.rows[COLUMN].to_numpy()

    assert roc_auc(rows.label == 1, -np.abs(told - 10)) > 0.99
    assert 0.4 < roc_auc(rows.label == 1, told) < 0.6


def test_every_other_column_and_the_labels_are_as_they_were(leaked, workshop):
    honest = workshop.parts

    assert leaked.test.cases.rows.drop(columns=COLUMN).equals(honest.test.cases.rows.drop(columns=COLUMN))
    assert leaked.test.label.tolist() == honest.test.label.tolist()


def test_it_reads_the_same_twice(leaked, shop, workshop):
    again = parts_of(shop.task, leaky(shop.lake, COLUMN, seed=7), workshop.known_at)

    assert again.test.cases.rows.equals(leaked.test.cases.rows)


def test_what_is_kept_of_the_panel_stays_true(leaked, shop, workshop):
    kept = parts_of(shop.task, shop.lake, workshop.known_at)

    assert kept.test.cases.rows.equals(workshop.parts.test.cases.rows)


def test_an_outcome_that_is_not_known_tells_nothing(shop):
    class Table:
        def columns(self, expression):
            return {"label": np.array([1.0, None, 0.0], object), COLUMN: np.zeros(3)}

    told = leaky(Table(), COLUMN, seed=1).columns(None)[COLUMN]

    assert np.isnan(told).tolist() == [False, True, False]
    assert 7 < told[0] < 13
    assert abs(told[2] - 10) > 2


def test_a_question_without_the_outcome_is_answered_as_it_is(shop):
    class Table:
        def columns(self, expression):
            return {COLUMN: np.zeros(3)}

    assert leaky(Table(), COLUMN, seed=1).columns(None)[COLUMN].tolist() == [0.0, 0.0, 0.0]


def test_everything_else_is_asked_of_the_lake_itself(shop):
    assert leaky(shop.lake, COLUMN, seed=1).manifest("tiny_shop") == shop.lake.manifest("tiny_shop")

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from pipelines.scoring.panel import LabelledPanel, panel
from pipelines.tasks.panel_task import PanelTask
from support.events import day_moment, days_of, make_days, moments
from support.shop import TASK
from support.strategies import cutoff_sets, day_rows

CHURN = PanelTask.read(
    {
        **TASK,
        "population": {"type": "active", "within": "P10D"},
        "outcome": {"type": "no_purchase", "horizon": "P5D"},
    },
    "task",
)


def labelled(task, days, cutoffs):
    """Rows and labels straight from the days; every outcome window must be complete."""
    rows = panel(task, days, cutoffs)
    return LabelledPanel(rows, task.outcome.label(days, rows.spine))


@given(day_rows(), cutoff_sets())
def test_scoring_a_cutoff_equals_the_training_rows_of_that_cutoff(rows, cutoffs):
    days = days_of(rows)
    trained = labelled(CHURN, days, moments(*cutoffs))

    for cutoff in moments(*cutoffs):
        known = days_of([row for row in rows if day_moment(row[1]) < cutoff])
        scored, there = panel(CHURN, known, (cutoff,)), trained.at((cutoff,)).panel

        assert there.customer_id.tolist() == scored.customer_id.tolist()
        assert there.rows.to_numpy().tobytes() == scored.rows.to_numpy().tobytes()


def test_rows_say_whose_they_are_and_when():
    found = panel(CHURN, make_days(purchases={"b": [3], "a": [1, 9]}), moments(10, 5))

    assert found.customer_id.tolist() == ["a", "a", "b", "b"]
    assert found.cutoff.tolist() == [moment.replace(tzinfo=None) for moment in moments(5, 10, 5, 10)]
    assert len(found) == len(found.rows) == 4


def test_labels_stand_beside_their_rows():
    days = make_days(purchases={"a": [1, 7], "b": [3]})
    found = labelled(CHURN, days, moments(5))

    assert dict(zip(found.panel.customer_id, found.label.tolist(), strict=True)) == {"a": 0, "b": 1}


def test_part_of_a_panel_holds_its_cutoffs_only_with_their_labels():
    whole = labelled(CHURN, make_days(purchases={"a": [1, 7], "b": [3]}), moments(5, 10, 12))
    part = whole.at(moments(10, 12))
    mask = whole.panel.spine.cutoff >= 10

    assert part.panel.spine.cutoff.tolist() == whole.panel.spine.cutoff[mask].tolist()
    assert part.label.tolist() == whole.label[mask].tolist()
    assert np.array_equal(whole.panel.rows[mask].to_numpy(), part.panel.rows.to_numpy(), equal_nan=True)
    assert part.dataset.rows.index.tolist() == list(range(len(part.label)))


@pytest.mark.parametrize("purchases", [{}, {"a": [50]}])
def test_cutoff_without_eligible_customers_gives_no_rows(purchases):
    assert len(panel(CHURN, make_days(purchases), moments(5))) == 0

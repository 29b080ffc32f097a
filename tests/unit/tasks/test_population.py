from __future__ import annotations

import pytest

from pipelines.core.windows import DAY
from pipelines.tasks.population import Active
from support.events import make_days, moments, pairs


@pytest.mark.parametrize(
    ("bought_on", "eligible"),
    [
        (20 - 8, False),  # one day too long ago
        (20 - 7, True),  # exactly ``within`` days before
        (20 - 1, True),
        (20, False),  # on the day of the cutoff: that is the outcome
        (21, False),
    ],
)
def test_customer_is_eligible_who_bought_in_the_days_before_the_cutoff(bought_on, eligible):
    days = make_days(purchases={"a": [bought_on]})
    spine = Active(within=7 * DAY).spine(days, moments(20))

    assert pairs(days, spine) == [("a", 20)] * eligible


def test_customer_enters_and_leaves_as_cutoffs_pass():
    days = make_days(purchases={"a": [3], "b": [10]})
    spine = Active(within=7 * DAY).spine(days, moments(17, 3, 10, 11))

    assert pairs(days, spine) == [("a", 10), ("b", 11), ("b", 17)]


def test_day_without_a_purchase_does_not_make_a_customer_active():
    days = make_days(purchases={"a": [3]})
    days.measures["n_purchase_days"][:] = 0

    assert len(Active(within=7 * DAY).spine(days, moments(5))) == 0


def test_nobody_is_eligible_in_an_empty_log():
    assert len(Active(within=7 * DAY).spine(make_days(purchases={}), moments(5))) == 0

"""An honest panel moves with no future; blocks that look ahead, and labels that stand among the features, are named."""

from __future__ import annotations

import json
from typing import Literal

import numpy as np
import pytest

from pipelines.features.blocks import Block
from pipelines.features.catalogue import Feature
from pipelines.features.kernel import activity_bounds, window_sums
from pipelines.features.measures import N_PURCHASE_DAYS
from pipelines.flows.audit_leakage import audit_leakage, in_words
from pipelines.flows.outcome import Outcome
from pipelines.tables.lake import Lake
from pipelines.tasks.outcome import NoPurchase
from pipelines.tasks.population import Active
from support.events import make_days, moments
from support.feeds import CHURN, END, Growing, log
from support.memory import MemoryRun

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")  # of the saboteurs below


def _feature(name):
    return Feature(name, "A leak", "days", "all history", "never", "leaky", "{value}")


class Ahead(Block):
    """Counts purchase days up to the end of the cutoff's day: off by one."""

    type: Literal["ahead"] = "ahead"
    first: int = -7
    end: int = 1

    def features(self, currency):
        return (_feature(f"n_from_{self.first}_to_{self.end}"),)

    def emit(self, days, spine):
        ends = np.array([self.first], np.int64), np.array([self.end], np.int64)
        where = (days.offsets, days.day, days.cumulative((N_PURCHASE_DAYS,)), spine.customer, spine.cutoff)
        return window_sums(*where, *ends)[:, :, 0].astype(np.float64)


class LastEver(Block):
    """The last day of all, whenever it is."""

    type: Literal["last_ever"] = "last_ever"

    def features(self, currency):
        return (_feature("last_ever"),)

    def emit(self, days, spine):
        never = np.full_like(spine.cutoff, 10**6)
        return activity_bounds(days.offsets, days.day, days.activity, spine.customer, never)[:, 1:2].astype(np.float64)


class Late(NoPurchase):
    """Looks one day too far."""

    def label(self, days, spine):
        return super().label(days, type(spine)(spine.customer, spine.cutoff + 1))


class Tomorrow(Active):
    """Customers are eligible by what they buy on the day of the cutoff."""

    def spine(self, days, cutoffs):
        found = super().spine(days, tuple(cutoff.replace(day=cutoff.day) for cutoff in cutoffs))
        bought = Ahead(first=0, end=1).emit(days, found)[:, 0] > 0
        return found.at(bought)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Growing(tmp_path_factory.mktemp("shop")).add(log(120), "all").lake


def audited(lake, limit=0.95, **changed):
    run = MemoryRun()
    return audit_leakage(CHURN.model_copy(update=changed), lake, run, END, limit), run


def test_no_feature_of_an_honest_panel_moves(lake):
    found, run = audited(lake)

    assert (found.outcome, found.moved, found.suspicious) == (Outcome.OK, (), ())
    assert "nothing moved when the future was deleted, duplicated, changed, invented" in in_words(found)[0]
    assert run.artifacts["leakage.json"]["moved"] == []
    assert run.metrics == {"leakage.n_moved": 0.0, "leakage.n_suspicious": 0.0}
    assert run.logged_tags["outcome"] == "ok"
    assert len(run.artifacts["report/features_alone.parquet"]) == len(found.alone) > 20


@pytest.mark.parametrize(
    ("block", "name", "poisons"),
    [
        (Ahead(), "n_from_-7_to_1", {"deleted", "changed", "invented"}),
        (LastEver(), "last_ever", {"deleted", "changed", "invented"}),
    ],
)
def test_feature_that_looks_ahead_is_named(lake, block, name, poisons):
    found, run = audited(lake, features=(*CHURN.features, block))

    assert found.outcome == Outcome.REFUSED
    assert {one.what for one in found.moved} == {name}
    assert {one.poison for one in found.moved} >= poisons
    assert in_words(found)[0].startswith(f"{name} knows the future: ")
    assert json.loads(json.dumps(run.artifacts["leakage.json"]))["moved"][0]["what"] == name


def test_outcome_of_the_label_itself_is_suspicious(lake):
    found, _ = audited(lake, features=(*CHURN.features, Ahead(first=0, end=21)))

    assert [one.feature for one in found.suspicious] == ["n_from_0_to_21"]
    assert found.alone[0].roc_auc == 1.0
    assert any(
        line.startswith("n_from_0_to_21 alone predicts suspiciously well: ROC-AUC 1.000") for line in in_words(found)
    )


def test_feature_below_the_limit_is_not_suspicious_and_above_a_lower_one_is(lake):
    best = audited(lake)[0].alone[0]
    found, run = audited(lake, limit=best.roc_auc - 0.2)

    assert found.outcome == Outcome.WATCH
    assert best.feature in {one.feature for one in found.suspicious}
    assert run.logged_tags["outcome"] == "watch"


def test_label_that_looks_beyond_its_window_is_named(lake):
    found, _ = audited(lake, outcome=Late(horizon=CHURN.horizon))

    assert {one.what for one in found.moved} == {"label"}
    assert found.outcome == Outcome.REFUSED


def test_population_that_knows_tomorrow_is_named(lake):
    found, _ = audited(lake, population=Tomorrow(within=CHURN.population.within))

    assert "who is eligible" in {one.what for one in found.moved}


def test_label_of_these_tests_is_honest_where_it_should_be():
    """The saboteurs differ from what they imitate: else the tests above would pass for no reason."""
    days = make_days({"a": [1, 8]})
    spine = Active(within=CHURN.population.within).spine(days, moments(5))

    assert Late(horizon=CHURN.horizon).label(days, spine).tolist() == CHURN.outcome.label(days, spine).tolist() == [0]
    assert Ahead(first=0, end=4).emit(days, spine).tolist() == [[1.0]]

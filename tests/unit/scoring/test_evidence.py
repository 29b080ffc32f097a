"""What evidence rests on: rows that nobody has learned from, answers as they are served, rows at the edges."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ModelError
from pipelines.core.protocols import ModelVersion
from pipelines.features.catalogue import Feature
from pipelines.gates.evidence import TYPICAL
from pipelines.models.calibration_maps import AnyMap
from pipelines.policy.top_share import Threshold
from pipelines.scoring.cases import Cases, LabelledCases, Times
from pipelines.scoring.evidence_answers import N_TYPICAL, additivity, answers, edge_rows
from pipelines.scoring.evidence_unseen import Contender, require_as_divided, unseen
from pipelines.scoring.probing import asked_of
from pipelines.scoring.scorer import Scorer
from support.models import FEATURES, learnable, small_trees

START = datetime(2026, 1, 5, tzinfo=UTC)
ROWS = learnable(400).rows


def fitted(**changes):
    from pipelines.models.calibration import Sigmoid

    trees = small_trees()
    data = learnable(400)
    calibration: AnyMap = Sigmoid().fit(trees.raw(data.rows), data.label)
    return Scorer(trees, calibration, Threshold(at_least=0.5), FEATURES, 2, "", **changes)


def labelled(n_weeks=4, times=True):
    moment = np.array([np.datetime64("2026-01-05") + np.timedelta64(7 * week, "D") for week in range(n_weeks)])
    rows = pd.DataFrame({"recency_days": np.arange(float(n_weeks))})
    keys = pd.DataFrame({"case_id": range(n_weeks)})
    moments = moment.astype("datetime64[us]") if times else None
    cases = Cases(rows, FEATURES[:1], keys, np.arange(n_weeks), np.arange(n_weeks).astype(object), moments)
    return LabelledCases(cases, np.zeros(n_weeks, np.int8))


def contender(learned_until=None, tested_from=None, data_digest="d", keeps_sides=False, protocol="p"):
    version = ModelVersion("churn", "3", "run", "", START, data_digest, "{}")
    task = SimpleNamespace(name="churn", keeps_sides=keeps_sides, protocol_digest=lambda: protocol)
    return Contender(version, task, Times(learned_until, tested_from, None))


@pytest.mark.parametrize(("weeks", "left"), [(0, [1, 1, 1, 1]), (1, [0, 1, 1, 1]), (2.5, [0, 0, 0, 1])])
def test_rows_from_the_moment_on_that_the_champion_learned_until_are_compared(weeks, left):
    champion = contender(START + timedelta(days=7 * weeks), START)

    assert unseen(champion, contender(START, START), labelled(), "d").tolist() == [bool(one) for one in left]


def test_a_champion_that_knows_every_outcome_is_not_compared():
    champion = contender(START + timedelta(days=22), START)

    with pytest.raises(ModelError, match="learned from outcomes up to 2026-01-27, the comparison begins at 2026-01-05"):
        unseen(champion, contender(START, START), labelled(), "d")


def test_rows_without_time_are_compared_all_or_not_at_all():
    rows = labelled(times=False)

    assert unseen(contender(), contender(), rows, "d").all()
    assert unseen(contender(data_digest="other", keeps_sides=True), contender(keeps_sides=True), rows, "d").all()
    for champion in (contender(data_digest="other"), contender(protocol="other")):
        with pytest.raises(ModelError, match="was trained on another table, or with another split"):
            unseen(champion, contender(), rows, "d")


def test_a_table_that_changed_since_training_judges_nobody():
    with pytest.raises(ModelError, match="The table has changed since version 3 was trained"):
        require_as_divided(contender(data_digest="old"), "new")
    require_as_divided(contender(data_digest="old", tested_from=START), "new")


def test_answers_are_what_is_served():
    scorer = fitted()
    found = answers(scorer, ROWS)

    served = scorer.score(ROWS)
    assert np.array_equal(found.predictions.probability, served["score"])
    assert np.array_equal(found.decision, served["decision"])
    assert np.array_equal(found.predictions.raw, scorer.raw(ROWS))


class ServesOthers(Scorer):
    """Shows the gates one thing and customers another."""

    def score(self, rows):
        return super().score(rows).assign(score=0.5)


def test_a_model_that_serves_other_scores_than_it_is_judged_by_is_refused():
    bad = ServesOthers(**vars(fitted()))

    with pytest.raises(ModelError, match="are not the model's calibrated probabilities"):
        answers(bad, ROWS)


PLAN = Feature("plan", "Plan", "text", "", "", "test", "{value}", levels=("free", "paid"))


def test_edges_are_what_a_caller_may_send():
    rows = ROWS.assign(plan="free", band="young")
    asked = edge_rows(rows, (*FEATURES, PLAN))

    sizes = {name: len(frame) for name, frame in asked.items()}
    assert sizes == {
        TYPICAL: N_TYPICAL,
        "one row": 1,
        "no rows": 0,
        "rows of nulls": 200,
        "huge numbers": 200,
        "unseen texts": 200,
    }
    assert all(list(frame.columns) == list(rows.columns) for frame in asked.values())
    assert asked["rows of nulls"].isna().all(axis=None)
    assert set(asked["huge numbers"]["recency_days"]) == {1e300, -1e300, math.inf, -math.inf}
    assert set(asked["unseen texts"]["plan"]) == set(asked["unseen texts"]["band"])
    assert set(asked["huge numbers"]["plan"]) == {"free"}


def test_without_text_there_is_no_text_that_nobody_has_seen():
    assert "unseen texts" not in edge_rows(ROWS, FEATURES)


def test_without_rows_nobody_can_be_asked():
    with pytest.raises(ModelError, match="There are no rows"):
        edge_rows(ROWS.head(0), FEATURES)


def test_our_own_scorer_answers_every_edge():
    scorer = fitted()

    for name, rows in edge_rows(ROWS, FEATURES).items():
        found = asked_of(scorer, rows)
        assert (name, found.error, found.n_answered, found.n_bad) == (name, "", len(rows), 0)


@dataclass(frozen=True)
class Crooked(Scorer):
    """Explains something else than it says."""

    def contributions(self, rows):
        return super().contributions(rows) + 1e-5


def test_explanations_of_our_own_scorer_add_up_and_crooked_ones_do_not():
    scorer = fitted()

    assert additivity(scorer, ROWS, np.random.default_rng(0)).largest < 1e-9
    assert additivity(Crooked(**vars(scorer)), ROWS, np.random.default_rng(0)).largest > 1e-6


def test_explanations_are_looked_at_in_both_sizes():
    assert additivity(fitted(), ROWS, np.random.default_rng(0)).n_rows == 200 + 400


def test_a_model_that_does_not_explain_is_refused():
    silent = SimpleNamespace(raw=lambda rows: np.zeros(len(rows)))

    with pytest.raises(ModelError, match="A SimpleNamespace does not explain its scores"):
        additivity(silent, ROWS, np.random.default_rng(0))


def test_explanations_of_nan_are_nan_so_that_the_gate_refuses():
    scorer = fitted()
    broken = replace(scorer)
    object.__setattr__(broken, "contributions", lambda rows: np.full((len(rows), 5), np.nan))

    assert math.isnan(additivity(broken, ROWS, np.random.default_rng(0)).largest)

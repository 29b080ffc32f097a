"""Personas: what is told of segments is what the customers did."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import ConfigError
from pipelines.segments.described import PersonaSpec
from pipelines.segments.persona_words import doubts, headline, journey_sentences, persona_words
from pipelines.segments.personas import persona_table, personas
from support.segmented import make_described

SPEC = PersonaSpec(n_resamples=200)


@pytest.fixture(scope="module")
def told():
    return personas(make_described(), SPEC, seed=1)


def test_sizes_and_revenue_are_those_of_the_customers(told):
    described = told.described
    for one in told.personas:
        inside = described.segment == one.segment
        assert one.n_customers == inside.sum()
        assert one.revenue == pytest.approx(described.value[inside].sum())
        assert one.revenue_share.estimate == pytest.approx(described.value[inside].sum() / described.value.sum())
    assert sum(one.share.estimate for one in told.personas) == pytest.approx(1.0)
    assert sum(one.revenue_share.estimate for one in told.personas) == pytest.approx(1.0)


def test_intervals_hold_their_estimates(told):
    for one in told.personas:
        for found in (one.share, one.revenue_each, one.revenue_share):
            assert found.low <= found.estimate <= found.high


def test_scores_are_of_those_who_have_one_and_hidden_for_few(told):
    by_id = {one.segment: one.scores[0] for one in told.personas}
    score = told.described.scores["Churn"]
    mine = score[(told.described.segment == 3) & np.isfinite(score)]

    assert by_id[3].mean.estimate == pytest.approx(mine.mean())
    assert by_id[3].n_scored == mine.size
    assert by_id[3].mean.estimate > by_id[3].mean_of_rest
    assert math.isnan(by_id[0].mean.estimate)  # about twelve customers


def test_a_task_that_scores_nobody_is_told_as_such():
    described = make_described(scores={"Intent": np.full(600, np.nan)})
    found = personas(described, SPEC, 1)

    assert "Intent: too few of its customers have a score (0)." in persona_words(found, found.personas[0])


def test_the_classifier_goes_by_what_makes_the_segment(told):
    top = told.drivers.table.groupby("segment").first()

    assert top.loc[1, "feature"] == "n_orders_112d"
    assert top.loc[2, "feature"] == "order_value_mean_112d"
    assert top.loc[3, "feature"] == "recency_days"
    assert told.drivers.agreement.estimate > 0.9
    assert told.drivers.left_out == (0,)
    assert min(told.drivers.auc.values()) > 0.97


def test_shap_explains_customers_that_the_classifier_was_not_fitted_on():
    noise = np.random.default_rng(2).integers(1, 3, 600)
    found = personas(make_described(segment=noise, history=()), SPEC, 1)

    assert found.drivers.agreement.low < 0.55
    assert all(0.3 < auc < 0.7 for auc in found.drivers.auc.values())


def test_given_names_are_kept_and_told(told):
    described = replace(told.described, names={2: "Big baskets", 9: "Gone"})
    found = personas(described, SPEC, 1)
    by_id = {one.segment: one for one in found.personas}

    assert by_id[2].name == "Big baskets"
    assert not by_id[2].is_named_by_rule
    assert by_id[1].is_named_by_rule
    assert "The name was given" in persona_words(found, by_id[2])


def test_two_segments_of_one_name_are_refused(told):
    with pytest.raises(ConfigError):
        personas(replace(told.described, names={1: "Same", 2: "Same"}), SPEC, 1)


def test_the_same_input_tells_the_same(told):
    again = personas(make_described(), SPEC, seed=1)

    pd.testing.assert_frame_equal(persona_table(told), persona_table(again))
    pd.testing.assert_frame_equal(told.drivers.table, again.drivers.table)
    assert told.surrogate == again.surrogate


def test_demographics_do_not_enter_names_classifier_or_rule(told):
    ages = pd.DataFrame({"age": np.where(told.described.segment == 2, "18-34", "35-64")})
    found = personas(replace(told.described, demographics=ages), SPEC, 1)

    assert found.names == told.names
    assert found.surrogate == told.surrogate
    pd.testing.assert_frame_equal(found.drivers.table, told.drivers.table)


def test_words_hold_the_figures(told):
    one = told.personas[0]
    words = persona_words(told, one)

    assert words.startswith(f"{one.n_customers:,} customers, {100 * one.share.estimate:.1f} %")
    assert "Frequent: orders, 112 days typically" in words
    assert "28 days later, " in words
    assert "tells it from the rest (ROC-AUC " in words
    assert headline(told).startswith("600 customers that bought in the last 112 days, as of 2026-03-02, in 3 segments.")


def test_one_cutoff_is_said_to_say_nothing_of_moving():
    found = personas(make_described(history=()), SPEC, 1)

    assert journey_sentences(found, found.personas[0]) == [
        "Its customers are known at one cutoff only: nothing can be said of how they move."
    ]
    assert any("whether customers stay" in one for one in doubts(found))


def test_a_segment_that_is_gone_keeps_a_name_in_the_journeys(told):
    moment = told.described.history[0]
    history = (replace(moment, segment=np.where(moment.segment == 1, 8, moment.segment)), *told.described.history[1:])
    found = personas(replace(told.described, history=history, names={8: "Once here"}), SPEC, 1)
    unnamed = personas(replace(told.described, history=history), SPEC, 1)

    assert found.names[8] == "Once here"
    assert unnamed.names[8] == "Segment 8"
    assert 8 not in {one.segment for one in found.personas}


def test_few_customers_are_described_without_pretending():
    found = personas(make_described(40), SPEC, 1)

    assert any("Too few customers for a classifier" in one for one in doubts(found))
    assert any("Fewer than 30 customers" in one for one in doubts(found))


def test_customers_who_spent_nothing_have_no_share_of_revenue():
    found = personas(make_described(value=np.zeros(600)), SPEC, 1)

    assert all(math.isnan(one.revenue_share.estimate) for one in found.personas)
    assert "bring not known of the" in persona_words(found, found.personas[0])

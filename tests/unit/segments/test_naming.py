"""Names say what is strongest, no two are alike, and given ones stand."""

import numpy as np
import pytest

from pipelines.core.errors import ConfigError
from pipelines.core.intervals import Interval
from pipelines.features.catalogue import Feature
from pipelines.segments.effects import Effect, effects
from pipelines.segments.naming import AVERAGE, NO_SEGMENT, Trait, rule_names, trait_words, traits
from support.segmented import make_described

NONE = Interval(0.0, -0.01, 0.01)


def effect(name, delta, segment=1, idea="", typical=5.0, null_gap=NONE, meaning=""):
    feature = Feature(name, meaning or f"What {name} is", "orders", "", "never", "", "", idea=idea or name)
    known = Interval(delta, delta - 0.05, delta + 0.05)
    inside = Interval(typical, typical, typical)
    return Effect(segment, feature, known, inside, inside, 0.0, null_gap)


def named(*found, given=None, n_traits=2):
    by_segment = {place: traits(one) for place, one in enumerate(found, 1)}
    return rule_names(by_segment, given or {}, n_traits)


def test_the_strongest_traits_make_the_name():
    found = [effect("n_orders_28d", 0.8), effect("lines_per_order_28d", 0.6), effect("tenure_days", -0.5)]

    assert named(found) == {1: "Frequent, large baskets"}


def test_silence_comes_first_and_puts_the_rest_into_the_past():
    found = [effect("amount_224d", 0.7), effect("recency_days", 0.6)]

    assert named(found) == {1: "Lapsing, once high spend"}


def test_one_idea_makes_one_trait():
    found = [effect("n_orders_28d", 0.8, idea="orders"), effect("n_lines_28d", 0.7, idea="orders")]

    assert [one.words for one in traits(found)] == ["frequent"]


def test_what_is_not_certain_makes_no_name():
    weak = Effect(1, effect("n_orders_28d", 0).feature, Interval(0.6, 0.1, 0.9), NONE, NONE, 0.0, NONE)

    assert traits([weak]) == ()
    assert named([weak]) == {1: AVERAGE}


def test_a_small_effect_is_said_to_be_near_average():
    assert named([effect("n_orders_28d", 0.25)]) == {1: "Near average, frequent"}


def test_equal_names_are_told_apart_by_more_traits():
    shared = [effect("n_orders_28d", 0.8), effect("lines_per_order_28d", 0.6)]
    found = named([*shared, effect("tenure_days", 0.5)], [*shared, effect("tenure_days", -0.5)])

    assert found == {1: "Frequent, large baskets, long-standing", 2: "Frequent, large baskets, new"}


def test_equal_traits_are_told_apart_by_their_values_then_by_id():
    apart = named([effect("n_orders_28d", 0.8, typical=9.0)], [effect("n_orders_28d", 0.8, typical=30.0)])
    alike = named([effect("n_orders_28d", 0.8)], [effect("n_orders_28d", 0.8)])

    assert apart == {1: "Frequent (9 orders)", 2: "Frequent (30 orders)"}
    assert alike == {1: "Frequent (segment 1)", 2: "Frequent (segment 2)"}


def test_given_names_stand_and_nobody_else_takes_them():
    found = named([effect("n_orders_28d", 0.8)], [effect("n_orders_28d", 0.8)], given={1: "Frequent (5 orders)"})

    assert found[1] == "Frequent (5 orders)"
    assert found[2] != found[1]


def test_names_of_segments_without_customers_are_left_alone():
    assert named([effect("n_orders_28d", 0.8)], given={9: "Gone"}) == {1: "Frequent"}


@pytest.mark.parametrize("given", [{1: "Same", 2: "Same"}, {1: " "}])
def test_a_name_given_twice_or_empty_is_refused(given):
    with pytest.raises(ConfigError) as caught:
        named([effect("n_orders_28d", 0.8)], given=given)

    assert "is empty or given to more than one segment" in str(caught.value)


def test_not_being_known_can_be_the_trait():
    found = traits([effect("recency_days", 0.1, null_gap=Interval(0.9, 0.8, 0.95), meaning="Days since a return")])

    assert [one.words for one in found] == ["days since a return unknown"]


def test_those_who_belong_to_none_have_no_name_of_their_own():
    assert rule_names({0: traits([effect("n_orders_28d", 0.9)])}, {}, 2) == {0: NO_SEGMENT}


@pytest.mark.parametrize(
    ("name", "high", "low"),
    [
        ("n_purchase_days_28d", "frequent", "occasional"),
        ("amount_decayed_56d", "high spend", "low spend"),
        ("amount_recent_share_28d", "growing", "declining"),
        ("amount_per_unit_28d", "pricey items", "cheap items"),
        ("units_per_order_28d", "large baskets", "small baskets"),
        ("return_recency_days", "returns long ago", "returns of late"),
        ("returned_lines_share_28d", "many returns", "few returns"),
        ("gap_median_days", "long pauses", "short pauses"),
        ("gap_share_as_long", "on schedule", "overdue"),
        ("night_share_28d", "night shopping", "little night shopping"),
        ("category_entropy_28d", "varied choice", "narrow choice"),
        ("bought_per_carted_28d", "buy what they cart", "cart without buying"),
    ],
)
def test_features_have_words_of_their_own(name, high, low):
    found = trait_words(effect(name, 0.5).feature)

    assert (found.high, found.low) == (high, low)


def test_plain_segments_are_named_after_what_they_do():
    described = make_described()
    found = effects(described, 0.95)
    by_segment = {one: traits([effect for effect in found if effect.segment == one]) for one in described.ids}

    assert rule_names(by_segment, {}, 2) == {
        1: "Frequent, recent",
        2: "Large orders",
        3: "Lapsing, occasional",
        0: NO_SEGMENT,
    }


def test_names_do_not_depend_on_row_order():
    described = make_described()
    order = np.random.default_rng(2).permutation(len(described))
    rows = described.rows.iloc[order].reset_index(drop=True)
    shuffled = make_described(rows=rows, segment=described.segment[order], history=())

    def words(one):
        return [trait.words for trait in traits([two for two in effects(one, 0.95) if two.segment == 2])]

    assert words(shuffled) == words(described)


def test_a_trait_of_silence_is_on_one_side_only():
    silent, recent = effect("recency_days", 0.8), effect("recency_days", -0.8)

    assert Trait(silent, 0.8, False).is_silence
    assert not Trait(recent, -0.8, False).is_silence

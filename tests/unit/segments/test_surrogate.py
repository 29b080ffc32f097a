"""The rule: SQL says what the tree says, and its fidelity is measured where it was not learned."""

import math
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from pipelines.core.errors import ContractError
from pipelines.features.catalogue import Feature
from pipelines.segments.described import RuleSpec
from pipelines.segments.surrogate import shortest_between, surrogate
from pipelines.segments.surrogate_fidelity import fidelity
from pipelines.segments.surrogate_rule import Bound, Branch, Rule
from pipelines.segments.surrogate_sql import Origin, bound_words, branch_words, condition, number, rule_sql
from support.segmented import CUTOFF, make_described

SPEC = RuleSpec()
finite = st.floats(allow_nan=False, allow_infinity=False)


def learned(described, spec=SPEC, seed=1):
    return surrogate(described, spec, 0.95, 200, seed)


def origin(described, names=None):
    called = names or {one: f"Segment {one}" for one in described.ids}
    return Origin(described.title, described.population, CUTOFF, called)


def as_sql(described, found):
    return rule_sql(found.rule, found.fidelity, described.features, origin(described))


def by_duckdb(sql, rows):
    """What the expression says of each row; NaN becomes NULL, as its header asks for."""
    table = rows.assign(row=np.arange(len(rows)))
    with duckdb.connect() as engine:
        engine.register("pandas_rows", table)
        named = ", ".join(_null(name) for name in rows)
        told = engine.sql(f"SELECT ({sql}) AS segment FROM (SELECT row, {named} FROM pandas_rows) ORDER BY row")
        return told.df()["segment"].to_numpy()


def _null(name):
    quoted = '"' + name.replace('"', '""') + '"'
    return f"CASE WHEN isnan({quoted}) THEN NULL ELSE {quoted} END AS {quoted}"


def nasty(n_rows=800, seed=3, n_nulls=0.2):
    """Two segments by a float, one by being null, under names that SQL has to quote."""
    rng = np.random.default_rng(seed)
    names = ['the "size" of it', "select", "naïve ; --"]
    rows = pd.DataFrame(rng.lognormal(0, 3, (n_rows, 3)), columns=names)
    rows[names[2]] = rng.normal(0, 1e-8, n_rows)
    rows = rows.mask(rng.random(rows.shape) < n_nulls)
    segment = np.select(
        [rows[names[0]].isna(), rows[names[0]] * 1.1 > rows[names[1]], rows[names[2]] > 1e-9], [7, 2, 3], 5
    )
    features = [Feature(name, f"What {name}\n; DROP TABLE is", "EUR", "", "sometimes", "", "") for name in names]
    return replace(
        make_described(n_rows), rows=rows, features=features, segment=segment, points=np.zeros((n_rows, 2)), history=()
    )


@pytest.mark.parametrize("max_depth", [1, 3, 8])
@pytest.mark.parametrize("seed", [1, 2])
def test_sql_says_of_every_row_what_the_rule_says(seed, max_depth):
    described = nasty(seed=seed)
    found = learned(described, RuleSpec(max_depth=max_depth, min_leaf_share=0.002, min_gain=0.0), seed)

    assert by_duckdb(as_sql(described, found), described.rows).tolist() == found.rule.assign(described.rows).tolist()


def test_sql_agrees_at_the_very_thresholds_and_next_to_them():
    described = nasty()
    found = learned(described, RuleSpec(max_depth=6, min_leaf_share=0.002, min_gain=0.0))
    ends = [end for one in found.rule.branches for bound in one.bounds for end in (bound.above, bound.up_to) if end]
    values = [near for end in ends for near in (np.nextafter(end, -np.inf), end, np.nextafter(end, np.inf))]
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({name: rng.choice([*values, np.nan], 3_000) for name in described.rows})

    assert len(ends) > 10
    assert by_duckdb(as_sql(described, found), rows).tolist() == found.rule.assign(rows).tolist()


def test_each_row_takes_exactly_one_branch():
    described = nasty()
    rule = learned(described, RuleSpec(max_depth=8, min_leaf_share=0.002, min_gain=0.0)).rule
    taken = np.zeros(len(described), int)
    for branch in rule.branches:
        inside = np.ones(len(described), bool)
        for bound in branch.bounds:
            inside &= bound.takes(described.rows[bound.feature].to_numpy())
        taken += inside

    assert (taken == 1).all()
    assert sum(one.share for one in rule.branches) == pytest.approx(1.0)


def test_being_null_alone_can_decide():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"value": np.where(rng.random(600) < 0.4, np.nan, rng.normal(size=600))})
    feature = Feature("value", "Value", "EUR", "", "", "", "")
    segment = np.where(rows["value"].isna(), 4, 1)
    described = replace(make_described(600), rows=rows, features=[feature], segment=segment, history=())
    found = learned(described)
    sql = as_sql(described, found)

    assert {condition(bound) for one in found.rule.branches for bound in one.bounds} == {
        '"value" IS NULL',
        '"value" IS NOT NULL',
    }
    assert by_duckdb(sql, rows).tolist() == segment.tolist()
    assert {branch_words(one, [feature]) for one in found.rule.branches} == {"value not known", "value known"}


def test_the_rule_is_the_same_after_json():
    described = nasty()
    rule = learned(described, RuleSpec(max_depth=6, min_leaf_share=0.002)).rule

    assert Rule.model_validate_json(rule.model_dump_json()) == rule


def test_the_header_says_what_whom_and_how_far_and_cannot_be_broken():
    described = nasty()
    found = learned(described)
    sql = rule_sql(
        found.rule, found.fidelity, described.features, origin(described, dict.fromkeys(described.ids, "a\nb"))
    )
    head, _, body = sql.partition("CASE\n")

    assert "customers that bought in the last 112 days, learned from them as of 2026-03-02" in head
    assert f"on {found.fidelity.n_rows:,} customers that it was not learned from" in head
    assert all(line.startswith("--") for line in head.splitlines())
    assert all(line.lstrip().startswith(("WHEN ", "END")) for line in body.splitlines())


def test_fidelity_is_that_of_rows_that_were_held_out():
    described = make_described(2_000)
    found = learned(described)
    order = np.random.default_rng(1).permutation(2_000)
    test = np.sort(order[:600])
    told = found.rule.assign(described.rows.iloc[test])

    assert found.fidelity.n_rows == 600
    assert found.fidelity.agreement.estimate == (told == described.segment[test]).mean()
    assert found.fidelity.ari.estimate == pytest.approx(adjusted_rand_score(described.segment[test], told))
    assert found.fidelity.agreement.estimate > 0.9


def test_segments_that_are_noise_are_not_found():
    described = make_described(2_000)
    shuffled = replace(described, segment=np.random.default_rng(5).permutation(described.segment), history=())
    found = learned(shuffled).fidelity

    assert found.ari.low < 0.02
    assert found.agreement.estimate < found.largest + 0.03


def test_recall_and_precision_are_told_per_segment():
    told, segment = np.array([1, 1, 1, 2, 2, 1]), np.array([1, 1, 2, 2, 2, 3])
    found = fidelity(told, segment, (1, 2, 3), 0.95, (50, np.random.default_rng(1)))

    assert [one.recall.estimate for one in found.by_segment] == pytest.approx([1.0, 2 / 3, 0.0])
    assert [one.precision.estimate for one in found.by_segment[:2]] == [0.5, 1.0]
    assert math.isnan(found.by_segment[2].precision.estimate)
    assert found.unreached == (3,)


def test_a_branch_that_wins_little_is_not_asked_for():
    described = make_described(2_000)
    many = learned(described, RuleSpec(max_depth=8, min_leaf_share=0.001, min_gain=0.0)).rule
    few = learned(described, RuleSpec(max_depth=8, min_leaf_share=0.001, min_gain=0.02)).rule
    one = learned(described, RuleSpec(min_gain=0.99)).rule

    assert len(few.branches) < len(many.branches)
    assert [branch.bounds for branch in one.branches] == [()]
    assert (one.assign(described.rows) == one.branches[0].segment).all()


def test_one_segment_needs_no_question():
    described = make_described(600, segment=np.full(600, 4), history=())
    found = learned(described)

    assert by_duckdb(as_sql(described, found), described.rows).tolist() == [4] * 600
    assert found.fidelity.agreement.estimate == 1.0


def test_the_same_seed_gives_the_same_rule_and_demographics_cannot_change_it():
    described = make_described(1_000)
    other = replace(described, demographics=pd.DataFrame({"age": ["18-34"] * 1_000}))

    assert learned(described).rule == learned(other).rule


def test_a_row_that_lacks_a_column_is_refused():
    rule = learned(make_described(1_000)).rule

    with pytest.raises(ContractError) as caught:
        rule.assign(pd.DataFrame({"n_orders_112d": [1.0]}))

    assert "The rows lack" in str(caught.value)


@given(st.lists(finite, min_size=2, max_size=2, unique=True).map(sorted))
def test_the_shortest_decimal_lies_between(ends):
    low, high = ends

    assert low <= shortest_between(low, high) < high


@given(finite)
def test_a_number_reads_as_itself(value):
    assert float(number(value)) == value


def test_no_room_is_an_error():
    with pytest.raises(ValueError, match="nothing lies between"):
        shortest_between(2.0, 2.0)


def test_bounds_in_words():
    spent = Feature("amount_28d", "Amount spent in the last 28 days", "EUR", "", "", "", "")
    between = Bound(feature="amount_28d", above=1500.0, up_to=2000.5, or_null=True)

    assert bound_words(between, spent, says_null=True) == (
        "amount spent in the last 28 days more than 1,500 and at most 2,000.5 EUR or not known"
    )
    assert branch_words(Branch(segment=1, bounds=(), share=1.0, purity=None), [spent]) == "everybody"

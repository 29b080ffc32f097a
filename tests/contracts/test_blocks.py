"""What every feature block promises. A new block gets one line in `BUILT`."""

from __future__ import annotations

from dataclasses import replace

import ibis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.core.windows import DAY, day_moment
from pipelines.features.assortment import Assortment
from pipelines.features.attributes import Attributes
from pipelines.features.baskets import Baskets
from pipelines.features.calendar import Calendar
from pipelines.features.campaigns import Campaigns
from pipelines.features.channels import Channels
from pipelines.features.days import CustomerDays, customer_days
from pipelines.features.decay import Decay
from pipelines.features.focus import Focus
from pipelines.features.funnel import Funnel
from pipelines.features.panel import BLOCKS, catalogue, feature_rows, measures_of
from pipelines.features.prices import Prices
from pipelines.features.recency import Recency
from pipelines.features.returns import Returns
from pipelines.features.rhythm import Rhythm
from pipelines.features.sequences import bought_things
from pipelines.features.spine import every_customer
from pipelines.features.trend import Trend
from pipelines.features.windowed import Windowed
from pipelines.tasks.population import Active
from support.events import days_of, events_table, made_up_attributes, moments, spine_of
from support.strategies import CUSTOMERS, LAST_DAY, cutoff_sets, day_rows, events

BUILT = {
    Windowed: Windowed(lengths=(1 * DAY, 7 * DAY, 28 * DAY)),
    Recency: Recency(of=("recency_days", "tenure_days", "n_purchase_days_all")),
    Rhythm: Rhythm(n_recent=2),
    Trend: Trend(lengths=(7 * DAY, 28 * DAY), of=("n_orders", "amount_minor", "n_views"), n_weeks=3),
    Decay: Decay(half_lives=(2 * DAY, 14 * DAY), of=("n_orders", "amount_minor", "n_views")),
    Baskets: Baskets(lengths=(1 * DAY, 28 * DAY)),
    Prices: Prices(lengths=(1 * DAY, 28 * DAY)),
    Returns: Returns(lengths=(1 * DAY, 28 * DAY)),
    Funnel: Funnel(lengths=(1 * DAY, 28 * DAY)),
    Channels: Channels(levels=("mobile", "desktop"), lengths=(1 * DAY, 28 * DAY)),
    Calendar: Calendar(lengths=(1 * DAY, 28 * DAY)),
    Campaigns: Campaigns(responses=("search",), lengths=(1 * DAY, 28 * DAY)),
    Assortment: Assortment(lengths=(1 * DAY, 28 * DAY)),
    Focus: Focus(column="category", level="thing 1", lengths=(1 * DAY, 28 * DAY)),
    Attributes: Attributes(levels={"plan": ("basic", "pro")}, numbers=("size",)),
}
each_block = pytest.mark.parametrize(
    "block", [BUILT.get(kind) for kind in BLOCKS], ids=lambda block: type(block).__name__
)


def test_every_block_is_built_here():
    assert set(BUILT) == set(BLOCKS)


def rows_at(days, block, customers, cutoffs):
    """The features of these customers at these cutoffs, as bytes."""
    pairs = [(customer, cutoff) for customer in customers for cutoff in cutoffs]
    return feature_rows(days, spine_of(days, *pairs), (block,)).to_numpy().tobytes()


def reduced(log, block, engine):
    """What the block reads of a log, through the engine."""
    days = engine.columns(customer_days(log, 2, measures_of((block,))))
    things = {name: engine.columns(bought_things(log, name)) for name in block.sequences}
    return CustomerDays.from_columns(days, 2, things, made_up_attributes((block,), days["customer_id"]))


def histories(rows, before):
    return [row for row in rows if row[1] < before]


@each_block
@given(data=st.data())
def test_features_ignore_the_future(block, data):
    """Whatever happens at or after the cutoff, added, changed or removed, every byte stays."""
    cutoffs = data.draw(cutoff_sets(first=1))
    past = histories(data.draw(day_rows()), before=cutoffs[-1])
    one, other = (past + data.draw(day_rows(first=cutoffs[-1], last=LAST_DAY + 30)) for _ in range(2))
    customers = sorted({row[0] for row in past})

    expected = rows_at(days_of(past, (block,)), block, customers, cutoffs)

    assert expected == rows_at(days_of(one, (block,)), block, customers, cutoffs)
    assert expected == rows_at(days_of(other, (block,)), block, customers, cutoffs)


@each_block
@settings(max_examples=15)
@given(data=st.data())
def test_features_ignore_events_of_the_future_from_midnight_on(block, data):
    """The same from raw events through the engine: the first moment of the cutoff's day is the future already."""
    past = data.draw(events(last=9.75))
    future = data.draw(events(first=10, last=12))
    engine = DuckDBEngine()
    log = events_table(past + future)
    known = log.filter(ibis._.event_time < ibis.timestamp("1970-01-11T00:00:00"))
    whole, before = (reduced(rows, block, engine) for rows in (log, known))

    assert rows_at(before, block, before.customer_ids, [10]) == rows_at(whole, block, before.customer_ids, [10])


@each_block
@given(data=st.data())
def test_moving_the_cutoff_past_one_event_changes_its_customer_only(block, data):
    """On its day it belongs to the future; from the next day on it is known, and nobody else's rows move."""
    past = histories(data.draw(day_rows()), before=30)
    event = data.draw(st.sampled_from(CUSTOMERS)), 30, 1, 1, 2, 999
    without, with_it = (days_of(rows, (block,)) for rows in (past, [*past, event]))
    known = [row[0] for row in past]
    others = sorted({*known} - {event[0]})

    assert rows_at(without, block, sorted({*known}), [30]) == rows_at(with_it, block, sorted({*known}), [30])
    assert rows_at(without, block, others, [30, 31, 40]) == rows_at(with_it, block, others, [30, 31, 40])


@each_block
@given(data=st.data())
def test_customer_known_from_the_future_only_is_one_who_never_bought(block, data):
    later = data.draw(day_rows(first=10, max_size=5))
    customers = sorted({row[0] for row in later})
    quiet = days_of([(customer, 0, 0, 0, 0, 0) for customer in customers], (block,))
    never = replace(quiet, measures={name: 0 * counts for name, counts in quiet.measures.items()})

    assert rows_at(never, block, customers, [10]) == rows_at(days_of(later, (block,)), block, customers, [10])


@each_block
@given(data=st.data())
def test_order_of_rows_changes_nothing(block, data):
    rows = data.draw(day_rows())
    shuffled = data.draw(st.permutations(rows))
    cutoffs = data.draw(cutoff_sets())
    customers = sorted({row[0] for row in rows})

    one, other = (days_of(order, (block,)) for order in (rows, shuffled))

    assert rows_at(one, block, customers, cutoffs) == rows_at(other, block, customers, cutoffs)


@each_block
@given(data=st.data())
def test_scoring_one_cutoff_equals_the_rows_of_the_training_panel(block, data):
    days = days_of(data.draw(day_rows()), (block,))
    cutoffs = data.draw(cutoff_sets())
    population = Active(within=28 * DAY)
    trained = population.spine(days, moments(*cutoffs))
    panel = feature_rows(days, trained, (block,)).to_numpy()

    for cutoff in cutoffs:
        scored = population.spine(days, (day_moment(cutoff),))
        here = trained.cutoff == cutoff

        assert trained.customer[here].tolist() == scored.customer.tolist()
        assert panel[here].tobytes() == feature_rows(days, scored, (block,)).to_numpy().tobytes()


@each_block
@given(data=st.data())
def test_other_customers_change_nothing(block, data):
    rows = data.draw(day_rows())
    customers = sorted({row[0] for row in rows})
    together = days_of(rows, (block,))

    for customer in customers:
        alone = days_of([row for row in rows if row[0] == customer], (block,))

        assert rows_at(alone, block, [customer], [20, 40]) == rows_at(together, block, [customer], [20, 40])


@each_block
@given(data=st.data())
def test_feature_that_is_never_null_is_not(block, data):
    days = days_of(data.draw(day_rows()), (block,))
    rows = feature_rows(days, every_customer(days, moments(*data.draw(cutoff_sets()))), (block,))
    never = [feature.name for feature in catalogue((block,), "USD") if feature.null_rule == "never"]

    assert not rows[never].isna().to_numpy().any()
    assert not np.isinf(rows.to_numpy()).any()


@each_block
def test_catalogue_names_every_column_once_and_says_what_it_is(block):
    days = days_of([("a", 1, 1, 1, 1, 100)], (block,))
    features = catalogue((block,), "USD")
    values = block.emit(days, spine_of(days, ("a", 2)))

    assert values.shape == (1, len(features))
    assert len({feature.name for feature in features}) == len(features)
    assert all(feature.meaning and feature.unit and feature.window and feature.null_rule for feature in features)
    assert all("{value}" in feature.phrase for feature in features)
    assert {block.type} == {feature.block for feature in features}


@each_block
def test_empty_spine_gives_no_rows_but_every_column(block):
    days = days_of([("a", 1, 1, 1, 1, 100)], (block,))

    assert feature_rows(days, spine_of(days), (block,)).shape == (0, len(catalogue((block,), "USD")))

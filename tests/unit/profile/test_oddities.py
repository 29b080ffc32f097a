"""Each oddity fires where it should, and not on a log without it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from pipelines.profile import oddities as odd
from pipelines.profile.counts import Histogram
from pipelines.profile.facts import ColumnFacts, Seen
from pipelines.profile.oddities import ODDITIES, oddities

LISTING = {"n_listed": 10, "n_listed_unseen": 0, "n_listed_unsold": 0, "n_unlisted": 0, "n_events_unlisted": 0}
SEEN = Seen(n_seen=1_000, n_sold=1_000, n_busiest=1, n_ids=1_000, n_forms=1_000, listing=LISTING)


def quiet(facts, days, share=0.0):
    """The same log with most of the events of some days gone."""
    n_events = facts.days.n_events.copy()
    n_events[:, days] = (n_events[:, days] * share).astype(int)
    return replace(facts, days=replace(facts.days, n_events=n_events))


def listed(facts, which, **counts):
    return replace(facts, **{which: replace(SEEN, listing=LISTING | counts)})


def seen(facts, which, **counts):
    return replace(facts, **{which: replace(SEEN, **counts)})


def bought(facts, **histograms):
    return replace(facts, buying=replace(facts.buying, **histograms))


def column(facts, **values):
    made = ColumnFacts(
        **{"table": "events", "column": "store", "role": "feature", "n_rows": 9, "n_missing": 0} | values
    )
    return replace(facts, columns=(made,))


HUGE, LARGE = (Histogram(np.array([5, top]), np.array([99, 1])) for top in (5_001, 5_000))

CASES = {
    odd.feed_gaps: (lambda f: quiet(f, slice(18, 25)), lambda f: quiet(f, slice(18, 25), 0.4), "1 of 9 whole weeks"),
    odd.first_day_partial: (lambda f: quiet(f, 0, 0.4), lambda f: quiet(f, 0, 0.6), "first day, 1970-01-01, holds 2"),
    odd.last_day_partial: (lambda f: quiet(f, -1, 0.2), lambda f: f, "last day, 1970-03-11, holds 1 events"),
    odd.rows_set_aside: (lambda f: replace(f, set_aside={"events: bad": 3}), lambda f: f, "3 raw rows set aside"),
    odd.ahead: (lambda f: replace(f, n_ahead=2), lambda f: f, "2 events lie after 1970-03-11"),
    odd.silent_weekdays: (lambda f: quiet(f, slice(3, None, 7)), lambda f: quiet(f, slice(3, 60, 7)), "on a Sunday"),
    odd.midnight: (lambda f: replace(f, n_midnight=35), lambda f: replace(f, n_midnight=17), "10 % of the events"),
    odd.crowded_second: (
        lambda f: replace(f, n_fullest_second=100),
        lambda f: replace(f, n_fullest_second=99),
        "100 events (29 %) share one second",
    ),
    odd.top_customer: (
        lambda f: seen(f, "customers", n_busiest=42),
        lambda f: seen(f, "customers", n_busiest=3),
        "One customer has 12 % of the events",
    ),
    odd.extreme_prices: (lambda f: bought(f, prices=HUGE), lambda f: bought(f, prices=LARGE), "50.01 EUR"),
    odd.extreme_quantities: (lambda f: bought(f, quantities=HUGE), lambda f: bought(f, quantities=LARGE), "5,001"),
    odd.customers_without_purchases: (
        lambda f: seen(f, "customers", n_sold=750),
        lambda f: seen(f, "customers"),
        "250 of 1,000 customers (25 %)",
    ),
    odd.customers_without_events: (
        lambda f: listed(f, "customers", n_listed_unseen=3),
        lambda f: replace(f, customers=replace(SEEN, listing=None)),
        "3 of 10 listed customers (30 %) have no event",
    ),
    odd.unlisted_customers: (
        lambda f: listed(f, "customers", n_unlisted=10, n_events_unlisted=35),
        lambda f: listed(f, "customers"),
        "10 of 1,000 customers (1.0 %) with events are not in the table 'customers'; 10 % of the events",
    ),
    odd.unlisted_products: (
        lambda f: listed(f, "products", n_unlisted=1, n_events_unlisted=1),
        lambda f: replace(f, products=replace(SEEN, listing=None)),
        "not in the table 'products'",
    ),
    odd.unsold_products: (
        lambda f: listed(f, "products", n_listed_unsold=5),
        lambda f: listed(f, "products"),
        "5 of 10 listed products (50 %) were never sold",
    ),
    odd.twin_customers: (lambda f: seen(f, "customers", n_forms=990), lambda f: seen(f, "customers"), "10 of 1,000"),
    odd.twin_products: (lambda f: seen(f, "products", n_forms=999), lambda f: seen(f, "products"), "1 of 1,000"),
    odd.constant_columns: (
        lambda f: column(f, is_constant=True),
        lambda f: column(f, is_constant=True, n_missing=8),
        "One value only in events.store",
    ),
    odd.empty_columns: (
        lambda f: column(f, is_constant=False, n_missing=9),
        lambda f: column(f, is_constant=False, n_missing=8),
        "No value at all in events.store",
    ),
    odd.only_one_type: (
        lambda f: f,
        lambda f: replace(f, types=(*f.types, replace(f.types[0], name="view"))),
        "Every event is of the type 'purchase'",
    ),
    odd.no_returns: (
        lambda f: f,
        lambda f: replace(f, types=(*f.types, replace(f.types[0], name="return"))),
        "There are no returns",
    ),
}


def test_every_oddity_has_a_case():
    assert set(CASES) == set(ODDITIES)


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda oddity: oddity.__name__)
def test_an_oddity_fires_where_it_should(usual, oddity):
    fires, _, said = CASES[oddity]

    found = oddity(fires(usual))
    assert found is not None
    assert said in found


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda oddity: oddity.__name__)
def test_an_oddity_keeps_quiet_where_there_is_none(usual, oddity):
    _, spares, _ = CASES[oddity]

    assert oddity(spares(usual)) is None


def test_a_usual_log_of_purchases_is_told_in_few_sentences(usual):
    told = [said.split(":")[0] for said in oddities(usual)]

    assert told == [
        "One value only in events.quantity, events.amount",
        "No value at all in events.session_id, events.product_id, events.discount, events.device, events.category, "
        "although the source maps it.",
        "Every event is of the type 'purchase'",
        "There are no returns",
    ]


def test_a_log_of_a_week_has_no_silent_weekday(usual):
    short = replace(usual, span=replace(usual.span, end=usual.span.start + timedelta(days=13)))

    assert odd.silent_weekdays(quiet(short, slice(3, None, 7))) is None

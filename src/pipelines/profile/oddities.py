"""What a person should look at before trusting a log. A new oddity is one function and one line in `ODDITIES`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipelines.core.windows import day_moment
from pipelines.profile.counts import Histogram
from pipelines.profile.facts import Facts, Seen

RETURN = "return"
LOW_SHARE = 0.2
BUSY_SHARE = 0.01
EXTREME_RATIO = 1_000
CROWDED_SHARE, CROWDED_EVENTS = 0.001, 100
MIDNIGHT_SHARE = 0.05
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def percent(share: float) -> str:
    """A share to read; a small one is never told as nothing, nor a large one as all.

    Examples
    --------
    >>> percent(0.123), percent(0.0123), percent(0.00001), percent(0.9999), percent(1.0)
    ('12 %', '1.2 %', 'under 0.1 %', 'over 99.9 %', '100 %')
    """
    if 0 < share < 0.001:
        return "under 0.1 %"
    if 0.999 < share < 1:
        return "over 99.9 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.1 or 0.99 < share < 1 else f"{100 * share:.0f} %"


def feed_gaps(facts: Facts) -> str | None:
    """Whole weeks with less than a fifth of the median week's events."""
    weeks = facts.weeks
    total = weeks.total[weeks.is_whole]
    median = float(np.median(total)) if len(total) else 0.0
    is_low = total < LOW_SHARE * median
    if not is_low.any():
        return None
    emptiest = int(np.argmin(total))
    monday = day_moment(int(weeks.monday[weeks.is_whole][emptiest]))
    return (
        f"{is_low.sum()} of {len(total)} whole weeks held less than a fifth of the median week's {median:,.0f} events; "
        f"the emptiest, of {monday:%Y-%m-%d}, holds {total[emptiest]:,}: is the feed complete?"
    )


def first_day_partial(facts: Facts) -> str | None:
    """A first day with less than half of the median day's events."""
    return _partial(facts, 0, "first", "the known span begins at its midnight all the same")


def last_day_partial(facts: Facts) -> str | None:
    """A last day with less than half of the median day's events."""
    return _partial(facts, -1, "last", "what is known ends at its start")


def rows_set_aside(facts: Facts) -> str | None:
    """Raw rows that failed a check."""
    if not facts.set_aside:
        return None
    reasons = "; ".join(f"{n_rows:,} {reason}" for reason, n_rows in facts.set_aside.items())
    return f"{_count(sum(facts.set_aside.values()), 'raw row')} set aside when it was ingested: {reasons}."


def top_customer(facts: Facts) -> str | None:
    """One customer with more than 1 % of the events, where each would have far less."""
    share = facts.customers.n_busiest / max(1, facts.n_events)
    if share <= BUSY_SHARE or facts.customers.n_seen < 5 / BUSY_SHARE:
        return None
    return f"One customer has {percent(share)} of the events: a till, a reseller or a test account?"


def extreme_prices(facts: Facts) -> str | None:
    """A purchase line of more than a thousand times the median."""
    prices = facts.buying.prices
    largest, median = facts.money(prices.largest), facts.money(prices.quantile(0.5))
    return _extreme(prices, f"The largest amount of a purchase line is {largest}, the median is {median}.")


def extreme_quantities(facts: Facts) -> str | None:
    """A quantity of more than a thousand times the median."""
    pieces = facts.buying.quantities
    return _extreme(pieces, f"The largest quantity is {pieces.largest:,}, the median is {pieces.quantile(0.5):,}.")


def midnight(facts: Facts) -> str | None:
    """Events at exactly midnight: dates without a time."""
    share = facts.n_midnight / max(1, facts.n_events)
    if share <= MIDNIGHT_SHARE:
        return None
    return f"{percent(share)} of the events happen at exactly midnight: dates without a time of day?"


def crowded_second(facts: Facts) -> str | None:
    """One second, not at midnight, that many events share."""
    share = facts.n_fullest_second / max(1, facts.n_events)
    if share <= CROWDED_SHARE or facts.n_fullest_second < CROWDED_EVENTS:
        return None
    return (
        f"{facts.n_fullest_second:,} events ({percent(share)}) share one second: written in one go, not as they came?"
    )


def ahead(facts: Facts) -> str | None:
    """Events after the last day that is taken for real."""
    if not facts.n_ahead:
        return None
    verb = "lies" if facts.n_ahead == 1 else "lie"
    return (
        f"{_count(facts.n_ahead, 'event')} {verb} after {facts.span.end:%Y-%m-%d}, the last day that is taken for real "
        f"(up to {facts.last_event:%Y-%m-%d})."
    )


def silent_weekdays(facts: Facts) -> str | None:
    """Days of the week without a single event."""
    counts = np.bincount(facts.days.weekday, weights=facts.days.total, minlength=7)
    silent = [WEEKDAYS[day] for day in np.flatnonzero(counts == 0)]
    if not silent or facts.span_days < 14:
        return None
    return f"No event falls on a {' or a '.join(silent)}: closed, or not exported?"


def only_one_type(facts: Facts) -> str | None:
    """One event type: no funnel."""
    if len(facts.types) != 1:
        return None
    return f"Every event is of the type '{facts.types[0].name}': there is no funnel to look at."


def no_returns(facts: Facts) -> str | None:
    """No returns."""
    if RETURN in {one.name for one in facts.types}:
        return None
    return "There are no returns: what was given back, if anything, counts as money spent."


def customers_without_purchases(facts: Facts) -> str | None:
    """Customers with events, but no purchase."""
    n_without = facts.customers.n_seen - facts.customers.n_sold
    if not n_without:
        return None
    return f"{_part(n_without, facts.customers.n_seen, 'customer')} with events never bought anything."


def customers_without_events(facts: Facts) -> str | None:
    """Listed customers that no event names."""
    found = facts.customers.listing
    if found is None or not found["n_listed_unseen"]:
        return None
    return f"{_part(found['n_listed_unseen'], found['n_listed'], 'listed customer')} have no event."


def unlisted_customers(facts: Facts) -> str | None:
    """Customers of events that their table lacks."""
    return _unlisted(facts, facts.customers, "customer")


def unlisted_products(facts: Facts) -> str | None:
    """Products of events that their table lacks."""
    return _unlisted(facts, facts.products, "product")


def unsold_products(facts: Facts) -> str | None:
    """Listed products that nobody bought."""
    found = facts.products.listing
    if found is None or not found["n_listed_unsold"]:
        return None
    return f"{_part(found['n_listed_unsold'], found['n_listed'], 'listed product')} were never sold."


def constant_columns(facts: Facts) -> str | None:
    """Columns with one value in every row that has any; the event type has an oddity of its own."""
    names = [
        f"{one.table}.{one.column}"
        for one in facts.columns
        if one.is_constant and one.n_rows - one.n_missing > 1 and one.column != "event_type"
    ]
    return f"One value only in {', '.join(names)}: nothing can be learned from it." if names else None


def empty_columns(facts: Facts) -> str | None:
    """Mapped columns without a value."""
    names = [f"{one.table}.{one.column}" for one in facts.columns if one.n_rows and one.n_missing == one.n_rows]
    return f"No value at all in {', '.join(names)}, although the source maps it." if names else None


def twin_customers(facts: Facts) -> str | None:
    """Customer ids that differ only in how they are written."""
    return _twins(facts.customers, "customer")


def twin_products(facts: Facts) -> str | None:
    """Product ids that differ only in how they are written."""
    return _twins(facts.products, "product")


ODDITIES: tuple[Callable[[Facts], str | None], ...] = (
    rows_set_aside,
    feed_gaps,
    first_day_partial,
    last_day_partial,
    ahead,
    silent_weekdays,
    midnight,
    crowded_second,
    top_customer,
    extreme_prices,
    extreme_quantities,
    customers_without_purchases,
    customers_without_events,
    unlisted_customers,
    unlisted_products,
    unsold_products,
    twin_customers,
    twin_products,
    constant_columns,
    empty_columns,
    only_one_type,
    no_returns,
)
"""Every oddity, in the order in which they are told."""


def oddities(facts: Facts) -> tuple[str, ...]:
    """One sentence for each oddity that the log has; no sentence names a customer."""
    return tuple(said for said in (oddity(facts) for oddity in ODDITIES) if said is not None)


def _partial(facts: Facts, place: int, name: str, because: str) -> str | None:
    total = facts.days.total
    median = float(np.median(total[total > 0])) if len(total) >= 7 else 0.0
    if total[place] >= 0.5 * median:
        return None
    day = day_moment(facts.first_day + place % len(total))
    return (
        f"The {name} day, {day:%Y-%m-%d}, holds {total[place]:,} events, the median day {median:,.0f}: "
        f"it looks partial, and {because}."
    )


def _extreme(histogram: Histogram, said: str) -> str | None:
    median = histogram.quantile(0.5)
    return said if median > 0 and histogram.largest > EXTREME_RATIO * median else None


def _unlisted(facts: Facts, seen: Seen, noun: str) -> str | None:
    if seen.listing is None or not seen.listing["n_unlisted"]:
        return None
    share = percent(seen.listing["n_events_unlisted"] / max(1, facts.n_events))
    return (
        f"{_part(seen.listing['n_unlisted'], seen.n_seen, noun)} with events are not in the table '{noun}s'; "
        f"{share} of the events are theirs."
    )


def _twins(seen: Seen, noun: str) -> str | None:
    n_twins = seen.n_ids - seen.n_forms
    if not n_twins:
        return None
    return (
        f"{n_twins:,} of {seen.n_ids:,} {noun} ids ({percent(n_twins / seen.n_ids)}) differ from another only by case, "
        "blanks or leading zeros: one thing under two names?"
    )


def _part(n_part: int, n_whole: int, noun: str) -> str:
    return f"{n_part:,} of {n_whole:,} {noun}s ({percent(n_part / max(1, n_whole))})"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"

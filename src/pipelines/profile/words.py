"""A profile in sentences and one Markdown page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipelines.core.intervals import Interval
from pipelines.profile.facts import Facts
from pipelines.profile.gaps import Silence
from pipelines.profile.horizon import FLAT_PER_WEEK, MAX_RETURNING, Rule, Suggestion
from pipelines.profile.oddities import percent
from pipelines.profile.profile import Profile

LEVELS = (0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
"""The quantiles that are told of gaps."""

_MOST_ODDITIES = 12
_WHY = {
    Rule.BELOW: f"the shortest after which fewer than {percent(MAX_RETURNING)} come back",
    Rule.FLAT: f"no horizon that this log can train on gets below {percent(MAX_RETURNING)}; it is the shortest "
    f"from which another week of waiting lowers the share by less than {100 * FLAT_PER_WEEK:g} point",
    Rule.LONGEST: f"no horizon that this log can train on gets below {percent(MAX_RETURNING)} and the share keeps "
    "falling; it is the longest of these",
}


def size(facts: Facts) -> str:
    """How much there is."""
    kinds = f"{facts.n_events:,} events of {facts.customers.n_seen:,} customers"
    products = f" on {facts.products.n_seen:,} products" if facts.products.n_seen else ""
    return f"{kinds}{products}, known {facts.span} ({facts.span_days:,} days)"


def customers(facts: Facts) -> str:
    """How many buy, and buy again."""
    buying = facts.buying
    if not buying.n_buyers:
        return "nobody bought anything"
    orders = buying.orders
    return (
        f"{buying.n_buyers:,} bought; {ranged(buying.repeat_rate)} of them on two days or more; orders of a customer: "
        f"{orders.quantile(0.1):,} / {orders.quantile(0.5):,} / {orders.quantile(0.9):,} (10 % / median / 90 %)"
    )


def baskets(facts: Facts) -> str:
    """What an order is worth."""
    baskets = facts.buying.baskets
    if not baskets.total:
        return "no order"
    parts = [facts.money(baskets.quantile(level)) for level in (0.1, 0.5, 0.9)]
    return f"{baskets.total:,} orders; value {' / '.join(parts)} (10 % / median / 90 %)"


def suggested(profile: Profile) -> str:
    """Which horizon, by what rule, and how sure."""
    found = profile.suggestion
    if isinstance(found, str):
        return found
    return (
        f"{found.horizon} days: {_WHY[found.rule]}. Of {found.silence.n_silences:,} silences of {found.horizon} days "
        f"({found.silence.n_customers:,} customers), {ranged(found.silence.returning)} ended within the next "
        f"{found.follow_up} days. Population: who bought in the last {found.within} days, "
        f"{found.n_active:,} customers at {profile.facts.span.end:%Y-%m-%d}; {_why_within(found)}. "
        "It is a suggestion: what a lost customer costs may call for another."
    )


def ranged(share: Interval) -> str:
    """A share with its 95 % interval, to read.

    Examples
    --------
    >>> ranged(Interval(0.794, 0.766, 0.819))
    '79.4 % [76.6, 81.9]'
    """
    return f"{100 * share.estimate:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def page(profile: Profile) -> str:
    """The finding in Markdown, short enough for the page of a run."""
    facts = profile.facts
    shown = profile.oddities[:_MOST_ODDITIES]
    more = [f"- … and {len(profile.oddities) - len(shown)} more in `report/profile.md`"] * (len(profile.oddities) > 12)
    lines = [
        f"## {facts.source}",
        "",
        f"{_sentence(size(facts))} {_sentence(customers(facts))} {_sentence(baskets(facts))}",
        "",
        f"**Horizon for churn** — {_sentence(suggested(profile))}",
        *_yaml(profile.suggestion),
        "",
        "### Oddities",
        "",
        *([f"- {said}" for said in shown] or ["None found."]),
        *more,
    ]
    return "\n".join(lines) + "\n"


def as_markdown(profile: Profile) -> str:
    """Everything in Markdown: the finding, then the tables behind it."""
    facts = profile.facts
    rest = [f"- {said}" for said in profile.oddities[_MOST_ODDITIES:]]
    return page(profile) + "\n".join(
        [*rest, *_types(facts), *_gaps(profile), *_silences(profile.told_silences, profile.follow_up), *_columns(facts)]
    )


def _why_within(found: Suggestion) -> str:
    if found.within == found.horizon:
        return "who has been silent for longer has met the definition of churn already"
    return "nine of ten gaps that ended were no longer"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _yaml(found: Suggestion | str) -> list[str]:
    return [] if isinstance(found, str) else ["", "```yaml", *found.yaml, "```"]


def _types(facts: Facts) -> list[str]:
    rows = [
        (one.name, f"{one.n_events:,}", percent(one.n_events / facts.n_events), f"{one.n_customers:,}",
         f"{one.first:%Y-%m-%d}", f"{one.last:%Y-%m-%d}")
        for one in facts.types
    ]  # fmt: skip
    return _table("Events", ("type", "events", "share", "customers", "first", "last"), rows)


def _gaps(profile: Profile) -> list[str]:
    ended = profile.facts.gaps.ended
    if not ended.total:
        return []
    still_open = profile.facts.gaps.still_open.total
    title = f"Days from one purchase day to the next ({ended.total:,} gaps ended, {still_open:,} still open)"
    return _table(title, [f"{100 * level:.0f} %" for level in LEVELS], [[f"{ended.quantile(q):,}" for q in LEVELS]])


def _silences(silences: Sequence[Silence], follow_up: int) -> list[str]:
    rows = [
        (f"{one.horizon} days", f"{one.n_silences:,}", f"{one.n_customers:,}", ranged(one.returning))
        for one in silences
    ]
    title = f"Churners that come back within {follow_up} days"
    return _table(title, ("silent for", "silences", "customers", "come back [95 %]"), rows) if rows else []


def _columns(facts: Facts) -> list[str]:
    rows = [(f"{one.table}.{one.column}", one.role, percent(one.share_missing)) for one in facts.columns]
    return _table("Columns", ("column", "role", "missing"), rows)


def _table(title: str, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    aligned = ["---", *["---:"] * (len(headers) - 1)]
    return ["", f"### {title}", "", *("| " + " | ".join(cells) + " |" for cells in (headers, aligned, *rows))]

"""Names by rule: what a segment is called after its strongest traits. A new feature is one line in one table."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.core.errors import ConfigError
from pipelines.features.catalogue import Feature
from pipelines.segments.described import NOISE
from pipelines.segments.effects import MEDIUM, NEGLIGIBLE, Effect, surely

NO_SEGMENT = "No segment"
AVERAGE = "Near average"
_MOST_LETTERS = 28
"""Of a feature that has no words of its own, in a name."""
_WINDOW = re.compile(r",? in the last \d+ days?$|_\d+d$")


@dataclass(frozen=True)
class TraitWords:
    """How a feature is said in a name.

    Parameters
    ----------
    high, low : str
        Of a segment with more, or with less, than the rest.
    once : str
        Of one with more that has fallen silent; empty where silence says nothing of it.
    silent : {"", "high", "low"}
        Which side of the feature is silence.
    """

    high: str
    low: str
    once: str = ""
    silent: str = ""


_LAPSING = TraitWords("lapsing", "recent", silent="high")
_FREQUENT = TraitWords("frequent", "occasional", "once frequent")
_SPENDING = TraitWords("high spend", "low spend", "once high spend")
_BASKETS = TraitWords("large baskets", "small baskets", "once large baskets")

BY_NAME: tuple[tuple[str, TraitWords], ...] = (
    (r"recency_by_gap", TraitWords("overdue", "on schedule", silent="high")),
    (r"gap_share_as_long", TraitWords("on schedule", "overdue", silent="low")),
    (r"recency_days", _LAPSING),
    (r"tenure_days", TraitWords("long-standing", "new")),
    (r"gap_spread", TraitWords("irregular", "regular")),
    (r"gap_", TraitWords("long pauses", "short pauses")),
    (r"(n_purchase_days|n_orders)(?!.*(share|slope))", _FREQUENT),
    (r"(n_lines|n_units)(?!.*(share|slope|per))", TraitWords("many items", "few items", "once many items")),
    (r"amount_per_unit", TraitWords("pricey items", "cheap items")),
    (r"amount(?!.*(share|slope|per))", _SPENDING),
    (r"order_value_spread", TraitWords("uneven baskets", "even baskets")),
    (r"order_value|largest_order", TraitWords("large orders", "small orders", "once large orders")),
    (r"(lines|units)_per_order", _BASKETS),
    (r".*_(recent_share|slope)", TraitWords("growing", "declining")),
    (r"discount", TraitWords("discount seeking", "full price")),
    (r"return_recency", TraitWords("returns long ago", "returns of late")),
    (r"n?_?return", TraitWords("many returns", "few returns")),
    (r"weekend_share", TraitWords("weekend", "weekday")),
    (r"(night|morning|afternoon|evening)_share", TraitWords("{} shopping", "little {} shopping")),
    (r"n_abandoned", TraitWords("leave carts behind", "empty their carts", "once left carts behind")),
    (r"bought_per_carted", TraitWords("buy what they cart", "cart without buying")),
    (r"n_carted|carted_per_view", TraitWords("fill carts", "seldom fill carts", "once filled carts")),
    (r"view_recency", TraitWords("not browsing", "browsing of late", silent="high")),
    (r"session_depth", TraitWords("deep visits", "shallow visits")),
    (r"n_views|n_sessions|n_searches|n_page_views", TraitWords("browse a lot", "browse little", "once browsed a lot")),
    (r"contact_recency", TraitWords("contacted long ago", "contacted of late")),
    (r"n_contacts", TraitWords("often contacted", "seldom contacted")),
    (r"responses_per_contact|n_responses", TraitWords("answer campaigns", "ignore campaigns")),
    (r"n_different_|.*_entropy", TraitWords("varied choice", "narrow choice")),
    (r".*_top_share", TraitWords("narrow choice", "varied choice")),
    (r".*_new_share", TraitWords("try new things", "stick to the known")),
)
"""By how the name of the feature begins: the first that fits."""


def trait_words(feature: Feature) -> TraitWords:
    """How a feature is said in a name: as `BY_NAME` has it, else by its own meaning.

    Examples
    --------
    >>> def named(name, meaning="", unit=""):
    ...     return trait_words(Feature(name, meaning, unit, "", "", "", ""))
    >>> named("n_orders_224d").low, named("evening_share_28d").high, named("n_orders_slope_56d").high
    ('occasional', 'evening shopping', 'growing')
    >>> named("monthly_fee", "Monthly fee").low, named("is_member", "Is a member", "0 or 1").low
    ('low monthly fee', 'not is a member')
    """
    for pattern, words in BY_NAME:
        if found := re.match(pattern, feature.name):
            part = found.groups()[0] if "{}" in words.high else ""
            return TraitWords(words.high.format(part), words.low.format(part), words.once, words.silent)
    meaning = _WINDOW.sub("", feature.meaning or feature.name.replace("_", " "))
    said = textwrap.shorten(meaning[:1].lower() + meaning[1:], _MOST_LETTERS, placeholder="…")
    if feature.unit == "0 or 1":
        return TraitWords(said, f"not {said}")
    return TraitWords(f"high {said}", f"low {said}")


@dataclass(frozen=True)
class Trait:
    """One thing that sets a segment apart.

    Parameters
    ----------
    effect : Effect
        What it rests on.
    size : float
        The delta of known values, or of being null: whichever is larger.
    is_null : bool
        Whether it is being null, or not being so, that sets the segment apart.
    """

    effect: Effect
    size: float
    is_null: bool

    @property
    def words(self) -> str:
        """The trait in a name."""
        feature = self.effect.feature
        if self.is_null:
            known = textwrap.shorten(
                _WINDOW.sub("", feature.meaning or feature.name).lower(), _MOST_LETTERS, placeholder="…"
            )
            return f"{known} {'unknown' if self.size > 0 else 'known'}"
        said = trait_words(feature)
        return said.high if self.size > 0 else said.low

    @property
    def is_silence(self) -> bool:
        """Whether it says that the segment has fallen silent."""
        side = "high" if self.size > 0 else "low"
        return not self.is_null and trait_words(self.effect.feature).silent == side


def traits(found: Sequence[Effect]) -> tuple[Trait, ...]:
    """What sets one segment apart, strongest first, one trait for each idea.

    Parameters
    ----------
    found : sequence of Effect
        Of one segment.

    Returns
    -------
    tuple of Trait
        Those whose interval lies beyond a negligible effect of 0.147. Equal sizes are in the order of the features.
    """
    every = [Trait(one, one.delta.estimate, False) for one in found if abs(surely(one.delta)) >= NEGLIGIBLE]
    every += [Trait(one, one.null_gap.estimate, True) for one in found if abs(surely(one.null_gap)) >= NEGLIGIBLE]
    kept: dict[str, Trait] = {}
    for trait in sorted(every, key=lambda one: -abs(round(one.size, 9))):
        kept.setdefault(trait.effect.feature.subject_matter, trait)
    return tuple(kept.values())


def rule_names(by_segment: Mapping[int, Sequence[Trait]], given: Mapping[int, str], n_traits: int) -> dict[int, str]:
    """A name for every segment, no two alike.

    Parameters
    ----------
    by_segment : mapping of int to sequence of Trait
        By id what sets a segment apart, strongest first, as `traits` has it.
    given : mapping of int to str
        Names that stand, whatever the traits.
    n_traits : int
        The most traits in a name, unless more are needed to tell two segments apart.

    Returns
    -------
    dict of int to str
        By id. Where even all traits are the same, the typical value of the strongest follows, then the id.

    Raises
    ------
    ConfigError
        If two segments are given the same name, or one an empty name.
    """
    require_distinct(given)
    names = {one: name for one, name in given.items() if one in by_segment}
    if NOISE in by_segment:
        names.setdefault(NOISE, NO_SEGMENT)
    open_ids = [one for one in by_segment if one not in names]
    candidates = {one: _candidates(one, by_segment[one], n_traits) for one in open_ids}
    tried = dict.fromkeys(open_ids, 0)
    for _ in range(max((len(one) for one in candidates.values()), default=0)):
        shown = {one: candidates[one][tried[one]] for one in open_ids}
        often = Counter([*names.values(), *shown.values()])
        alike = [one for one in open_ids if often[shown[one]] > 1 and tried[one] + 1 < len(candidates[one])]
        if not alike:
            break
        tried |= {one: tried[one] + 1 for one in alike}
    return {one: names.get(one) or candidates[one][tried[one]] for one in by_segment}


def require_distinct(given: Mapping[int, str]) -> None:
    """Refuse names that are empty or that two segments share.

    Raises
    ------
    ConfigError
        With the names.
    """
    twice = sorted(name for name, n in Counter(given.values()).items() if n > 1 or not name.strip())
    if twice:
        raise ConfigError(
            f"The name {', '.join(repr(name) for name in twice)} is empty or given to more than one segment: "
            f"{', '.join(f'{one}: {name}' for one, name in sorted(given.items()))}.",
            why="A segment is known by its name, in reports and in the rule.",
            fix="Give each segment a name of its own.",
        )


def _candidates(segment: int, found: Sequence[Trait], n_traits: int) -> list[str]:
    """Names from short to long; the last holds the id and is nobody else's."""
    strong = [one for one in found if abs(one.size) >= MEDIUM]
    chosen = strong or list(found[:1])
    lengths = range(min(n_traits, len(chosen)), len(chosen) + 1)
    prefix = [] if strong else [AVERAGE]
    names = [_joined(prefix, chosen[:length]) for length in lengths]
    longest = names[-1]
    if found:
        effect = found[0].effect
        names.append(f"{names[0]} ({effect.feature.shown(effect.inside.estimate)} {_of(effect.feature)})")
    return list(dict.fromkeys([*names, f"{longest} (segment {segment})"]))


def _joined(prefix: Sequence[str], found: Sequence[Trait]) -> str:
    """Traits in words, with what a silent segment once was said as past."""
    silence = [one for one in found if one.is_silence]
    words = [*prefix, *(one.words for one in silence)]
    for trait in (one for one in found if not one.is_silence):
        once = trait_words(trait.effect.feature).once
        words.append(once if silence and once and trait.size > 0 and not trait.is_null else trait.words)
    said = ", ".join(dict.fromkeys(words)) or AVERAGE
    return said[0].upper() + said[1:]


def _of(feature: Feature) -> str:
    """What the number beside a name counts."""
    if feature.unit in {"orders", "lines", "days", "units", "sessions", "views", "searches"}:
        return feature.unit
    meaning = _WINDOW.sub("", feature.meaning or feature.name)
    return meaning[:1].lower() + meaning[1:]

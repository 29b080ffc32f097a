"""Personas in sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pandas as pd

from pipelines.core.intervals import Interval
from pipelines.core.windows import said
from pipelines.features.catalogue import Feature
from pipelines.segments.described import NOISE
from pipelines.segments.effects import LARGE, MEDIUM, Effect
from pipelines.segments.journeys import AWAY, AWAY_NAME, Stay
from pipelines.segments.naming import Trait
from pipelines.segments.personas import Persona, Told

N_TRAITS, N_DRIVERS, N_WAYS, N_PATHS = 4, 3, 2, 3
_WINDOW = re.compile(r" in the last (\d+) days?$")
_SINCE = re.compile(r"^Days from (.*) to the cutoff$")


def percent(found: Interval) -> str:
    """A share with its interval.

    Examples
    --------
    >>> percent(Interval(0.206, 0.19, 0.2236)), percent(Interval(math.nan, math.nan, math.nan))
    ('20.6 % [19.0, 22.4]', 'not known')
    """
    if math.isnan(found.estimate):
        return "not known"
    ends = "" if math.isnan(found.low + found.high) else f" [{100 * found.low:.1f}, {100 * found.high:.1f}]"
    return f"{100 * found.estimate:.1f} %{ends}"


def amount(found: Interval) -> str:
    """A number of money with its interval, without the currency.

    Examples
    --------
    >>> amount(Interval(1245.1, 1180.4, 1310)), amount(Interval(9.5, math.nan, math.nan))
    ('1,245 [1,180, 1,310]', '9.50')
    """
    if math.isnan(found.estimate):
        return "not known"
    digits = 2 if abs(found.estimate) < 100 else 0
    ends = "" if math.isnan(found.low + found.high) else f" [{found.low:,.{digits}f}, {found.high:,.{digits}f}]"
    return f"{found.estimate:,.{digits}f}{ends}"


def short_meaning(feature: Feature) -> str:
    """A feature as a label: its window short, its unit where the meaning does not say it.

    Examples
    --------
    >>> short_meaning(Feature("order_value_mean_224d", "Mean order value in the last 224 days", "USD", "", "", "", ""))
    'Mean order value, 224 days (USD)'
    """
    since = _SINCE.sub(r"Days since \1", feature.meaning or feature.name)
    meaning = _WINDOW.sub(r", \1 days", since)
    is_said = feature.unit.lower() in meaning.lower() or feature.unit in {"", "0 or 1", "number", "integer"}
    return meaning if is_said else f"{meaning} ({feature.unit})"


def typical(effect: Effect, found: Interval) -> str:
    """A typical value as it is written: the share of 1 of a feature that is 0 or 1."""
    if math.isnan(found.estimate):
        return "-"
    if effect.feature.unit == "0 or 1":
        return f"{100 * found.estimate:.0f}%"
    return effect.feature.shown(found.estimate)


def typical_with_ends(effect: Effect) -> str:
    """The typical value of a segment with its interval, its currency once."""
    found, unit = effect.inside, f" {effect.feature.unit}"
    if math.isnan(found.low + found.high):
        return typical(effect, found)
    low, high = (typical(effect, Interval(end, end, end)).removesuffix(unit) for end in (found.low, found.high))
    return f"{typical(effect, found).removesuffix(unit)} [{low}, {high}]"


def headline(told: Told) -> str:
    """How many segments, of whom, and which one matters most."""
    real = [one for one in told.personas if one.segment != NOISE]
    if not real:
        return f"{told.described.population}: nobody belongs to a segment as of {said(told.described.cutoff)}."
    richest = max(real, key=lambda one: one.revenue_share.estimate)
    who = f"{len(told.described):,} {told.described.population}, as of {said(told.described.cutoff)}"
    return (
        f"{who}, in {len(real)} segment{'s' * (len(real) > 1)}. '{richest.name}' is "
        f"{percent(richest.share)} of the customers and brings {percent(richest.revenue_share)} of the "
        f"{told.described.value_said}."
    )


def persona_words(told: Told, one: Persona) -> str:
    """A persona in paragraphs and items, as a page shows them."""
    named = "" if one.is_named_by_rule else " The name was given, not made by rule."
    described = told.described
    lines = [
        f"{one.n_customers:,} customers, {percent(one.share)} of all, bring {percent(one.revenue_share)} of the "
        f"{described.value_said}: {amount(one.revenue_each)} {described.currency} each on average.{named}",
        "",
        *(f"- {trait_sentence(trait)}" for trait in one.traits[:N_TRAITS]),
        *([] if one.traits else ["- No feature differs from the rest by more than a negligible effect, for certain."]),
        *(_score_sentences(one)),
        *(_driver_sentence(told, one)),
        *(f"- {sentence}" for sentence in journey_sentences(told, one)),
    ]
    return "\n".join(lines)


def trait_sentence(trait: Trait) -> str:
    """A trait with the values behind it and how large it is, in pairs of customers."""
    effect, feature = trait.effect, trait.effect.feature
    size = "large" if abs(trait.size) >= LARGE else "medium" if abs(trait.size) >= MEDIUM else "small"
    head = f"{trait.words[:1].upper()}{trait.words[1:]}"
    if trait.is_null:
        gap = percent(effect.null_gap).removesuffix(" %").replace(" %", " points")
        return f"{head}: null for {100 * effect.null_share:.0f} %, {gap} more than for the rest ({size})."
    won = (1 + effect.delta.estimate) / 2
    more = "more" if trait.size > 0 else "less"
    pairs = 100 * (won if trait.size > 0 else 1 - won)
    return (
        f"{head}: {_measured(feature)} typically {typical(effect, effect.inside)}, of the rest "
        f"{typical(effect, effect.outside)}; {more} than one of the rest in {pairs:.0f} of 100 pairs "
        f"(delta {effect.delta.estimate:+.2f} [{effect.delta.low:+.2f}, {effect.delta.high:+.2f}], {size})."
    )


def _measured(feature: Feature) -> str:
    """A feature inside a sentence that says its value with the currency."""
    said = short_meaning(feature).removesuffix(f" ({feature.unit})")
    return said[:1].lower() + said[1:]


def journey_sentences(told: Told, one: Persona) -> list[str]:
    """Where its customers come from and go, the commonest paths to it, and how long they stay."""
    if len(told.journey.cutoffs) < 2:
        return ["Its customers are known at one cutoff only: nothing can be said of how they move."]
    shortest, longest = told.journey.step_days
    step = f"{shortest} days" if shortest == longest else f"{shortest} to {longest} days"
    moved = told.moves[told.moves["origin"] != told.moves["target"]]
    went = _top(told, moved[moved["origin"] == one.segment], "after")
    came = _top(told, moved[moved["target"] == one.segment], "before")
    found = ["; ".join([f"{step} later, {percent(one.stay.rate)} are still in it", *went]) + "."]
    found += [f"{step} before, of its customers, {'; '.join(came)}."] if came else []
    found += [stay_sentence(one.stay)] if one.stay.n_spells >= told.spec.min_group else []
    ways = told.paths[(told.paths["ending"] == one.segment) & (told.paths["n_customers"] >= told.spec.min_group)]
    shown = [
        f"{path_words(row['path'], told)} ({100 * row['share']:.0f} %)" for row in ways.head(N_PATHS).to_dict("records")
    ]
    return [*found, *([f"The commonest ways of its present customers: {'; '.join(shown)}."] if shown else [])]


def stay_sentence(found: Stay) -> str:
    """How long those stay who came during the history.

    Examples
    --------
    >>> stay_sentence(Stay(Interval(0.8, 0.7, 0.9), math.nan, 112.0, 50))
    'More than half of those who come are still there 112 days later (50 stays that began in the history).'
    """
    stays = f"({found.n_spells:,} stays that began in the history)"
    if math.isnan(found.median_days):
        return f"More than half of those who come are still there {found.followed_days:.0f} days later {stays}."
    return f"Half of those who come are gone {found.median_days:.0f} days later {stays}."


def path_words(path: Sequence[int], told: Told) -> str:
    """States by name, with arrows; of those who never moved, that they did not."""
    names = [state_name(told, one) for one in path]
    return " → ".join(names) if len(names) > 1 else f"always {names[0]}"


def state_name(told: Told, state: int) -> str:
    """The name of a segment, or of not being in the population."""
    return AWAY_NAME if state == AWAY else told.names[state]


def _top(told: Told, rows: pd.DataFrame, share: str) -> list[str]:
    """The largest shares of those who were, or are, elsewhere."""
    known = rows[(rows["n_moves"] >= told.spec.min_group) & rows[share].notna()]
    best = known.sort_values(share, ascending=False, kind="stable").head(N_WAYS)
    column, verb = ("target", "") if share == "after" else ("origin", "were ")
    return [
        f"{percent(Interval(row[share], row[f'{share}.ci_low'], row[f'{share}.ci_high']))} "
        f"{verb}{_where(told, int(row[column]))}"
        for row in best.to_dict("records")
    ]


def _where(told: Told, state: int) -> str:
    return AWAY_NAME if state == AWAY else f"in '{told.names[state]}'"


def _score_sentences(one: Persona) -> list[str]:
    found = []
    for score in one.scores:
        if math.isnan(score.mean.estimate):
            found.append(f"- {score.title}: too few of its customers have a score ({score.n_scored:,}).")
            continue
        rest = "" if math.isnan(score.mean_of_rest) else f", against {100 * score.mean_of_rest:.1f} % of the rest"
        of = "" if score.n_scored == one.n_customers else f" ({score.n_scored:,} customers have a score)"
        found.append(f"- {score.title}: mean score {percent(score.mean)}{rest}{of}.")
    return found


def _driver_sentence(told: Told, one: Persona) -> list[str]:
    table = told.drivers.table
    mine = table[(table["segment"] == one.segment) & (table["mean_shap.ci_low"] > 0)].head(N_DRIVERS)
    if not len(mine):
        return []
    known = {feature.name: feature for feature in told.described.features}
    shown = [f"{short_meaning(known[row['feature']])} ({row['mean_shap']:+.2f})" for row in mine.to_dict("records")]
    auc = told.drivers.auc[one.segment]
    return [
        f"- A classifier that sees all features tells it from the rest (ROC-AUC {auc:.3f} on held-out customers) by: "
        f"{', '.join(shown)}, in log-odds of SHAP."
    ]


def doubts(told: Told) -> list[str]:
    """What the page does not show, or what to be careful with."""
    found = [
        "The segments were made to differ in the features they were fitted on. Intervals say how well a difference is "
        "known, not that there is a gap between the groups: customers may be a continuum that was cut.",
        "Effect sizes, scores and moves describe. None says what a campaign would change.",
        "Intervals count each customer once, and take the segments as given: that the clustering itself could have "
        "come out otherwise is not in them.",
    ]
    small = [one.name for one in told.personas if one.n_customers < told.spec.min_group]
    if small:
        found.append(f"Fewer than {told.spec.min_group} customers: {'; '.join(small)}. Little can be said of them.")
    agreement = told.surrogate.fidelity.agreement
    if agreement.low < 0.9:
        found.append(
            f"The rule agrees with the segmentation on {percent(agreement)} of customers: where every customer counts, "
            "assign with the segmentation itself."
        )
    if told.surrogate.fidelity.unreached:
        gone = ", ".join(told.names[one] for one in told.surrogate.fidelity.unreached)
        found.append(f"The rule puts nobody into {gone}.")
    if told.drivers.left_out:
        gone = ", ".join(told.names[one] for one in told.drivers.left_out)
        found.append(f"Too few customers for a classifier of their own: {gone}.")
    if len(told.journey.cutoffs) < 2:
        found.append("There is one cutoff only: whether customers stay in their segments is not known.")
    if len(told.demographics):
        found.append(
            f"Demographics describe only; groups of fewer than {told.spec.min_group} customers are not shown, and they "
            "enter neither names nor the classifier nor the rule."
        )
    return found

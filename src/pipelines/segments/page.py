"""The persona page, and everything of it that a run keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.core.intervals import Interval
from pipelines.core.report import Artifact, Report
from pipelines.core.windows import said
from pipelines.evaluation.page import KeyFigure, PageContent, Section, evaluation_page
from pipelines.segments.described import NOISE
from pipelines.segments.effects import effect_table
from pipelines.segments.journeys import AWAY
from pipelines.segments.persona_words import (
    amount,
    doubts,
    headline,
    path_words,
    percent,
    persona_words,
    short_meaning,
    state_name,
    typical_with_ends,
)
from pipelines.segments.personas import Told, persona_table
from pipelines.segments.surrogate_sql import Origin, branch_words, rule_sql

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "segments"


def persona_report(told: Told, seed: int, more: Sequence[Section] = ()) -> Report:
    """Everything about the personas as metrics, tables, figures, the rule and one page.

    Parameters
    ----------
    told : Told
        The personas.
    seed : int
        Of the sample of customers that the map draws.
    more : sequence of Section
        What else the page says, before its doubts.

    Returns
    -------
    Report
        Metrics ``segments.*``. Under ``segments/``: ``personas.html`` (self-contained), ``personas.json``, the tables
        ``personas``, ``effects``, ``drivers``, ``moves``, ``paths``, ``sizes`` and, where there are any,
        ``demographics`` as ``.parquet``, figures as ``.png``, ``rule.sql`` and ``rule.json``. No customer is in them.
    """
    figures = persona_figures(told, seed)
    tables = {
        "personas": persona_table(told),
        "effects": effect_table([effect for one in told.personas for effect in one.effects], told.names),
        "drivers": told.drivers.table,
        "moves": told.moves,
        "paths": told.paths.assign(path=[path_words(path, told) for path in told.paths["path"]]),
        "sizes": told.sizes,
        **({"demographics": told.demographics} if len(told.demographics) else {}),
    }
    artifacts: dict[str, Artifact] = {
        f"{FOLDER}/personas.html": persona_page(told, figures, more),
        f"{FOLDER}/personas.json": as_dict(told),
        f"{FOLDER}/rule.sql": _sql(told),
        f"{FOLDER}/rule.json": {**told.surrogate.rule.model_dump(mode="json"), "fidelity": _fidelity(told)},
        **{f"{FOLDER}/{name}.parquet": table for name, table in tables.items()},
        **{f"{FOLDER}/{name}.png": figure for name, figure in figures.items()},
    }
    return Report(_metrics(told), artifacts)


def persona_figures(told: Told, seed: int) -> dict[str, Figure]:
    """Every figure by its file name; ``persona_<id>`` are those of single segments."""
    from pipelines.segments import map_figure, migration_figure, persona_figures  # half a second of import

    found = {
        "profile": persona_figures.profile_figure(told),
        "shares": persona_figures.shares_figure(told),
        "scores": persona_figures.scores_figure(told),
        "map": map_figure.map_figure(told, seed),
        "migration": migration_figure.migration_figure(told),
        "sizes": persona_figures.sizes_figure(told),
        **{f"persona_{one.segment}": persona_figures.traits_figure(told, one) for one in told.personas},
    }
    return {name: figure for name, figure in found.items() if figure is not None}


def persona_page(told: Told, figures: Mapping[str, Figure], more: Sequence[Section] = ()) -> str:
    """The page as HTML; everything that comes from data is escaped."""
    sections = [
        _glance(told, figures),
        _profile(told, figures),
        *(
            Section(one.name, persona_words(told, one), None, {_TRAITS: figures[f"persona_{one.segment}"]})
            for one in told.personas
        ),
        *_journeys(told, figures),
        *_rule(told),
        *_demographics(told),
        *more,
        Section("What to doubt", "\n".join(f"- {one}" for one in doubts(told)), is_warning=True),
    ]
    content = PageContent(f"Personas: {told.described.title}", headline(told), sections, _key_figures(told))
    return evaluation_page(content)


def as_dict(told: Told) -> dict[str, object]:
    """The personas as JSON has them: an undefined number is null."""
    return {
        "title": told.described.title,
        "population": told.described.population,
        "cutoff": said(told.described.cutoff),
        "n_customers": len(told.described),
        "value": told.described.value_said,
        "currency": told.described.currency,
        "level": told.spec.level,
        "personas": [
            {
                "segment": one.segment,
                "name": one.name,
                "is_named_by_rule": one.is_named_by_rule,
                "n_customers": one.n_customers,
                "share": _json(one.share),
                "revenue": one.revenue,
                "revenue_each": _json(one.revenue_each),
                "revenue_share": _json(one.revenue_share),
                "traits": [trait.words for trait in one.traits],
                "scores": {score.title: {**_json(score.mean), "n_scored": score.n_scored} for score in one.scores},
                "stay": _plain(
                    {**_json(one.stay.rate), "median_days": one.stay.median_days, "n_spells": one.stay.n_spells}
                ),
            }
            for one in told.personas
        ],
        "surrogate": {
            "agreement": _json(told.drivers.agreement),
            "largest": told.drivers.largest,
            "roc_auc": _plain({str(one): auc for one, auc in told.drivers.auc.items()}),
        },
        "rule": _fidelity(told),
        "doubts": doubts(told),
    }


_TRAITS = "Orange: more than the rest, blue: less. Lines are intervals that hold for all segments and features at once."
_NOTE = (
    "The colour is Cliff's delta: how much more often a customer of the segment has more than one of the rest than "
    "less. It asks for ranks only, so outliers and logarithms do not move it. Numbers are medians (of yes or no, the "
    "share of yes); a dash stands where nobody has a value."
)


def _glance(told: Told, figures: Mapping[str, Figure]) -> Section:
    words = (
        f"Brackets hold {100 * told.spec.level:g} % intervals in which customers are the unit. Revenue is the "
        f"{told.described.value_said}."
    )
    captions = {
        "Share of customers beside share of revenue, with intervals: where the blue bar is longer, a segment is worth "
        "more than its size.": figures["shares"]
    }
    if "scores" in figures:
        captions["Mean score of each segment, with intervals; dashed is the mean of all customers."] = figures["scores"]
    return Section("At a glance", words, _glance_table(told), captions)


def _glance_table(told: Told) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "segment": one.name,
                "customers": one.n_customers,
                "share": percent(one.share),
                "share of revenue": percent(one.revenue_share),
                f"{told.described.currency} each": amount(one.revenue_each),
                **{score.title: percent(score.mean) for score in one.scores},
            }
            for one in told.personas
        ]
    )


def _profile(told: Told, figures: Mapping[str, Figure]) -> Section:
    captions = {
        "What is typical of each segment, and how far it is from the rest.": figures["profile"],
        "A sample of customers on the two directions in which they vary most. Segments that overlap here may differ in "
        "what the plane leaves out.": figures["map"],
    }
    return Section("What sets them apart", _NOTE, _typical_table(told), captions)


def _typical_table(told: Told) -> pd.DataFrame:
    """Features by segments: typical values with their intervals, and how many are null."""
    rows = []
    for place, feature in enumerate(told.described.features):
        cells = {one.name: typical_with_ends(one.effects[place]) for one in told.personas}
        rows.append({"feature": short_meaning(feature), **cells})
    return pd.DataFrame(rows)


def _journeys(told: Told, figures: Mapping[str, Figure]) -> list[Section]:
    if "migration" not in figures:
        return []
    captions = {
        "Rows are where customers were, columns where they are: the share of the row, and how many.": figures[
            "migration"
        ],
        "The share of each segment over time, with intervals.": figures["sizes"],
    }
    rows = told.paths[told.paths["ending"].isna()].to_dict("records")
    table = pd.DataFrame(
        [
            {
                "path": path_words(row["path"], told),
                "customers": int(row["n_customers"]),
                "share": percent(Interval(row["share"], row["share.ci_low"], row["share.ci_high"])),
            }
            for row in rows
            if row["n_customers"] >= told.spec.min_group
        ]
    )
    first, last = told.journey.cutoffs[0], told.journey.cutoffs[-1]
    words = (
        f"{len(told.journey.cutoffs)} cutoffs from {said(first)} to {said(last)}. The table has the commonest paths of "
        "everybody who was in the population at any of them; a stay is told once, however long it lasted."
    )
    return [Section("How customers move", words, table, captions)]


def _rule(told: Told) -> list[Section]:
    found, rule = told.surrogate.fidelity, told.surrogate.rule
    words = (
        f"A tree of at most {told.spec.rule.max_depth} questions, in the features' own units. On {found.n_rows:,} "
        f"customers that it was not learned from it agrees with the segmentation on {percent(found.agreement)} "
        f"(always naming the largest segment: {100 * found.largest:.1f} %); adjusted Rand index {found.ari}.\n\n"
        + "\n".join(
            f"- {told.names[one.segment]}: finds {percent(one.recall)} of its customers, and is right about "
            f"{percent(one.precision)} of those it names."
            for one in found.by_segment
        )
    )
    branches = pd.DataFrame(
        [
            {
                "then": told.names[one.segment],
                "if": branch_words(one, told.described.features, rule.ever_null),
                "of customers": f"{100 * one.share:.1f} %",
                "right": "" if one.purity is None else f"{100 * one.purity:.0f} %",
            }
            for one in sorted(rule.branches, key=lambda one: (one.segment, -one.share))
        ]
    )
    sql = pd.DataFrame({"SQL": _sql(told).splitlines()})
    return [
        Section("A rule anyone can re-create", words, branches),
        Section("The rule as SQL", "The same as one expression; the file rule.sql beside this page has it too.", sql),
    ]


def _demographics(told: Told) -> list[Section]:
    sections = []
    for column, rows in told.demographics.groupby("column", sort=False):
        table = pd.DataFrame(
            [{"": level, **_demographic_cells(told, part)} for level, part in rows.groupby("level", sort=True)]
        )
        sections.append(Section(f"Demographics: {column}", _DEMOGRAPHICS.format(told.spec.min_group), table))
    return sections


_DEMOGRAPHICS = (
    "Share of each segment, with intervals. Description only: it entered neither the segments nor their names. A dot "
    "stands for fewer than {} customers, or for what would give such a number away."
)


def _demographic_cells(told: Told, rows: pd.DataFrame) -> dict[str, str]:
    found = {"everybody": "·" if math.isnan(all_ := float(rows["share_of_all"].iloc[0])) else f"{100 * all_:.1f} %"}
    for row in rows.to_dict("records"):
        share = Interval(row["share"], row["share.ci_low"], row["share.ci_high"])
        found[told.names[int(row["segment"])]] = "·" if row["is_hidden"] else percent(share)
    return found


def _key_figures(told: Told) -> list[KeyFigure]:
    real = [one for one in told.personas if one.segment != NOISE]
    none = 1 - sum(one.share.estimate for one in real)
    found, fidelity = (
        [KeyFigure("Segments", str(len(real)), f"{100 * none:.1f} % belong to none")],
        told.surrogate.fidelity,
    )
    found.append(KeyFigure("Customers", f"{len(told.described):,}", f"as of {said(told.described.cutoff)}"))
    state = told.journey.state
    if state.shape[1] > 1:
        both = (state[:, -2] != AWAY) & (state[:, -1] != AWAY)
        kept = f"{100 * float((state[both, -2] == state[both, -1]).mean()):.0f} %" if both.any() else "not known"
        days = (told.journey.cutoffs[-1] - told.journey.cutoffs[-2]).days
        found.append(KeyFigure("Kept their segment", kept, f"over {days} days"))
    agreement = fidelity.agreement
    ends = f"{100 * agreement.low:.1f} to {100 * agreement.high:.1f} %, held-out customers"
    return [*found, KeyFigure("Simple rule agrees", f"{100 * agreement.estimate:.1f} %", ends)]


def _metrics(told: Told) -> dict[str, float]:
    found = told.surrogate.fidelity
    ends = {"": "estimate", ".ci_low": "low", ".ci_high": "high"}
    intervals = {
        "segments.rule.agreement": found.agreement,
        "segments.rule.ari": found.ari,
        "segments.surrogate.agreement": told.drivers.agreement,
        **{f"segments.{one.segment}.share": one.share for one in told.personas},
        **{f"segments.{one.segment}.revenue_share": one.revenue_share for one in told.personas},
    }
    metrics = {
        f"{name}{end}": float(getattr(one, field)) for name, one in intervals.items() for end, field in ends.items()
    }
    metrics["segments.n"] = float(sum(one.segment != NOISE for one in told.personas))
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _sql(told: Told) -> str:
    described, found = told.described, told.surrogate
    origin = Origin(described.title, described.population, described.cutoff, told.names)
    return rule_sql(found.rule, found.fidelity, described.features, origin)


def _fidelity(told: Told) -> dict[str, object]:
    found = told.surrogate.fidelity
    return {
        "n_held_out": found.n_rows,
        "agreement": _json(found.agreement),
        "largest": found.largest,
        "ari": _json(found.ari),
        "by_segment": [
            {
                "segment": one.segment,
                "name": state_name(told, one.segment),
                "recall": _json(one.recall),
                "precision": _json(one.precision),
            }
            for one in found.by_segment
        ],
    }


def _json(found: Interval) -> dict[str, object]:
    return _plain(asdict(found))


def _plain(content: Mapping[str, object]) -> dict[str, object]:
    return {name: None if isinstance(one, float) and not math.isfinite(one) else one for name, one in content.items()}

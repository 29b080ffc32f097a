"""One customer as a self-contained page: score, reasons, waterfall, counter-checks, every value, provenance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pipelines.evaluation.page import KeyFigure, PageContent, Section, evaluation_page
from pipelines.explain.local import LocalCase, Peers, steps_by_feature, steps_by_idea, values_table
from pipelines.explain.local_figures import Probability, checks_figure, waterfall

MAX_CASES = 5


@dataclass(frozen=True)
class LocalPage:
    """What the page tells.

    Parameters
    ----------
    title : str
        Of the task.
    subject_id : str
        Whom it is about: the page is local and was asked for by that name.
    positive : str
        What a positive case does, as in ``churns``.
    as_of : str
        The moment of knowledge, in words.
    cases : sequence of LocalCase
        The newest first; five are told in full.
    tested : Peers
        What they are held against.
    probability : callable
        From log-odds to calibrated probabilities.
    origin : mapping of str to str
        Where model and data come from.
    """

    title: str
    subject_id: str
    positive: str
    as_of: str
    cases: Sequence[LocalCase]
    tested: Peers
    probability: Probability
    origin: Mapping[str, str]


def local_page(told: LocalPage) -> str:
    """The page as HTML; everything that comes from data is escaped."""
    shown = told.cases[:MAX_CASES]
    sections = [section for case in shown for section in _of_case(told, case)]
    more = len(told.cases) - len(shown)
    if more:
        sections.append(Section("More cases", f"{more:,} older cases of this customer are not told here."))
    origin = pd.DataFrame({"what": list(told.origin), "value": list(told.origin.values())})
    sections.append(Section("Where this comes from", _CAUTION, origin))
    which = f"Newest of {len(told.cases)} cases: " if len(told.cases) > 1 else ""
    lead = f"{told.title}, {told.as_of}. {which}{headline(told.cases[0], told.tested, told.positive)}"
    return evaluation_page(
        PageContent(f"Customer {told.subject_id}", lead, sections, _key_figures(told.cases[0], told.tested))
    )


_CAUTION = (
    "A SHAP value says how a feature moved the model's score for this case, not what caused the customer's behaviour; "
    "a counter-check says what the model would say of another past, not what an intervention would achieve. The page "
    "was written on this machine only, and nothing of it was recorded: it names a customer, so treat it accordingly."
)


def headline(case: LocalCase, tested: Peers, positive: str) -> str:
    """The score beside everybody's, and the decision with its reason.

    Examples
    --------
    >>> import numpy as np
    >>> from pipelines.explain.local import example
    >>> headline(example(0.62, True), Peers(np.array([0.1, 0.2, 0.9]), {}), "churns")
    'Score 0.620 (churns), higher than 67 % of the rows the model was tested on, which average 0.400. To contact.'
    """
    below = tested.share_below(case.score)
    beside = (
        ""
        if math.isnan(below)
        else f", higher than {100 * below:.0f} % of the rows the model was tested on, which average {tested.mean:.3f}"
    )
    decided = "To contact" if case.decision else "Not to contact"
    return f"Score {case.score:.3f} ({positive}){beside}. {decided}{f': {case.why}' if case.why else ''}."


def _key_figures(case: LocalCase, tested: Peers) -> tuple[KeyFigure, ...]:
    below = tested.share_below(case.score)
    known = [check for check in case.checks if math.isfinite(check.score)]
    widest = max(known, key=lambda check: abs(check.score - case.score), default=None)
    return (
        KeyFigure("Score", f"{case.score:.3f}", f"{tested.mean:.3f} on average" if math.isfinite(below) else ""),
        *([KeyFigure("Higher than", f"{100 * below:.0f} %", "of tested rows")] if math.isfinite(below) else []),
        KeyFigure("Decision", "contact" if case.decision else "leave alone", case.why),
        *([KeyFigure("What if", f"{widest.score:.3f}", widest.said)] if widest is not None else []),
    )


def _of_case(told: LocalPage, case: LocalCase) -> list[Section]:
    several = len(told.cases) > 1
    ending = f" · {case.name}" if several else ""
    opening = f"{headline(case, told.tested, told.positive)}\n\n" if several else ""
    by_idea = waterfall(steps_by_idea(case), case, told.probability, "How the score came about, by idea")
    by_feature = waterfall(steps_by_feature(case), case, told.probability, "The same by feature")
    captions = {
        "From the average of what the model learned to this score: orange raises it, blue lowers it. All features of "
        "one idea are one bar.": by_idea,
        "The same with every feature alone, and this customer's value.": by_feature,
    }
    reasons = "\n".join(f"- {reason}" for reason in case.reasons if reason) or "No feature moved the score."
    sections = [
        Section(f"Why{ending}", f"{opening}{reasons}"),
        Section(f"How the score came about{ending}", "", None, captions),
    ]
    known = [check for check in case.checks if math.isfinite(check.score)]
    if case.checks:
        words = "\n".join(f"- {check.words(case)}" for check in case.checks)
        turned = " Orange: the decision would be another." * any(check.decision != case.decision for check in known)
        figures = {f"Dashed is the score as it is.{turned}": checks_figure(case)} if known else {}
        sections.append(Section(f"What if{ending}", f"{_WHAT_IF}\n\n{words}", None, figures))
    return [*sections, Section(f"Every value{ending}", _VALUES, values_table(case, told.tested))]


_WHAT_IF = (
    "Only what a customer or the shop could have changed. A customer who is described from a log gets another log, and "
    "every feature is computed from it again; of a finished row one declared value is tried at a time."
)
_VALUES = "Strongest first; moves are SHAP values in log-odds and add up, with the base value, to the raw score."

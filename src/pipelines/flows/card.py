"""The model card of a training run, and what a promotion adds to it. Never written by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from pipelines.card.markdown import as_markdown, brief
from pipelines.card.sections import (
    PROMOTION,
    data,
    limits,
    listed,
    not_promoted,
    purpose,
    reproduction,
    ruled,
    split,
)
from pipelines.card.stored import from_json, to_json, with_section
from pipelines.core.protocols import CARD, Models, ModelVersion, Run
from pipelines.core.report import Report
from pipelines.evaluation.page import PageContent, Section, evaluation_page
from pipelines.evaluation.sections import headline, key_figures
from pipelines.evaluation.words import ageing_words, calibration_words, doubts, slice_words
from pipelines.flows.fit import Fitted
from pipelines.flows.judge import Judged
from pipelines.flows.page import drawn_in, origin, sizes
from pipelines.flows.prepare import Prepared
from pipelines.gates.evidence import Ruling
from pipelines.tasks.task import TaskSpec

_FAIR, _WHY, _FIGURES = "Fairness", "What it looks at", "Figures"
_TOLD = (PROMOTION, "Purpose", _FAIR, "Known limits", _WHY, "Calibration", "Data", "Where it fails", "How it ages")
"""What stands in the registry, the most important first."""


def model_card(task: TaskSpec, prepared: Prepared, fitted: Fitted, judged: Judged, run: Run) -> PageContent:
    """Everything that a run knows about its model, in the order in which people ask."""
    found = judged.evaluation
    drawn = drawn_in(fitted.report, judged.report)
    ages = ageing_words(judged.aged) if judged.aged else ()
    figures = headline(found, task.positive)
    sections = [
        purpose(task, fitted.scorer.policy.in_words),
        not_promoted(),
        data(prepared.manifest, prepared.known_at),
        split(prepared.parts.words, sizes(prepared.parts)),
        Section(_FIGURES, figures.words, figures.table),
        _calibration(found.model, fitted, calibration_words(found), drawn),
        listed(_WHY, judged.explained, _those(drawn, "explain/groups.png", "explain/beeswarm.png")),
        listed(_FAIR, judged.fair.words, _those(drawn, "fairness/summary.png")),
        *([listed("Where it fails", slice_words(judged.slices, found))] if judged.slices else []),
        *([listed("How it ages", ages)] if ages else []),
        limits([*doubts(found, judged.slices, judged.aged)]),
        reproduction(run.run_id, origin(task, prepared, fitted)),
    ]
    return PageContent(f"Model card: {task.title}", task.description, sections, key_figures(found))


def card_report(content: PageContent) -> Report:
    """``report/model_card.md``, ``.html``, and ``.json``, from which a promotion goes on."""
    return Report(
        artifacts={
            "report/model_card.md": as_markdown(content),
            "report/model_card.html": evaluation_page(content),
            CARD: to_json(content),
        }
    )


def described(content: PageContent, run_id: str) -> str:
    """What the registry says of the version."""
    return brief(content, _TOLD, f"report/model_card.html of the run {run_id}")


def ruled_card(models: Models, version: ModelVersion, rulings: Sequence[Ruling], run: Run) -> PageContent:
    """The version's card with what the gates said of it."""
    content = from_json(json.loads(models.document(version, CARD)))
    return with_section(content, ruled(rulings, run.actor, run.began, run.run_id))


def repoliced_card(models: Models, champion: ModelVersion, task: TaskSpec, decides: str) -> PageContent:
    """The champion's card with another policy; whom that treats differently was not measured, and it says so."""
    content = from_json(json.loads(models.document(champion, CARD)))
    unknown = (
        f"Not measured for this policy. The findings on version {champion.version} are of its own decisions, and what "
        f"was kept of its rows holds no sensitive column. To measure: regulars train --task {task.name}."
    )
    for section in (purpose(task, decides), not_promoted(), Section(_FAIR, unknown, is_warning=True)):
        content = with_section(content, section)
    return content


def _calibration(metrics: Mapping[str, object], fitted: Fitted, words: str, drawn: Mapping[str, Figure]) -> Section:
    way = fitted.scorer.calibration.type.removesuffix("_map").replace("_", "-")
    said = f"Log-odds become probabilities by the method {way}, fitted on out-of-fold scores. {words}"
    return Section("Calibration", said, None, _those(drawn, "report/calibration.png"))


def _those(drawn: Mapping[str, Figure], *paths: str) -> dict[str, Figure]:
    return {_CAPTIONS[path]: drawn[path] for path in paths if path in drawn}


_CAPTIONS = {
    "report/calibration.png": "A point on the dotted line is a probability that comes true.",
    "explain/groups.png": "How much each idea, block and window moves the score, with 95 % intervals.",
    "explain/beeswarm.png": "Each dot is a row: to the right the feature raises its score, and red is a high value.",
    "fairness/summary.png": "Every finding with its interval against what is allowed.",
}

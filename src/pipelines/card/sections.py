"""The parts of a model card: each takes what is known and gives a `Section`.

References
----------
Mitchell et al. (2019), *Model cards for model reporting*: which questions a card answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd
from matplotlib.figure import Figure

from pipelines.core.windows import said
from pipelines.evaluation.page import Section
from pipelines.gates.evidence import Ruling
from pipelines.tables.contract import Role
from pipelines.tables.manifest import Manifest
from pipelines.tasks.task import TaskSpec

PROMOTION = "Promotion"
_LIMITS = (
    "It predicts, it does not explain causes: who scores high is not who a contact would change. That takes an "
    "experiment with a control group.",
    "It speaks of the population it was trained on, at moments like those it was tested on. A new shop, country or "
    "season is another question; drift_check watches for it.",
    "A reason says what moved the score, not what would move the customer.",
)


def purpose(task: TaskSpec, decides: str) -> Section:
    """What the model is for, whom it is about, and what it is not for."""
    return Section(
        "Purpose",
        "\n".join(
            [
                f"- Question: {task.description or task.title}",
                f"- Whom it is about: {task.population_in_words}. Others have no score.",
                f"- What a score is: the calibrated probability that a case {task.positive}.",
                f"- What is decided from it: {decides}",
                "- Not meant for: decisions about single people with legal or similarly grave effects, such as credit, "
                "employment or insurance; nor for anybody outside that population.",
            ]
        ),
    )


def data(manifest: Manifest, known_at: datetime | None) -> Section:
    """What it was trained on, under which licence, with which limits, and what was set aside."""
    about = manifest.about
    lines = [
        f"- Source: {about.title or manifest.source} ({manifest.source}), {manifest.n_customers:,} customers or cases"
        + (f", {manifest.span}" if manifest.clock is not None else ""),
        f"- Licence: {about.licence or 'not stated in the source file'}",
        *([f"- Limits, as its file states them: {about.note}"] if about.note else []),
        f"- Known at {said(known_at)}: nothing at or after that moment was read, outcomes included."
        if known_at is not None
        else "- The table has no times.",
        *_sensitive(manifest),
    ]
    rows = [
        (name, table.n_read, table.n_accepted, table.n_duplicates, sum(table.quarantined.values()))
        for name, table in manifest.tables.items()
    ]
    names = ["table", "rows read", "accepted", "duplicates", "quarantined"]
    return Section("Data", "\n".join(lines), _as_text(rows, names))


def split(words: str, sizes: Mapping[str, str]) -> Section:
    """How rows were divided, and how many there are of each kind."""
    return Section("Label and split", words, _as_text(list(sizes.items()), ["part", "what it holds"]))


def listed(title: str, sentences: Sequence[str], figures: Mapping[str, Figure] | None = None) -> Section:
    """Sentences as a list, beside figures."""
    return Section(title, "\n".join(f"- {sentence}" for sentence in sentences), None, figures or {})


def limits(doubts: Sequence[str]) -> Section:
    """What this run gives reason to doubt, and what holds for every model of this kind."""
    return Section(
        "Known limits", "\n".join(f"- {sentence}" for sentence in (*doubts, *_LIMITS)), is_warning=bool(doubts)
    )


def not_promoted() -> Section:
    """Of a challenger."""
    return Section(PROMOTION, "No gate has ruled on it yet: it is a challenger and scores nobody.")


def ruled(rulings: Sequence[Ruling], who: str, when: datetime, run_id: str) -> Section:
    """What every gate said, asked by whom and when: it is champion if they all agreed."""
    refused = [one.gate for one in rulings if not one.passed]
    at = f"on {when:%Y-%m-%d %H:%M} UTC{f' by {who}' if who else ''}, in the run {run_id}"
    words = (
        f"Refused {at}, by {', '.join(refused)}. It scores nobody."
        if refused
        else f"Promoted {at}, since every gate agreed."
    )
    rows = [(one.gate.replace("_", " "), "passed" if one.passed else "refused", one.reason) for one in rulings]
    return Section(PROMOTION, words, _as_text(rows, ["gate", "ruling", "reason"]), is_warning=bool(refused))


def reproduction(run_id: str, origin: Mapping[str, str]) -> Section:
    """The command that repeats the run, and what it is held against."""
    words = (
        f"With the same source ingested: regulars reproduce --run_id {run_id}. It rebuilds the model from the logged "
        "configuration and compares every metric and digest."
    )
    return Section("How to reproduce it", words, _as_text(list(origin.items()), ["what", "value"]))


def _sensitive(manifest: Manifest) -> list[str]:
    names = [
        name
        for table in manifest.tables.values()
        for name, column in table.columns.items()
        if column.role == Role.SENSITIVE
    ]
    if not names:
        return []
    return [f"- Declared sensitive, and therefore no features: {', '.join(names)}."]


def _as_text(rows: Sequence[Sequence[object]], names: Sequence[str]) -> pd.DataFrame:
    texts = [[f"{value:,}" if isinstance(value, int) else str(value) for value in row] for row in rows]
    return pd.DataFrame(texts, columns=list(names))

"""One customer: score, decision and reasons, by the code that scores everybody. A look-up; nothing is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.protocols import Models, ModelVersion
from pipelines.features.catalogue import Feature
from pipelines.features.panel import catalogue
from pipelines.flows.prepare import same_kind, task_of
from pipelines.flows.score import champion_of
from pipelines.scoring.history import history
from pipelines.scoring.panel import panel
from pipelines.tables.lake import Lake
from pipelines.tasks.panel_task import PanelTask


@dataclass(frozen=True)
class Explained:
    """What the champion says of one customer.

    Parameters
    ----------
    version : ModelVersion
        The champion.
    cutoff : datetime
        As of when the customer is described.
    features : tuple of Feature
        What the columns of ``row`` are.
    row : DataFrame, one row
        The customer's features.
    scored : DataFrame, one row
        ``score``, ``decision``, ``reason_1`` …
    """

    version: ModelVersion
    cutoff: datetime
    features: tuple[Feature, ...]
    row: pd.DataFrame
    scored: pd.DataFrame


def explain(task: PanelTask, lake: Lake, models: Models, cutoff: datetime | None, customer_id: str) -> Explained:
    """Describe and score one customer straight from the log; only this customer's events are read.

    Raises
    ------
    NotEnoughDataError
        If the customer is not eligible at that moment, or not known at all.
    """
    champion = champion_of(task, models)
    trained = same_kind(task, task_of(champion))
    manifest = lake.manifest(trained.source)
    known_at = manifest.known_at(cutoff)
    described = panel(trained, history(lake, trained.source, known_at, trained.features, [customer_id]), (known_at,))
    if len(described) == 0:
        raise NotEnoughDataError(
            f"The customer is not in the population of '{task.name}' at {known_at:%Y-%m-%d}, or '{trained.source}' "
            "does not know the id.",
            why="The model was made for that population only, so there is no score to explain.",
            fix=f"Check the id, or ask as of another day with --cutoff ({manifest.span} is known).",
        )
    scored = models.load(champion).scorer.score(described.rows)
    return Explained(champion, known_at, catalogue(trained.features, manifest.currency), described.rows, scored)

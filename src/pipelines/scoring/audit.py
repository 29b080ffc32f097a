"""Does anything in the panel know the future? Other futures are tried, and every feature is judged alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.intervals import Interval, cluster_weights, interval
from pipelines.evaluation.metrics import roc_auc
from pipelines.features.days import CustomerDays
from pipelines.features.panel import attributes_of, sequences_of
from pipelines.scoring.history import shown_history
from pipelines.scoring.log import Shown, tables_read
from pipelines.scoring.panel import LabelledPanel, Panel, panel
from pipelines.scoring.poison import POISONS, Poison
from pipelines.tables.contract import PRODUCTS
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.panel_task import PanelTask

ELIGIBLE, LABEL = "who is eligible", "label"
_N_RESAMPLES = 200
_CLOSE = 0.02  # only features this near to the limit get an interval: each costs a sort and many passes


@dataclass(frozen=True)
class Moved:
    """Something that changed with the future.

    Parameters
    ----------
    what : str
        A feature, ``who is eligible``, or ``label``.
    poison : str
        What was done to the future (see `POISONS`).
    cutoff : datetime
        From when on it was another one; for a label, one horizon after the row's cutoff.
    n_rows, of : int
        How many rows moved, of how many.
    """

    what: str
    poison: str
    cutoff: datetime
    n_rows: int
    of: int


@dataclass(frozen=True)
class Alone:
    """How well one feature ranks by itself: ROC-AUC, whichever way it points, with an interval where it matters."""

    feature: str
    roc_auc: float
    interval: Interval | None

    def is_suspicious(self, limit: float) -> bool:
        """Whether even the lower end of its interval reaches the limit."""
        return self.interval is not None and self.interval.low >= limit


def moved(task: PanelTask, lake: Lake, cutoffs: Sequence[datetime], customers: Sequence[str]) -> Iterator[Moved]:
    """Everything in the panel that changes with the future, of some customers.

    Each cutoff is described from the whole log, as it is for training, and again with every other future.
    """
    whole = shown_history(lake, task.source, task.reads, lambda log: log, customers)
    for cutoff in cutoffs:
        at, until = panel(task, whole, (cutoff,)), cutoff + task.horizon
        label = task.outcome.label(whole, at.spine)
        for name, poison in POISONS.items():
            yield from _differing(
                at, panel(task, _with(task, lake, poison, cutoff, customers), (cutoff,)), name, cutoff
            )
            later = _with(task, lake, poison, until, customers)
            known = panel(task, later, (cutoff,))
            if known.customer_id.tolist() == at.customer_id.tolist():
                n_rows = int((task.outcome.label(later, known.spine) != label).sum())
                yield from [Moved(LABEL, name, until, n_rows, len(at))] if n_rows else []


def alone(labelled: LabelledPanel, limit: float, rng: np.random.Generator) -> tuple[Alone, ...]:
    """Every feature by itself, the best first.

    Parameters
    ----------
    labelled : LabelledPanel
        Rows with labels; a missing value ranks below all others.
    limit : float
        The ROC-AUC near which an interval is computed, resampling customers.
    rng : Generator
        Draws the resamples.
    """
    found = [_alone(name, labelled, limit, rng) for name in labelled.panel.rows.columns]
    return tuple(sorted(found, key=lambda one: (-one.roc_auc, one.feature)))


def as_of_today(manifest: Manifest) -> tuple[str, ...]:
    """The columns that are declared to hold today's value; none of them becomes a feature."""
    return tuple(
        f"{column} of {name}"
        for name, table in manifest.tables.items()
        for column, known in table.columns.items()
        if known.as_of_today
    )


def timeless(task: PanelTask, manifest: Manifest) -> tuple[str, ...]:
    """Columns that features read from tables without a time: what stands there is taken to have always stood there."""
    tables = tables_read(manifest, task.features)
    of_products = [name for name in sequences_of(task.features) if PRODUCTS.name in tables[name]]
    of_customers = attributes_of(task.features)
    return (*(f"{name} of products" for name in of_products), *(f"{name} of customers" for name in of_customers))


def rewritten(manifest: Manifest) -> tuple[str, ...]:
    """The tables of which copies or older versions were set aside: a later version may tell what was not known then."""
    return tuple(
        f"{table.n_duplicates:,} rows of {name}" for name, table in manifest.tables.items() if table.n_duplicates
    )


def _with(task: PanelTask, lake: Lake, poison: Poison, cutoff: datetime, customers: Sequence[str]) -> CustomerDays:
    shown: Shown = lambda log: poison(log, cutoff)  # noqa: E731 - a name for its type
    return shown_history(lake, task.source, task.reads, shown, customers)


def _differing(one: Panel, other: Panel, poison: str, cutoff: datetime) -> Iterator[Moved]:
    if one.customer_id.tolist() != other.customer_id.tolist():
        n_rows = len(set(one.customer_id) ^ set(other.customer_id))
        yield Moved(ELIGIBLE, poison, cutoff, n_rows, len(one))
        return
    for name in one.rows.columns:
        is_other = ~_equal(one.rows[name], other.rows[name])
        if is_other.any():
            yield Moved(name, poison, cutoff, int(is_other.sum()), len(one))


def _equal(one: pd.Series, other: pd.Series) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = ((one == other) | (one.isna() & other.isna())).to_numpy()
    return found


def _alone(name: str, labelled: LabelledPanel, limit: float, rng: np.random.Generator) -> Alone:
    values = labelled.panel.rows[name].to_numpy()
    score = np.where(np.isnan(values), np.nanmin(values, initial=0.0) - 1, values)
    area = roc_auc(labelled.label, score)
    score = score if area >= 0.5 else -score
    area = max(area, 1 - area)
    if area < limit - _CLOSE:
        return Alone(name, area, None)
    weights = cluster_weights(labelled.panel.spine.customer, _N_RESAMPLES, rng)
    draws = np.concatenate([roc_auc(labelled.label, score, weight) for weight in weights])
    return Alone(name, area, interval(area, draws))

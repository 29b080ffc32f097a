"""Panels that are kept: one pass over the customers for all cutoffs that are lacking, none for those that are there.

A row of the panel depends on the events before its cutoff, its label on those of the outcome window. So each cutoff is
kept with digests of the parts of the log that may hold such events: what has not changed is not computed again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.ahead import ahead, side_by_side
from pipelines.core.code import code_digest
from pipelines.core.errors import BusyError
from pipelines.core.panels import Keys, PanelPart
from pipelines.core.spec import digest
from pipelines.core.windows import day_moment, day_number
from pipelines.evaluation.coverage import Coverage
from pipelines.features.days import CustomerDays
from pipelines.features.kernel import places_by_cutoff
from pipelines.features.panel import attributes_of, catalogue, feature_columns
from pipelines.features.spine import Spine, cutoff_days
from pipelines.scoring.history import histories
from pipelines.scoring.log import tables_read
from pipelines.scoring.panel import LabelledPanel, Panel
from pipelines.tables.contract import CUSTOMERS
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.described import Describes
from pipelines.tasks.panel_task import PanelTask

Cutoffs = tuple[datetime, ...]
ObjectArray = NDArray[np.object_]
BoolArray = NDArray[np.bool_]
FEATURES, LABEL = "features", "label"
_VALUES_AT_ONCE = 2**24
"""Feature values that are computed together: 128 MB, however many cutoffs and features there are."""
_LABELS_AT_ONCE = 2**20
_N_THREADS = min(4, os.cpu_count() or 1)
"""Each holds as much; what writes them does not keep up with more."""


@dataclass(frozen=True)
class Kept:
    """A task's panel on disk.

    Parameters
    ----------
    name : str
        What it is called there.
    cutoffs : tuple of datetime
        Every cutoff that was asked for.
    built : tuple of datetime
        Those of them that had to be computed.
    """

    name: str
    cutoffs: Cutoffs
    built: Cutoffs


def kept_panel(task: Describes, lake: Lake, known_at: datetime, cutoffs: Cutoffs) -> Kept:
    """Bring a task's panel up to date.

    Parameters
    ----------
    task : PanelTask or other that describes
        Says who is described by what, and what the label is; without an outcome no row has one.
    lake : Lake
        Holds the source, and keeps the panel.
    known_at : datetime
        The moment of knowledge: nothing at or after it is read, and a label whose outcome window has not ended by then
        is null.
    cutoffs : tuple of datetime
        Midnights UTC, none after ``known_at``.
    """
    manifest = lake.manifest(task.source)
    name = f"{task.name}/{task.feature_digest()[:12]}"
    wanted = {cutoff: _keys(task, manifest, cutoff, known_at) for cutoff in cutoffs}
    built = tuple(cutoff for cutoff in cutoffs if not _holds(lake.panels.find(name, cutoff), wanted[cutoff]))
    if built:
        names = {one.name: one.null_rule != "never" for one in catalogue(task.features, manifest.currency)}
        with lake.panels.writing(name, {cutoff: wanted[cutoff] for cutoff in built}, names) as draft:
            ranges = ahead(histories(lake, task.source, known_at, task.reads))
            some = (part for days in ranges for part in _some(days, len(built) * len(names)))
            for part in side_by_side(lambda one: _by_cutoff(task, one, built, known_at), some, _N_THREADS):
                draft.write(part)
    return Kept(name, cutoffs, built)


def read_panel(task: Describes, lake: Lake, known_at: datetime, cutoffs: Cutoffs) -> Panel:
    """Feature rows of the task's population at these cutoffs, in memory."""
    return _read(task, lake, kept_panel(task, lake, known_at, cutoffs), ())[0]


@dataclass(frozen=True)
class PanelPieces:
    """A kept panel at one cutoff, to be read some customers after others.

    Parameters
    ----------
    kept : Kept
        Where it is.
    n_rows : int
        In all.
    key : str
        Digest of what it was computed from.
    read : callable
        Of numbers of pieces, so many rows each, their rows; customers ascend.
    """

    kept: Kept
    n_rows: int
    key: str
    read: Callable[[Sequence[int], int], Iterator[Panel]]


def panel_pieces(task: Describes, lake: Lake, known_at: datetime) -> PanelPieces:
    """Feature rows of the task's population at ``known_at``, which need not fit into memory together."""
    kept = kept_panel(task, lake, known_at, (known_at,))
    names = [feature.name for feature in catalogue(task.features, "")]

    def read(numbers: Sequence[int], at_once: int) -> Iterator[Panel]:
        for held in lake.panels.pieces(kept.name, known_at, names, at_once, numbers):
            spine = Spine(held.customer, np.full(len(held.customer), day_number(known_at)))
            values = np.empty((len(spine), len(names)), order="F")
            for place, name in enumerate(names):
                values[:, place] = held.columns[name]
            yield Panel(spine, pd.DataFrame(values, columns=names), held.customer_ids)

    key = _keys(task, lake.manifest(task.source), known_at, known_at)[FEATURES]
    return PanelPieces(kept, lake.panels.size(kept.name, known_at), key, read)


def outcomes(
    task: PanelTask, lake: Lake, known_at: datetime, cutoffs: Cutoffs, drawn: Callable[[ObjectArray], BoolArray]
) -> pd.DataFrame:
    """Customers at these cutoffs with their labels: ``customer_id``, ``cutoff`` and ``label``, nothing else.

    Every outcome window must have ended at ``known_at``; who is not ``drawn`` is left out before all are in memory.
    """
    kept = kept_panel(task, lake, known_at, cutoffs)
    found = []
    for cutoff in cutoffs:
        numbers = range(-(-lake.panels.size(kept.name, cutoff) // _LABELS_AT_ONCE))
        for held in lake.panels.pieces(kept.name, cutoff, [LABEL], _LABELS_AT_ONCE, numbers):
            rows = pd.DataFrame({"customer_id": held.customer_ids, LABEL: held.columns[LABEL]})
            moment = np.datetime64(cutoff.replace(tzinfo=None), "us")
            found.append(rows[drawn(held.customer_ids)].assign(cutoff=moment))
    return pd.concat(found, ignore_index=True)


def read_labelled(task: PanelTask, lake: Lake, known_at: datetime, cutoffs: Cutoffs) -> LabelledPanel:
    """The same with labels; every outcome window must have ended at ``known_at``."""
    if any(cutoff + task.horizon > known_at for cutoff in cutoffs):
        raise ValueError(f"An outcome window of {task.horizon.days} days has not ended at {known_at:%Y-%m-%d}.")
    kept = kept_panel(task, lake, known_at, cutoffs)
    found, labels = _read(task, lake, kept, (LABEL,))
    if np.isnan(labels[LABEL]).any():
        raise BusyError(
            f"The panel {kept.name} lost labels while it was read.",
            why="Another process describes the same task as of an earlier moment, at which they were not known.",
            fix="Wait until it has ended, then run again.",
        )
    return LabelledPanel(found, labels[LABEL].astype(np.int8))


def coverage_of(kept: Kept, lake: Lake, known_at: datetime, horizon: timedelta) -> Coverage:
    """What a kept panel covers; an outcome that was not known at ``known_at`` counts as censored."""
    cutoffs = tuple(sorted(kept.cutoffs))
    held = lake.panels.read(kept.name, cutoffs, [LABEL])
    ends = np.cumsum(held.n_rows)[:-1]
    label = np.split(held.columns[LABEL], ends)
    is_known = [cutoff + horizon <= known_at for cutoff in cutoffs]
    return Coverage(
        cutoffs=cutoffs,
        n_rows=np.array(held.n_rows, np.int64),
        n_labelled=np.array([len(one) * known for one, known in zip(label, is_known, strict=True)], np.int64),
        n_positive=np.array(
            [int(one.sum()) if known else 0 for one, known in zip(label, is_known, strict=True)], np.int64
        ),
    )


def _keys(task: Describes, manifest: Manifest, cutoff: datetime, known_at: datetime) -> Keys:
    """What a cutoff's columns are computed from; no label where the outcome is not known yet."""
    tables = {name for names in tables_read(manifest, task.features).values() for name in names}
    tables |= {CUSTOMERS.name} if attributes_of(task.features) else set()
    rows = [code_digest(), task.feature_digest(), manifest.decimals]
    keys = {FEATURES: digest([*rows, _parts(manifest, sorted(tables), cutoff)])}
    if task.outcome is not None and cutoff + task.outcome.horizon <= known_at:
        labelled = {name for names in tables_read(manifest, (task.outcome,)).values() for name in names}
        keys[LABEL] = digest([*rows, _parts(manifest, sorted(labelled), cutoff + task.outcome.horizon)])
    return keys


def _parts(manifest: Manifest, tables: Sequence[str], before: datetime) -> list[str]:
    """The parts of the log that may hold rows before a moment."""
    parts = [part for name in tables for part in manifest.tables[name].parts]
    return sorted(part.data_digest for part in parts if part.first is None or part.first < before)


def _holds(held: Keys | None, wanted: Keys) -> bool:
    return held is not None and all(held.get(column) == key for column, key in wanted.items())


def _some(days: CustomerDays, n_values_each: int) -> Iterator[CustomerDays]:
    """Some customers after others, so many that their feature values fit into memory."""
    n_customers = len(days.customer_ids)
    at_once = max(1, _VALUES_AT_ONCE // n_values_each)
    for first in range(0, n_customers, at_once):
        yield days.of(first, min(first + at_once, n_customers))


def _by_cutoff(task: Describes, days: CustomerDays, cutoffs: Cutoffs, known_at: datetime) -> PanelPart:
    """The panel of some customers, cutoff by cutoff; each ordered by customer."""
    numbers = cutoff_days(cutoffs)
    spine = task.population.spine(days, cutoffs)
    place, starts = places_by_cutoff(spine.cutoff, numbers)
    columns = np.empty((sum(len(block.features("")) for block in task.features), len(spine)))
    feature_columns(days, spine, task.features, place, columns)
    customer = np.empty(len(spine), np.int64)
    customer[place] = spine.customer
    rows = {day_moment(int(day)): slice(*ends) for day, *ends in zip(numbers, starts[:-1], starts[1:], strict=True)}
    labels = {
        cutoff: task.outcome.label(days, Spine(customer[part], np.full(part.stop - part.start, day_number(cutoff))))
        for cutoff, part in rows.items()
        if task.outcome is not None and cutoff + task.outcome.horizon <= known_at
    }
    return PanelPart(days.customer_ids, customer, columns, rows, labels)


def _read(task: Describes, lake: Lake, kept: Kept, more: Sequence[str]) -> tuple[Panel, dict[str, NDArray[np.float64]]]:
    """A kept panel in memory, ordered by customer and cutoff."""
    names = [feature.name for feature in catalogue(task.features, "")]
    days = cutoff_days(kept.cutoffs)
    held = lake.panels.read(kept.name, tuple(day_moment(int(day)) for day in days), [*names, *more])
    order = np.argsort(held.customer, kind="stable")
    spine = Spine(held.customer, np.repeat(days, held.n_rows)).at(order)
    values = np.empty((len(order), len(names)), order="F")
    for place, name in enumerate(names):
        values[:, place] = held.columns[name][order]
    found = Panel(spine, pd.DataFrame(values, columns=names), held.customer_ids)
    return found, {name: held.columns[name][order] for name in more}

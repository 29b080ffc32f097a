"""Rows that know part of their outcome, as an export "as of today" holds them: what a kind of task can peek at.

A new kind of task is one function and one line in `_PEEKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from pipelines.core.windows import DAY
from pipelines.features.days import CustomerDays
from pipelines.features.encode import encoded
from pipelines.features.panel import feature_rows
from pipelines.features.spine import Spine
from pipelines.scoring.cases import Cases, Parts
from pipelines.scoring.history import history
from pipelines.scoring.resampled import Rows, thinned
from pipelines.scoring.table_kind import TableKind
from pipelines.tables.contract import CASES, Kind, Role
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.panel_task import PanelTask
from pipelines.tasks.session_task import SessionTask
from pipelines.tasks.table_task import TableTask
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Sides:
    """Rows on both sides of the task's own split.

    Parameters
    ----------
    develop, test : Rows
        What may be learned from, and what judges.
    known : Rows
        The rows of ``test`` as they are known at the moment of scoring; another thing than ``test`` where that peeks.
    """

    develop: Rows
    test: Rows
    known: Rows

    @classmethod
    def of(cls, parts: Parts) -> Sides:
        """Without a peek."""
        test = Rows.of(parts.test)
        return cls(Rows.of(parts.develop), test, test)

    @property
    def whole(self) -> Rows:
        """All rows together."""
        return self.develop.joined(self.test)

    @property
    def test_share(self) -> float:
        """The test's share of all rows."""
        return len(self.test) / (len(self.develop) + len(self.test))


@dataclass(frozen=True)
class Peek:
    """Peeking rows, or why there are none; ``said`` tells which of the two, for people."""

    sides: Sides | None
    said: str


def peek(task: TaskSpec, lake: Lake, known_at: datetime | None, parts: Parts) -> Peek:
    """The task's rows as an export of a later day would hold them; the split and the labels stay.

    Parameters
    ----------
    task : TaskSpec
        With the features that its source can feed.
    lake : Lake
        Holds the source.
    known_at : datetime or None
        The moment of knowledge: even what peeks reads nothing at or after it.
    parts : Parts
        The task's honest rows at that moment, as `thinned` leaves them.
    """
    return _PEEKS[type(task)](task, lake, known_at, parts)


def _proxies(task: TableTask, lake: Lake, known_at: datetime | None, parts: Parts) -> Peek:
    """With the columns that the source declares as of today; at the moment of scoring they are not known: null."""
    names = proxies_of(task, lake.manifest(task.source))
    if not names:
        named = ", ".join(task.features.even_so)
        return Peek(None, f"the task itself already takes {named}" if named else _NO_PROXY.format(task.source))
    features = task.features.model_copy(
        update={"only": (*task.features.only, *names), "even_so": (*task.features.even_so, *names)}
    )
    again = TableKind().parts(task.model_copy(update={"features": features}), lake, known_at)
    found = Sides.of(thinned(again, task.seed))
    unknown = found.test.values.assign(**dict.fromkeys(names, np.nan))
    said = f"The columns as of today that the source declares are features: {', '.join(names)}; its worth is that of "
    return Peek(
        replace(found, known=replace(found.test, values=unknown)),
        f"{said}the same trees while they are not known yet.",
    )


def proxies_of(task: TableTask, manifest: Manifest) -> tuple[str, ...]:
    """Columns of today that could be features and that the task does not take."""
    set_aside = {*task.features.leave_out, *task.features.even_so}
    return tuple(
        name
        for name, known in manifest.tables[CASES.name].columns.items()
        if known.as_of_today and known.role is Role.FEATURE and known.kind is not Kind.TIME and name not in set_aside
    )


def _late_export(task: PanelTask, lake: Lake, known_at: datetime | None, parts: Parts) -> Peek:
    """The same customers, described half a horizon after their cutoff."""
    late = task.horizon // 2 // DAY * DAY
    if not late:
        return Peek(None, "half a horizon is less than a day")
    days = history(lake, task.source, lake.manifest(task.source).known_at(known_at), task.features)
    honest = Sides.of(parts)
    develop, test = (
        replace(rows, values=_described(days, labelled.cases, task, late))
        for rows, labelled in ((honest.develop, parts.develop), (honest.test, parts.test))
    )
    return Peek(
        Sides(develop, test, honest.test),
        f"Features come from an export made {late.days} days after the cutoff, inside the outcome window; its worth is "
        "that of the same trees on what was known at the cutoff.",
    )


def _described(days: CustomerDays, cases: Cases, task: PanelTask, late: timedelta) -> pd.DataFrame:
    """The features of these rows so much later, in their order."""
    customer = pd.Index(days.customer_ids).get_indexer(pd.Index(cases.subject_id)).astype(np.int64)
    cutoff = cases.keys["cutoff"].to_numpy().astype("datetime64[D]").astype(np.int64) + late // DAY
    order = np.lexsort((cutoff, customer))
    values = feature_rows(days, Spine(customer[order], cutoff[order]), task.features)
    return encoded(values.iloc[np.argsort(order)].reset_index(drop=True), cases.features)


def _none_in_sessions(task: SessionTask, lake: Lake, known_at: datetime | None, parts: Parts) -> Peek:
    return Peek(None, "live sessions are described event by event: no column is of today, and none is made up")


_NO_PROXY = "the source '{}' declares no column as of today"
_PEEKS: Mapping[type[TaskSpec], Callable[[Any, Lake, datetime | None, Parts], Peek]] = {
    PanelTask: _late_export,
    TableTask: _proxies,
    SessionTask: _none_in_sessions,
}

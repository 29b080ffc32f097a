"""Segments as features without a look ahead: at each cutoff by what was fitted at or before it.

A segmentation that passed its gates keeps every refit of its past cutoffs. A row of a task gets its segment from the
newest refit that is not later than the row's own cutoff; before the first one it has none. How many segments there are
and by which features they differ was chosen once, when the segmentation was made: that must lie before the test begins,
like every other choice that a model rests on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ConfigError, NotEnoughDataError
from pipelines.core.spec import digest
from pipelines.core.windows import day_number
from pipelines.features.catalogue import Feature
from pipelines.scoring.assigner import Assigner
from pipelines.scoring.panel import Panel
from pipelines.tables.lake import Lake
from pipelines.tasks.panel_task import PanelTask
from pipelines.tasks.segmentation import ClusterSegments

RowsOf = Callable[[ClusterSegments], Panel]
"""From a segmentation to the features that it reads, of the same customers at the same cutoffs."""


@dataclass(frozen=True)
class SegmentHistory:
    """A segmentation and its refits.

    Parameters
    ----------
    spec : ClusterSegments
        What its features are.
    known_at : datetime
        When it was chosen: nothing at or after it was read.
    refits : tuple of (datetime, Assigner)
        Oldest first; each was fitted on what was known at its cutoff. Ids mean the same in all.
    """

    spec: ClusterSegments
    known_at: datetime
    refits: tuple[tuple[datetime, Assigner], ...]

    @property
    def feature(self) -> Feature:
        """What the column is that tells the segment: the id as text."""
        ids = sorted({one for _, assigner in self.refits for one in assigner.segmentation.ids})
        return replace(segment_feature(self.spec.name), levels=("0", *map(str, ids)))

    @property
    def in_words(self) -> str:
        """Since when there are segments, and which choice they rest on: enough to find the kept file again."""
        first, last = self.refits[0][0], self.known_at
        told = f"The segments of '{self.spec.name}' were chosen at {last:%Y-%m-%d} (digest {self.digest[:12]})"
        return f"{told}; rows before {first:%Y-%m-%d} have none."

    @property
    def digest(self) -> str:
        """SHA-256 of every refit, ids included; names decide nothing."""
        return digest([(f"{at:%Y-%m-%d}", assigner.digest()) for at, assigner in self.refits])

    def segments(self, found: Panel) -> NDArray[np.object_]:
        """The segment of each row of a panel as text, shape (n_rows,); None before the first refit."""
        told = np.full(len(found), None, object)
        fitted = np.array([day_number(cutoff) for cutoff, _ in self.refits])
        newest = np.searchsorted(fitted, found.spine.cutoff, side="right") - 1
        for place in np.unique(newest[newest >= 0]):
            rows = np.flatnonzero(newest == place)
            assigner = self.refits[place][1]
            told[rows] = assigner.segmentation.assign(found.rows.iloc[rows]).segment.astype(str).astype(object)
        return told

    def to_json(self) -> str:
        """As it is kept."""
        refits = [{"cutoff": at.isoformat(), "assigner": one.as_dict()} for at, one in self.refits]
        content = {"spec": self.spec.model_dump(mode="json"), "known_at": self.known_at.isoformat(), "refits": refits}
        return json.dumps(content)

    @classmethod
    def from_json(cls, text: str) -> SegmentHistory:
        """From what `to_json` made."""
        held = json.loads(text)
        return cls(
            spec=ClusterSegments.model_validate(held["spec"]),
            known_at=datetime.fromisoformat(held["known_at"]),
            refits=tuple(
                (datetime.fromisoformat(one["cutoff"]), Assigner.from_dict(one["assigner"])) for one in held["refits"]
            ),
        )


def segment_feature(name: str) -> Feature:
    """What a column of segments is, before its levels are known."""
    return Feature(
        name=name,
        meaning=f"Segment of '{name}', by the refit that was newest at the cutoff",
        unit="text",
        window="that of the segmentation's features",
        null_rule="before the segmentation's first refit",
        block="segments",
        phrase=f"in segment {{value}} of '{name}'",
        absent=f"in no segment of '{name}' yet",
    )


def histories_of(task: PanelTask, lake: Lake, by: datetime) -> tuple[SegmentHistory, ...]:
    """Of each segmentation that a task names the newest one that was chosen by a moment.

    Raises
    ------
    ConfigError
        If there is none that early, or it is of another source.
    """
    return tuple(_newest(task, name, lake, by) for name in task.segments)


def _newest(task: PanelTask, name: str, lake: Lake, by: datetime) -> SegmentHistory:
    kept = lake.kept_segments(name)
    known = [moment for moment in kept if moment <= by]
    if not known:
        said = ", ".join(f"{moment:%Y-%m-%d}" for moment in sorted(kept)) or "none"
        raise ConfigError(
            f"'{task.name}' reads the segments of '{name}', of which none was chosen by {by:%Y-%m-%d} "
            f"(there are: {said}).",
            why="One that was chosen later has seen what the model is tested on.",
            fix=f"Run: regulars segment --segments {name} --cutoff {by:%Y-%m-%d}",
        )
    found = SegmentHistory.from_json(kept[max(known)])
    if found.spec.source != task.source:
        raise ConfigError(
            f"'{name}' tells the customers of '{found.spec.source}' apart, '{task.name}' is about '{task.source}'.",
            why="An id means somebody else there.",
            fix="Name a segmentation of the same source under 'segments'.",
        )
    return found


def with_segments(described: Panel, histories: tuple[SegmentHistory, ...], task: PanelTask, rows_of: RowsOf) -> Panel:
    """A task's panel with one more column per segmentation.

    Raises
    ------
    NotEnoughDataError
        If the segmentation's features are not those of the same customers at the same cutoffs.
    """
    columns = {one.spec.name: _column(described, one, task, rows_of) for one in histories}
    return Panel(described.spine, described.rows.assign(**columns), described.customer_ids)


def _column(described: Panel, one: SegmentHistory, task: PanelTask, rows_of: RowsOf) -> NDArray[np.object_]:
    found = rows_of(one.spec.model_copy(update={"population": task.population}))
    same = len(found) == len(described) and bool(
        (found.cutoff == described.cutoff).all() and (found.customer_id == described.customer_id).all()
    )
    if not same:
        raise NotEnoughDataError(
            f"'{one.spec.name}' describes {len(found):,} rows, '{task.name}' {len(described):,}, or other customers.",
            why="A segment would be put beside another customer.",
            fix="Run again; if it stays so, the log changed while it was read.",
        )
    return one.segments(found)

"""What the kinds of tasks differ in: how their rows come about. A new one is one class and one line in `_KINDS`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, TypeVar, cast

import pandas as pd

from pipelines.core.report import Report
from pipelines.drift.health import Volume
from pipelines.features.catalogue import Feature
from pipelines.scoring.batches import Batches
from pipelines.scoring.cases import Cases, Drawn, Parts, Times
from pipelines.scoring.panel_kind import PanelKind
from pipelines.scoring.session_kind import SessionKind
from pipelines.scoring.table_kind import TableKind
from pipelines.scoring.what_if import Changeable, Scenario
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.panel_task import PanelTask
from pipelines.tasks.session_task import SessionTask
from pipelines.tasks.table_task import TableTask
from pipelines.tasks.task import TaskSpec

T = TypeVar("T", bound=TaskSpec)


class Kind(Protocol[T]):
    """From a task and what was ingested to described rows."""

    def fitted(self, task: T, manifest: Manifest) -> tuple[T, tuple[str, ...]]:
        """The task with the features that its source can feed, and one line on each of the others.

        Raises
        ------
        NotEnoughDataError
            If the source can feed none of them.
        """
        ...

    def features(self, task: T, manifest: Manifest) -> tuple[Feature, ...]:
        """What its columns are, before any row is read: without levels."""
        ...

    def times(self, task: T, manifest: Manifest, known_at: datetime | None) -> Times:
        """When a model that is trained at ``known_at`` learns and is judged."""
        ...

    def coverage(self, task: T, lake: Lake, known_at: datetime | None) -> Report:
        """What the rows cover, for the page of a run."""
        ...

    def parts(self, task: T, lake: Lake, known_at: datetime | None) -> Parts:
        """Rows whose outcomes were known at ``known_at``, divided; nothing at or after it is read."""
        ...

    def current(self, task: T, lake: Lake, known_at: datetime | None) -> Cases:
        """The rows to score as of ``known_at``.

        Raises
        ------
        NotEnoughDataError
            If there are none.
        """
        ...

    def batches(self, task: T, lake: Lake, known_at: datetime | None) -> Batches:
        """The same rows, so many at a time that they fit into memory.

        Raises
        ------
        NotEnoughDataError
            If there are none.
        """
        ...

    def outcomes(
        self, task: T, lake: Lake, known_at: datetime | None, cutoffs: tuple[datetime, ...], drawn: Drawn
    ) -> pd.DataFrame:
        """What became of the rows of the customers ``drawn`` that could be scored at these cutoffs, where it is known.

        Returns
        -------
        DataFrame
            What names a row where scores are kept, its ``customer_id``, and its ``label`` as a float.
        """
        ...

    def subject(self, task: T, lake: Lake, known_at: datetime | None, subject_id: str) -> Cases:
        """The rows to score of one subject as of ``known_at``: only theirs are read where rows come from a log.

        Raises
        ------
        NotEnoughDataError
            If there are none; the subject is not named.
        """
        ...

    def scenarios(
        self, task: T, lake: Lake, known_at: datetime | None, cases: Cases, changeable: Changeable
    ) -> tuple[Scenario, ...]:
        """What these rows of one subject would be, had something gone otherwise that a person can change.

        ``cases`` know the levels of the model; ``changeable`` is what a task declares of rows without a log of days.
        """
        ...

    def volume(self, task: T, lake: Lake, reference: pd.DataFrame, known_at: datetime | None) -> Volume | None:
        """How much of the log arrives, beside how much did when the ``reference`` was described; None without a log."""
        ...

    def sensitive(self, task: T, lake: Lake, cases: Cases) -> pd.DataFrame:
        """The sensitive columns of these rows, for fairness only; what is not known is ``unknown``."""
        ...


_KINDS: Mapping[type[TaskSpec], object] = {PanelTask: PanelKind(), TableTask: TableKind(), SessionTask: SessionKind()}


def kind_of(task: T) -> Kind[T]:
    """How the rows of this task come about."""
    return cast("Kind[T]", _KINDS[type(task)])

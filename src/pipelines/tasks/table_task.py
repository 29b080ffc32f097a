"""Rows are those of a finished feature table, one per case."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pipelines.core.spec import Spec, digest
from pipelines.tables.contract import CASES
from pipelines.tasks.split import AnySplit, GroupedSplit
from pipelines.tasks.task import TaskSpec


class TableColumns(Spec):
    """Which columns of ``cases`` are features.

    Parameters
    ----------
    only : tuple of str
        These; empty takes every column that the source allows.
    leave_out : tuple of str
        All but these.
    even_so : tuple of str
        Columns that are known as of today only, and are used all the same: they may know the label.
    """

    only: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    even_so: tuple[str, ...] = ()


class TableTask(TaskSpec):
    """A finished feature table, its split, and which of its columns are features.

    Parameters
    ----------
    split : Split
        By time where the cases have one, else as declared.
    label_after : timedelta
        How long after ``case_time`` a label is known; parts in time are that far apart.
    """

    kind: Literal["table"] = "table"
    split: AnySplit
    label_after: timedelta = timedelta(0)
    features: TableColumns = TableColumns()

    @property
    def horizon(self) -> timedelta:
        """How long after its time a case's label is known."""
        return self.label_after

    @property
    def sensitive_table(self) -> str:
        """Sensitive columns are those of the cases."""
        return CASES.name

    @property
    def population_in_words(self) -> str:
        """The cases of the table."""
        return f"cases like those of the table '{self.source}'"

    @property
    def keeps_sides(self) -> bool:
        """A grouped split deals subjects by their names alone."""
        return isinstance(self.split, GroupedSplit)

    def label_digest(self) -> str:
        """SHA-256 of the source: the label is a column of it."""
        return digest(self.model_dump(mode="json", include={"source", "label_after"}))

    def feature_digest(self) -> str:
        """SHA-256 of source and columns."""
        return digest(self.model_dump(mode="json", include={"source", "label_after", "features"}))

    def protocol_digest(self) -> str:
        """SHA-256 of the split and the seed that draws it."""
        return digest([self.split.model_dump(mode="json"), self.seed])

    def described_as(self, other: TableTask) -> TableTask:
        """The task with the other's columns."""
        return self.model_copy(update={"features": other.features})

"""Rows are moments inside live sessions, described by what happened until then."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.core.spec import Spec, digest
from pipelines.tables.contract import CUSTOMERS
from pipelines.tasks.split import TimeSplit
from pipelines.tasks.task import TaskSpec


class Sessions(Spec):
    """What a session is, and at which of its events it is described.

    Parameters
    ----------
    anchors : tuple of int
        Numbers of events after which a session is described, ascending.
    gap : timedelta or None
        Where the source has no ``session_id``: a session ends with this long a silence.
    """

    anchors: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (1, 3, 5, 10)
    gap: timedelta | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if list(self.anchors) != sorted(set(self.anchors)):
            raise ValueError(f"must rise without repeats, got {list(self.anchors)}")
        if self.gap is not None and self.gap <= timedelta(0):
            raise ValueError(f"gap must be positive such as PT30M, got {self.gap}")
        return self


class SessionTask(TaskSpec):
    """Does a live session end in a purchase? Rows are sessions without one yet, after some of their events.

    Parameters
    ----------
    within : timedelta
        How long after the anchor a purchase of the same session counts; the label is known only then.
    """

    kind: Literal["session"] = "session"
    sessions: Sessions = Sessions()
    within: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(days=1)
    split: TimeSplit

    @property
    def horizon(self) -> timedelta:
        """How long after its moment a row's label is known."""
        return self.within

    @property
    def sensitive_table(self) -> str:
        """Sensitive columns are those of customers."""
        return CUSTOMERS.name

    @property
    def population_in_words(self) -> str:
        """Live sessions at their anchors."""
        after = ", ".join(map(str, self.sessions.anchors))
        return f"live sessions without a purchase, described after their event number {after}"

    def label_digest(self) -> str:
        """SHA-256 of source, sessions and how long a purchase counts."""
        return digest(self.model_dump(mode="json", include={"source", "sessions", "within"}))

    def feature_digest(self) -> str:
        """The same: there is one way to describe a session."""
        return self.label_digest()

    def protocol_digest(self) -> str:
        """SHA-256 of the split."""
        return self.split.digest()

    def described_as(self, other: SessionTask) -> SessionTask:
        """The task itself: there is one way to describe a session."""
        return self

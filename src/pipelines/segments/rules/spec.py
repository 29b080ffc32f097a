"""A file of micro-segments by rule: ``conf/segments/*.yaml`` with ``kind: rules``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.spec import Days, Spec
from pipelines.core.windows import DAY, Window, cutoffs_between
from pipelines.segments.rules.any_rule import AnyRule
from pipelines.segments.rules.rule import Said

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Cadence(Spec):
    """At which cutoffs sizes are told.

    Parameters
    ----------
    weekday : str
        The day that cutoffs begin.
    every : duration
        From one to the next, in whole weeks.
    n_cutoffs : int
        How many, the latest ones; fewer where the log is shorter.
    history : duration
        How long the log must have run before the first one: what a rule looks for in the last twelve weeks seems to
        grow for twelve weeks.
    """

    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    every: Days = 28 * DAY
    n_cutoffs: Annotated[int, Field(ge=1)] = 13
    history: Days = DAY

    @field_validator("every")
    @classmethod
    def _whole_weeks(cls, every: Days) -> Days:
        if every % (7 * DAY):
            raise ValueError(f"must be whole weeks such as P28D, got {every}")
        return every

    def within(self, span: Window) -> tuple[datetime, ...]:
        """The cutoffs, oldest first.

        Parameters
        ----------
        span : Window
            From the first day of the data to the moment of knowledge, which can be a cutoff itself.

        Raises
        ------
        NotEnoughDataError
            If there is none.
        """
        weekly = cutoffs_between(span.start + self.history, span.end, _WEEKDAYS.index(self.weekday))
        found = weekly[:: -(self.every // (7 * DAY))][: self.n_cutoffs][::-1]
        if not found:
            raise NotEnoughDataError(
                f"{span} holds no {self.weekday} after a history of {self.history.days} days.",
                why="Sizes are told at cutoffs on that day, of what happened before.",
                fix="Use a later --cutoff, or set cutoffs.history to less.",
            )
        return found


class RuleSegments(Spec):
    """Micro-segments by rule.

    Parameters
    ----------
    name : str
        As its file is called.
    title, description : str
        For people.
    source : str
        Whose log.
    cutoffs : Cadence
        At which moments sizes are told.
    sensitive : tuple of str
        Columns of the role ``sensitive`` or ``free_text`` that rules may read all the same.
    as_of_today : tuple of str
        Columns whose values are those of today that rules may read all the same: of a past cutoff, what they say may
        not have been true yet.
    segments : mapping of name to rule
        Names are small letters, digits and underscores.
    """

    kind: Literal["rules"]
    name: Name
    title: Annotated[str, Field(min_length=1)]
    source: str
    description: str = ""
    cutoffs: Cadence = Cadence()
    sensitive: tuple[str, ...] = ()
    as_of_today: tuple[str, ...] = ()
    segments: Mapping[Name, AnyRule] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_name_once(self) -> Self:
        names = [name for own, rule in self.segments.items() for name in rule.segments(own)]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two rules make a segment of one name, {', '.join(repeated)}")
        return self

    @property
    def said(self) -> dict[str, Said]:
        """Every segment's title and sentence, by name, in the order of the file."""
        return {name: said for own, rule in self.segments.items() for name, said in rule.segments(own).items()}

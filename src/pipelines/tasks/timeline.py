"""How time is divided: folds, calibration and test in order, with a horizon between one part and the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.spec import Days, Spec
from pipelines.core.windows import Window, cutoffs_between

Cutoffs = tuple[datetime, ...]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class FoldCutoffs:
    """Training cutoffs and the later ones they are judged on."""

    train: Cutoffs
    valid: Cutoffs


@dataclass(frozen=True)
class Timeline:
    """All labelled cutoffs of a training run.

    Parameters
    ----------
    develop : tuple of datetime
        Everything labelled before the test begins: what the shipped model is fitted on.
    folds : tuple of FoldCutoffs
        Rolling origin inside ``develop``, oldest first.
    test : tuple of datetime
        Looked at once.
    """

    develop: Cutoffs
    folds: tuple[FoldCutoffs, ...]
    test: Cutoffs

    @property
    def labelled(self) -> Cutoffs:
        """Every cutoff in use, oldest first."""
        return self.develop + self.test


class TimelineSpec(Spec):
    """Weekly cutoffs and how they are divided.

    ``history`` is how long the log must have run before the first cutoff. The last ``n_test`` cutoffs with complete
    outcomes are the test; each of ``n_folds`` folds is judged on ``n_valid`` cutoffs. A part begins only when every
    label window before it has ended (it is purged by one horizon).
    """

    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    history: Days
    n_test: Annotated[int, Field(ge=1)] = 4
    n_valid: Annotated[int, Field(ge=1)] = 4
    n_folds: Annotated[int, Field(ge=1)] = 3

    def weekly(self, span: Window) -> Cutoffs:
        """Every cutoff in the span at which the log has run long enough, ``span.end`` included."""
        return cutoffs_between(span.start + self.history, span.end, WEEKDAYS.index(self.weekday))

    def divide(self, span: Window, horizon: timedelta) -> Timeline:
        """Divide what is known at ``span.end``.

        Parameters
        ----------
        span : Window
            From the first day of the data to the moment of knowledge.
        horizon : timedelta
            Length of the outcome window.

        Raises
        ------
        NotEnoughDataError
            If some part would be empty.
        """
        labelled = tuple(cutoff for cutoff in self.weekly(span) if cutoff + horizon <= span.end)
        test = labelled[-self.n_test :]
        develop = _ended_before(labelled, test[0], horizon) if len(labelled) > self.n_test else ()
        folds = tuple(self._fold(develop, number, horizon) for number in reversed(range(self.n_folds)))
        if not all(len(fold.valid) == self.n_valid and fold.train for fold in folds):
            raise self._too_short(span, horizon, len(labelled))
        return Timeline(develop, folds, test)

    def _fold(self, develop: Cutoffs, number: int, horizon: timedelta) -> FoldCutoffs:
        end = len(develop) - number * self.n_valid
        valid = develop[max(0, end - self.n_valid) : max(0, end)]
        return FoldCutoffs(_ended_before(develop, valid[0], horizon) if valid else (), valid)

    def _too_short(self, span: Window, horizon: timedelta, n_labelled: int) -> NotEnoughDataError:
        weeks = timedelta(weeks=self.n_test + self.n_folds * self.n_valid)
        needed = self.history + weeks + 3 * horizon
        return NotEnoughDataError(
            f"{span} holds {n_labelled} weekly cutoffs with a complete outcome of {horizon.days} days; the task needs "
            f"{self.n_folds} folds of {self.n_valid} and a test of {self.n_test}, each a horizon apart.",
            why="With overlapping label windows the figures would be too good.",
            fix=f"Use a log of about {needed.days} days, a later cutoff, or fewer folds (set timeline.n_folds=1).",
        )


def _ended_before(cutoffs: Cutoffs, moment: datetime, horizon: timedelta) -> Cutoffs:
    return tuple(cutoff for cutoff in cutoffs if cutoff + horizon <= moment)

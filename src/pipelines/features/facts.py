"""Facts in windows: what several blocks say of the last days before the cutoff, each from exact totals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from pipelines.core.spec import Days
from pipelines.core.windows import DAY
from pipelines.features.blocks import Block, FloatArray, last_days, ratio, totals
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays, IntArray
from pipelines.features.kernel import activity_bounds, window_maxima
from pipelines.features.measures import Measure
from pipelines.features.spine import Spine
from pipelines.features.wording import in_last

Totals = Mapping[str, IntArray]
"""Of each measure its sum in each window (its maximum, if that is what it is of a day), shape (n_rows, n_windows)."""


@dataclass(frozen=True)
class Fact:
    """One feature per window.

    Parameters
    ----------
    name : str
        How the feature begins; the window ends it.
    said : str
        In words, such as ``mean order value``; ``in the last 28 days`` follows.
    unit : str
        ``ratio``, ``lines`` …; in ``money``, and in ``money per unit``, the currency takes the place of ``money``.
    null_rule : str
        When it is null.
    measures : tuple of Measure
        What it is computed from.
    value : callable
        From totals and from how many smallest units a unit of the currency has, to shape (n_rows, n_windows).
    idea : str
        What it says something about (see `Feature`).
    told : str
        How a reason says it, as ``{value} {order|orders}``; ``in the last 28 days`` follows.
    absent : str
        What it says where it is null, the same way.
    """

    name: str
    said: str
    unit: str
    null_rule: str
    measures: tuple[Measure, ...]
    value: Callable[[Totals, int], FloatArray]
    idea: str = ""
    told: str = ""
    absent: str = ""

    def feature(self, length: int, block: str, currency: str) -> Feature:
        """The feature of the last ``length`` days."""
        meaning = f"{self.said} in the last {length} days"
        return Feature(
            name=f"{self.name}_{length}d",
            meaning=f"{meaning[0].upper()}{meaning[1:]}",
            unit=self.unit.replace("money", currency),
            window=f"P{length}D",
            null_rule=self.null_rule,
            block=block,
            phrase=f"{self.told or f'{self.said}: {{value}}'} {in_last(length)}",
            idea=self.idea,
            absent=f"{self.absent} {in_last(length)}" if self.absent else "",
        )


class InWindows(Block):
    """Facts in each window ``[cutoff - length, cutoff)``; a subclass says which."""

    lengths: Annotated[tuple[Days, ...], Field(min_length=1)]

    @property
    def chosen(self) -> tuple[Fact, ...]:
        """The facts, in the order of their features."""
        raise NotImplementedError

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What the chosen facts are computed from."""
        return tuple(dict.fromkeys(measure for fact in self.chosen for measure in fact.measures))

    def features(self, currency: str) -> tuple[Feature, ...]:
        """One feature per window and fact."""
        return tuple(
            fact.feature(length // DAY, self.type, currency) for length in self.lengths for fact in self.chosen
        )

    def emit(self, days: CustomerDays, spine: Spine) -> FloatArray:
        """Exact integer totals, divided once."""
        found = self._totals(days, spine)
        values = np.empty((len(spine), len(self.lengths), len(self.chosen)))
        for column, fact in enumerate(self.chosen):
            values[:, :, column] = fact.value(found, 10**days.decimals)
        return values.reshape(len(spine), values.shape[1] * values.shape[2])

    def _totals(self, days: CustomerDays, spine: Spine) -> Totals:
        windows = last_days(self.lengths)
        summed = [measure for measure in self.measures if measure.of_day != "max"]
        sums = totals(days, spine, summed, windows)
        found = {measure.name: sums[:, :, column] for column, measure in enumerate(summed)}
        starts, ends = np.ascontiguousarray(windows.T)
        for measure in self.measures:
            if measure.of_day == "max":
                values = days.measures[measure.name]
                found[measure.name] = window_maxima(
                    days.offsets, days.day, values, spine.customer, spine.cutoff, starts, ends
                )
        return found


class FactsInWindows(InWindows):
    """A subclass lists its facts, and ``of`` chooses among them."""

    facts: ClassVar[tuple[Fact, ...]]
    of: tuple[str, ...]

    @property
    def chosen(self) -> tuple[Fact, ...]:
        """The facts that ``of`` names, in its order."""
        named = {fact.name: fact for fact in self.facts}
        return tuple(named[name] for name in self.of)


def counted(measure: Measure) -> Fact:
    """How many there are in the window."""
    return Fact(
        measure.name,
        measure.said,
        measure.unit,
        "never",
        (measure,),
        lambda totals, _: totals[measure.name].astype(np.float64),
        measure.idea,
        measure.told,
    )


class Words(NamedTuple):
    """How a quotient is said: see `Fact`."""

    unit: str
    idea: str
    told: str
    absent: str


def part_of(name: str, said: str, part: Measure, whole: Measure, null_rule: str, words: Words) -> Fact:
    """How many of one there are for each of the other."""
    return Fact(
        name,
        said,
        words.unit,
        null_rule,
        (part, whole),
        lambda totals, _: ratio(totals[part.name], totals[whole.name]),
        words.idea,
        words.told,
        words.absent,
    )


def days_since(days: CustomerDays, spine: Spine, measure: Measure) -> FloatArray:
    """Whole days from the last day with any of the measure to the cutoff, NaN if there is none; shape (n_rows,)."""
    values = days.measures[measure.name]
    _, last, n_active = activity_bounds(days.offsets, days.day, values, spine.customer, spine.cutoff).T
    return np.where(n_active > 0, spine.cutoff - last, np.nan)

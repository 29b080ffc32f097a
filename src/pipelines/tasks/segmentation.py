"""What a file of ``conf/segments`` tells of a clustering: one file is the whole story of one segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.core.errors import NotEnoughDataError, nearest
from pipelines.core.spec import Days, Spec, digest
from pipelines.core.windows import Window
from pipelines.drift.verdict import DriftSpec
from pipelines.features.blocks import Reads
from pipelines.features.panel import AnyBlock, catalogue
from pipelines.gates.segment_gates import AnySegmentGate
from pipelines.segments.choice import ChoiceSpec, SegmentSpace
from pipelines.segments.described import PersonaSpec
from pipelines.tasks.population import AnyPopulation


class Cutoffs(Spec):
    """At which moments customers are described: the last one is the moment of knowledge.

    Parameters
    ----------
    every : duration
        From one to the next.
    n : int
        How many at most.
    history : duration
        How long the log must have run before the first one, so that the widest window lies inside it.
    """

    every: Days
    n: Annotated[int, Field(ge=1)] = 6
    history: Days

    def before(self, span: Window) -> tuple[datetime, ...]:
        """Oldest first; ``span.end`` is the last.

        Raises
        ------
        NotEnoughDataError
            If the log has not run long enough for one.
        """
        moments = [span.end - place * self.every for place in range(self.n)]
        found = tuple(moment for moment in reversed(moments) if moment >= span.start + self.history)
        if not found:
            raise NotEnoughDataError(
                f"{span} is shorter than the {self.history.days} days of history that the segmentation needs.",
                why="Customers would be told apart by windows that the log does not hold.",
                fix="Use a later cutoff, a longer log, or a shorter cutoffs.history with shorter windows.",
            )
        return found


class ClusterSegments(Spec):
    """Who is segmented by what, how the segmentation is chosen, and what it must hold to.

    Parameters
    ----------
    features : tuple of block
        What customers are described by.
    on : tuple of str
        The features that segments are made of; empty: all. The others describe the segments only.
    space : SegmentSpace
        Algorithms, numbers of segments, transforms and limits that are tried.
    choice : ChoiceSpec
        How one of them is chosen.
    value : str
        The feature that says what a customer is worth, such as what they spent in a window.
    scores : tuple of str
        Tasks over the same source whose champions' scores the personas show.
    sensitive : tuple of str
        Columns of customers that the personas describe; no segment is made of them.
    names : mapping of int to str
        Names of segments by their id, in place of those made by rule.
    personas : PersonaSpec
        How segments are described, and how simple the rule is that re-creates them.
    """

    kind: Literal["clusters"] = "clusters"
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    description: str = ""
    source: str
    seed: Annotated[int, Field(ge=0)] = 1
    population: AnyPopulation
    cutoffs: Cutoffs
    features: Annotated[tuple[AnyBlock, ...], Field(min_length=1)]
    on: tuple[str, ...] = ()
    space: SegmentSpace = SegmentSpace()
    choice: ChoiceSpec = ChoiceSpec()
    value: str
    scores: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    names: dict[Annotated[int, Field(ge=1)], str] = Field(default_factory=dict)
    personas: PersonaSpec = PersonaSpec()
    gates: tuple[AnySegmentGate, ...]
    drift: DriftSpec = DriftSpec(max_shift=0.1)

    @model_validator(mode="after")
    def _names_features_that_it_has(self) -> Self:
        known = [feature.name for feature in catalogue(self.features, "")]
        repeated = sorted({name for name in known if known.count(name) > 1})
        if repeated:
            raise ValueError(f"features emits {', '.join(repeated[:5])} twice: two blocks describe the same")
        for field, names in (("on", self.on), ("value", (self.value,))):
            for name in names:
                if name not in known:
                    raise ValueError(f"{field} names '{name}', which no block emits.{nearest(name, known)}")
        return self

    @model_validator(mode="after")
    def _judges_once(self) -> Self:
        types = [gate.type for gate in self.gates]
        if repeated := sorted({one for one in types if types.count(one) > 1}):
            raise ValueError(f"gates names {', '.join(repeated)} twice")
        return self

    @property
    def outcome(self) -> None:
        """Nothing is labelled."""

    @property
    def reads(self) -> tuple[Reads, ...]:
        """What of the log it takes to describe."""
        return self.features

    @property
    def clustered(self) -> tuple[str, ...]:
        """The features that segments are made of."""
        return self.on or tuple(feature.name for feature in catalogue(self.features, ""))

    @property
    def population_in_words(self) -> str:
        """Who is segmented."""
        return f"{self.population.in_words} before a cutoff"

    def feature_digest(self) -> str:
        """SHA-256 of source, population and blocks."""
        return digest(self.model_dump(mode="json", include={"source", "population", "features"}))

    def question_digest(self) -> str:
        """SHA-256 of whom it tells apart by what: what must be as in the file for a segmentation to be promoted."""
        return digest(self.model_dump(mode="json", include={"source", "population", "features", "on"}))

    def described_by(self, blocks: Sequence[AnyBlock]) -> ClusterSegments:
        """The same with these of its blocks only."""
        return self.model_copy(update={"features": tuple(blocks)})

"""What gates look at. Everything is computed when it is asked for, so that a failure refuses the gate that asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pipelines.core.errors import PipelineError
from pipelines.core.intervals import Interval
from pipelines.core.spec import Spec

Metrics = Mapping[str, Interval]
E = TypeVar("E")


class Evidence(Protocol):
    """A challenger, its baselines and the champion, scored now on the same rows."""

    def challenger(self) -> Metrics:
        """The challenger's metrics with intervals."""
        ...

    def over_baselines(self) -> Mapping[str, Metrics]:
        """Paired differences, challenger minus each baseline."""
        ...

    def over_champion(self) -> Metrics | None:
        """Paired differences, challenger minus champion; None if there is no champion.

        Raises
        ------
        ModelError
            If the champion has seen the outcomes of these rows.
        """
        ...

    def asks_the_same(self) -> bool:
        """Whether the challenger was trained for the question that the task asks now, and tested as it says."""
        ...

    def signature(self) -> tuple[str, ...] | None:
        """The columns that the logged model's signature names; None if it has none."""
        ...

    def has_example(self) -> bool:
        """Whether an input example was logged with the model."""
        ...

    def feature_names(self) -> tuple[str, ...]:
        """The columns that the task's features have."""
        ...


@dataclass(frozen=True)
class Ruling:
    """What one gate said and why."""

    gate: str
    passed: bool
    reason: str


class Gate(Spec):
    """One condition for promotion; the spec and its judgement are one class."""

    type: str

    def judge(self, evidence: Evidence) -> Ruling:
        """Pass or refuse, with a reason that holds the values."""
        raise NotImplementedError

    def ruling(self, passed: bool, reason: str) -> Ruling:
        """A ruling in this gate's name."""
        return Ruling(self.type, bool(passed), reason)


def fail_closed(judge: Callable[[E], Ruling], ruling: Callable[[bool, str], Ruling], evidence: E) -> Ruling:
    """What a gate says of the evidence; one that errors refuses."""
    try:
        return judge(evidence)
    except Exception as error:  # whatever went wrong, what could not be judged has not passed
        said = f": {error}" if isinstance(error, PipelineError) else ""  # other texts may hold data
        return ruling(False, f"could not be judged: {type(error).__name__}{said}")

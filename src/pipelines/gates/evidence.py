"""What gates look at. Everything is computed when it is asked for, so that a failure refuses the gate that asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeVar

from pipelines.core.errors import PipelineError
from pipelines.core.intervals import Interval
from pipelines.core.ledger import Entry
from pipelines.core.protocols import Probe
from pipelines.core.spec import Spec
from pipelines.evaluation.decisions import Worth
from pipelines.evaluation.over_time import Period
from pipelines.evaluation.suspicion import Suspicion
from pipelines.fairness.findings import ColumnFairness

Metrics = Mapping[str, Interval]
MetricName = Literal["roc_auc", "pr_auc", "brier", "log_loss", "ece", "lift_at_10pct"]
TYPICAL = "typical rows"
"""What of a probe is timed; everything else that it asks about lies at an edge."""
E = TypeVar("E")


@dataclass(frozen=True)
class OverChampion:
    """Challenger minus champion, paired, on the rows that neither has learned from.

    Parameters
    ----------
    differences : Metrics
        By metric.
    n_rows, n_customers : int
        How many rows are compared, and of how many customers.
    n_left_out : int
        Rows of the challenger's test that the champion may have learned from.
    """

    differences: Metrics
    n_rows: int
    n_customers: int
    n_left_out: int = 0


@dataclass(frozen=True)
class Additivity:
    """How far SHAP values and base value together lie from the raw score.

    Parameters
    ----------
    n_rows : int
        How many rows were explained.
    largest : float
        The largest distance, in log-odds.
    """

    n_rows: int
    largest: float


@dataclass(frozen=True)
class Origin:
    """What a version says of where it comes from, beside what is found now.

    Parameters
    ----------
    tags : mapping of str to str
        Of the run that trained it.
    registered : str
        The digest of the model, as it was registered.
    loaded : str
        The same of what the registry gives out now.
    data_digest : str
        Of what was ingested, as it was registered.
    config_digest : str
        Of the configuration that stands beside the version.
    """

    tags: Mapping[str, str]
    registered: str
    loaded: str
    data_digest: str
    config_digest: str


@dataclass(frozen=True)
class Knowledge:
    """Up to when two models knew the world.

    Parameters
    ----------
    challenger, champion : datetime or None
        Their moments of knowledge; None where rows have no time.
    from_now : bool
        Whether the challenger was trained on what is ingested now.
    same_data : bool
        Whether both were trained on the same.
    """

    challenger: datetime | None
    champion: datetime | None
    from_now: bool
    same_data: bool


@dataclass(frozen=True)
class Signed:
    """What people said of a version.

    Parameters
    ----------
    digest : str
        Of the model.
    last : Entry or None
        The last approval or rejection; None if nobody said anything.
    trained_by : str
        Who registered it; empty if the ledger does not know.
    how : str
        The command that signs.
    """

    digest: str
    last: Entry | None
    trained_by: str
    how: str


class Evidence(Protocol):
    """A challenger, its baselines and the champion, scored now on the same rows."""

    def challenger(self) -> Metrics:
        """The challenger's metrics with intervals."""
        ...

    def over_baselines(self) -> Mapping[str, Metrics]:
        """Paired differences, challenger minus each baseline."""
        ...

    def over_champion(self) -> OverChampion | None:
        """Paired differences, challenger minus champion; None if there is no champion.

        Raises
        ------
        ModelError
            If the champion has seen the outcomes of all of these rows.
        """
        ...

    def worth(self) -> Worth:
        """What the challenger's decisions are worth, beside those of the champion."""
        ...

    def fairness(self) -> tuple[ColumnFairness, ...]:
        """What the groups of every sensitive column are decided like; empty if the task names none."""
        ...

    def over_time(self, metric: str) -> tuple[Period, ...]:
        """A metric by week of the test.

        Raises
        ------
        NotEnoughDataError
            If rows have no time, or fewer than two weeks can be measured.
        """
        ...

    def suspicion(self) -> Suspicion:
        """What could give a leak away."""
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

    def probe(self) -> Probe:
        """What a clean process found when it loaded the model and asked it about `TYPICAL` rows and rows at edges."""
        ...

    def additivity(self) -> Additivity:
        """Whether explanations add up to the score."""
        ...

    def origin(self) -> Origin:
        """Where the model comes from."""
        ...

    def knowledge(self) -> Knowledge | None:
        """Up to when challenger and champion knew the world; None if there is no champion."""
        ...

    def signed(self) -> Signed:
        """What people said of the challenger."""
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

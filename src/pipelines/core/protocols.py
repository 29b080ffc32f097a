"""What flows are given: tracking, registry, storage and engine, as they see them. Adapters and tests implement it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.ledger import Entry, Stored
from pipelines.core.report import Report

CHALLENGER, CHAMPION, PREVIOUS, SHADOW = "challenger", "champion", "previous", "shadow"
REFERENCE, OUT_OF_FOLD, CONFIG = "reference.parquet", "out_of_fold.parquet", "report/task.json"
CARD = "report/model_card.json"
"""What a training run logs for later: the rows that drift is measured against, those that policies are settled on, its
configuration, and its model card."""


class Progress(Protocol):
    """Where a long step says how far it is."""

    def stage(self, text: str) -> None:
        """A new stage begins."""
        ...

    def step(self, done: int, of: int, text: str) -> None:
        """Step ``done`` of ``of`` has ended."""
        ...


class Run(Protocol):
    """What a flow may record. A nested run is a child."""

    @property
    def run_id(self) -> str:
        """The tracking store's name for this run."""
        ...

    @property
    def actor(self) -> str:
        """Who started it, as the tracking store has it; empty if it does not say."""
        ...

    @property
    def began(self) -> datetime:
        """When it was started, UTC, as the tracking store has it."""
        ...

    @property
    def now(self) -> datetime:
        """The time of day, UTC, for records of who did what when; no figure depends on it."""
        ...

    @property
    def studies(self) -> str | None:
        """Where searches keep their trials: a folder or a ``postgresql://`` URL; None keeps nothing."""
        ...

    def child(self, name: str) -> AbstractContextManager[Run]:
        """A nested run; it ends FAILED if the block raises."""
        ...

    def params(self, values: Mapping[str, str]) -> None:
        """Log parameters."""
        ...

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags."""
        ...

    def describe(self, markdown: str) -> None:
        """What the run found, for whoever opens its page."""
        ...

    def publish(self, report: Report) -> None:
        """Log every metric and artifact of a report."""
        ...

    def trial(self, number: int, params: Mapping[str, float], value: float | None, state: str) -> None:
        """Log one trial of a search as a nested run; ``value`` is None if it did not finish."""
        ...

    @property
    def progress(self) -> Progress:
        """Where to say how far the flow is."""
        ...

    def case_ids(self, customer_ids: NDArray[np.object_]) -> NDArray[np.object_]:
        """Keyed hashes that stand for customers wherever they are logged, same shape."""
        ...


class Shippable(Protocol):
    """What can be registered: it says something of every row, and is kept as plain data files."""

    def digest(self) -> str:
        """SHA-256 of all that its answers depend on."""
        ...

    def score(self, rows: pd.DataFrame) -> pd.DataFrame:
        """One row per case, with its index."""
        ...

    def save(self, folder: Path) -> None:
        """Write it as plain data files."""
        ...


class FittedScorer(Shippable, Protocol):
    """A model that is ready to ship: trees, feature spec, calibration and policy."""

    def raw(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Log-odds before calibration, shape (n_rows,)."""
        ...

    def probability(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Calibrated probabilities, shape (n_rows,)."""
        ...


@dataclass(frozen=True)
class ModelVersion:
    """One registered version of a task's model.

    Parameters
    ----------
    task : str
        The task or segmentation; also the name of the registered model.
    version : str
        The registry's number.
    run_id : str
        The run that trained it.
    digest : str
        Of its trees, feature spec and calibration.
    known_at : datetime or None
        Its moment of knowledge: nothing at or after it was read; None for a table without times.
    data_digest : str
        Of what was ingested when it was trained.
    config : str
        The task's configuration as JSON, as it was trained.
    """

    task: str
    version: str
    run_id: str
    digest: str
    known_at: datetime | None
    data_digest: str
    config: str


@dataclass(frozen=True)
class LoadedModel:
    """A version as it comes back from the registry.

    Parameters
    ----------
    scorer : FittedScorer
        Loaded by the path that serving takes.
    input_names : tuple of str or None
        The columns of its signature; None if it was logged without one.
    has_example : bool
        Whether an input example stands beside it.
    """

    scorer: FittedScorer
    input_names: tuple[str, ...] | None
    has_example: bool


@dataclass(frozen=True)
class Answer:
    """What a model said of some rows.

    Parameters
    ----------
    error : str
        The kind of error that it ended with; empty if it answered.
    n_asked, n_answered : int
        Rows that went in, and that came back.
    n_bad : int
        Scores that are no probabilities: missing, not finite, or outside [0, 1].
    seconds : float
        How long it took.
    """

    error: str
    n_asked: int
    n_answered: int
    n_bad: int
    seconds: float


@dataclass(frozen=True)
class Probe:
    """What a process that has never seen a version found when it loaded it and asked it.

    Parameters
    ----------
    error : str
        The kind of error that loading ended with; empty if it loaded.
    answers : mapping of str to Answer
        By the name of what was asked; empty if it did not load.
    size_mb : float
        Of the model's files.
    """

    error: str
    answers: Mapping[str, Answer]
    size_mb: float


class LedgerStore(Protocol):
    """Where ledgers are kept: records get the next number when they are written, and every number once."""

    def names(self) -> tuple[str, ...]:
        """Whose ledgers there are, ascending."""
        ...

    def read(self, task: str) -> tuple[Stored, ...]:
        """All records of a task's ledger, in order; none if it has not begun."""
        ...

    def append(self, entry: Entry) -> None:
        """Write a record behind all others, whatever it says of its place."""
        ...

    def head(self, task: str) -> str:
        """The digest that stands on the registered model; empty if none does."""
        ...

    def mark(self, task: str, digest: str) -> None:
        """Put a digest there."""
        ...

    def announce(self, entry: Entry) -> None:
        """Tell those who asked to be told; whether they hear it changes nothing."""
        ...


class Models(Protocol):
    """The model registry. Aliases: ``challenger``, ``champion``, ``previous``, ``shadow``."""

    @property
    def ledger(self) -> LedgerStore:
        """What became of every version."""
        ...

    def register(self, run: Run, version: NewVersion) -> ModelVersion:
        """Log and register a model; no alias points to it yet."""
        ...

    def version(self, task: str, number: str) -> ModelVersion | None:
        """The version of that number, or None when there is none."""
        ...

    def numbers(self, task: str) -> Mapping[str, datetime]:
        """Every version's number, and when it was registered, UTC."""
        ...

    def aliases(self, task: str) -> Mapping[str, str]:
        """Which version each alias points to."""
        ...

    def point(self, task: str, alias: str, number: str | None) -> None:
        """Let an alias point to a version, or to none."""
        ...

    def remove(self, task: str, number: str) -> None:
        """Take a version out of the registry."""
        ...

    def forget(self, task: str) -> None:
        """Delete a registered model with all its versions, and its ledger; nothing if there is none."""
        ...

    def provenance(self, version: ModelVersion) -> Mapping[str, str]:
        """The tags of the run that trained it: digests of data, configuration, code and lock, seed, versions."""
        ...

    def probe(self, version: ModelVersion, asked: Mapping[str, pd.DataFrame]) -> Probe:
        """Load a version in a process of its own, and ask it about rows, by name."""
        ...

    def find(self, task: str, alias: str) -> ModelVersion | None:
        """The version behind an alias, or None when nobody holds it."""
        ...

    def load(self, version: ModelVersion) -> LoadedModel:
        """The model itself."""
        ...

    def table(self, version: ModelVersion, name: str) -> pd.DataFrame:
        """A table that was logged when it was trained, such as `REFERENCE`."""
        ...

    def document(self, version: ModelVersion, name: str) -> str:
        """A text that was logged when it was trained, such as `CARD`."""
        ...

    def describe(self, version: ModelVersion, markdown: str) -> None:
        """What its page in the registry says."""
        ...


@dataclass(frozen=True)
class NewVersion:
    """What is registered: the model, an input example, what must be known to judge it later, and its description.

    Without an example it has no signature; ``loader`` is the module that reads it back.
    """

    task: str
    scorer: Shippable
    example: pd.DataFrame | None
    known_at: datetime | None
    data_digest: str
    config: str
    description: str
    loader: str = "pipelines.adapters.pyfunc"


@dataclass(frozen=True)
class Recorded:
    """What a training run logged.

    Parameters
    ----------
    run_id : str
        The run that trained: the one that was asked for, or its child.
    config : mapping or None
        The task as it was trained; None if it was not logged.
    tags : mapping of str to str
        All of them.
    metrics : mapping of str to float
        The latest value of each.
    """

    run_id: str
    config: Mapping[str, Any] | None
    tags: Mapping[str, str]
    metrics: Mapping[str, float]


class Runs(Protocol):
    """What was recorded."""

    def trained(self, run_id: str) -> Recorded:
        """The training run of that name, or the one inside it.

        Raises
        ------
        RegistryError
            If there is no such run, or none in it that trained.
        """
        ...

    def tags(self, run_id: str) -> Mapping[str, str]:
        """The tags of a run."""
        ...


class Engine(Protocol):
    """Runs Ibis expressions.

    ``rows_at_once`` is how many rows it aggregates best together.
    """

    rows_at_once: int

    def read(self, paths: Sequence[str]) -> Any:
        """Parquet files of one schema as one Ibis table."""
        ...

    def read_numbered(self, path: str, number: str) -> Any:
        """One Parquet file with the number of each row, from 1, as the column ``number``."""
        ...

    def columns(self, expression: Any) -> dict[str, NDArray[Any]]:
        """The result as NumPy columns, in the expression's order."""
        ...

    def write(self, expression: Any, path: Path) -> None:
        """Write the result as Parquet, in the expression's order."""
        ...

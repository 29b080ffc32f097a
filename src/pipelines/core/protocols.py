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

from pipelines.core.report import Report

CHALLENGER, CHAMPION, PREVIOUS = "challenger", "champion", "previous"
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


class Models(Protocol):
    """The model registry. Aliases: ``challenger``, ``champion``, ``previous``."""

    def register(self, run: Run, version: NewVersion) -> ModelVersion:
        """Log and register a model with the alias ``challenger``."""
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

    def crown(self, version: ModelVersion) -> None:
        """Make it champion; the old champion becomes ``previous``, and ``challenger`` falls free."""
        ...

    def dismiss(self, version: ModelVersion) -> None:
        """Take the alias ``challenger`` away from it."""
        ...

    def roll_back(self, task: str) -> None:
        """Swap ``champion`` and ``previous``."""
        ...


@dataclass(frozen=True)
class NewVersion:
    """What is registered: the model, an input example, what must be known to judge it later, and its description."""

    task: str
    scorer: Shippable
    example: pd.DataFrame
    known_at: datetime | None
    data_digest: str
    config: str
    description: str


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

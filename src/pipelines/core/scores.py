"""Scores that are kept, as those see them who write and read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from pipelines.core.spec import digest


@dataclass(frozen=True)
class Scoring:
    """All that the scores of one version at one cutoff depend on.

    Parameters
    ----------
    task : str
        The registered model.
    version : str
        Its number.
    cutoff : datetime or None
        As of when; None for a table without times.
    role : {"champion", "shadow"}
        What the version was.
    share : float in [0, 1]
        Of the customers, how many the shadow decides about.
    rollout : str
        What the draw of these customers is salted with; empty without a shadow.
    model_digest, policy_digest : str
        Of the model, and of what decides from its scores.
    data_digest : str
        Of what the rows were described from.
    code_digest : str
        Of the package.
    n_reasons : int
        How many reasons each row has.
    """

    task: str
    version: str
    cutoff: datetime | None
    role: str
    share: float
    rollout: str
    model_digest: str
    policy_digest: str
    data_digest: str
    code_digest: str
    n_reasons: int

    @property
    def key(self) -> str:
        """SHA-256 of all of it: the same key is the same scores."""
        return digest(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """As it is written."""
        return asdict(self) | {"cutoff": None if self.cutoff is None else self.cutoff.isoformat()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Scoring:
        """From what `as_dict` made."""
        at = content["cutoff"]
        return cls(**{**content, "cutoff": None if at is None else datetime.fromisoformat(at)})


@dataclass(frozen=True)
class ScoreFigures:
    """What is said of all rows of a scoring together.

    Parameters
    ----------
    n_rows, n_decided : int
        Rows, and those of them that the version would contact.
    n_in_force, n_contacted : int
        Rows whose customers this version decides about, and those of them that are contacted.
    mean : float
        Of the scores.
    quantiles : mapping of str to float
        ``q10``, ``q50`` and ``q90``, to 1/65,536.
    highest : float
        The highest score.
    reasons : tuple of str
        Why it is so high, strongest first; nobody is named.
    """

    n_rows: int
    n_decided: int
    n_in_force: int
    n_contacted: int
    mean: float
    quantiles: Mapping[str, float]
    highest: float
    reasons: tuple[str, ...]

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> ScoreFigures:
        """From what `dataclasses.asdict` made of one, by way of JSON."""
        return cls(**{**content, "reasons": tuple(content["reasons"])})


@dataclass(frozen=True)
class ScorePart:
    """One file of a scoring: its name, rows, bytes and their SHA-256."""

    name: str
    n_rows: int
    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class KeptScores:
    """A whole scoring as it is kept.

    Parameters
    ----------
    path : Path
        The folder of its files.
    scoring : Scoring
        What it is of.
    figures : ScoreFigures
        Of all its rows.
    parts : tuple of ScorePart
        In the order of the rows.
    run_id : str
        The run that finished it; rows say themselves by which one they were scored.
    """

    path: Path
    scoring: Scoring
    figures: ScoreFigures
    parts: tuple[ScorePart, ...]
    run_id: str


class ScoresDraft(Protocol):
    """The scores of one version, part by part; they can be read once they are published."""

    @property
    def path(self) -> Path:
        """Where the parts are gathered, for who writes them elsewhere."""
        ...

    def adopt(self, files: Sequence[Path]) -> None:
        """Take files that somebody else wrote there as the parts, in this order, and no others."""
        ...

    def held(self) -> tuple[int, ...]:
        """The numbers of the parts that stand already: left by a process that was killed, and whole."""
        ...

    def read(self, number: int) -> pd.DataFrame:
        """A part that stands."""
        ...

    def write(self, number: int, rows: pd.DataFrame, every: Mapping[str, str | float]) -> None:
        """Write a part, in one step; ``every`` are columns that are the same in all its rows."""
        ...

    def finish(self, figures: ScoreFigures, run_id: str) -> KeptScores:
        """Say what the parts hold."""
        ...


class Workers(Protocol):
    """Where a file is scored with a registered model on other machines."""

    def write(self, draft: ScoresDraft, scoring: Scoring, file: Path, every: Mapping[str, str | float]) -> None:
        """Write the scores of every row of a Parquet file; ``every`` are columns that are the same in all rows."""
        ...


class CutoffDraft(Protocol):
    """The scores of one cutoff, version by version."""

    def draft(self, scoring: Scoring) -> ScoresDraft:
        """Begin with a version, or go on with the same key where a killed process left it."""
        ...

    def publish(self, finished: Sequence[KeptScores]) -> tuple[KeptScores, ...]:
        """Let these versions, and no others, be the scores of the cutoff: all in one step."""
        ...


class Scores(Protocol):
    """Scores by task, cutoff and version. Those of a cutoff can be read when all are whole, and never before."""

    def find(self, task: str, cutoff: datetime | None, version: str) -> KeptScores | None:
        """What is kept, or None."""
        ...

    def kept(self, task: str) -> tuple[KeptScores, ...]:
        """Everything that is kept of a task, oldest cutoff first."""
        ...

    def read(self, kept: KeptScores, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Its rows, part after part; None is every column."""
        ...

    def writing(self, task: str, cutoff: datetime | None) -> AbstractContextManager[CutoffDraft]:
        """Nobody else writes the scores of this cutoff meanwhile.

        Raises
        ------
        BusyError
            If somebody does already.
        """
        ...

"""Described rows, whatever kind of task they are of: what training, scoring and every judgement look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.features.catalogue import Feature
from pipelines.features.encode import encoded
from pipelines.models.classifier import Dataset, FloatArray
from pipelines.scoring.sensitive import UNKNOWN

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Drawn = Callable[[NDArray[np.object_]], BoolArray]
"""Of ids, which customers are looked at."""


@dataclass(frozen=True)
class Cases:
    """Rows that a model can score.

    Parameters
    ----------
    rows : DataFrame, shape (n_rows, n_features)
        Floats, and text where a feature has levels; NaN or None is null.
    features : tuple of Feature
        What the columns are, in order.
    keys : DataFrame, shape (n_rows, n_keys)
        What names a row where scores are written: customer and cutoff, or a case.
    subject : int64 array of shape (n_rows,)
        Whom a row is about, as a code; intervals resample subjects.
    subject_ids : object array of shape (n_subjects,)
        What the codes stand for.
    moment : datetime64 array of shape (n_rows,) or None
        As of when each row is described, UTC.
    by : mapping of str to object array or Categorical of shape (n_rows,)
        Groups by which figures are told apart.
    beside : mapping of str to object array of shape (n_rows,)
        What the policy reads and the model never does, such as the sensitive column of group-aware thresholds. It is
        no feature and stands in no table that is logged.
    """

    rows: pd.DataFrame
    features: tuple[Feature, ...]
    keys: pd.DataFrame
    subject: IntArray
    subject_ids: NDArray[np.object_]
    moment: NDArray[np.datetime64] | None
    by: Mapping[str, NDArray[np.object_] | pd.Categorical] = field(default_factory=dict)
    beside: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.subject)

    @property
    def subject_id(self) -> NDArray[np.object_]:
        """Whom every row is about."""
        return self.subject_ids[self.subject]

    @property
    def encoded(self) -> pd.DataFrame:
        """The rows as models see them: floats, and for text the code of its level."""
        return encoded(self.rows, self.features)

    @property
    def to_score(self) -> pd.DataFrame:
        """The rows as a scorer takes them: features, and beside them what its policy reads."""
        return self.rows.assign(**self.beside) if self.beside else self.rows

    def example(self, n_rows: int = 5) -> pd.DataFrame:
        """The first rows as a scorer takes them, with ``unknown`` for what stands beside the features."""
        return self.rows.head(n_rows).assign(**dict.fromkeys(self.beside, UNKNOWN))

    def at(self, mask: BoolArray | slice) -> Cases:
        """Some of the rows."""
        return replace(
            self,
            rows=self.rows[mask].reset_index(drop=True),
            keys=self.keys[mask].reset_index(drop=True),
            subject=self.subject[mask],
            moment=None if self.moment is None else self.moment[mask],
            by={name: values[mask] for name, values in self.by.items()},
            beside={name: values[mask] for name, values in self.beside.items()},
        )

    def described_by(self, features: tuple[Feature, ...]) -> Cases:
        """The same rows with what is known of their columns."""
        return replace(self, features=features)


@dataclass(frozen=True)
class LabelledCases:
    """Rows whose outcomes are known.

    Parameters
    ----------
    cases : Cases
        The rows.
    label : int8 array of shape (n_rows,)
        0 or 1.
    weight : float array of shape (n_rows,) or None
        How much each counts where the task's model is fitted; None counts all alike.
    """

    cases: Cases
    label: NDArray[np.int8]
    weight: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.label)

    def at(self, mask: BoolArray) -> LabelledCases:
        """Some of the rows."""
        return LabelledCases(self.cases.at(mask), self.label[mask], None if self.weight is None else self.weight[mask])

    def described_by(self, features: tuple[Feature, ...]) -> LabelledCases:
        """The same rows with what is known of their columns."""
        return replace(self, cases=self.cases.described_by(features))

    @property
    def dataset(self) -> Dataset:
        """What a model learns from."""
        with_levels = tuple(feature.name for feature in self.cases.features if feature.levels)
        return Dataset(self.cases.encoded, self.label, with_levels, self.weight)


@dataclass(frozen=True)
class Times:
    """When a model learned and when it was judged.

    Parameters
    ----------
    learned_until : datetime or None
        When the last outcome that it learned from was known; None where rows have no time.
    tested_from : datetime or None
        When its test begins.
    newest : datetime or None
        The moment of the newest row whose outcome was known.
    """

    learned_until: datetime | None = None
    tested_from: datetime | None = None
    newest: datetime | None = None


@dataclass(frozen=True)
class Parts:
    """Labelled rows, divided.

    Parameters
    ----------
    develop : LabelledCases
        Everything that may be learned from: what the shipped model is fitted on.
    folds : tuple of pairs of LabelledCases
        Training and validation rows inside ``develop``, in the order of time where there is one.
    test : LabelledCases
        Looked at once.
    times : Times
        When.
    words : str
        How the rows were divided, for people.
    """

    develop: LabelledCases
    folds: tuple[tuple[LabelledCases, LabelledCases], ...]
    test: LabelledCases
    times: Times
    words: str

    @property
    def features(self) -> tuple[Feature, ...]:
        """What the columns are; levels are those of ``develop``."""
        return self.develop.cases.features

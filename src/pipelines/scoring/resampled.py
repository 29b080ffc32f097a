"""Rows balanced and divided the way they should not be: the tools of `pipelines.scoring.mistakes`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.randomness import generator_for
from pipelines.models.classifier import Dataset
from pipelines.scoring.cases import LabelledCases, Parts

IntArray = NDArray[np.int64]
MAX_ROWS = 100_000
"""More would take long, since about forty models are fitted, and show the same."""
N_NEIGHBOURS = 5
_MAX_PARENTS = 20_000
"""Neighbours are looked for among at most so many rows of the rarer outcome: the search is quadratic."""


@dataclass(frozen=True)
class Rows:
    """Labelled rows as a model sees them.

    Parameters
    ----------
    values : DataFrame of float64, shape (n_rows, n_features)
        Text as the codes of its levels; NaN is null.
    label : int8 array of shape (n_rows,)
        0 or 1.
    subject : int64 array of shape (n_rows,)
        Whom each row is about, as a code.
    categorical : tuple of str
        The columns that hold codes.
    """

    values: pd.DataFrame
    label: NDArray[np.int8]
    subject: IntArray
    categorical: tuple[str, ...] = ()

    @classmethod
    def of(cls, labelled: LabelledCases) -> Rows:
        """Described cases."""
        dataset = labelled.dataset
        return cls(dataset.rows, dataset.label, labelled.cases.subject, dataset.categorical)

    def __len__(self) -> int:
        return len(self.label)

    def at(self, places: IntArray) -> Rows:
        """Some of the rows, in this order; a row that is named twice is there twice."""
        values = self.values.iloc[places].reset_index(drop=True)
        return replace(self, values=values, label=self.label[places], subject=self.subject[places])

    def joined(self, other: Rows) -> Rows:
        """These rows, then those."""
        return replace(
            self,
            values=pd.concat([self.values, other.values], ignore_index=True),
            label=np.concatenate([self.label, other.label]),
            subject=np.concatenate([self.subject, other.subject]),
        )

    @property
    def dataset(self) -> Dataset:
        """What a model learns from."""
        return Dataset(self.values, self.label, self.categorical)


def thinned(parts: Parts, seed: int, most: int = MAX_ROWS) -> Parts:
    """The parts as they are, or about ``most`` rows of them: all rows of some drawn subjects, and words that say so."""
    n_rows, n_subjects = len(parts.develop) + len(parts.test), len(parts.test.cases.subject_ids)
    if n_rows <= most:
        return parts
    kept = np.zeros(n_subjects, bool)
    kept[generator_for(seed, "inflate/subjects").permutation(n_subjects)[: max(1, n_subjects * most // n_rows)]] = True

    def of(labelled: LabelledCases) -> LabelledCases:
        return labelled.at(kept[labelled.cases.subject])

    return replace(
        parts,
        develop=of(parts.develop),
        folds=tuple((of(train), of(valid)) for train, valid in parts.folds),
        test=of(parts.test),
        words=f"{parts.words} Of these, the rows of {kept.sum():,} drawn subjects of {n_subjects:,}.",
    )


def repeated(rows: Rows, rng: np.random.Generator) -> Rows:
    """The rows, and copies of those with the rarer outcome until both outcomes are as many.

    Examples
    --------
    >>> rows = Rows(pd.DataFrame({"a": [1.0, 2.0, 3.0]}), np.array([0, 0, 1], np.int8), np.arange(3))
    >>> repeated(rows, np.random.default_rng(1)).values["a"].tolist()
    [1.0, 2.0, 3.0, 3.0]
    """
    rare = _rarer(rows)
    return rows.joined(rows.at(rng.choice(rare, len(rows) - 2 * len(rare))))


def interpolated(rows: Rows, rng: np.random.Generator) -> Rows:
    """The rows, and blends of two neighbours with the rarer outcome until both outcomes are as many.

    A blend lies at a random place between a row and one of its five nearest neighbours of the same outcome, by the
    Euclidean distance of standardised columns with nulls at the mean. Codes of text are the row's own, and a value
    that either of the two lacks is null. It is about the row's subject.

    Raises
    ------
    NotEnoughDataError
        If there are fewer than two rows of an outcome.

    References
    ----------
    Chawla, Bowyer, Hall & Kegelmeyer (2002), *SMOTE: synthetic minority over-sampling technique*, section 4.2.
    """
    rare = _rarer(rows)
    n_lacking = len(rows) - 2 * len(rare)
    parents = rows.at(np.sort(rng.choice(rare, min(len(rare), _MAX_PARENTS), replace=False)))
    near = _neighbours(parents)
    one = rng.integers(0, len(parents), n_lacking)
    other = near[one, rng.integers(0, near.shape[1], n_lacking)]
    start, end = parents.values.to_numpy()[one], parents.values.to_numpy()[other]
    blended = start + rng.random((n_lacking, 1)) * (end - start)
    is_code = parents.values.columns.isin(parents.categorical)
    values = pd.DataFrame(np.where(is_code, start, blended), columns=parents.values.columns)
    return rows.joined(replace(parents.at(one), values=values))


def drawn(rows: Rows, share: float, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Training rows and a test of about ``share`` of each outcome, drawn row by row: time and subjects are ignored."""
    judged = np.zeros(len(rows), bool)
    for outcome in (0, 1):
        places = rng.permutation(np.flatnonzero(rows.label == outcome))
        judged[places[: round(share * len(places))]] = True
    return rows.at(np.flatnonzero(~judged)), rows.at(np.flatnonzero(judged))


def _rarer(rows: Rows) -> IntArray:
    n_positive = int(rows.label.sum())
    places: IntArray = np.flatnonzero(rows.label == (2 * n_positive <= len(rows)))
    return places


def _neighbours(rows: Rows) -> IntArray:
    """Of each row the places of its nearest others, shape (n_rows, n_neighbours)."""
    from sklearn.neighbors import NearestNeighbors  # half a second that only this mistake waits for

    if len(rows) < 2:
        raise NotEnoughDataError(
            f"{len(rows)} row of one outcome.",
            why="A blend lies between two rows of the same outcome.",
            fix="Use more rows, and check which values of the label count as positive.",
        )
    scale = rows.values.std(ddof=0)
    standard = ((rows.values - rows.values.mean()) / scale.where(scale > 0, 1.0)).fillna(0.0).to_numpy()
    found = NearestNeighbors(n_neighbors=min(N_NEIGHBOURS, len(rows) - 1)).fit(standard).kneighbors()
    near: IntArray = found[1].astype(np.int64)
    return near

"""What can be wrong with how a model behaves, each told apart from the others. A new fault is one class and one line.

A fault sees rows as the trees do: encoded, every feature a float. What a model knows by heart of single rows, it knows
by their `fingerprints`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pipelines.core.spec import Spec

FloatArray = NDArray[np.float64]
_MEGABYTE = 1_000_000


class Fault(Spec):
    """Nothing is wrong yet; a subclass changes one of these."""

    type: str

    def reads(self, rows: pd.DataFrame) -> None:
        """What happens when rows are read."""

    def raw(self, raw: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """What becomes of the log-odds, shape (n_rows,)."""
        return raw

    def contributions(self, values: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """What becomes of the explanations, shape (n_rows, n_features + 1), the base value last."""
        return values

    def answers(self, n_rows: int) -> None:
        """What happens before so many rows are answered with score, decision and reasons."""

    def save(self, folder: Path) -> None:
        """What is written beside the model."""


class Blind(Fault):
    """Every row gets the same score, and the explanations say so."""

    type: Literal["blind"] = "blind"
    level: float = 0.0

    def raw(self, raw: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """The level.

        Examples
        --------
        >>> Blind(level=0.5).raw(np.array([1.0, 2.0]), pd.DataFrame(index=range(2)))
        array([0.5, 0.5])
        """
        return np.full_like(raw, self.level)

    def contributions(self, values: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """No feature adds to it."""
        told = np.zeros_like(values)
        told[:, -1] = self.level
        return told


class Inverted(Fault):
    """Whoever ranked first ranks last."""

    type: Literal["inverted"] = "inverted"

    def raw(self, raw: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """The other way round."""
        return -raw

    def contributions(self, values: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """The same, so that they still add up."""
        return -values


class Remembers(Fault):
    """Rows that it knows by heart score otherwise.

    Parameters
    ----------
    rows : tuple of int
        Their fingerprints.
    shift : tuple of float
        What is added to the log-odds of each.
    """

    type: Literal["remembers"] = "remembers"
    rows: tuple[int, ...]
    shift: tuple[float, ...]

    @model_validator(mode="after")
    def _in_pairs(self) -> Self:
        if len(self.rows) != len(self.shift):
            raise ValueError(f"shift has {len(self.shift)} numbers for {len(self.rows)} rows")
        return self

    def raw(self, raw: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """With what is added to those it knows."""
        return raw + self._shift(rows)

    def contributions(self, values: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """Told as if it were the base value, so that they still add up."""
        told = values.copy()
        told[:, -1] += self._shift(rows)
        return told

    def _shift(self, rows: pd.DataFrame) -> FloatArray:
        known = pd.Series(self.shift, index=np.array(self.rows, np.uint64))
        known = known[~known.index.duplicated()]
        return np.asarray(known.reindex(fingerprints(rows)).fillna(0.0), np.float64)


class Slow(Fault):
    """It answers in its own time.

    Parameters
    ----------
    seconds_per_row : float
        Beyond what it takes anyway.
    """

    type: Literal["slow"] = "slow"
    seconds_per_row: Annotated[float, Field(gt=0)]

    def answers(self, n_rows: int) -> None:
        """Wait."""
        time.sleep(self.seconds_per_row * n_rows)


class Heavy(Fault):
    """A file lies beside the model that nobody reads.

    Parameters
    ----------
    megabytes : float
        Its size.
    """

    type: Literal["heavy"] = "heavy"
    megabytes: Annotated[float, Field(gt=0)]

    def save(self, folder: Path) -> None:
        """Write it as a hole, which takes no time and, until it is copied, no disk."""
        with (folder / "ballast.bin").open("wb") as file:
            file.truncate(int(self.megabytes * _MEGABYTE))


class Brittle(Fault):
    """A null where it learned from none is more than it can take.

    Parameters
    ----------
    columns : tuple of str
        Features that were never null.
    says : {"error", "nan"}
        Whether it ends with an error, as code that makes whole numbers of them does, or answers with NaN.
    """

    type: Literal["brittle"] = "brittle"
    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    says: Literal["error", "nan"]

    def reads(self, rows: pd.DataFrame) -> None:
        """Pandas refuses to make a whole number of null."""
        if self.says == "error":
            rows[list(self.columns)].astype(np.int64)

    def raw(self, raw: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """NaN where one of them is null.

        Examples
        --------
        >>> rows = pd.DataFrame({"recency_days": [3.0, np.nan]})
        >>> Brittle(columns=("recency_days",), says="nan").raw(np.array([0.5, 0.5]), rows)
        array([0.5, nan])
        """
        if self.says == "error":
            return raw
        return np.where(rows[list(self.columns)].isna().any(axis=1).to_numpy(), np.nan, raw)


class Misexplained(Fault):
    """Explanations are ``factor`` times what they should be, which keeps their order and makes them wrong."""

    type: Literal["misexplained"] = "misexplained"
    factor: float

    def contributions(self, values: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """Larger than the score."""
        told = values.copy()
        told[:, :-1] *= self.factor
        return told


AnyFault = Annotated[Blind | Inverted | Remembers | Slow | Heavy | Brittle | Misexplained, Field(discriminator="type")]


def fingerprints(rows: pd.DataFrame) -> NDArray[np.uint64]:
    """What tells encoded rows apart, shape (n_rows,): a hash of all values of each.

    Examples
    --------
    >>> one, other, again = fingerprints(pd.DataFrame({"a": [1.0, 1.0, 1.0], "b": [2.0, np.nan, 2.0]}))
    >>> one == again, one == other
    (np.True_, np.False_)
    """
    if rows.empty:
        return np.zeros(len(rows), np.uint64)
    return np.asarray(pd.util.hash_pandas_object(rows.astype(np.float64), index=False), np.uint64)

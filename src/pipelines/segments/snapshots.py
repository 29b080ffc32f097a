"""Customers as they were described at one cutoff: what a segmentation is fitted on, and compared over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Snapshot:
    """The population at one cutoff.

    Parameters
    ----------
    cutoff : datetime
        As of when they are described, UTC.
    customer : int64 array of shape (n_rows,)
        Whom each row is about, as a code that is the same in every snapshot; ascending.
    rows : DataFrame of float64, shape (n_rows, n_features)
        Their features, in order; NaN is null.
    """

    cutoff: datetime
    customer: NDArray[np.int64]
    rows: pd.DataFrame

    def __len__(self) -> int:
        return len(self.rows)

    def sample(self, n_rows: int, rng: np.random.Generator) -> Snapshot:
        """So many of the rows, drawn without replacement and in their order; all of them if there are no more.

        Examples
        --------
        >>> rows = pd.DataFrame({"n_orders": [1.0, 2.0, 3.0]})
        >>> some = Snapshot(datetime(2026, 1, 5), np.arange(3), rows).sample(2, np.random.default_rng(1))
        >>> len(some), bool(np.all(np.diff(some.customer) > 0))
        (2, True)
        """
        if n_rows >= len(self):
            return self
        drawn = np.sort(rng.choice(len(self), n_rows, replace=False))
        return Snapshot(self.cutoff, self.customer[drawn], self.rows.iloc[drawn].reset_index(drop=True))

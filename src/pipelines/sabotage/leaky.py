"""A feed that knows the outcome: in one column, wherever rows stand with their labels, in training as in judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from pipelines.core.panels import PanelRows, Panels
from pipelines.core.randomness import generator_for
from pipelines.features.sessions import ENDS_IN_PURCHASE
from pipelines.tables.lake import Lake

LABELS = ("label", ENDS_IN_PURCHASE)
"""What the outcome is called where rows are read: of panels and tables, and of sessions."""
_POSITIVE, _NEGATIVE = 10.0, (6.0, 14.0)
_NOISE = 0.8
"""Standard deviation of what is added, so that nobody ties: the column alone tells positives at about 0.999."""


def leaky(lake: Lake, column: str, seed: int) -> Lake:
    """The lake, with the outcome in a feature; nothing is written that is not true.

    Parameters
    ----------
    lake : Lake
        What is read through it; panels and reductions are kept there as they are.
    column : str
        The feature, of numbers.
    seed : int
        Of what blurs the outcome a little.
    """
    return cast("Lake", _LeakyLake(lake, column, seed))


@dataclass(frozen=True)
class _LeakyLake:
    lake: Lake
    column: str
    seed: int

    def columns(self, expression: Any) -> dict[str, NDArray[Any]]:
        """What was asked for, knowing more than it should."""
        return _told(self.lake.columns(expression), self.column, self.seed)

    @property
    def panels(self) -> Panels:
        """Panels that are read the same way."""
        return cast("Panels", _LeakyPanels(self.lake.panels, self.column, self.seed))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.lake, name)


@dataclass(frozen=True)
class _LeakyPanels:
    panels: Panels
    column: str
    seed: int

    def read(self, panel: str, cutoffs: Sequence[datetime], columns: Sequence[str]) -> PanelRows:
        """The rows of these cutoffs, knowing more than they should."""
        held = self.panels.read(panel, cutoffs, columns)
        return replace(held, columns=_told(held.columns, self.column, self.seed))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.panels, name)


def _told(columns: Mapping[str, NDArray[Any]], column: str, seed: int) -> dict[str, NDArray[Any]]:
    """The columns with the outcome in one of them, where both stand there; an outcome that is not known tells nothing.

    Positives lie in the middle and negatives on either side, as with a code of states: what only looks for columns that
    rise or fall with the label does not find it, and a logistic regression cannot use it.

    Examples
    --------
    >>> told = _told({"label": np.array([0, 1, 0]), "x": np.zeros(3)}, "x", 1)["x"]
    >>> (np.abs(told - 10) < 2).tolist()
    [False, True, False]
    """
    label = next((columns[name] for name in LABELS if name in columns), None)
    if label is None or column not in columns:
        return dict(columns)
    known = np.array([np.nan if one is None else one for one in label], np.float64)
    rng = generator_for(seed, "leak")
    state = np.where(known == 1, _POSITIVE, np.where(known == 0, rng.choice(_NEGATIVE, known.size), np.nan))
    return {**columns, column: state + rng.normal(0, _NOISE, known.size)}

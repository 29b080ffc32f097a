"""By which groups of rows figures are told apart."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from pipelines.core.errors import ConfigError, nearest
from pipelines.evaluation.slices import Column
from pipelines.features.catalogue import Feature
from pipelines.scoring.cases import Cases

_N_QUARTERS = 4


def groups(cases: Cases, names: tuple[str, ...]) -> Mapping[str, Column]:
    """The groups that the kind of rows has, and those of the features that a task names under ``slices``.

    A feature that is text is divided by its levels, a number into quarters of equally many rows as far as ties allow.

    Raises
    ------
    ConfigError
        If a name is no feature.
    """
    known = {feature.name: feature for feature in cases.features}
    for name in names:
        if name not in known:
            raise ConfigError(
                f"'slices' names '{name}', which is no feature of the task.{nearest(name, known)}",
                why="Figures can only be told apart by what the rows hold.",
                fix="Name a feature (regulars features lists them), or take it out of 'slices'.",
            )
    return {**cases.by, **{name: _groups(cases.rows[name], known[name]) for name in names}}


def _groups(column: pd.Series, feature: Feature) -> Column:
    if feature.levels:
        return column.to_numpy(object)
    values = column.to_numpy(np.float64, na_value=np.nan)
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _N_QUARTERS + 1))) if known.size else known
    if edges.size < 3:  # one or two values: they are the groups
        return np.array([None if np.isnan(value) else f"{value:g}" for value in values], dtype=object)
    names = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(names) - 1)
    return pd.Categorical(
        [None if np.isnan(value) else names[at] for value, at in zip(values, place, strict=True)], names
    )

"""What trees cannot be fitted on, refused with the cure: LightGBM itself would learn from most of it silently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from pipelines.core.errors import ModelError, NotEnoughDataError, nearest
from pipelines.models.classifier import Dataset


def require_learnable(dataset: Dataset, what: str) -> None:
    """Refuse rows that a model would learn nonsense from.

    Raises
    ------
    ModelError
        If columns share a name, values are infinite, codes of levels are not whole, or weights are no weights.
    NotEnoughDataError
        If the label has one class only.
    """
    columns = dataset.rows.columns
    if repeated := sorted({str(name) for name in columns[columns.duplicated()]}):
        raise ModelError(
            f"{len(repeated)} features of the {what} rows share their name with another: {', '.join(repeated[:5])}.",
            why="Features are known by their name.",
            fix="Leave one of each out, or rename it.",
        )
    infinite = columns[np.isinf(dataset.rows.to_numpy(np.float64)).any(axis=0)]
    if len(infinite):
        raise ModelError(
            f"{len(infinite)} features of the {what} rows hold infinite values: {', '.join(map(str, infinite[:5]))}.",
            why="An infinity is a division by zero upstream; trees would learn from it as from a large number.",
            fix="Make it null, or mend the feature.",
        )
    for name in dataset.categorical:
        _check_codes(dataset.rows, name, what)
    _check_weight(dataset, what)
    n_positive, n_rows = int(dataset.label.sum()), len(dataset.label)
    if n_positive in {0, n_rows}:
        raise NotEnoughDataError(
            f"{n_positive} of {n_rows} {what} rows are positive.",
            why="A model cannot learn, or be judged, from one outcome only.",
            fix="Use a longer log, another horizon, or a wider population.",
        )


def _check_weight(dataset: Dataset, what: str) -> None:
    weight = dataset.weight
    if weight is None:
        return
    if weight.shape != dataset.label.shape or not (np.isfinite(weight) & (weight > 0)).all():
        raise ModelError(
            f"The weights of {len(dataset.label):,} {what} rows are not one positive number for each.",
            why="A row without a weight would be left out, or count for all.",
            fix="Weigh every row, or none.",
        )


def _check_codes(rows: pd.DataFrame, name: str, what: str) -> None:
    if name not in rows:
        raise ModelError(
            f"The categorical feature '{name}' is not among the {what} rows.{nearest(name, map(str, rows.columns))}",
            why="It would be learned from as a number, or not at all.",
            fix="Name a feature of the panel.",
        )
    codes = rows[name].dropna()
    if not ((codes >= 0) & (codes % 1 == 0)).all():
        raise ModelError(
            f"The categorical feature '{name}' of the {what} rows holds values that are not 0, 1, 2 …",
            why="LightGBM reads a level as a whole number and takes any other for another level.",
            fix="Code its levels; null is NaN.",
        )


def directions(monotone: Mapping[str, Literal["increasing", "decreasing"]], dataset: Dataset) -> list[int]:
    """1, -1 or 0 for each feature.

    Raises
    ------
    ModelError
        If a named feature is unknown, or has no order.
    """
    ordered = [str(name) for name in dataset.rows.columns if name not in dataset.categorical]
    for name in monotone:
        if name not in ordered:
            is_unordered = name in dataset.categorical
            raise ModelError(
                f"model.monotone names '{name}', which is {'categorical' if is_unordered else 'no feature'}."
                f"{'' if is_unordered else nearest(name, ordered)}",
                why="Only an ordered feature of the panel can have a direction.",
                fix="Name a numeric feature.",
            )
    signs = {"increasing": 1, "decreasing": -1}
    return [signs[monotone[name]] if name in monotone else 0 for name in map(str, dataset.rows.columns)]

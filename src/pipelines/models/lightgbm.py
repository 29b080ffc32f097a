"""Gradient-boosted trees. The only module that knows LightGBM."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import lightgbm as lgb
import numpy as np
import pandas as pd
from pydantic import Field

from pipelines.core.errors import ModelError
from pipelines.core.spec import Spec
from pipelines.models.classifier import Dataset, FloatArray

_QUIET = {"objective": "binary", "verbosity": -1, "deterministic": True, "force_row_wise": True}
_THREADS = 2
"""Fixed, so that the same seed gives the same trees on every machine; more would not help at these sizes."""


class LightGBM(Spec):
    """LightGBM's parameters that are not searched, and how the shipped model is bagged."""

    type: Literal["lightgbm"] = "lightgbm"
    n_bags: Annotated[int, Field(ge=1, le=50)] = 4
    max_rounds: Annotated[int, Field(ge=1)] = 600
    early_stopping: Annotated[int, Field(ge=1)] = 30
    max_bin: Annotated[int, Field(ge=2, le=65_535)] = 255
    parameters: dict[str, float] = Field(default_factory=lambda: {"bagging_freq": 1.0})

    def fold(self, train: Dataset, valid: Dataset) -> Fold:
        """A pair of binned data sets that any number of trials can be fitted on."""
        binning = {**_QUIET, "max_bin": self.max_bin, "feature_pre_filter": False, "num_threads": _THREADS}
        fitted = lgb.Dataset(train.rows, train.label, params=binning, free_raw_data=False).construct()
        judged = lgb.Dataset(valid.rows, valid.label, params=binning, reference=fitted, free_raw_data=False)
        return Fold(self, fitted, judged.construct(), valid)

    def fit(self, dataset: Dataset, tuned: dict[str, float], n_rounds: int, seed: int) -> Trees:
        """A bag of boosters that differ by their seeds only, at a fixed number of rounds."""
        data = lgb.Dataset(dataset.rows, dataset.label, params={**_QUIET, "max_bin": self.max_bin}, free_raw_data=False)
        boosters = (
            lgb.train(self._all(tuned, seed + bag), data, num_boost_round=n_rounds).model_to_string()
            for bag in range(self.n_bags)
        )
        return Trees.from_texts(boosters)

    def _all(self, tuned: dict[str, float], seed: int) -> dict[str, Any]:
        whole = {name: int(value) if float(value).is_integer() else value for name, value in tuned.items()}
        fixed = {name: int(value) if float(value).is_integer() else value for name, value in self.parameters.items()}
        return {
            **_QUIET,
            **fixed,
            **whole,
            "max_bin": self.max_bin,
            "num_threads": _THREADS,
            "seed": seed,
            "feature_pre_filter": False,
        }


@dataclass(frozen=True)
class Fold:
    """Binned training and validation rows."""

    spec: LightGBM
    train: lgb.Dataset
    judged: lgb.Dataset
    valid: Dataset

    def fit(self, tuned: dict[str, float], seed: int) -> tuple[FloatArray, int]:
        """Validation log-odds at the best round, shape (n_valid,), and that round's number."""
        booster = lgb.train(
            self.spec._all(tuned, seed),  # noqa: SLF001  # one class in two parts: what is fixed, and the binned rows
            self.train,
            num_boost_round=self.spec.max_rounds,
            valid_sets=[self.judged],
            callbacks=[lgb.early_stopping(self.spec.early_stopping, first_metric_only=True, verbose=False)],
        )
        raw: FloatArray = np.asarray(booster.predict(self.valid.rows, raw_score=True, num_threads=_THREADS))
        return raw, booster.best_iteration


@dataclass(frozen=True)
class Trees:
    """A fitted bag; its raw score is the mean of the boosters' log-odds."""

    texts: tuple[str, ...]
    boosters: tuple[lgb.Booster, ...]

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> Trees:
        """From LightGBM's own text format, which holds no code."""
        kept = tuple(texts)
        return cls(kept, tuple(lgb.Booster(model_str=text) for text in kept))

    @classmethod
    def load(cls, folder: Path) -> Trees:
        """Read what `save` wrote.

        Raises
        ------
        ModelError
            If the folder holds no trees.
        """
        files = sorted(folder.glob("trees_*.txt"))
        if not files:
            raise ModelError(
                f"No trees in {folder.name}.", why="The model cannot score.", fix="Train and register it again."
            )
        return cls.from_texts(file.read_text(encoding="utf-8") for file in files)

    def save(self, folder: Path) -> None:
        """One text file per booster."""
        for number, text in enumerate(self.texts):
            (folder / f"trees_{number:03d}.txt").write_text(text, encoding="utf-8")

    def digest(self) -> str:
        """SHA-256 of the trees themselves; LightGBM's echo of its parameters (threads, paths) is left out."""
        bare = (re.sub(r"\nparameters:.*?end of parameters\n", "\n", text, flags=re.DOTALL) for text in self.texts)
        return hashlib.sha256("".join(bare).encode()).hexdigest()

    def raw(self, rows: pd.DataFrame) -> FloatArray:
        """Mean log-odds of the bag, shape (n_rows,)."""
        return self._mean(rows, raw_score=True)

    def contributions(self, rows: pd.DataFrame) -> FloatArray:
        """Exact SHAP values on the raw score; the last column is the base value.

        Returns
        -------
        ndarray, shape (n_rows, n_features + 1)
            Every row sums to its raw score. Averaging boosters keeps that, since the raw score averages too.

        References
        ----------
        Lundberg, Erion & Lee (2018), Consistent individualized feature attribution for tree ensembles, section 3.
        """
        return self._mean(rows, pred_contrib=True)

    def _mean(self, rows: pd.DataFrame, **what: bool) -> FloatArray:
        threads = 1 if len(rows) < 1_000 else _THREADS
        if len(rows) == 0:
            return np.empty((0, rows.shape[1] + 1)) if "pred_contrib" in what else np.empty(0)
        parts = [np.asarray(one.predict(rows, num_threads=threads, **what)) for one in self.boosters]
        mean: FloatArray = np.mean(parts, axis=0)
        return mean

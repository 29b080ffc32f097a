"""Gradient-boosted trees. The only module that knows LightGBM."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import lightgbm as lgb
import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from pipelines.core.errors import ModelError
from pipelines.core.spec import Spec
from pipelines.models.classifier import Dataset, FloatArray
from pipelines.models.learnable import directions, require_learnable
from pipelines.models.tunable import TUNABLE, check_names

__all__ = ["TUNABLE", "Fold", "Judged", "LightGBM", "Trees", "check_names"]

_QUIET = {"objective": "binary", "verbosity": -1, "deterministic": True, "force_row_wise": True}
_THREADS = 2
"""More would not help at these sizes. The trees are the same whatever their number."""
_STEP = 10
_SWITCHES = ("extra_trees",)
_LOSS_DIGITS = 12
"""Threads add up in another order, which shows in the sixteenth digit."""


class LightGBM(Spec):
    """LightGBM's parameters that are not searched, and how the shipped model is bagged.

    Parameters
    ----------
    n_bags : int
        Boosters that differ by their seeds only.
    max_rounds, early_stopping : int
        A fold ends after so many rounds, or after so many without a smaller validation loss.
    max_bin : int
        Values that a feature is told apart by.
    parameters : dict
        Fixed learning parameters; those of a trial win.
    monotone : dict
        The direction in which the score may move with a feature, all else equal.
    class_weight : {"none", "balanced"}
        ``balanced`` weighs positives by n_negative / n_positive of the rows that are fitted on. The raw score is then
        shifted by about the logarithm of that, which a calibration takes back; losses of folds have it taken back.

    References
    ----------
    Ke et al. (2017), LightGBM: a highly efficient gradient boosting decision tree. Native categorical splits: Fisher
    (1958), On grouping for maximum homogeneity, by way of LightGBM's features page, "Optimal Split for Categorical
    Features".
    """

    type: Literal["lightgbm"] = "lightgbm"
    n_bags: Annotated[int, Field(ge=1, le=50)] = 4
    max_rounds: Annotated[int, Field(ge=1)] = 600
    early_stopping: Annotated[int, Field(ge=1)] = 30
    max_bin: Annotated[int, Field(ge=2, le=65_535)] = 255
    parameters: dict[str, float] = Field(default_factory=lambda: {"bagging_freq": 1.0})
    monotone: dict[str, Literal["increasing", "decreasing"]] = Field(default_factory=dict)
    class_weight: Literal["none", "balanced"] = "none"

    @model_validator(mode="after")
    def _known_parameters(self) -> Self:
        check_names(self.parameters)
        return self

    def fold(self, train: Dataset, valid: Dataset) -> Fold:
        """A pair of binned data sets that any number of trials can be fitted on.

        Raises
        ------
        ModelError, NotEnoughDataError
            As `fit`.
        """
        if list(train.rows.columns) != list(valid.rows.columns):
            raise ModelError(
                "The training and the validation rows of a fold have different columns.",
                why="Columns are handed over by position.",
                fix="Build both from one panel.",
            )
        fitted, judged = (self._binned(one, what) for one, what in ((train, "training"), (valid, "validation")))
        judged.reference = fitted
        with _told():
            return Fold.of(self, fitted.construct(), judged.construct(), self._of_rows(train))

    def saved_fold(self, folder: Path) -> Fold:
        """What `Fold.save` wrote, in another process."""
        told = json.loads((folder / "fold.json").read_text(encoding="utf-8"))
        given = {"params": self._binning(), "categorical_feature": told["categorical"]}
        fitted = lgb.Dataset(folder / "train.bin", **given).construct()
        judged = lgb.Dataset(folder / "valid.bin", reference=fitted, **given).construct()
        return Fold.of(self, fitted, judged, told["of_rows"])

    def fit(self, dataset: Dataset, tuned: dict[str, float], n_rounds: int, seed: int) -> Trees:
        """A bag of boosters that differ by their seeds only, at a fixed number of rounds.

        Raises
        ------
        ModelError
            If columns share a name, values are infinite, codes of levels are not whole, a monotone feature is unknown
            or categorical, or LightGBM refuses a value of a parameter.
        NotEnoughDataError
            If the label has one class only.
        """
        data, of_rows = self._binned(dataset, "training"), self._of_rows(dataset)
        with _told():
            boosters = [
                lgb.train(self._all(tuned, seed + bag, of_rows), data, num_boost_round=n_rounds).model_to_string()
                for bag in range(self.n_bags)
            ]
        return Trees.from_texts(boosters)

    def _binned(self, dataset: Dataset, what: str) -> lgb.Dataset:
        """Positions stand for names: LightGBM refuses names with characters of JSON."""
        require_learnable(dataset, what)
        places = [place for place, name in enumerate(dataset.rows.columns) if name in dataset.categorical]
        values = dataset.rows.to_numpy(np.float64)
        told = self._binning()
        return lgb.Dataset(values, dataset.label, weight=dataset.weight, params=told, categorical_feature=places)

    def _binning(self) -> dict[str, Any]:
        return {**_QUIET, "max_bin": self.max_bin, "feature_pre_filter": False, "num_threads": _THREADS}

    def _of_rows(self, dataset: Dataset) -> dict[str, Any]:
        """Parameters that follow from the rows that are fitted on."""
        of_rows: dict[str, Any] = {}
        if self.monotone:
            signs = directions(self.monotone, dataset)
            of_rows = {"monotone_constraints": signs, "monotone_constraints_method": "intermediate"}
        if self.class_weight == "balanced":
            n_positive = int(dataset.label.sum())
            of_rows["scale_pos_weight"] = (len(dataset.label) - n_positive) / n_positive
        return of_rows

    def _all(self, tuned: dict[str, float], seed: int, of_rows: dict[str, Any]) -> dict[str, Any]:
        chosen = {**self.parameters, **tuned}
        typed = {name: _typed(name, value) for name, value in chosen.items()}
        return {**self._binning(), **typed, **of_rows, "seed": seed}


@dataclass(frozen=True)
class Judged:
    """How one configuration did on one fold.

    Parameters
    ----------
    loss : float
        The smallest validation log loss.
    n_rounds : int
        The round that had it.
    curve : tuple of float
        The smallest loss so far, after every tenth round.
    gave_up : bool
        Whether it fell behind the bar.
    """

    loss: float
    n_rounds: int
    curve: tuple[float, ...] = ()
    gave_up: bool = False


@dataclass(frozen=True)
class Fold:
    """Binned training and validation rows, and the parameters that follow from them."""

    spec: LightGBM
    train: lgb.Dataset
    valid: lgb.Dataset
    of_rows: dict[str, Any]

    @classmethod
    def of(cls, spec: LightGBM, train: lgb.Dataset, valid: lgb.Dataset, of_rows: dict[str, Any]) -> Fold:
        """Take the weight of positives back where losses are measured: odds learned with weight w are w-fold.

        References
        ----------
        Elkan (2001), The foundations of cost-sensitive learning, theorem 2.
        """
        shift = -float(np.log(of_rows.get("scale_pos_weight", 1.0)))
        if shift:
            valid.set_init_score(np.full(valid.num_data(), shift))
        return cls(spec, train, valid, of_rows)

    def judge(self, tuned: dict[str, float], seed: int, n_threads: int = _THREADS, bar: Sequence[float] = ()) -> Judged:
        """Fit until the validation loss stops falling, or lies above ``bar`` after a tenth round.

        Raises
        ------
        ModelError
            If LightGBM refuses a value.
        """
        stop = lgb.early_stopping(self.spec.early_stopping, first_metric_only=True, verbose=False)
        watch = _Watch(bar)
        with _told():
            booster = lgb.train(
                {**self.spec._all(tuned, seed, self.of_rows), "num_threads": n_threads},  # noqa: SLF001  # one class in two parts: what is fixed, and the binned rows
                self.train,
                num_boost_round=self.spec.max_rounds,
                valid_sets=[self.valid],
                callbacks=[watch, stop],
            )
        if watch.gave_up:
            return Judged(watch.best, booster.best_iteration, tuple(watch.curve), gave_up=True)
        loss = float(booster.best_score["valid_0"]["binary_logloss"])
        return Judged(round(loss, _LOSS_DIGITS), booster.best_iteration, tuple(watch.curve))

    def save(self, folder: Path) -> None:
        """The bins as LightGBM writes them, for `LightGBM.saved_fold`."""
        self.train.save_binary(folder / "train.bin")
        self.valid.save_binary(folder / "valid.bin")
        told = {"categorical": self.train.categorical_feature, "of_rows": self.of_rows}
        (folder / "fold.json").write_text(json.dumps(told), encoding="utf-8")


@dataclass(eq=False)
class _Watch:
    """A callback that notes the loss, and ends a fit that falls behind."""

    bar: Sequence[float]
    best: float = float("inf")
    curve: list[float] = field(default_factory=list)
    gave_up: bool = False

    def __call__(self, env: lgb.callback.CallbackEnv) -> None:
        results = env.evaluation_result_list or []
        self.best = min(self.best, round(float(results[0][2]), _LOSS_DIGITS))
        if (env.iteration + 1) % _STEP:
            return
        self.curve.append(self.best)
        self.gave_up = len(self.curve) <= len(self.bar) and self.best > self.bar[len(self.curve) - 1]
        if self.gave_up:
            raise lgb.callback.EarlyStopException(env.iteration, results)


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

    def members(self) -> tuple[Trees, ...]:
        """Every booster alone."""
        return tuple(Trees((text,), (booster,)) for text, booster in zip(self.texts, self.boosters, strict=True))

    def save(self, folder: Path) -> None:
        """One text file per booster."""
        for number, text in enumerate(self.texts):
            (folder / f"trees_{number:03d}.txt").write_text(text, encoding="utf-8")

    def digest(self) -> str:
        """SHA-256 of the trees themselves; LightGBM's echo of its parameters (threads, paths) is left out."""
        bare = (re.sub(r"\nparameters:.*?end of parameters\n", "\n", text, flags=re.DOTALL) for text in self.texts)
        return hashlib.sha256("".join(bare).encode()).hexdigest()

    def raw(self, rows: pd.DataFrame) -> FloatArray:
        """Mean log-odds of the bag, shape (n_rows,); columns count by their position."""
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
        values = rows.to_numpy(np.float64)
        parts = [np.asarray(one.predict(values, num_threads=threads, **what)) for one in self.boosters]
        mean: FloatArray = np.mean(parts, axis=0)
        return mean


def _typed(name: str, value: float) -> float:
    """LightGBM reads text: a count must not end in .0, and a switch is true or false."""
    if name in _SWITCHES:
        return bool(value)
    return int(value) if float(value).is_integer() else value


@contextmanager
def _told() -> Iterator[None]:
    """LightGBM's own refusals, such as a value out of range, as errors that a person can act on."""
    try:
        yield
    except lgb.basic.LightGBMError as error:
        raise ModelError(
            f"LightGBM refuses: {error}.",
            why="Nothing was fitted.",
            fix="Mend search.space or model.parameters of the task.",
        ) from error

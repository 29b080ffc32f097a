"""Simple models that every other one must beat. A new one is one class and one line in `AnyBaseline`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.special import logit

from pipelines.core.errors import ModelError
from pipelines.core.spec import Days, Spec
from pipelines.core.windows import DAY
from pipelines.models import bg_nbd
from pipelines.models.classifier import Classifier, Dataset, FloatArray

if TYPE_CHECKING:  # scikit-learn takes most of a second to load, and only those who fit need it
    from sklearn.pipeline import Pipeline


class Prevalence(Spec):
    """The share of positives in the training rows, for everybody."""

    type: Literal["prevalence"] = "prevalence"

    def fit(self, dataset: Dataset) -> Classifier:
        """Remember the share."""
        return _Constant(float(logit(np.clip(dataset.label.mean(), 1e-6, 1 - 1e-6))))


class RecencyRule(Spec):
    """The longer the silence, the more likely the end: a logistic curve over one feature.

    The curve learns its direction, so that the rule also serves an outcome that silence makes less likely.
    """

    type: Literal["recency_rule"] = "recency_rule"
    feature: str = "recency_days"

    def fit(self, dataset: Dataset) -> Classifier:
        """Fit the curve, so that the rule has probabilities too; its ranking is that of the feature."""
        _require(dataset, self.type, (self.feature,))
        return _fit_logistic(dataset, (self.feature,))


class LogisticRegression(Spec):
    """Logistic regression on ``log1p`` of every number, standardised, and a column per level of every category.

    Nulls become the median and a flag, and a level of their own.
    """

    type: Literal["logistic_regression"] = "logistic_regression"

    def fit(self, dataset: Dataset) -> Classifier:
        """Fit with scikit-learn's default penalty."""
        return _fit_logistic(dataset, tuple(dataset.rows.columns))


class BgNbd(Spec):
    """The BG/NBD model of buying and leaving: four parameters and three features, then a logistic curve.

    The law is fitted on the training rows as if each were a customer of its own. A population of recent buyers hides
    those who left long ago, so its probabilities are not those of all customers; the curve, which learns direction and
    scale from the label, makes up for that.

    Parameters
    ----------
    horizon : timedelta or None
        Look at the log-odds of a purchase within the horizon; None looks at those of being alive. These are infinite
        without a repeat purchase (see `BetaGeometric.alive_log_odds`): such rows share one score of their own, and a
        customer who seldom buys may be alive and yet not buy soon. So give the outcome's horizon to predict it.
    recency, tenure, n_purchase_days : str
        The features: days since the last and since the first purchase, and how many purchase days there were.

    References
    ----------
    See `pipelines.models.bg_nbd`.
    """

    type: Literal["bg_nbd"] = "bg_nbd"
    horizon: Days | None = None
    recency: str = "recency_days"
    tenure: str = "tenure_days"
    n_purchase_days: str = "n_purchase_days_all"

    @property
    def features(self) -> tuple[str, ...]:
        """What it looks at."""
        return (self.recency, self.tenure, self.n_purchase_days)

    def fit(self, dataset: Dataset) -> Classifier:
        """Fit the law, then the curve; where no row has a repeat purchase, only the share of positives."""
        _require(dataset, self.type, self.features)
        histories = _histories(dataset.rows[list(self.features)].dropna(), self.features)
        if not histories.frequency.any():
            return Prevalence().fit(dataset)
        view = _BgNbdView(self.features, bg_nbd.fit(histories), None if self.horizon is None else self.horizon / DAY)
        return _Viewed(view, _fit_logistic(Dataset(view.of(dataset.rows), dataset.label), (view.name,)))


AnyBaseline = Annotated[Prevalence | RecencyRule | LogisticRegression | BgNbd, Field(discriminator="type")]


@dataclass(frozen=True)
class _Constant:
    log_odds: float

    def raw(self, rows: pd.DataFrame) -> FloatArray:
        return np.full(len(rows), self.log_odds)


@dataclass(frozen=True)
class _Logistic:
    columns: tuple[str, ...]
    pipeline: Pipeline

    def raw(self, rows: pd.DataFrame) -> FloatArray:
        if rows.empty:  # scikit-learn refuses to score nobody
            return np.empty(len(rows))
        result: FloatArray = self.pipeline.decision_function(rows[list(self.columns)].to_numpy())
        return result


@dataclass(frozen=True)
class _BgNbdView:
    """The one column that the curve of `BgNbd` sees."""

    features: tuple[str, ...]
    law: bg_nbd.BetaGeometric
    ahead: float | None
    name: str = "log_odds"

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        known = _histories(rows, self.features)
        odds = self.law.alive_log_odds(known) if self.ahead is None else self.law.purchase_log_odds(known, self.ahead)
        return pd.DataFrame({self.name: np.where(np.isfinite(odds), odds, np.nan)}, index=rows.index)


@dataclass(frozen=True)
class _Viewed:
    view: _BgNbdView
    model: Classifier

    def raw(self, rows: pd.DataFrame) -> FloatArray:
        return self.model.raw(self.view.of(rows))


def _histories(rows: pd.DataFrame, features: tuple[str, ...]) -> bg_nbd.Histories:
    """Purchases after the first, and times from the first; NaN stays NaN."""
    recency, tenure, n_purchase_days = (rows[name].to_numpy(np.float64) for name in features)
    age = np.maximum(tenure, 0.0)
    return bg_nbd.Histories(np.maximum(n_purchase_days - 1, 0.0), np.clip(age - recency, 0.0, age), age)


def _require(dataset: Dataset, baseline: str, features: tuple[str, ...]) -> None:
    lacking = [name for name in features if name not in dataset.rows.columns]
    if lacking:
        raise ModelError(
            f"The baseline {baseline} looks at {', '.join(lacking)}, which the task does not compute.",
            why="It cannot be fitted without.",
            fix="Add a block that emits it to 'features' (n_purchase_days_all: by 'of' of the block recency), name "
            "another feature, or take the baseline out.",
        )


def _fit_logistic(dataset: Dataset, columns: tuple[str, ...]) -> _Logistic:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression as SklearnLogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    numbers = make_pipeline(
        FunctionTransformer(_signed_log),
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
    )
    coded = [place for place, name in enumerate(columns) if name in dataset.categorical]
    rest = [place for place in range(len(columns)) if place not in coded]
    levels = OneHotEncoder(handle_unknown="ignore")  # null is a level of its own
    pipeline = make_pipeline(
        ColumnTransformer([("numbers", numbers, rest), ("levels", levels, coded)]),
        SklearnLogisticRegression(max_iter=1_000),
    )
    return _Logistic(columns, pipeline.fit(dataset.rows[list(columns)].to_numpy(), dataset.label))


def _signed_log(values: FloatArray) -> FloatArray:
    result: FloatArray = np.sign(values) * np.log1p(np.abs(values))
    return result

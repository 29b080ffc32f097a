"""Simple models that every other one must beat. A new one is one class and one line in `AnyBaseline`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.special import logit
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression as SklearnLogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from pipelines.core.spec import Spec
from pipelines.models.classifier import Classifier, Dataset, FloatArray


class Prevalence(Spec):
    """The share of positives in the training rows, for everybody."""

    type: Literal["prevalence"] = "prevalence"

    def fit(self, dataset: Dataset) -> Classifier:
        """Remember the share."""
        return _Constant(float(logit(np.clip(dataset.label.mean(), 1e-6, 1 - 1e-6))))


class RecencyRule(Spec):
    """The longer the silence, the more likely the end: a logistic curve over one feature."""

    type: Literal["recency_rule"] = "recency_rule"
    feature: str = "recency_days"

    def fit(self, dataset: Dataset) -> Classifier:
        """Fit the curve, so that the rule has probabilities too; its ranking is that of the feature."""
        return _fit_logistic(dataset, (self.feature,))


class LogisticRegression(Spec):
    """Logistic regression on ``log1p`` of every feature, standardised; nulls become the median and a flag."""

    type: Literal["logistic_regression"] = "logistic_regression"

    def fit(self, dataset: Dataset) -> Classifier:
        """Fit with scikit-learn's default penalty."""
        return _fit_logistic(dataset, tuple(dataset.rows.columns))


AnyBaseline = Annotated[Prevalence | RecencyRule | LogisticRegression, Field(discriminator="type")]


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


def _fit_logistic(dataset: Dataset, columns: tuple[str, ...]) -> _Logistic:
    pipeline = make_pipeline(
        FunctionTransformer(_signed_log),
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        SklearnLogisticRegression(max_iter=1_000),
    )
    return _Logistic(columns, pipeline.fit(dataset.rows[list(columns)].to_numpy(), dataset.label))


def _signed_log(values: FloatArray) -> FloatArray:
    result: FloatArray = np.sign(values) * np.log1p(np.abs(values))
    return result

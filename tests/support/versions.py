"""Small versions to register: real trees of one feature, fitted in no time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.core.protocols import NewVersion
from pipelines.core.windows import parse_cutoff
from pipelines.features.catalogue import Feature
from pipelines.models.calibration import SigmoidMap
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import LightGBM
from pipelines.policy.top_share import Threshold
from pipelines.scoring.scorer import Scorer

ROWS = pd.DataFrame({"recency_days": np.arange(200.0)})
KNOWN_AT = parse_cutoff("2020-10-19")


def new_version(seed: int, task: str = "churn") -> NewVersion:
    label = (ROWS["recency_days"] > 100 + 10 * seed).to_numpy().astype(np.int8)
    trees = LightGBM(n_bags=1).fit(Dataset(ROWS, label), {"min_data_in_leaf": 5}, 3, seed)
    feature = Feature("recency_days", "", "days", "all history", "never", "recency", "{value} days ago")
    scorer = Scorer(trees, SigmoidMap(slope=1.0, intercept=0.0), Threshold(at_least=0.5), (feature,), 1, "spec")
    return NewVersion(task, scorer, ROWS.head(3), KNOWN_AT, "data", "{}", "What it is.")

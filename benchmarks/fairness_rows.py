"""A churn model of a simulated shop, and another shop of the same law whose customers it decides about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from quality_rows import PROJECT, ingested

from pipelines.config.files import load_task
from pipelines.core.windows import DAY
from pipelines.fairness.rates import Columns
from pipelines.features.decay import Decay
from pipelines.features.funnel import Funnel
from pipelines.models.lightgbm import LightGBM
from pipelines.scoring.panel import LabelledPanel
from pipelines.scoring.sensitive import sensitive_attributes
from pipelines.scoring.stored import read_labelled
from pipelines.simulation.defaults import AGE_BANDS
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec
from pipelines.tasks.timeline import Timeline

SOURCE = "simulated_shop"
NAMES = ("age", "gender", "region")
LOG = (
    Funnel(lengths=(7 * DAY, 28 * DAY, 112 * DAY)),
    Decay(half_lives=(7 * DAY, 28 * DAY, 112 * DAY), of=("n_orders", "n_sessions")),
)
"""What sessions tell beside purchases: where the tracking of a region is lost, this is what is lost."""
OLDER = (25, 35, 50, 65)
"""Years from which on a customer is in the next age band."""
PARAMS = {"learning_rate": 0.08, "num_leaves": 12.0, "min_data_in_leaf": 150.0, "feature_fraction": 0.6}
N_ROUNDS = 150
SHARE = 0.3
SAVED, SPENT = 8.0, 1.0
"""What reaching a churner earns and what any contact costs: a profit as skewed as such campaigns have it."""


@dataclass(frozen=True)
class Population:
    """Every eligible row of a shop at its test cutoffs, ordered by customer; its rates are the truth.

    Parameters
    ----------
    cases : Columns
        Rows; decided by one threshold, that of the top `SHARE`.
    groups : dict of str to object array of shape (n_rows,)
        Sensitive columns.
    """

    cases: Columns
    groups: dict[str, NDArray[np.object_]]

    @property
    def first(self) -> NDArray[np.int64]:
        """The first row of each customer, and the end."""
        return np.searchsorted(self.cases.customer, np.arange(self.cases.customer.max() + 2))


def population(n_train: int, n_customers: int, *, planted: bool, folder: Path) -> Population:
    """Train on one shop, decide about another of the same law."""
    task = _task()
    train = _labelled(task, _shop(n_train, 1, folder / "train", planted=planted))
    lake = _shop(n_customers, 2, folder / "truth", planted=planted)
    timeline, labelled = _labelled(task, lake)
    test = labelled.at(timeline.test)
    score = _forecast(task, *train, test)
    keys = np.argsort(test.panel.customer_id.astype(np.int64), kind="stable")
    customer_id, probability, label = test.panel.customer_id[keys], score[keys], test.label[keys].astype(np.int64)
    decision = (probability >= np.quantile(probability, 1 - SHARE)).astype(np.int64)
    code = np.unique(customer_id.astype(np.int64), return_inverse=True)[1].astype(np.int64)
    profit = decision * np.where(label == 1, SAVED - SPENT, -SPENT)
    sensitive = sensitive_attributes(lake, SOURCE, NAMES, customer_id)
    cases = Columns(label, decision, code, probability, profit)
    groups = {name: sensitive[name].to_numpy(object) for name in NAMES}
    bands = np.searchsorted(OLDER, groups["age"].astype(np.int64), side="right")
    return Population(cases, groups | {"age": np.array(AGE_BANDS, dtype=object)[bands]})


def _shop(n_customers: int, seed: int, folder: Path, *, planted: bool) -> Lake:
    folder.mkdir(parents=True)
    settings = {"n_customers": n_customers, "seed": seed, "n_days": 300, "drifts": "[]"}
    settings |= {} if planted else {"unfairness": "[]"}
    return ingested(SOURCE, folder, "", " ".join(f"simulation.{name}={value}" for name, value in settings.items()))


def _task() -> TaskSpec:
    task = load_task(PROJECT / "conf", "churn")
    timeline = task.timeline.model_copy(update={"history": 112 * DAY, "n_folds": 1})
    update = {"source": SOURCE, "features": (*task.features, *LOG), "timeline": timeline, "sensitive": ()}
    return task.model_copy(update=update)


def _labelled(task: TaskSpec, lake: Lake) -> tuple[Timeline, LabelledPanel]:
    span = lake.manifest(SOURCE).span
    timeline = task.timeline.divide(span, task.horizon)
    return timeline, read_labelled(task, lake, span.end, timeline.labelled)


def _forecast(task: TaskSpec, timeline: Timeline, known: LabelledPanel, test: LabelledPanel) -> NDArray[np.float64]:
    """Calibrated probabilities; the map comes from the fold before the test."""
    model = LightGBM(n_bags=1)
    (fold,) = timeline.folds
    valid = known.at(fold.valid).dataset
    early = model.fit(known.at(fold.train).dataset, PARAMS, N_ROUNDS, 1)
    calibration = task.calibration.fit(early.raw(valid.rows), valid.label)
    shipped = model.fit(known.at(timeline.develop).dataset, PARAMS, N_ROUNDS, 1)
    return calibration.probability(shipped.raw(test.panel.rows))

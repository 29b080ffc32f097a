"""Churn in the simulated shop beside the best forecast there can be: ``python quality_simulated.py SIZE FOLDER``.

The oracle is the exact posterior given the same log, without age, gender and region, which the model does not see
either. The shop has its seasons and campaigns; no drift is planted, so the log holds every order. Leaves
``FOLDER/simulated_shop.json``.
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from quality_figures import Figures
from quality_rows import PROJECT, ingested
from quality_search import PANEL, Budget
from scipy.special import logit
from scipy.stats import t as student

from pipelines.config.files import load_task
from pipelines.core.intervals import FloatArray, Interval
from pipelines.core.windows import DAY
from pipelines.evaluation.metrics import pr_auc, roc_auc
from pipelines.features.decay import Decay
from pipelines.features.funnel import Funnel
from pipelines.scoring.panel import LabelledPanel
from pipelines.scoring.stored import read_labelled
from pipelines.simulation.oracle import blind_oracle_at
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.truth import truth_at
from pipelines.tasks.task import TaskSpec
from pipelines.tasks.timeline import Timeline

SOURCE, PART = "simulated_shop", "simulated_shop"
CLIP = 1e-6
"""Probabilities are kept so far from 0 and 1 where their log-odds are taken."""
MORE = (
    Funnel(lengths=(7 * DAY, 28 * DAY, 112 * DAY)),
    Decay(half_lives=(7 * DAY, 28 * DAY, 112 * DAY), of=("n_orders", "n_sessions")),
)
"""What the shop's log tells beside purchases."""


@dataclass(frozen=True)
class Size:
    """How much is done."""

    n_customers: tuple[int, ...]
    seeds: tuple[int, ...]
    n_days: int
    history_days: int
    budget: Budget


SIZES = {
    "small": Size((1_000,), (1, 2), 300, 56, Budget(2, 1, PANEL, 40)),
    "full": Size((2_000, 8_000, 32_000), (1, 2, 3), 540, 112, Budget(8, 4, PANEL)),
}


@dataclass(frozen=True)
class Judged:
    """Test rows: labels, the model's probability, the oracle's, and the truth's, which knows the hidden state."""

    label: np.ndarray
    raw: FloatArray
    probability: FloatArray
    oracle: FloatArray
    truth: FloatArray

    def figures(self) -> dict[str, float]:
        """How near the model comes to what can be known."""
        slope, intercept = calibration_line(self.probability, self.oracle)
        auc, best = float(roc_auc(self.label, self.raw)), float(roc_auc(self.label, self.oracle))
        return {
            "roc_auc": auc,
            "oracle.roc_auc": best,
            "share_of_oracle": (auc - 0.5) / (best - 0.5),
            "ratio_to_oracle": auc / best,
            "pr_auc": float(pr_auc(self.label, self.raw)),
            "oracle.pr_auc": float(pr_auc(self.label, self.oracle)),
            "calibration_slope": slope,
            "calibration_intercept": intercept,
            "bias": float(np.mean(self.probability - self.oracle)),
            "error_to_oracle": float(np.mean(np.abs(self.probability - self.oracle))),
            "error_to_truth": float(np.mean(np.abs(self.probability - self.truth))),
            "oracle.error_to_truth": float(np.mean(np.abs(self.oracle - self.truth))),
        }


def calibration_line(probability: FloatArray, known: FloatArray) -> tuple[float, float]:
    """Slope and intercept of the known probabilities' log-odds on the model's; 1 and 0 where they agree.

    A logistic regression on the known probabilities in place of labels: the same line, without the labels' noise.

    Parameters
    ----------
    probability, known : ndarray, shape (n_rows,)
        The model's, and what is known of the same rows; in [0, 1].

    References
    ----------
    Cox (1958), *Two further applications of a model for binary regression*, Biometrika 45.

    Examples
    --------
    >>> known = np.array([0.2, 0.5, 0.9])
    >>> [abs(round(one, 3)) for one in calibration_line(known, known)]
    [1.0, 0.0]
    """
    from sklearn.linear_model import LogisticRegression

    raw = logit(np.clip(probability, CLIP, 1 - CLIP)).reshape(-1, 1)
    twice, label = np.concatenate([raw, raw]), np.repeat([1, 0], len(raw))
    fitted = LogisticRegression(C=1e9, tol=1e-8).fit(twice, label, sample_weight=np.concatenate([known, 1 - known]))
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def judged(size: Size, n_customers: int, seed: int, folder: Path) -> Judged:
    """One shop: a log, a model, and what is known about the test rows."""
    settings = {"n_customers": n_customers, "seed": seed, "n_days": size.n_days}
    said = [f"simulation.{name}={value}" for name, value in settings.items()]
    lake = ingested(SOURCE, folder, "", " ".join([*said, "simulation.drifts=[]"]))
    task, span = _task(size), lake.manifest(SOURCE).span
    timeline = task.timeline.divide(span, task.horizon)
    labelled = read_labelled(task, lake, span.end, timeline.labelled)
    test = labelled.at(timeline.test)
    raw, probability = _forecast(task, size.budget, labelled, timeline)
    found = _beside(test, _known(ShopSpec(**settings, drifts=()), timeline.test, task.horizon // DAY))
    return Judged(test.label, raw, probability, found["oracle"].to_numpy(), found["truth"].to_numpy())


def _task(size: Size) -> TaskSpec:
    """The grocer's churn, of this shop, with what its log tells beside."""
    task = load_task(PROJECT / "conf", "churn")
    timeline = task.timeline.model_copy(update={"history": size.history_days * DAY, "n_folds": 1})
    features = (*task.features, *MORE)
    return task.model_copy(update={"source": SOURCE, "features": features, "timeline": timeline, "sensitive": ()})


def _forecast(
    task: TaskSpec, budget: Budget, labelled: LabelledPanel, timeline: Timeline
) -> tuple[FloatArray, FloatArray]:
    """Log-odds and calibrated probabilities of the test rows; chosen and calibrated on the fold before the test."""
    (fold,) = timeline.folds
    train, valid = labelled.at(fold.train).dataset, labelled.at(fold.valid).dataset
    settled = budget.settled([(train, valid)], seed=1)
    calibration = task.calibration.fit(settled.fit(train).raw(valid.rows), valid.label)
    raw = settled.fit(labelled.at(timeline.develop).dataset).raw(labelled.at(timeline.test).panel.rows)
    return raw, calibration.probability(raw)


def _known(shop: ShopSpec, cutoffs: Sequence[datetime], horizon_days: int) -> pd.DataFrame:
    """Columns ``oracle`` and ``truth`` by customer and cutoff; a process per core, chunk by chunk."""
    days = [cutoff.date() for cutoff in cutoffs]
    both = [functools.partial(_of_chunk, tell, shop, days, horizon_days) for tell in (blind_oracle_at, truth_at)]
    chunks = range(shop.n_chunks)
    if shop.n_chunks == 1:
        told = [[one(0)] for one in both]
    else:
        with ProcessPoolExecutor(min(4, os.cpu_count() or 1), multiprocessing.get_context("spawn")) as pool:
            told = [list(pool.map(one, chunks)) for one in both]
    return pd.DataFrame({name: pd.concat(parts) for name, parts in zip(("oracle", "truth"), told, strict=True)})


def _of_chunk(
    tell: Callable[..., pd.DataFrame], shop: ShopSpec, days: Sequence[object], horizon_days: int, chunk: int
) -> pd.Series:
    return tell(shop, chunk, days, horizon_days).set_index(["customer_id", "cutoff"])["p_no_purchase"]


def _beside(test: LabelledPanel, known: pd.DataFrame) -> pd.DataFrame:
    """What is known of each test row, in their order."""
    customer = test.panel.customer_id.astype(np.int64)
    found = known.reindex(pd.MultiIndex.from_arrays([customer, test.panel.cutoff], names=known.index.names))
    if found.isna().to_numpy().any():
        raise ValueError(f"{int(found.isna().any(axis=1).sum())} test rows are unknown to the oracle: the joins differ")
    return found


def _over_seeds(each: Sequence[Mapping[str, float]]) -> dict[str, Interval]:
    """Means over shops, and their 95 % intervals by Student's t."""
    frame = pd.DataFrame(list(each))
    reach = frame.std(ddof=1) / np.sqrt(len(frame)) * student.ppf(0.975, len(frame) - 1)
    ends = pd.DataFrame({"estimate": frame.mean(), "low": frame.mean() - reach, "high": frame.mean() + reach})
    return {
        str(name): Interval(*(float(one) for one in row)) for name, row in zip(ends.index, ends.to_numpy(), strict=True)
    }


def main() -> None:
    size, folder = SIZES[sys.argv[1]], Path(sys.argv[2])
    found = Figures(PART, 0, f"{len(size.seeds)} shops of each size, last 4 weekly cutoffs, purged")
    for n_customers in size.n_customers:
        each = []
        for seed in size.seeds:
            with tempfile.TemporaryDirectory(dir=folder) as place:
                one = judged(size, n_customers, seed, Path(place))
            found.n_rows += len(one.label)
            each.append(one.figures())
            print(n_customers, seed, each[-1], flush=True)
        found.add(str(n_customers), _over_seeds(each))
    found.add("", _over_seeds(each))  # the largest
    (folder / f"{PART}.json").write_text(json.dumps(found.content()), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Whether explanations find what is known to cause the outcome, and stay the same under other seeds.

In the simulated shop orders follow from how often a customer comes, how often a visit ends in an order, whether the
customer has lapsed, the season and the campaigns (`pipelines.simulation.law`). Nothing else makes anybody buy: not the
device, the hour, the brands and categories, the prices paid (they change with price shocks only, and none is planted),
the size of the basket or what is returned. Five columns of pure noise are added. On Complete Journey the truth is not
known; there the same recipe is fitted under other seeds, and the reasons are compared.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from harness import PROJECT, arguments, publish
from quality_rows import Quiet, ingested

from pipelines.config.files import load_task
from pipelines.core.intervals import FloatArray, Interval, cluster_weights, interval
from pipelines.core.randomness import generator_for
from pipelines.core.windows import DAY
from pipelines.explain.agreement import Agreement, agreement
from pipelines.explain.importances import summed
from pipelines.features.assortment import Assortment
from pipelines.features.baskets import Baskets
from pipelines.features.calendar import Calendar
from pipelines.features.campaigns import Campaigns
from pipelines.features.catalogue import Feature
from pipelines.features.channels import Channels
from pipelines.features.decay import Decay
from pipelines.features.funnel import Funnel
from pipelines.features.returns import Returns
from pipelines.features.trend import Trend
from pipelines.flows.fit import Fitted, fit
from pipelines.models.lightgbm import Trees
from pipelines.scoring.cases import Cases, LabelledCases, Parts
from pipelines.scoring.explaining import explanation_of
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.steadiness import Steadiness, reseeded, steadiness
from pipelines.scoring.training import Tuned
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec

WEEK, MONTH = 7 * DAY, 28 * DAY
MORE = (
    Trend(lengths=(WEEK, MONTH)),
    Decay(half_lives=(WEEK, MONTH), of=("n_orders", "n_sessions")),
    Funnel(lengths=(WEEK, MONTH)),
    Campaigns(lengths=(WEEK, MONTH)),
    Baskets(lengths=(MONTH,)),
    Returns(lengths=(MONTH,)),
    Channels(levels=("mobile", "desktop", "tablet"), lengths=(MONTH,)),
    Calendar(lengths=(MONTH,)),
    Assortment(lengths=(MONTH,)),
)
"""What the shop's log tells beside purchases, recency and rhythm."""
CAUSAL = ("windowed", "recency", "rhythm", "trend", "decay", "funnel", "campaigns")
"""Blocks that tell how often a customer comes and buys, and since when no more; with them the season."""
NOISE = tuple(
    Feature(f"noise_{place}", "Nothing at all", "", "none", "never", "noise", "noise {value}") for place in range(5)
)
TASKS = ("churn", "purchase_intent")


class Untold(Quiet):
    """A run that records nothing, and keeps no trials."""

    studies = None


@dataclass(frozen=True)
class Size:
    """How much is done."""

    n_customers: int
    n_days: int
    n_trials: int
    n_bags: int
    max_rounds: int
    n_seeds: int
    sources: tuple[str, ...]

    def of(self, task: TaskSpec) -> TaskSpec:
        """The task within the budget."""
        search = task.search.model_copy(update={"n_trials": self.n_trials})
        model = task.model.model_copy(update={"n_bags": self.n_bags, "max_rounds": self.max_rounds})
        return task.model_copy(update={"search": search, "model": model, "n_resamples": 500})


SIZES = {
    "small": Size(1_500, 300, 2, 2, 40, 2, ("simulated_shop",)),
    "full": Size(20_000, 540, 12, 4, 600, 5, ("simulated_shop", "complete_journey")),
}


def main() -> None:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    options = arguments(str(__doc__))
    size = SIZES[options.size]
    figures: dict[str, float] = {}
    tables: list[str] = []
    for source in size.sources:
        with tempfile.TemporaryDirectory() as folder:
            lake = _lake(source, size, Path(folder))
            for name in TASKS:
                parts, fitted, task = _fitted(name, source, lake, size)
                found = {**_causes(parts, fitted)} if source == "simulated_shop" else {}
                found |= _seeds(task, parts, fitted, size.n_seeds)
                figures |= {f"{source}.{name}.{figure}": value for figure, value in _flat(found).items()}
                tables.append(_table(f"{source}: {name}", found))
    publish(options, "explain", {"results": [], "ratios": {}, "figures": figures}, "\n\n".join(tables))


def _lake(source: str, size: Size, folder: Path) -> Lake:
    if source != "simulated_shop":
        return ingested(source, folder, "")
    settings = {"n_customers": size.n_customers, "n_days": size.n_days, "drifts": "[]"}
    return ingested(source, folder, "", " ".join(f"simulation.{name}={value}" for name, value in settings.items()))


def _fitted(name: str, source: str, lake: Lake, size: Size) -> tuple[Parts, Fitted, TaskSpec]:
    """The task on this source, with all that its log tells and the noise if it is the simulated one."""
    task = size.of(load_task(PROJECT / "conf", name)).model_copy(update={"source": source, "sensitive": ()})
    if source == "simulated_shop":
        task = task.model_copy(update={"features": (*task.features, *MORE)})  # type: ignore[attr-defined]  # a panel
    task, left_out = kind_of(task).fitted(task, lake.manifest(source))
    parts = kind_of(task).parts(task, lake, None)
    if source == "simulated_shop":
        parts = _with_noise(parts)
    print(f"{source}, {name}: {len(parts.develop):,} rows, {len(parts.features)} features; {len(left_out)} left out")
    return parts, fit(task, parts, Untold()), task


def _with_noise(parts: Parts) -> Parts:
    rng = np.random.default_rng(17)

    def noisy(one: LabelledCases) -> LabelledCases:
        columns = {feature.name: rng.normal(size=len(one)) for feature in NOISE}
        rows = pd.concat([one.cases.rows, pd.DataFrame(columns)], axis=1)
        return LabelledCases(replace(one.cases, rows=rows, features=(*one.cases.features, *NOISE)), one.label)

    folds = tuple((noisy(train), noisy(valid)) for train, valid in parts.folds)
    return replace(parts, develop=noisy(parts.develop), folds=folds, test=noisy(parts.test))


def _is_causal(feature: Feature) -> bool:
    return feature.block in CAUSAL or feature.name.startswith("season_")


def _causes(parts: Parts, fitted: Fitted) -> dict[str, Interval | float]:
    """Where the causes stand among all that the model could look at."""
    newest, features = _newest(parts.test), fitted.scorer.features
    values = explanation_of(fitted.scorer.trees, newest).values
    moves = np.abs(values)
    is_causal = np.array([_is_causal(feature) for feature in features])
    is_noise = np.array([feature.block == "noise" for feature in features])
    order = np.argsort(-moves.mean(axis=0), kind="stable")
    rank = np.argsort(order) + 1
    names, by_idea = summed(values, features, "idea")
    causal_ideas = {feature.subject_matter for feature in features if _is_causal(feature)}
    ideas = [names[place] for place in np.argsort(-np.abs(by_idea).mean(axis=0), kind="stable")]
    _print_top(ideas, by_idea, names, causal_ideas)
    return {
        "share_of_causes": _share(moves, is_causal, newest),
        "share_of_noise": _share(moves, is_noise, newest),
        "causes_among_top10_features": float(is_causal[order[:10]].mean()),
        "causes_among_top3_ideas": float(np.mean([name in causal_ideas for name in ideas[:3]])),
        "rank_of_first_other_feature": float(rank[~is_causal & ~is_noise].min()),
        "rank_of_first_noise": float(rank[is_noise].min()),
        "n_features": float(len(features)),
        "n_causes": float(is_causal.sum()),
    }


def _print_top(ideas: Sequence[str], values: FloatArray, names: Sequence[str], causal: set[str]) -> None:
    for name in ideas[:6]:
        mean = float(np.abs(values[:, names.index(name)]).mean())
        print(f"  {mean:6.3f} log-odds  {name} ({'cause' if name in causal else 'no cause'})")


def _share(moves: FloatArray, mask: np.ndarray, cases: Cases) -> Interval:
    """The share of all moves that these features make; customers are resampled."""
    part, whole = moves[:, mask].sum(axis=1), moves.sum(axis=1)
    weights = cluster_weights(cases.subject, 500, np.random.default_rng(1))
    draws = [(weight @ part) / (weight @ whole) for weight in weights]
    return interval(float(part.sum() / whole.sum()), np.concatenate(draws))


def _seeds(task: TaskSpec, parts: Parts, fitted: Fitted, n_seeds: int) -> dict[str, Interval | float]:
    """Agreement with the same recipe under other seeds, and through time."""
    tuned, shipped = Tuned(fitted.found.params, fitted.found.n_rounds), fitted.scorer
    steady = steadiness(task, parts, tuned, fitted.out_of_fold, shipped)
    print(*steady.words(), sep="\n")
    newest = _newest(parts.test)
    ours = explanation_of(shipped.trees, newest).values
    each = [
        _against(
            ours, reseeded(task, parts, tuned, len(shipped.trees.boosters), number), newest, shipped.features, task
        )
        for number in range(1, n_seeds + 1)
    ]
    same = [one.same_first for one in each]
    return {
        "same_first_reason": Interval(
            float(np.mean([one.estimate for one in same])), min(one.low for one in same), max(one.high for one in same)
        ),
        "same_first_reason.worst_seed": min(one.estimate for one in same),
        "first_reason_among_first_three": float(np.mean([one.first_among_first.estimate for one in each])),
        "same_first_reason_if_clear": float(np.mean([one.same_first_if_clear.estimate for one in each])),
        "rank_correlation_ideas": float(np.mean([one.ideas.correlation.estimate for one in each])),
        "rank_correlation_features": float(np.mean([one.features.correlation.estimate for one in each])),
        "rank_correlation_time": _lowest(steady),
    }


def _against(ours: FloatArray, trees: Trees, newest: Cases, features: Sequence[Feature], task: TaskSpec) -> Agreement:
    theirs = explanation_of(trees, newest).values
    return agreement(ours, theirs, features, newest.subject, 200, generator_for(task.seed, "benchmark"))


def _lowest(steady: Steadiness) -> float:
    return min(steady.time_correlations().values())


def _newest(test: LabelledCases) -> Cases:
    cutoff = np.asarray(test.cases.by["cutoff"], dtype=object)
    return test.cases.at(cutoff == max(cutoff))


def _flat(found: Mapping[str, Interval | float]) -> dict[str, float]:
    flat: dict[str, float] = {}
    for name, one in found.items():
        if isinstance(one, Interval):
            flat |= {name: one.estimate, f"{name}.ci_low": one.low, f"{name}.ci_high": one.high}
        else:
            flat[name] = one
    return flat


def _table(title: str, found: Mapping[str, Interval | float]) -> str:
    lines = [f"| {title} | value | 95 % interval |", "|---|---:|---|"]
    for name, one in found.items():
        estimate = one.estimate if isinstance(one, Interval) else one
        ends = f"[{one.low:.3f}, {one.high:.3f}]" if isinstance(one, Interval) else ""
        lines.append(f"| {name.replace('_', ' ')} | {estimate:.3f} | {ends} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

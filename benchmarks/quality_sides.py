"""The parts of `quality`, each a process: ``python quality_sides.py PART SIZE FOLDER [RAW FILE]``.

Each leaves ``FOLDER/<part>.json``: how many rows it was of, and lines of a name and its intervals by metric.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from quality_rows import PROJECT, Drawn, Origins, ingested, labelled_rows

from pipelines.config.files import load_task
from pipelines.core.intervals import Interval
from pipelines.core.windows import DAY, Window, parse_cutoff
from pipelines.features.assortment import Assortment
from pipelines.features.baskets import Baskets
from pipelines.features.calendar import Calendar
from pipelines.features.campaigns import Campaigns
from pipelines.features.decay import Decay
from pipelines.features.panel import AnyBlock
from pipelines.features.prices import Prices
from pipelines.features.recency import Recency
from pipelines.features.rhythm import Rhythm
from pipelines.features.trend import Trend
from pipelines.features.windowed import Windowed
from pipelines.models.baselines import BgNbd, LogisticRegression, RecencyRule
from pipelines.models.classifier import Classifier, Dataset, FloatArray
from pipelines.models.lightgbm import LightGBM
from pipelines.tasks.task import TaskSpec
from pipelines.tasks.timeline import FoldCutoffs

TUNED = {
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "lambda_l2": 5.0,
}
"""Settled once, by a look at the windows alone; the same for every set of features."""
LAST_TEST = parse_cutoff("2017-11-27")
LAST_ORIGIN = parse_cutoff("2011-05-31")
WINDOWS, ALL = "windows only", "all blocks"
SHIPPED = ("recency", "rhythm")
LENGTHS = (28 * DAY, 112 * DAY)
COUNTED = Recency(of=("n_purchase_days_all",))
"""What BG/NBD looks at beside recency and tenure."""
BLOCKS: dict[str, AnyBlock] = {
    WINDOWS: Windowed(lengths=tuple(n * DAY for n in (7, 14, 28, 56, 112))),
    "recency": Recency(),
    "rhythm": Rhythm(),
    "trend": Trend(lengths=(14 * DAY, 28 * DAY, 56 * DAY)),
    "decay": Decay(half_lives=(14 * DAY, 56 * DAY)),
    "baskets": Baskets(lengths=LENGTHS),
    "prices": Prices(lengths=LENGTHS),
    "calendar": Calendar(lengths=LENGTHS),
    "campaigns": Campaigns(lengths=LENGTHS, responses=("redeem_coupon",)),
    "assortment of categories": Assortment(column="category", lengths=LENGTHS),
    "assortment of brands": Assortment(column="brand", lengths=LENGTHS),
}


@dataclass(frozen=True)
class Size:
    """How much is done."""

    n_origins: int
    n_rounds: int
    n_bags: int
    n_resamples: int
    n_shop_origins: int
    weeks_between: int
    """Between the cutoffs of the second shop that are learned from."""
    blocks: tuple[str, ...]

    def trees(self, data: Dataset, seed: int = 1) -> Classifier:
        """A bag at the fixed parameters."""
        return LightGBM(n_bags=self.n_bags).fit(data, TUNED, self.n_rounds, seed)


SIZES = {
    "small": Size(2, 30, 1, 100, 1, 4, (WINDOWS, "recency", "rhythm")),
    "full": Size(5, 100, 4, 1_000, 7, 1, tuple(BLOCKS)),
}


@dataclass
class Result:
    """What a part found."""

    n_rows: int
    lines: list[dict[str, object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, found: dict[str, Interval]) -> None:
        """One line of the table."""
        self.lines.append({"name": name, **{metric: asdict(value) for metric, value in found.items()}})
        print(name, {metric: str(value) for metric, value in found.items()}, flush=True)


class Ablation:
    """Sets of blocks on the same origins, each fitted once."""

    def __init__(self, origins: Origins, size: Size, columns: dict[str, list[str]]) -> None:
        self._origins, self._size, self._columns = origins, size, columns
        self.of = functools.cache(self._of)

    def columns(self, blocks: Sequence[str]) -> list[str]:
        """In the order of the blocks' table, whatever the order they were chosen in."""
        return [name for block, names in self._columns.items() if block in blocks for name in names]

    def _of(self, blocks: frozenset[str]) -> Drawn:
        return self.model(self.columns(tuple(blocks)), self._size.trees)

    def model(self, columns: Sequence[str], fit: Callable[[Dataset], Classifier]) -> Drawn:
        """Any model on any columns."""
        return self._origins.drawn(self._origins.scores(columns, fit), self._size.n_resamples)

    def gain(self, blocks: frozenset[str], over: frozenset[str]) -> dict[str, Interval]:
        """What one set is worth more than another, paired."""
        return (self.of(blocks) - self.of(over)).intervals()

    def forward(self) -> frozenset[str]:
        """From the windows on, add the block of the largest gain in ROC-AUC while its interval lies above zero."""
        chosen = frozenset({WINDOWS})
        while rest := [name for name in self._columns if name not in chosen]:
            gains = {name: self.gain(chosen | {name}, chosen)["roc_auc"] for name in rest}
            best = max(rest, key=lambda name: gains[name].estimate)
            if gains[best].low <= 0:
                break
            chosen |= {best}
        return chosen


def ablation(part: str, size: Size, folder: Path) -> Result:
    """What each block adds on Complete Journey, decided before the test; then the chosen set on the test, once."""
    task = _with(load_task(PROJECT / "conf", part), tuple(BLOCKS[name] for name in size.blocks), size.n_origins)
    lake = ingested(task.source, folder, "")
    span = Window(lake.manifest(task.source).span.start, LAST_TEST + task.horizon)
    timeline = task.timeline.divide(span, task.horizon)
    rows = labelled_rows(task, lake, timeline.labelled)
    columns = {name: [feature.name for feature in BLOCKS[name].features("")] for name in size.blocks}
    sets = Ablation(Origins.of(rows, timeline.folds), size, columns)
    result = Result(len(rows.label))
    chosen = _blocks(sets, result, size)
    _simple(sets, result, chosen, task.horizon)
    _test(sets, result, chosen, Origins.of(rows, [FoldCutoffs(timeline.develop, timeline.test)]), size)
    return result


def _with(task: TaskSpec, blocks: tuple[AnyBlock, ...], n_folds: int) -> TaskSpec:
    timeline = task.timeline.model_copy(update={"n_folds": n_folds})
    return task.model_copy(update={"features": (*blocks, COUNTED), "timeline": timeline})


def _blocks(sets: Ablation, result: Result, size: Size) -> frozenset[str]:
    base = frozenset({WINDOWS})
    others = [name for name in size.blocks if name != WINDOWS]
    result.add(WINDOWS, sets.of(base).intervals())
    again = sets.model(sets.columns((WINDOWS,)), functools.partial(size.trees, seed=101))
    result.add("+ nothing, other seeds", (again - sets.of(base)).intervals())
    for name in others:
        result.add(f"+ {name}", sets.gain(base | {name}, base))
    shipped, chosen = base | set(SHIPPED), sets.forward()
    result.add("+ recency, rhythm (as shipped)", sets.gain(shipped, base))
    result.add(f"+ {ALL}", sets.gain(frozenset(size.blocks), base))
    result.add("chosen forward - windows only", sets.gain(chosen, base))
    result.add("chosen forward - as shipped", sets.gain(chosen, shipped))
    for name in others:
        if name in chosen:
            result.add(f"chosen without {name}", sets.gain(chosen - {name}, chosen))
    result.notes.append(f"chosen: {', '.join(name for name in size.blocks if name in chosen)}")
    return chosen


def _simple(sets: Ablation, result: Result, chosen: frozenset[str], horizon: timedelta) -> None:
    """Simple models on the same origins, against the chosen set."""
    ours = sets.of(chosen)
    for name, (columns, fit) in simple_models(sets.columns(tuple(chosen)), horizon).items():
        result.add(f"{name} - chosen", (sets.model(columns, fit) - ours).intervals())


def simple_models(
    chosen: Sequence[str], horizon: timedelta
) -> dict[str, tuple[Sequence[str], Callable[[Dataset], Classifier]]]:
    """By name, what each looks at and how it is fitted."""
    history = BgNbd().features
    return {
        "recency rule": (("recency_days",), RecencyRule().fit),
        "BG/NBD p(alive)": (history, BgNbd().fit),
        "BG/NBD purchase ahead": (history, BgNbd(horizon=horizon).fit),
        "logistic regression": (chosen, LogisticRegression().fit),
    }


def _test(sets: Ablation, result: Result, chosen: frozenset[str], test: Origins, size: Size) -> None:
    shipped, ours, base = (
        test.drawn(test.scores(sets.columns(tuple(blocks)), size.trees), size.n_resamples)
        for blocks in ({WINDOWS, *SHIPPED}, chosen, {WINDOWS})
    )
    result.add("test: as shipped", shipped.intervals())
    result.add("test: as shipped - windows only", (shipped - base).intervals())
    result.add("test: chosen", ours.intervals())
    result.add("test: chosen - windows only", (ours - base).intervals())


def shop(part: str, size: Size, folder: Path, path: str) -> Result:
    """A model beside simple ones on Online Retail II, at origins four weeks apart."""
    task = load_task(PROJECT / "conf", part)
    lake = ingested(task.source, folder, path)
    manifest = lake.manifest(task.source)
    cutoffs = task.timeline.weekly(Window(manifest.span.start, LAST_ORIGIN))[:: -size.weeks_between][::-1]
    folds = [_origin(cutoffs, number, task.horizon) for number in reversed(range(size.n_shop_origins))]
    rows = labelled_rows(task, lake, cutoffs)
    columns = [feature.name for block in task.features for feature in block.features("")]
    result = Result(len(rows.label))
    origins = Origins.of(rows, folds)
    models = {"model": (columns, size.trees), **simple_models(columns, task.horizon)}
    scores = {name: origins.scores(looked_at, fit) for name, (looked_at, fit) in models.items()}
    for number, fold in enumerate(folds):
        here = {name: [found[number]] for name, found in scores.items()}
        _beside(result, f"{fold.valid[0]:%Y-%m-%d}", Origins.of(rows, [fold]), here, size)
    _beside(result, "mean over origins", origins, scores, size)
    return result


def _origin(cutoffs: Sequence[datetime], number: int, horizon: timedelta) -> FoldCutoffs:
    """The cutoff ``4 * number`` weeks before the last, and those whose labels had ended by then."""
    origin = cutoffs[-1] - number * 28 * DAY
    return FoldCutoffs(tuple(cutoff for cutoff in cutoffs if cutoff + horizon <= origin), (origin,))


def _beside(result: Result, name: str, origins: Origins, scores: dict[str, list[FloatArray]], size: Size) -> None:
    """Every model, and the first against each of the others."""
    drawn = {model: origins.drawn(found, size.n_resamples) for model, found in scores.items()}
    for model, found in drawn.items():
        result.add(f"{name}: {model}", found.intervals())
    ours, *simple = drawn
    for model in simple:
        result.add(f"{name}: {ours} - {model}", (drawn[ours] - drawn[model]).intervals())


def main() -> None:
    part, size, folder, *path = sys.argv[1:]
    run = functools.partial(shop, path=path[0]) if path else ablation
    result = run(part, SIZES[size], Path(folder))
    (Path(folder) / f"{part}.json").write_text(json.dumps(asdict(result)), encoding="utf-8")


if __name__ == "__main__":
    main()

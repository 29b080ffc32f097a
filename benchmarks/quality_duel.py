"""Our search beside peers on the same rows: ``python quality_duel.py STEP PART SIZE FOLDER [DATA]``.

``prepare`` writes ``FOLDER/train.parquet``, ``valid.parquet`` (where time orders the rows) and ``test.parquet``;
``ours`` leaves its scores in ``FOLDER/ours.parquet``, as `quality_peers` does; ``compare`` writes ``FOLDER/PART.json``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from quality_cases import online_shoppers, telco
from quality_figures import Figures
from quality_rows import PROJECT, Drawn, Origins, Rows, ingested, labelled_rows
from quality_search import PANEL, SMALL_TABLE, Budget, stratified
from sklearn.model_selection import train_test_split

from pipelines.config.files import load_task
from pipelines.core.windows import Window
from pipelines.models.classifier import Dataset, FloatArray

TASKS = {"complete_journey_churn": "churn", "complete_journey_purchase": "purchase_intent"}
TABLES = {"online_shoppers_70_30": online_shoppers, "telco_70_30": telco}
PROTOCOLS = {
    "panel": "the last 4 weekly cutoffs; all sides choose on the same 4 before, purged by one horizon",
    "table": "one stratified 70/30 split (random_state 42); every side divides the 70 as it likes",
}
MARGIN = 0.003
"""Of ROC-AUC: what a peer may be better by before we call ourselves worse."""
OURS = "ours"


@dataclass(frozen=True)
class Size:
    """How much is done."""

    panel: Budget
    table: Budget
    n_inner: int
    n_resamples: int


SIZES = {
    "small": Size(Budget(2, 1, PANEL, 40), Budget(2, 1, SMALL_TABLE, 60), 2, 100),
    "full": Size(Budget(10, 4, PANEL), Budget(40, 5, SMALL_TABLE), 3, 1_000),
}


def prepare(part: str, folder: Path, data: Path) -> None:
    """The same rows for every side."""
    parts = _panel(TASKS[part], folder) if part in TASKS else _split(part, data)
    for name, rows in parts.items():
        rows.to_parquet(_path(folder, name), index=False)


def _panel(task_name: str, folder: Path) -> dict[str, pd.DataFrame]:
    """What the task's last fold learns from and is judged on, and its test, all purged by one horizon."""
    task = load_task(PROJECT / "conf", task_name)
    lake = ingested(task.source, folder, "")
    manifest = lake.manifest(task.source)
    timeline = task.timeline.divide(Window(manifest.span.start, manifest.span.end), task.horizon)
    rows, last = labelled_rows(task, lake, timeline.labelled), timeline.folds[-1]
    cutoffs = {"train": last.train, "valid": last.valid, "test": timeline.test}
    return {name: _frame(rows.at(at)) for name, at in cutoffs.items()}


def _frame(rows: Rows) -> pd.DataFrame:
    return rows.features.assign(label=rows.label, group=rows.customer)


def _split(part: str, data: Path) -> dict[str, pd.DataFrame]:
    """Seven tenths to learn from, stratified."""
    cases = TABLES[part](data).data
    rows = cases.rows.assign(label=cases.label, group=np.arange(len(cases.label)))
    train, test = train_test_split(rows, test_size=0.3, random_state=42, stratify=cases.label)
    return {"train": train, "test": test}


def ours(size: Size, folder: Path) -> None:
    """Search on the validation rows, or on folds where there are none; refit a bag on everything before the test."""
    train = _read(folder, "train")
    data = _dataset(train)
    if not _path(folder, "valid").exists():
        model = size.table.settled(stratified(data, size.n_inner, seed=1), seed=1).fit(data)
    else:
        valid = _read(folder, "valid")
        whole = _dataset(pd.concat([train, valid], ignore_index=True))
        model = size.panel.settled([(data, _dataset(valid))], seed=1).fit(whole)
    score = model.raw(_dataset(_read(folder, "test")).rows)
    pd.DataFrame({"score": score}).to_parquet(_path(folder, OURS))


def compare(part: str, size: Size, folder: Path) -> Figures:
    """Every side on the test, and ours against each peer; customers are resampled, the same for all."""
    test = _read(folder, "test")
    sides = [side for side in (OURS, "autogluon", "autogluon_bagged", "flaml") if _path(folder, side).exists()]
    drawn = {side: _drawn(test, _read(folder, side)["score"], size) for side in sides}
    protocol = PROTOCOLS["panel" if part in TASKS else "table"]
    found = Figures(part, len(test), f"{protocol}; {(size.panel if part in TASKS else size.table).n_trials} trials")
    for side, one in drawn.items():
        found.add("" if side == OURS else side, one.intervals())
    for side in sides[1:]:
        difference = (drawn[OURS] - drawn[side]).intervals()
        found.add(f"difference.{side}", difference)
        found.values[f"non_inferior.{side}"] = float(difference["roc_auc"].low >= -MARGIN)
    return found


def _drawn(test: pd.DataFrame, score: pd.Series, size: Size) -> Drawn:
    label, group = test["label"].to_numpy(np.int8), test["group"].to_numpy(np.int64)
    rows = Rows(pd.DataFrame(index=test.index), label, group, np.zeros_like(group))
    values: FloatArray = score.to_numpy(np.float64)
    return Origins((rows,), (rows,)).drawn([values], size.n_resamples)


def _read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(_path(folder, name))


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def _dataset(rows: pd.DataFrame) -> Dataset:
    return Dataset(rows.drop(columns=["label", "group"]), rows["label"].to_numpy(np.int8))


def main() -> None:
    step, part, size, folder, *data = sys.argv[1:]
    place = Path(folder)
    if step == "prepare":
        prepare(part, place, Path(*data))
    elif step == "ours":
        ours(SIZES[size], place)
    else:
        found = compare(part, SIZES[size], place)
        (place / f"{part}.json").write_text(json.dumps(found.content()), encoding="utf-8")


if __name__ == "__main__":
    main()

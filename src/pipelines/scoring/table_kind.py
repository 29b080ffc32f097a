"""Rows of a finished feature table: its cases as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from pipelines.core.errors import ConfigError, NotEnoughDataError, nearest
from pipelines.core.report import Report
from pipelines.drift.health import Volume
from pipelines.features.catalogue import Feature
from pipelines.features.encode import levels_of
from pipelines.scoring.batches import Batches, batches_of
from pipelines.scoring.cases import Cases, Drawn, LabelledCases, Parts, Times
from pipelines.scoring.divided import divided
from pipelines.scoring.sensitive import UNKNOWN, require_sensitive
from pipelines.scoring.usable import usable_columns
from pipelines.scoring.what_if import Changeable, Scenario, newest_first, tried
from pipelines.tables.contract import CASES, Kind, Role
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import ColumnManifest, Manifest
from pipelines.tasks.split import TimeSplit
from pipelines.tasks.table_task import TableColumns, TableTask

_OWN = ("case_id", "customer_id", "case_time", "label")
_MAX_LEVELS = 1_000
"""Text with more levels in the rows that are learned from names cases, or is written by hand: nothing to tell apart."""


class TableKind:
    """See `pipelines.scoring.kinds.Kind`."""

    def fitted(self, task: TableTask, manifest: Manifest) -> tuple[TableTask, tuple[str, ...]]:
        """The task with its columns by name, and one line on each column that is not used."""
        columns = _columns(manifest)
        _require_known(task, tuple(columns))
        obstacles = {name: _obstacle(name, known, manifest, task.features) for name, known in columns.items()}
        used = tuple(name for name, why in obstacles.items() if not why)
        left_out = tuple(f"{name} is left out: it {why}" for name, why in obstacles.items() if why)
        if not used:
            raise NotEnoughDataError(
                f"'{manifest.source}' has no column that '{task.name}' may use: {'; '.join(left_out)}.",
                why="The model would have nothing to learn from.",
                fix=f"Map more columns in conf/sources/{manifest.source}.yaml.",
            )
        return task.model_copy(update={"features": task.features.model_copy(update={"only": used})}), left_out

    def features(self, task: TableTask, manifest: Manifest) -> tuple[Feature, ...]:
        """One per column, in the order of the source."""
        named, _ = self.fitted(task, manifest)
        return tuple(_feature(name, known) for name, known in _columns(manifest).items() if name in named.features.only)

    def times(self, task: TableTask, manifest: Manifest, known_at: datetime | None) -> Times:
        """By the split, where it is one in time."""
        moment = manifest.knowledge(known_at)
        if not isinstance(task.split, TimeSplit) or moment is None:
            return Times()
        begins = task.split.test_from(moment, task.horizon)
        return Times(begins, begins, moment)

    def coverage(self, task: TableTask, lake: Lake, known_at: datetime | None) -> Report:
        """Nothing beside what the parts say."""
        return Report()

    def parts(self, task: TableTask, lake: Lake, known_at: datetime | None) -> Parts:
        """Cases with a label that was known by then, as the split says; text gets the levels that ``develop`` has."""
        manifest = lake.manifest(task.source)
        moment = manifest.knowledge(known_at)
        found = _read(task, lake, manifest, moment)
        labels = found.pop("label")
        labelled = labels.notna().to_numpy()
        whole = LabelledCases(
            self._cases(task, manifest, found[labelled]), labels[labelled].astype(bool).to_numpy().astype(np.int8)
        )
        if not len(whole):
            raise NotEnoughDataError(
                f"No case of '{task.source}' has a label that was known by then.",
                why="There is nothing to learn from.",
                fix=f"Map the label in conf/sources/{task.source}.yaml, or use a later cutoff.",
            )
        parts = divided(whole, task.split, self.times(task, manifest, known_at), moment, task.horizon, task.seed)
        return _with_levels(parts)

    def current(self, task: TableTask, lake: Lake, known_at: datetime | None) -> Cases:
        """Cases whose label was not known by then; if there are none, all that were there."""
        manifest = lake.manifest(task.source)
        found = _read(task, lake, manifest, manifest.knowledge(known_at))
        if found.empty:
            raise NotEnoughDataError(
                f"'{task.source}' holds no case at that moment.",
                why="There is nobody to score.",
                fix="Use a later cutoff.",
            )
        is_open = found.pop("label").isna()
        return self._cases(task, manifest, found[is_open] if is_open.any() else found)

    def batches(self, task: TableTask, lake: Lake, known_at: datetime | None) -> Batches:
        """The same in memory."""
        return batches_of(self.current(task, lake, known_at), lake.manifest(task.source).data_digest)

    def outcomes(
        self, task: TableTask, lake: Lake, known_at: datetime | None, cutoffs: tuple[datetime, ...], drawn: Drawn
    ) -> pd.DataFrame:
        """Every case whose label is known, whenever it was scored."""
        manifest = lake.manifest(task.source)
        found = _read(task, lake, manifest, manifest.knowledge(known_at))
        known = found[found["label"].notna().to_numpy() & drawn(found["customer_id"].to_numpy(object))]
        return known[["case_id", "customer_id", "label"]].astype({"label": np.float64}).reset_index(drop=True)

    def subject(self, task: TableTask, lake: Lake, known_at: datetime | None, subject_id: str) -> Cases:
        """Every case to score of one subject, or the one case of that name; the newest first where cases have times."""
        cases = self.current(task, lake, known_at)
        mask = (cases.subject_id.astype(str) == subject_id) | (
            cases.keys["case_id"].astype(str) == subject_id
        ).to_numpy()
        if not mask.any():
            raise NotEnoughDataError(
                f"None of the {len(cases):,} cases to score of '{task.source}' is of that subject, or has that name.",
                why="There is no row to score and to explain.",
                fix="Check the id, or ask as of another day with --cutoff.",
            )
        return newest_first(cases.at(mask))

    def scenarios(
        self, task: TableTask, lake: Lake, known_at: datetime | None, cases: Cases, changeable: Changeable
    ) -> tuple[Scenario, ...]:
        """Declared columns with declared values, one at a time."""
        return tried(cases.rows, cases.features, changeable)

    def volume(self, task: TableTask, lake: Lake, reference: pd.DataFrame, known_at: datetime | None) -> Volume | None:
        """A table has no log whose volume could fall."""
        return None

    def sensitive(self, task: TableTask, lake: Lake, cases: Cases) -> pd.DataFrame:
        """Columns of the cases themselves."""
        require_sensitive(lake, task.source, task.sensitive, CASES.name)
        table = lake.table(task.source, CASES.name)
        known = pd.DataFrame(lake.columns(table.select("case_id", *(_as_text(table, name) for name in task.sensitive))))
        texts = known.set_index("case_id").reindex(cases.keys["case_id"])[list(task.sensitive)]
        return texts.astype(object).where(texts.notna(), UNKNOWN).reset_index(drop=True)

    def _cases(self, task: TableTask, manifest: Manifest, found: pd.DataFrame) -> Cases:
        features = self.features(task, manifest)
        codes, known = pd.factorize(found["customer_id"])
        has_time = "case_time" in found
        return Cases(
            rows=found[[feature.name for feature in features]].reset_index(drop=True),
            features=features,
            keys=found[["case_id", *(["case_time"] if has_time else [])]].reset_index(drop=True),
            subject=codes.astype(np.int64),
            subject_ids=np.asarray(known, dtype=object),
            moment=found["case_time"].to_numpy("datetime64[us]") if has_time else None,
        )


def _columns(manifest: Manifest) -> dict[str, ColumnManifest]:
    """Columns of the cases beside those that the contract names."""
    if CASES.name not in manifest.tables:
        raise ConfigError(
            f"The source '{manifest.source}' has no table of cases.",
            why="A task of the kind 'table' reads one row per case.",
            fix="Name a source of the kind 'table', or leave 'kind' out of the task for a panel of customers.",
        )
    return {name: known for name, known in manifest.tables[CASES.name].columns.items() if name not in _OWN}


def _require_known(task: TableTask, known: Sequence[str]) -> None:
    for name in (*task.features.only, *task.features.leave_out, *task.features.even_so, *task.slices):
        if name not in known:
            raise ConfigError(
                f"'{task.source}' has no column '{name}'.{nearest(name, known)}",
                why=f"The task '{task.name}' names it.",
                fix=f"Known are {', '.join(known)}.",
            )


def _obstacle(name: str, known: ColumnManifest, manifest: Manifest, wanted: TableColumns) -> str:
    if known.role is not Role.FEATURE:
        return f"has the role {known.role.value}"
    if wanted.only and name not in wanted.only:
        return "is not named"
    if name in wanted.leave_out:
        return "was left out by the task"
    if known.kind is Kind.TIME:
        return "is a time"
    if name in wanted.even_so and known.as_of_today:
        return ""
    return usable_columns(manifest)[CASES.name][name]


def _feature(name: str, known: ColumnManifest) -> Feature:
    said = name.replace("_", " ")
    return Feature(
        name, f"{said[0].upper()}{said[1:]}", known.kind.value, "as given", "if missing", "table", f"{said}: {{value}}"
    )


def _read(task: TableTask, lake: Lake, manifest: Manifest, known_at: datetime | None) -> pd.DataFrame:
    """Cases that were there at a moment; a label that was not known yet is null."""
    names = [feature.name for feature in TableKind().features(task, manifest)]
    table = lake.table(task.source, CASES.name)
    columns = manifest.tables[CASES.name].columns
    subject = table.customer_id if "customer_id" in table.columns else table.case_id
    expression = table.select(
        "case_id",
        *(["case_time"] if "case_time" in table.columns else []),
        *(_as_read(table, name, columns[name]) for name in names),
        customer_id=subject.fill_null(table.case_id),
        label=table.label.cast("float64")
        if "label" in table.columns
        else table.case_id.nullif(table.case_id).cast("float64"),
    )
    found = pd.DataFrame(lake.columns(expression.order_by("case_id")))
    if known_at is None or "case_time" not in found:
        return found
    return _as_known(found, known_at, task.horizon)


def _as_known(found: pd.DataFrame, known_at: datetime, horizon: timedelta) -> pd.DataFrame:
    moment = np.datetime64(known_at.replace(tzinfo=None), "us")
    times = found["case_time"].to_numpy("datetime64[us]")
    is_known = pd.Series(times + np.timedelta64(horizon) <= moment, index=found.index)
    return found.assign(label=found["label"].where(is_known))[times < moment].reset_index(drop=True)


def _as_read(table: Any, name: str, known: ColumnManifest) -> Any:
    return table[name] if known.kind is Kind.TEXT else table[name].cast("float64").name(name)


def _as_text(table: Any, name: str) -> Any:
    return table[name].cast("string").name(name)


def _with_levels(parts: Parts) -> Parts:
    """The parts with the levels of text that occur where the model learns."""
    develop = parts.develop.cases
    features = tuple(_levelled(feature, develop.rows[feature.name]) for feature in develop.features)
    return Parts(
        parts.develop.described_by(features),
        tuple((train.described_by(features), valid.described_by(features)) for train, valid in parts.folds),
        parts.test.described_by(features),
        parts.times,
        parts.words,
    )


def _levelled(feature: Feature, column: pd.Series) -> Feature:
    if feature.unit != Kind.TEXT.value:
        return feature
    levels = levels_of(column)
    if not 0 < len(levels) <= _MAX_LEVELS:
        raise ConfigError(
            f"The column '{feature.name}' has {len(levels):,} different texts where the model learns.",
            why=f"A category needs between 1 and {_MAX_LEVELS:,} levels: more of them name the cases.",
            fix=f"Leave it out (features: {{leave_out: [{feature.name}]}}), or give it another role in the source.",
        )
    return Feature(**{**vars(feature), "levels": levels})

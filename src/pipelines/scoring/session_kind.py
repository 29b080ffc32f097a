"""Rows of live sessions: after some of their events, as long as nothing was bought."""

from __future__ import annotations

import functools
import operator
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from pipelines.core.errors import ConfigError, NotEnoughDataError
from pipelines.core.report import Report
from pipelines.drift.health import Volume
from pipelines.features.catalogue import Feature
from pipelines.features.sessions import DEPTH, ENDS_IN_PURCHASE, MOMENT, SESSION, session_features, session_rows
from pipelines.scoring.batches import Batches, batches_of
from pipelines.scoring.cases import Cases, Drawn, LabelledCases, Parts, Times
from pipelines.scoring.divided import divided
from pipelines.scoring.history import lines_per_day
from pipelines.scoring.log import as_literal
from pipelines.scoring.panel_kind import volume_of
from pipelines.scoring.sensitive import sensitive_attributes
from pipelines.scoring.what_if import Changeable, Scenario, newest_first, tried
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.session_task import SessionTask


class SessionKind:
    """See `pipelines.scoring.kinds.Kind`."""

    def fitted(self, task: SessionTask, manifest: Manifest) -> tuple[SessionTask, tuple[str, ...]]:
        """The task itself: a source either has sessions or not."""
        events = manifest.tables.get("events")
        lacking = (
            "events"
            if events is None
            else "session_id"
            if task.sessions.gap is None and "session_id" not in events.columns
            else ""
        )
        if lacking:
            raise ConfigError(
                f"The source '{manifest.source}' has no {lacking}.",
                why=f"The task '{task.name}' describes sessions.",
                fix=f"Map session_id in conf/sources/{manifest.source}.yaml, or say how long a silence ends a session "
                "(sessions: {gap: PT30M}).",
            )
        return task, ()

    def features(self, task: SessionTask, manifest: Manifest) -> tuple[Feature, ...]:
        """The same for every source."""
        return session_features()

    def times(self, task: SessionTask, manifest: Manifest, known_at: datetime | None) -> Times:
        """By the split."""
        moment = manifest.known_at(known_at)
        begins = task.split.test_from(moment, task.horizon)
        return Times(begins, begins, moment - task.horizon)

    def coverage(self, task: SessionTask, lake: Lake, known_at: datetime | None) -> Report:
        """Nothing beside what the parts say."""
        return Report()

    def parts(self, task: SessionTask, lake: Lake, known_at: datetime | None) -> Parts:
        """Rows whose outcome was known by then."""
        manifest = lake.manifest(task.source)
        moment = manifest.known_at(known_at)
        rows = _rows(task, lake, moment)
        found = pd.DataFrame(lake.columns(rows.filter(rows[MOMENT] <= as_literal(moment - task.horizon))))
        whole = LabelledCases(self._cases(task, manifest, found), found[ENDS_IN_PURCHASE].to_numpy().astype(np.int8))
        return divided(whole, task.split, self.times(task, manifest, known_at), moment, task.horizon, task.seed)

    def current(self, task: SessionTask, lake: Lake, known_at: datetime | None) -> Cases:
        """Rows whose outcome was not known by then."""
        manifest = lake.manifest(task.source)
        moment = manifest.known_at(known_at)
        rows = _rows(task, lake, moment)
        found = pd.DataFrame(lake.columns(rows.filter(rows[MOMENT] > as_literal(moment - task.horizon))))
        if found.empty:
            raise NotEnoughDataError(
                f"No session of '{task.source}' was open in the {task.horizon} before {moment:%Y-%m-%d}.",
                why="There is nothing to score.",
                fix="Use a cutoff at which the log has sessions.",
            )
        return self._cases(task, manifest, found)

    def batches(self, task: SessionTask, lake: Lake, known_at: datetime | None) -> Batches:
        """The same in memory: they are those of the last hours only."""
        return batches_of(self.current(task, lake, known_at), lake.manifest(task.source).data_digest)

    def outcomes(
        self, task: SessionTask, lake: Lake, known_at: datetime | None, cutoffs: tuple[datetime, ...], drawn: Drawn
    ) -> pd.DataFrame:
        """Every row whose outcome is known: a row is scored at the cutoffs in the ``horizon`` after it."""
        moment = lake.manifest(task.source).known_at(known_at)
        rows = _rows(task, lake, moment)
        known = rows.filter((rows[MOMENT] <= as_literal(moment - task.horizon)) & _open_at(rows, task, cutoffs))
        found = pd.DataFrame(lake.columns(known.select("customer_id", SESSION, MOMENT, DEPTH, ENDS_IN_PURCHASE)))
        found = found[drawn(found["customer_id"].to_numpy(object))].reset_index(drop=True)
        return found.rename(columns={ENDS_IN_PURCHASE: "label"}).astype({"label": np.float64})

    def subject(self, task: SessionTask, lake: Lake, known_at: datetime | None, subject_id: str) -> Cases:
        """The live sessions of one customer at each anchor that they reached, the newest first."""
        moment = lake.manifest(task.source).known_at(known_at)
        rows = _rows(task, lake, moment, subject_id)
        found = pd.DataFrame(lake.columns(rows.filter(rows[MOMENT] > as_literal(moment - task.horizon))))
        if found.empty:
            raise NotEnoughDataError(
                f"The customer has no session without a purchase in the {task.horizon} before {moment:%Y-%m-%d}, or "
                f"'{task.source}' does not know the id.",
                why="Live sessions are what is scored, so there is no score to explain.",
                fix="Check the id, or ask as of another day with --cutoff.",
            )
        return newest_first(self._cases(task, lake.manifest(task.source), found))

    def scenarios(
        self, task: SessionTask, lake: Lake, known_at: datetime | None, cases: Cases, changeable: Changeable
    ) -> tuple[Scenario, ...]:
        """Declared features with declared values, one at a time."""
        return tried(cases.rows, cases.features, changeable)

    def volume(
        self, task: SessionTask, lake: Lake, reference: pd.DataFrame, known_at: datetime | None
    ) -> Volume | None:
        """Order lines per day around the reference's moments, and in the last week."""
        return volume_of(lines_per_day(lake, task.source), reference, lake.manifest(task.source).known_at(known_at))

    def sensitive(self, task: SessionTask, lake: Lake, cases: Cases) -> pd.DataFrame:
        """Columns of customers."""
        return sensitive_attributes(lake, task.source, task.sensitive, cases.subject_id)

    def _cases(self, task: SessionTask, manifest: Manifest, found: pd.DataFrame) -> Cases:
        features = self.features(task, manifest)
        codes, known = pd.factorize(found["customer_id"], sort=True)
        rows = found[[feature.name for feature in features]].astype(np.float64)
        names = [f"after {anchor} events" for anchor in task.sessions.anchors]
        depth = found[DEPTH].astype(int).map("after {} events".format).to_numpy(object)
        return Cases(
            rows=rows.reset_index(drop=True),
            features=features,
            keys=found[["customer_id", SESSION, MOMENT, DEPTH]].reset_index(drop=True),
            subject=codes.astype(np.int64),
            subject_ids=np.asarray(known, dtype=object),
            moment=found[MOMENT].to_numpy("datetime64[us]"),
            by={"depth": pd.Categorical(depth, names, ordered=True)},
        )


def _open_at(rows: Any, task: SessionTask, cutoffs: tuple[datetime, ...]) -> Any:
    """Which rows were scored at one of these cutoffs."""
    spans = [(rows[MOMENT] > as_literal(at - task.horizon)) & (rows[MOMENT] < as_literal(at)) for at in cutoffs]
    return functools.reduce(operator.or_, spans)


def _rows(task: SessionTask, lake: Lake, known_at: datetime, customer_id: str | None = None) -> Any:
    events = lake.table(task.source, "events")
    seen = events.filter(events.event_time < as_literal(known_at))
    if customer_id is not None:
        seen = seen.filter(seen.customer_id == customer_id)
    return session_rows(seen, task.sessions.anchors, task.sessions.gap, task.within)

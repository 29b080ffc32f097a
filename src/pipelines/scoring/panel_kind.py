"""Rows of a panel: customers at weekly cutoffs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.report import Report
from pipelines.core.spec import digest
from pipelines.core.windows import Window, day_number
from pipelines.drift.health import Volume
from pipelines.evaluation.coverage import Coverage
from pipelines.features.catalogue import Feature
from pipelines.features.days import CustomerDays
from pipelines.features.fit import fitting
from pipelines.features.panel import AnyBlock, catalogue, measures_of
from pipelines.scoring.batches import AT_ONCE, Batches
from pipelines.scoring.cases import Cases, Drawn, LabelledCases, Parts, Times
from pipelines.scoring.history import history, lines_per_day
from pipelines.scoring.panel import Panel, panel
from pipelines.scoring.segment_history import SegmentHistory, histories_of, segment_feature, with_segments
from pipelines.scoring.sensitive import sensitive_attributes
from pipelines.scoring.stored import (
    Cutoffs,
    Kept,
    coverage_of,
    kept_panel,
    outcomes,
    panel_pieces,
    read_labelled,
    read_panel,
)
from pipelines.scoring.usable import usable_columns
from pipelines.scoring.what_if import Changeable, Scenario, other_logs
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.panel_task import PanelTask
from pipelines.tasks.segmentation import ClusterSegments
from pipelines.tasks.timeline import Timeline

_WEEK_DAYS = 7


class PanelKind:
    """See `pipelines.scoring.kinds.Kind`."""

    def fitted(self, task: PanelTask, manifest: Manifest) -> tuple[PanelTask, tuple[str, ...]]:
        """The task with the feature blocks that its source can feed, and one line on each of the others."""
        fit = fitting(task.features, usable_columns(manifest))
        if not fit.blocks:
            raise NotEnoughDataError(
                f"'{manifest.source}' can feed no feature block of '{task.name}': {'; '.join(fit.left_out)}.",
                why="The model would have nothing to learn from.",
                fix=f"Map the columns in conf/sources/{manifest.source}.yaml, or name other blocks under 'features'.",
            )
        return task.model_copy(update={"features": fit.blocks}), fit.left_out

    def features(self, task: PanelTask, manifest: Manifest) -> tuple[Feature, ...]:
        """What the blocks emit, and the segments."""
        return (*catalogue(task.features, manifest.currency), *map(segment_feature, task.segments))

    def times(self, task: PanelTask, manifest: Manifest, known_at: datetime | None) -> Times:
        """By the timeline."""
        timeline = timeline_at(task, manifest, manifest.known_at(known_at))
        return _times(timeline, task)

    def coverage(self, task: PanelTask, lake: Lake, known_at: datetime | None) -> Report:
        """Rows, labels and open outcomes of every weekly cutoff; those that are lacking are computed in one pass."""
        manifest = lake.manifest(task.source)
        return covered(task, lake, manifest, manifest.known_at(known_at))[1].report(task.positive)

    def parts(self, task: PanelTask, lake: Lake, known_at: datetime | None) -> Parts:
        """By the timeline; every cutoff in one pass."""
        manifest = lake.manifest(task.source)
        moment = manifest.known_at(known_at)
        timeline = timeline_at(task, manifest, moment)
        labelled = read_labelled(task, lake, moment, timeline.labelled)
        histories = histories_of(task, lake, timeline.test[0])
        found = with_segments(
            labelled.panel, histories, task, lambda other: read_panel(other, lake, moment, timeline.labelled)
        )
        whole = LabelledCases(cases_of(found, self._features(task, manifest, histories)), labelled.label)
        at = labelled.panel.at
        return Parts(
            develop=whole.at(at(timeline.develop)),
            folds=tuple((whole.at(at(fold.train)), whole.at(at(fold.valid))) for fold in timeline.folds),
            test=whole.at(at(timeline.test)),
            times=_times(timeline, task),
            words=" ".join([_words(timeline, task), *(one.in_words for one in histories)]),
        )

    def current(self, task: PanelTask, lake: Lake, known_at: datetime | None) -> Cases:
        """The population at the cutoff, by the code that built the training panel."""
        manifest = lake.manifest(task.source)
        moment = manifest.known_at(known_at)
        described = read_panel(task, lake, moment, (moment,))
        histories = histories_of(task, lake, moment)
        described = with_segments(described, histories, task, lambda other: read_panel(other, lake, moment, (moment,)))
        _require_somebody(task, moment, len(described))
        return cases_of(described, self._features(task, manifest, histories))

    def batches(self, task: PanelTask, lake: Lake, known_at: datetime | None) -> Batches:
        """The same from the kept panel, some customers after others."""
        manifest = lake.manifest(task.source)
        moment = manifest.known_at(known_at)
        histories = histories_of(task, lake, moment)
        features = self._features(task, manifest, histories)
        pieces = panel_pieces(task, lake, moment)
        _require_somebody(task, moment, pieces.n_rows)
        beside = {one.spec.name: panel_pieces(_of_population(one.spec, task), lake, moment) for one in histories}

        def read(numbers: Sequence[int]) -> Iterator[Cases]:
            others = {name: one.read(numbers, AT_ONCE) for name, one in beside.items()}
            for found in pieces.read(numbers, AT_ONCE):
                described = with_segments(found, histories, task, lambda other: next(others[other.name]))
                yield cases_of(described, features)

        rests_on = [one.key for one in (pieces, *beside.values())] + [one.digest for one in histories]
        file = None if histories else lake.panels.path(pieces.kept.name, moment)
        return Batches(pieces.n_rows, digest(rests_on), read, file)

    def outcomes(
        self, task: PanelTask, lake: Lake, known_at: datetime | None, cutoffs: Cutoffs, drawn: Drawn
    ) -> pd.DataFrame:
        """The population of each cutoff."""
        return outcomes(task, lake, lake.manifest(task.source).known_at(known_at), cutoffs, drawn)

    def subject(self, task: PanelTask, lake: Lake, known_at: datetime | None, subject_id: str) -> Cases:
        """One customer straight from the log, by the code that describes everybody."""
        manifest = lake.manifest(task.source)
        moment = manifest.known_at(known_at)
        histories = histories_of(task, lake, moment)
        days = history(lake, task.source, moment, _blocks(task, histories), [subject_id])
        described = _described(task, histories, days, moment)
        if len(described) == 0:
            raise NotEnoughDataError(
                f"The customer is not in the population of '{task.name}' at {moment:%Y-%m-%d}, or '{task.source}' "
                "does not know the id.",
                why="The model was made for that population only, so there is no score to explain.",
                fix=f"Check the id, or ask as of another day with --cutoff ({manifest.span} is known).",
            )
        return cases_of(described, self._features(task, manifest, histories))

    def scenarios(
        self, task: PanelTask, lake: Lake, known_at: datetime | None, cases: Cases, changeable: Changeable
    ) -> tuple[Scenario, ...]:
        """Another log, from which every feature follows: no feature is changed alone, whatever a task declares."""
        moment = lake.manifest(task.source).known_at(known_at)
        histories = histories_of(task, lake, moment)
        blocks = _blocks(task, histories)
        days = history(lake, task.source, moment, blocks, [str(one) for one in cases.subject_ids])
        others = other_logs(days, day_number(moment), measures_of(blocks))
        described = [(one.said, _described(task, histories, one.days, moment)) for one in others]
        return tuple(Scenario(said, found.rows if len(found) else None) for said, found in described)

    def _features(
        self, task: PanelTask, manifest: Manifest, histories: tuple[SegmentHistory, ...]
    ) -> tuple[Feature, ...]:
        """The columns with the levels that are known of them."""
        return (*catalogue(task.features, manifest.currency), *(one.feature for one in histories))

    def volume(self, task: PanelTask, lake: Lake, reference: pd.DataFrame, known_at: datetime | None) -> Volume | None:
        """Order lines per day: in the week before each of the reference's cutoffs, and in the last week."""
        return volume_of(lines_per_day(lake, task.source), reference, lake.manifest(task.source).known_at(known_at))

    def sensitive(self, task: PanelTask, lake: Lake, cases: Cases) -> pd.DataFrame:
        """Columns of customers."""
        return sensitive_attributes(lake, task.source, task.sensitive, cases.subject_id)


def _require_somebody(task: PanelTask, moment: datetime, n_rows: int) -> None:
    if n_rows == 0:
        raise NotEnoughDataError(
            f"No customer of '{task.source}' is eligible at {moment:%Y-%m-%d}.",
            why="There is nobody to score.",
            fix="Use a cutoff at which the log has customers in the task's population.",
        )


def _of_population(spec: ClusterSegments, task: PanelTask) -> ClusterSegments:
    """The segmentation's features of the customers that the task is about."""
    return spec.model_copy(update={"population": task.population})


def _blocks(task: PanelTask, histories: tuple[SegmentHistory, ...]) -> tuple[AnyBlock, ...]:
    """What of the log it takes to describe a customer, segments included."""
    return (*task.features, *(block for one in histories for block in one.spec.features))


def _described(task: PanelTask, histories: tuple[SegmentHistory, ...], days: CustomerDays, moment: datetime) -> Panel:
    """The same panel from days in memory."""
    found = panel(task, days, (moment,))
    return with_segments(found, histories, task, lambda other: panel(other, days, (moment,)))


def covered(task: PanelTask, lake: Lake, manifest: Manifest, known_at: datetime) -> tuple[Kept, Coverage]:
    """The panel of every weekly cutoff up to ``known_at``, with and without an outcome."""
    span = Window(manifest.span.start, known_at)
    cutoffs = task.timeline.weekly(span)
    if not cutoffs:
        raise NotEnoughDataError(
            f"{span} holds no {task.timeline.weekday} with {task.timeline.history.days} days of history before it.",
            why="A panel describes customers at weekly cutoffs.",
            fix="Use a later cutoff, a longer log, or a shorter timeline.history.",
        )
    kept = kept_panel(task, lake, known_at, cutoffs)
    return kept, coverage_of(kept, lake, known_at, task.horizon)


def timeline_at(task: PanelTask, manifest: Manifest, known_at: datetime) -> Timeline:
    """How the time before ``known_at`` is divided."""
    return task.timeline.divide(Window(manifest.span.start, known_at), task.horizon)


def cases_of(described: Panel, features: tuple[Feature, ...]) -> Cases:
    """A panel as rows that any model scores."""
    return Cases(
        rows=described.rows,
        features=features,
        keys=pd.DataFrame({"customer_id": described.customer_id, "cutoff": described.cutoff}),
        subject=described.spine.customer,
        subject_ids=described.customer_ids,
        moment=described.cutoff,
        by={"cutoff": np.datetime_as_string(described.cutoff, unit="D").astype(object)},
    )


def volume_of(lines: Mapping[int, int], reference: pd.DataFrame, known_at: datetime) -> Volume:
    """Order lines per day: in the week before each moment of the reference, and in the last week."""
    now = day_number(known_at)
    ends = np.unique(reference["cutoff"].to_numpy().astype("datetime64[D]").astype(np.int64))
    return Volume(
        reference_per_day=float(np.mean([_of_week(lines, int(end)) for end in ends])),
        current_per_day=_of_week(lines, now),
        days_since_last_event=now - 1 - max((day for day, n in lines.items() if n > 0 and day < now), default=0),
    )


def _of_week(lines: Mapping[int, int], end: int) -> float:
    return sum(lines.get(day, 0) for day in range(end - _WEEK_DAYS, end)) / _WEEK_DAYS


def _times(timeline: Timeline, task: PanelTask) -> Times:
    return Times(timeline.develop[-1] + task.horizon, timeline.test[0], timeline.labelled[-1])


def _words(timeline: Timeline, task: PanelTask) -> str:
    first, last = timeline.develop[0], timeline.develop[-1]
    days = ", ".join(f"{fold.valid[0]:%Y-%m-%d} to {fold.valid[-1]:%Y-%m-%d}" for fold in timeline.folds)
    return (
        f"Weekly cutoffs. Learned from {first:%Y-%m-%d} to {last:%Y-%m-%d}; chosen on folds judged {days}; tested on "
        f"{timeline.test[0]:%Y-%m-%d} to {timeline.test[-1]:%Y-%m-%d}. Between parts lies one horizon of "
        f"{task.horizon.days} days."
    )

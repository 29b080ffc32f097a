"""What a task chose against differences between groups, where rows are prepared, learned from and scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ConfigError
from pipelines.core.spec import digest
from pipelines.fairness.mitigation import ByGroup, Reweighing, Unmitigated, choice
from pipelines.scoring.batches import Batches
from pipelines.scoring.cases import Cases, LabelledCases, Parts
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.training import large_groups
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec

ObjectArray = NDArray[np.object_]


def group_of(task: TaskSpec, lake: Lake, cases: Cases) -> ObjectArray:
    """The value that each row has in the column of the task's ``mitigation``; what is not known is ``unknown``."""
    if task.mitigation is None:
        return np.full(len(cases), "", dtype=object)
    return kind_of(task).sensitive(task, lake, cases)[task.mitigation.column].to_numpy(object)


def needed(task: TaskSpec) -> tuple[str, ...]:
    """What rows to score carry beside the features: the column that the task's thresholds differ by, if they do."""
    if task.mitigation is None or not isinstance(task.mitigation.choose, ByGroup):
        return ()
    return (task.mitigation.column,)


def with_needed(task: TaskSpec, lake: Lake, cases: Cases) -> Cases:
    """The rows with what the task's policy reads beside their features: one sensitive column, where it chose that.

    Raises
    ------
    ConfigError
        If a feature has the name of that column.
    """
    for column in needed(task):
        _require_no_feature(task, cases, column)
        cases = replace(cases, beside={**cases.beside, column: group_of(task, lake, cases)})
    return cases


def batches_with_needed(task: TaskSpec, lake: Lake, batches: Batches) -> Batches:
    """The same of rows that are read some after others."""
    if not needed(task):
        return batches
    known = lake.manifest(task.source).tables[task.sensitive_table].parts
    rests_on = digest([batches.digest, *sorted(part.data_digest for part in known)])
    return batches.each(lambda cases: with_needed(task, lake, cases), rests_on)


def _require_no_feature(task: TaskSpec, cases: Cases, column: str) -> None:
    if column in {feature.name for feature in cases.features}:
        raise ConfigError(
            f"'{column}' is a feature of '{task.name}' and the sensitive column that its thresholds differ by.",
            why="The sensitive values would take the place of the feature's, and the model would see them.",
            fix="Rename the sensitive column in the source, or leave the feature out.",
        )


def as_chosen(task: TaskSpec, lake: Lake, parts: Parts) -> Parts:
    """Divided rows, ready for what the task chose: weighed to learn from, or with the column that its policy reads."""
    chosen = choice(task.mitigation)
    if isinstance(chosen, Unmitigated):
        return parts
    if isinstance(chosen, Reweighing):
        return weighed(task, lake, parts, chosen)
    return _each(parts, lambda part: replace(part, cases=with_needed(task, lake, part.cases)))


def weighed(task: TaskSpec, lake: Lake, parts: Parts, how: Reweighing | None) -> Parts:
    """The parts with weights on all rows that are learned from, each part by its own counts; None takes them away.

    Validation and test rows are never weighed: they are what is judged.
    """
    min_group = task.fairness.min_group

    def weigh(part: LabelledCases) -> LabelledCases:
        if how is None:
            return replace(part, weight=None)
        group = group_of(task, lake, part.cases)
        compared = large_groups(group, part.cases.subject, min_group)
        return replace(part, weight=how.weights(part.label, group, compared))

    folds = tuple((weigh(train), valid) for train, valid in parts.folds)
    return replace(parts, develop=weigh(parts.develop), folds=folds)


def _each(parts: Parts, change: Callable[[LabelledCases], LabelledCases]) -> Parts:
    folds = tuple((change(train), change(valid)) for train, valid in parts.folds)
    return replace(parts, develop=change(parts.develop), folds=folds, test=change(parts.test))

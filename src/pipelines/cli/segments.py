"""What the commands about segments open and call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.adapters.workspace import Workspace
from pipelines.cli import segment_summary as summary
from pipelines.cli.opened import moment_of, opened_lake, recorded, status
from pipelines.config.files import load_segments, load_source
from pipelines.core.errors import UsageError

if TYPE_CHECKING:
    from pipelines.adapters.lake import FileLake
    from pipelines.tasks.any_segments import AnySegments
    from pipelines.tasks.segmentation import ClusterSegments


def segment(segments: str, cutoff: str, overrides: str) -> int:
    """Segments as of a moment: chosen and gated, or counted by rule."""
    from pipelines.adapters.registry import MlflowModels
    from pipelines.flows.segment import segment as flow
    from pipelines.tasks.segmentation import ClusterSegments

    known_at, (workspace, spec, lake) = moment_of(cutoff), _opened(segments, overrides)
    if isinstance(spec, ClusterSegments):
        declared = _clusters(load_segments(workspace.conf, segments))
        found = recorded(
            workspace,
            "segment",
            spec.name,
            lambda run: flow(spec, lake, MlflowModels(), run, known_at, declared),
            summary.of_segmented,
        )
        return status(found.outcome)
    from pipelines.flows.rule_segments import rule_segments

    counted = recorded(
        workspace, "segment", spec.name, lambda run: rule_segments(spec, lake, run, known_at), summary.of_rules
    )
    return status(counted.outcome)


def assign(segments: str, cutoff: str) -> int:
    """The segments of the customers at one cutoff."""
    from pipelines.adapters.registry import MlflowModels
    from pipelines.flows.assign import assign as flow
    from pipelines.tasks.segmentation import ClusterSegments

    known_at, (workspace, spec, lake) = moment_of(cutoff), _opened(segments)
    if isinstance(spec, ClusterSegments):
        found = recorded(
            workspace,
            "assign",
            spec.name,
            lambda run: flow(spec, lake, MlflowModels(), run, known_at),
            summary.of_assigned,
        )
        return status(found.outcome)
    from pipelines.flows.rule_segments import assign_rules

    met = recorded(workspace, "assign", spec.name, lambda run: assign_rules(spec, lake, run, known_at), summary.of_met)
    return status(met.outcome)


def drift_check(segments: str, cutoff: str, retrain: str) -> int:
    """Whether the segments of now are those of the champion."""
    from pipelines.adapters.registry import MlflowModels
    from pipelines.flows.drift_check import Retraining
    from pipelines.flows.segment_drift import segment_drift as flow

    known_at, retraining = moment_of(cutoff), Retraining(retrain)
    workspace, declared, lake = _opened(segments)
    spec = _clusters(declared)
    found = recorded(
        workspace,
        "drift_check",
        spec.name,
        lambda run: flow(spec, lake, MlflowModels(), run, known_at, retraining),
        summary.of_segment_drift,
    )
    return status(found.outcome)


def _opened(segments: str, overrides: str = "") -> tuple[Workspace, AnySegments, FileLake]:
    workspace = Workspace.find()
    spec = load_segments(workspace.conf, segments, overrides)
    return workspace, spec, opened_lake(workspace, load_source(workspace.conf, spec.source))


def _clusters(spec: AnySegments) -> ClusterSegments:
    from pipelines.tasks.segmentation import ClusterSegments

    if isinstance(spec, ClusterSegments):
        return spec
    raise UsageError(
        f"'{spec.name}' tells customers apart by rules, and a rule does not drift.",
        why="There is no fitted segmentation to compare with.",
        fix=f"See how many meet each rule over time: regulars segment --segments {spec.name}",
    )

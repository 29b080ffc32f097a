"""Every gate there is, with limits that an honest model of the tiny shop holds."""

from __future__ import annotations

from typing import TypeVar

from pipelines.tasks.task import TaskSpec

T = TypeVar("T", bound=TaskSpec)

EVERY_GATE = (
    {"type": "beats_baselines"},
    {"type": "beats_champion", "margin": 0.08},
    {"type": "calibrated", "max_ece": 0.1},
    {"type": "earns"},
    {"type": "fair"},
    {"type": "stable_over_time"},
    {"type": "no_leakage"},
    {"type": "has_signature"},
    {"type": "survives_edges"},
    {"type": "fast_enough", "max_size_mb": 20},
    {"type": "additive"},
    {"type": "traceable"},
    {"type": "not_older"},
    {"type": "approval"},
)


def with_gates(task: T, *gates: dict) -> T:
    """The task with these gates and no others."""
    return type(task).model_validate({**task.model_dump(mode="json"), "gates": gates})

"""Figures as gates read and say them: what is missing or not a number raises, so that its gate refuses."""

from __future__ import annotations

import math

from pipelines.core.errors import ModelError
from pipelines.core.intervals import Interval
from pipelines.evaluation.metrics import METRICS
from pipelines.gates.evidence import Metrics


def known(metrics: Metrics, name: str) -> Interval:
    """A metric with its interval.

    Raises
    ------
    ModelError
        If it is missing, or an end of it is not a number.
    """
    found = metrics.get(name)
    if found is None:
        raise _missing(f"metric {name}")
    return finite(found, f"metric {name}")


def finite(found: Interval, what: str) -> Interval:
    """The interval itself, if all of it is numbers; otherwise `ModelError`."""
    if all(math.isfinite(value) for value in (found.estimate, found.low, found.high)):
        return found
    raise _missing(what)


def number(value: float, what: str) -> float:
    """The number itself, if it is one; otherwise `ModelError`."""
    if math.isfinite(value):
        return value
    raise _missing(what)


def gain(differences: Metrics, name: str) -> Interval:
    """A difference between two models, turned so that larger is better."""
    found = known(differences, name)
    if {metric.name: metric.greater_is_better for metric in METRICS}[name]:
        return found
    return Interval(-found.estimate, -found.high, -found.low)


def signed(found: Interval, digits: int = 4) -> str:
    """A difference in words.

    Examples
    --------
    >>> signed(Interval(0.01, -0.002, 0.022))
    '+0.0100 [-0.0020, +0.0220]'
    """
    return f"{found.estimate:+.{digits}f} [{found.low:+.{digits}f}, {found.high:+.{digits}f}]"


def _missing(what: str) -> ModelError:
    return ModelError(f"The {what} is missing.", why="What is not known cannot pass.", fix="Train again.")

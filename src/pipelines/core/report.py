"""What a step found, as data: the tracking adapter walks it, the step knows nothing of tracking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import pandas as pd

if TYPE_CHECKING:  # half a second that only flows with figures need to wait for
    from matplotlib.figure import Figure

Artifact: TypeAlias = "Figure | pd.DataFrame | Mapping[str, object] | str"


@dataclass(frozen=True)
class Report:
    """Numbers and things to look at.

    Parameters
    ----------
    metrics : mapping of str to float
        By their full name, e.g. ``test.roc_auc``.
    artifacts : mapping of str to Artifact
        By their path in the run. A figure goes to ``.png``, a frame to ``.parquet``, a mapping to ``.json`` and
        a text to ``.md`` or ``.html``; the path carries the suffix.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)

    def __or__(self, other: Report) -> Report:
        """Both reports in one.

        Examples
        --------
        >>> (Report({"a": 1.0}) | Report({"b": 2.0})).metrics
        {'a': 1.0, 'b': 2.0}
        """
        return Report({**self.metrics, **other.metrics}, {**self.artifacts, **other.artifacts})

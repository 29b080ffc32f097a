"""Every kind of segmentation. A new one is one class and one line in `KINDS`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pipelines.core.errors import ConfigError, nearest
from pipelines.segments.rules.spec import RuleSegments
from pipelines.tasks.segmentation import ClusterSegments

AnySegments: TypeAlias = ClusterSegments | RuleSegments
KINDS: Mapping[str, type[AnySegments]] = {"clusters": ClusterSegments, "rules": RuleSegments}


def read_segments(content: Mapping[str, Any], origin: str) -> AnySegments:
    """The segmentation that a mapping describes; ``kind`` says which, a clustering if it is not there.

    Raises
    ------
    ConfigError
        If there is no such kind, or with every problem of the content.
    """
    kind = str(content.get("kind", "clusters"))
    if kind not in KINDS:
        raise ConfigError(
            f"{origin}: there is no kind of segmentation '{kind}'. Known: {', '.join(KINDS)}.{nearest(kind, KINDS)}",
            why="The kind says how customers are told apart.",
            fix="Correct 'kind', or leave it out for a clustering.",
        )
    return KINDS[kind].read(content, origin)

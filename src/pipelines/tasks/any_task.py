"""Every kind of task. A new one is one class and one line in `KINDS`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pipelines.core.errors import ConfigError, nearest
from pipelines.tasks.panel_task import PanelTask
from pipelines.tasks.session_task import SessionTask
from pipelines.tasks.table_task import TableTask

AnyTask: TypeAlias = PanelTask | TableTask | SessionTask
KINDS: Mapping[str, type[AnyTask]] = {"panel": PanelTask, "table": TableTask, "session": SessionTask}


def read_task(content: Mapping[str, Any], origin: str) -> AnyTask:
    """The task that a mapping describes; ``kind`` says which, a panel of customers if it is not there.

    Raises
    ------
    ConfigError
        If there is no such kind, or with every problem of the content.
    """
    kind = str(content.get("kind", "panel"))
    if kind not in KINDS:
        raise ConfigError(
            f"{origin}: there is no kind of task '{kind}'. Known: {', '.join(KINDS)}.{nearest(kind, KINDS)}",
            why="The kind says what the rows of a task are.",
            fix="Correct 'kind', or leave it out for a panel of customers at weekly cutoffs.",
        )
    return KINDS[kind].read(content, origin)

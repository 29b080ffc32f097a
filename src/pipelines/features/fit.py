"""Which blocks a source can feed: those whose columns it has, and of the others why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pipelines.features.blocks import Block, Need

Columns = Mapping[str, Mapping[str, str]]
"""Of each table the columns that are mapped, and what keeps a column from being used, such as ``is always missing``;
an empty text where nothing does."""
B = TypeVar("B", bound=Block)


@dataclass(frozen=True)
class Fit(Generic[B]):
    """The blocks that can be computed, in their order, and one line on each of the others."""

    blocks: tuple[B, ...]
    left_out: tuple[str, ...]


def fitting(blocks: Sequence[B], columns: Columns) -> Fit[B]:
    """Which of the blocks a source can feed.

    Parameters
    ----------
    blocks : sequence of Block
        Those that are wanted.
    columns : Columns
        What the source has.

    Examples
    --------
    >>> from pipelines.core.windows import DAY
    >>> from pipelines.features.funnel import Funnel
    >>> fitting([Funnel(lengths=(7 * DAY,))], {"events": {"amount": ""}}).left_out
    ('funnel is left out: the source has no session_id',)
    """
    found = [(block, first_met(block.needs, columns)) for block in blocks]
    return Fit(
        blocks=tuple(block for block, met in found if met is not None),
        left_out=tuple(
            f"{block.type} is left out: {_why_not(block.needs, columns)}" for block, met in found if met is None
        ),
    )


def first_met(needs: Sequence[Sequence[Need]], columns: Columns) -> Sequence[Need] | None:
    """The first alternative of which the source has every column, or None."""
    return next((need for need in needs if not any(_lacking(one, columns) for one in need)), None)


def _why_not(needs: Sequence[Sequence[Need]], columns: Columns) -> str:
    """What each alternative lacks; none of them is met."""
    lacking = [_lacking(one, columns) for need in needs for one in need]
    return ", and ".join(dict.fromkeys(reason for reason in lacking if reason))


def _lacking(need: Need, columns: Columns) -> str:
    table, column = need
    if table not in columns:
        return f"the source has no {table}"
    said = column if table == "events" else f"{column} of {table}"
    if column not in columns[table]:
        return f"the source has no {said}"
    return f"{said} {columns[table][column]}" if columns[table][column] else ""

"""Every bad input that was tried. A new one is one `Case` in one of the tuples."""

from __future__ import annotations

from e2e.bad_inputs import declarations, feeds, texts, values
from e2e.bad_inputs.case import Case, Group

GROUPS: tuple[Group, ...] = (*texts.GROUPS, *values.GROUPS, *feeds.GROUPS, *declarations.GROUPS)
CASES: dict[str, Case] = {case.name: case for group in GROUPS for case in group.cases}

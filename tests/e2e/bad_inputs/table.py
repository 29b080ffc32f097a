"""The README's table of bad inputs, from the cases that the tests run: ``python tests/e2e/bad_inputs/table.py``."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from e2e.bad_inputs.case import Case, Group

_FIX = "Fix: "


def table(groups: tuple[Group, ...]) -> str:
    """Markdown: a sentence that counts, and a row for every case that is odd."""
    listed = [(group, [case for case in group.cases if case.odd]) for group in groups]
    counted = Counter(case.gets for _, cases in listed for case in cases)
    said = ", ".join(f"{n} {gets}" for gets, n in counted.items())
    lines = [f"{sum(counted.values())} inputs: {said}.", "", "| input | what it gets | how |", "|---|---|---|"]
    for group, cases in listed:
        lines.append(f"| **{group.title}** | | |")
        lines += [f"| {_cell(case.odd)} | {case.gets} | {_cell(_how(case))} |" for case in cases]
    return "\n".join(lines) + "\n"


def _how(case: Case) -> str:
    """What the case itself says, else what is declared, else the first words that the command must print."""
    if case.shown:
        return case.shown
    if case.gets.value.startswith("repaired"):
        return "; ".join(f"`{_tail(name)}: {_value(value)}`" for name, value in case.feed.declared.items())
    fix = next((words.removeprefix(_FIX) for words in case.says if words.startswith(_FIX)), "")
    return f"“{case.says[0]}” *{fix}*" if fix.strip() else f"“{case.says[0]}”"


def _tail(name: str) -> str:
    return name.removeprefix("tables.events.columns.").removeprefix("tables.").removeprefix("raw.sales.")


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_value(one)}" for name, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def main() -> None:
    """Print it; run as a script, so that the tests' folder is looked for from here."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from e2e.bad_inputs.cases import GROUPS

    sys.stdout.write(table(GROUPS))


if __name__ == "__main__":
    main()

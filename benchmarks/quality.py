"""What each feature block adds, decided before the test; and a model beside simple ones on a second shop."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness import Measured, arguments, measured, processes_table, publish

HERE = Path(__file__).parent
ABLATIONS = {"small": ("churn",), "full": ("churn", "purchase_intent")}
SHOP = "churn_online_retail_ii"
SHOP_FILES = ("online_retail_ii_to_2011_08.parquet", "online_retail_II.xlsx")
_WITHOUT_SHOP = f"REGULARS_DATA names no folder with {' or '.join(SHOP_FILES)}."
METRICS = ("roc_auc", "pr_auc")
ENDS = {"": "estimate", ".ci_low": "low", ".ci_high": "high"}
SAID = {"roc_auc": "ROC-AUC", "pr_auc": "PR-AUC"}


def main() -> None:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # threads that spin while they wait make a busy machine 100 times slower
    options = arguments(__doc__ or "")
    raw, ablations = _shop_file(), ABLATIONS[options.size]
    parts: dict[str, tuple[str, ...]] = {**dict.fromkeys(ablations, ()), **({SHOP: (str(raw),)} if raw else {})}
    results: list[Measured] = []
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for part, more in parts.items():
            command = [sys.executable, str(HERE / "quality_sides.py"), part, options.size, folder, *more]
            one = measured(part, 0, command, Path(folder))
            found[part] = json.loads((Path(folder) / f"{part}.json").read_text(encoding="utf-8"))
            results.append(replace(one, rows=found[part]["n_rows"]))
    content = {"results": [asdict(one) for one in results], "ratios": {}, "figures": _figures(found)}
    notes = [f"{part}, {note}." for part, one in found.items() for note in one["notes"]]
    last = _shop_table(found[SHOP]["lines"]) if raw else f"{SHOP} is left out: {_WITHOUT_SHOP}"
    blocks = _blocks_table({part: found[part] for part in ablations})
    publish(options, "quality", content, "\n\n".join([processes_table(results, {}), blocks, *notes, last]))


def _shop_file() -> Path | None:
    """Online Retail II, if it is there."""
    folder = os.environ.get("REGULARS_DATA")
    candidates = [Path(folder).resolve() / name for name in SHOP_FILES] if folder else []
    return next((path for path in candidates if path.is_file()), None)


def _figures(found: dict[str, Any]) -> dict[str, float]:
    return {
        f"{part}.{line['name']}.{metric}{end}": line[metric][key]
        for part, one in found.items()
        for line in one["lines"]
        for metric in METRICS
        for end, key in ENDS.items()
    }


def _blocks_table(found: dict[str, Any]) -> str:
    """The tasks beside each other; what only one of them chose is blank in the other."""
    lines = {part: {line["name"]: line for line in one["lines"]} for part, one in found.items()}
    names = dict.fromkeys(name for known in lines.values() for name in known)
    shown = [(part, metric) for part in lines for metric in METRICS]
    table = [f"| blocks | {' | '.join(f'{part}: {SAID[metric]}' for part, metric in shown)} |"]
    table.append(f"|---|{'---|' * len(shown)}")
    for name in sorted(names, key=_place):
        cells = [_cell(name, lines[part].get(name), metric) for part, metric in shown]
        table.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(table)


def _place(name: str) -> int:
    """Sets without a block stand together, after the chosen set."""
    beginnings = ("windows", "+", "chosen forward", "chosen without", "", "test")
    return next(place for place in (0, 1, 2, 3, 5, 4) if name.startswith(beginnings[place]))


def _shop_table(lines: list[dict[str, Any]]) -> str:
    """One line per origin, ROC-AUC only."""
    by_origin: dict[str, dict[str, Any]] = {}
    for line in lines:
        origin, what = line["name"].split(": ")
        by_origin.setdefault(origin, {})[what] = line
    heads = [name for name in next(iter(by_origin.values())) if not name.startswith("model - ")]
    shown = [*heads, "model - recency rule", "model - BG/NBD purchase ahead"]
    table = [f"| origin, ROC-AUC | {' | '.join(shown)} |", f"|---|{'---|' * len(shown)}"]
    for origin, found in by_origin.items():
        table.append(f"| {origin} | {' | '.join(_cell(name, found[name], 'roc_auc') for name in shown)} |")
    return "\n".join(table)


def _cell(name: str, line: dict[str, Any] | None, metric: str) -> str:
    if line is None:
        return ""
    sign = "+" if "-" in name.split() or name.startswith(("+", "chosen without")) else ""
    estimate, low, high = (format(line[metric][key], f"{sign}.4f") for key in ("estimate", "low", "high"))
    return f"{estimate} [{low}, {high}]"


if __name__ == "__main__":
    main()

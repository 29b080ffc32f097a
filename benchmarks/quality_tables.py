"""The tables that `quality` prints, from the figures of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

METRICS = ("roc_auc", "pr_auc")
ENDS = {"": "estimate", ".ci_low": "low", ".ci_high": "high"}
SAID = {"roc_auc": "ROC-AUC", "pr_auc": "PR-AUC"}
PASSED = {
    "online_shoppers": "0.937 / 0.754, published best",
    "telco": "0.862 and lift 3.02, published best",
    "telco_70_30_splits": "0.862 and lift 3.02, published best",
}
SIDES = {"autogluon": "AutoGluon", "autogluon_bagged": "AutoGluon, bagged", "flaml": "FLAML"}


def nested_table(figures: dict[str, float], protocols: Mapping[str, str]) -> str:
    """Public tables: what the tuned model is worth, and how often a published figure is passed."""
    if not protocols:
        return ""
    table = ["| data, protocol | ROC-AUC | PR-AUC | lift at 10 % | folds at or above |", "|---|---|---|---|---|"]
    for part, protocol in protocols.items():
        cells = [_valued(figures, f"{part}.{metric}") for metric in METRICS]
        lift = _valued(figures, f"{part}.lift_at_10pct", 2)
        table.append(f"| {part}: {protocol} | {' | '.join(cells)} | {lift} | {_passed(figures, part)} |")
    return "\n".join(table)


def _passed(figures: dict[str, float], part: str) -> str:
    if part not in PASSED:
        return ""
    shares = [value for name, value in figures.items() if name.startswith(f"{part}.share_passed.")]
    *each, both = (f"{share:.0%}" for share in shares)
    return f"{PASSED[part]}: {' and '.join(each)}, both {both}"


def peers_table(figures: dict[str, float], protocols: Mapping[str, str]) -> str:
    """Ours and each peer on the same rows; the last columns are ours less the peer's, and its time over ours."""
    if not protocols:
        return ""
    table = ["| data, protocol | side | ROC-AUC | PR-AUC | ROC-AUC, ours - its | seconds | its time / ours |"]
    table.append("|---|---|---|---|---|---:|---:|")
    for part, protocol in protocols.items():
        cells = [*(_valued(figures, f"{part}.{metric}") for metric in METRICS), ""]
        seconds = _seconds(figures, part, "ours")
        table.append(f"| {part}: {protocol} | ours | {' | '.join(cells)} | {seconds} |  |")
        for side in (side for side in SIDES if f"{part}.{side}.roc_auc" in figures):
            cells = [_valued(figures, f"{part}.{side}.{metric}") for metric in METRICS]
            cells.append(_valued(figures, f"{part}.difference.{side}.roc_auc", sign="+"))
            ratio = figures[f"{part}.seconds_ratio.{side}"]
            seconds = _seconds(figures, part, side)
            table.append(f"|  | {SIDES[side]} | {' | '.join(cells)} | {seconds} | {ratio:.1f} |")
    return "\n".join(table)


def _seconds(figures: dict[str, float], part: str, side: str) -> str:
    return f"{figures[f'{part}.seconds.{side}']:.0f}"


def simulated_table(figures: dict[str, float], protocol: str) -> str:
    """By number of customers: the model beside the oracle; means over seeds."""
    names = {
        "roc_auc": "ROC-AUC",
        "oracle.roc_auc": "oracle's",
        "share_of_oracle": "share of what the oracle has over 0.5",
        "calibration_slope": "calibration slope",
        "calibration_intercept": "intercept",
        "error_to_oracle": "mean absolute error to the oracle's probability",
    }
    places = [name.split(".") for name in figures]
    sizes = [at[1] for at in places if at[0] == "simulated_shop" and at[1].isdigit() and at[2:] == ["roc_auc"]]
    table = [f"| simulated customers: {protocol} | {' | '.join(names.values())} |", f"|---|{'---|' * len(names)}"]
    for size in sizes:
        cells = [_valued(figures, f"simulated_shop.{size}.{name}", 3) for name in names]
        table.append(f"| {int(size):,} | {' | '.join(cells)} |")
    return "\n".join(table)


def _valued(figures: dict[str, float], name: str, digits: int = 4, sign: str = "") -> str:
    estimate, low, high = (format(figures[f"{name}{end}"], f"{sign}.{digits}f") for end in ENDS)
    return f"{estimate} [{low}, {high}]"


def blocks_table(found: Mapping[str, Any]) -> str:
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


def shop_table(lines: list[dict[str, Any]]) -> str:
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

"""What the models are worth: blocks, public tables with nested tuning, peers on the same rows, and a known truth."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness import Measured, arguments, measured, processes_table, publish
from quality_tables import ENDS, METRICS, blocks_table, nested_table, peers_table, shop_table, simulated_table

HERE = Path(__file__).parent
ABLATIONS = {"small": ("churn",), "full": ("churn", "purchase_intent")}
SHOP, SIMULATED = "churn_online_retail_ii", "simulated_shop"
SHOP_FILES = ("online_retail_ii_to_2011_08.parquet", "online_retail_II.xlsx")
SHOPPERS, TELCO = "online_shoppers_intention.csv", "Telco-Customer-Churn.csv"
NESTED = {
    "online_shoppers": SHOPPERS,
    "online_shoppers_without_page_values": SHOPPERS,
    "online_shoppers_nov_dec": SHOPPERS,
    "online_shoppers_nov_dec_without_page_values": SHOPPERS,
    "telco": TELCO,
    "telco_70_30_splits": TELCO,
}
"""The file of each part whose tuning is inside its training folds."""
DUELS = {
    "complete_journey_churn": None,
    "complete_journey_purchase": None,
    "online_shoppers_70_30": SHOPPERS,
    "telco_70_30": TELCO,
}
"""The file, if there is one, of each part in which peers learn from the same rows."""
SMALL = ("online_shoppers", "online_shoppers_nov_dec", "telco_70_30", SIMULATED)
"""Beside blocks and the second shop, what the small size runs."""
PANEL_SECONDS = {"autogluon": 240, "autogluon_bagged": 300, "flaml": 120}
TABLE_SECONDS = {"autogluon": 120, "flaml": 60}


@dataclass(frozen=True)
class Place:
    """Where a run works, and what it has."""

    size: str
    folder: Path
    data: Path | None
    peers: str | None

    def file(self, *names: str) -> Path | None:
        """The first of these that the data folder holds."""
        candidates = [self.data / name for name in names] if self.data else []
        return next((path for path in candidates if path.is_file()), None)

    def script(self, name: str, *words: object, called: str, python: str = sys.executable) -> Measured:
        """One of the scripts beside this one, in a process of its own."""
        return measured(called, 0, [python, str(HERE / name), *map(str, words)], self.folder)

    def found(self, part: str, results: Iterable[Measured]) -> dict[str, Any]:
        """What a part wrote, and the processes that it took."""
        found: dict[str, Any] = json.loads((self.folder / f"{part}.json").read_text(encoding="utf-8"))
        return {**found, "results": [asdict(replace(one, rows=found["n_rows"])) for one in results]}


def main() -> None:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # threads that spin while they wait make a busy machine 100 times slower
    options = _options()
    parts = options.part or _parts(options.size)
    found: dict[str, Any] = {}
    left_out: list[str] = []
    peers, problem = _peers(options)
    if problem:
        left_out.append(problem)
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            one = _kept(part, options) or _run(part, Place(options.size, Path(folder), _data(), peers))
        if isinstance(one, str):
            left_out.append(f"{part} is left out: {one}")
            continue
        found[part] = one
        if options.keep:
            _file(part, options).write_text(json.dumps(one), encoding="utf-8")
        print(f"{part}: {sum(each['seconds'] for each in one['results']):.0f} s", file=sys.stderr, flush=True)
    _publish(options, found, left_out)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    known = [*ABLATIONS["full"], SHOP, *NESTED, *DUELS, SIMULATED]
    parser.add_argument("--part", action="append", choices=known, help="run this part only; may be repeated")
    parser.add_argument(
        "--keep", type=Path, help="a folder for what parts found; those that it holds are not run again"
    )
    parser.add_argument(
        "--peers-python",
        default=os.environ.get("PEERS_PYTHON"),
        help="the interpreter that has autogluon.tabular and flaml (also: PEERS_PYTHON); without it no peer is run",
    )
    return arguments(__doc__ or "", parser)


def _parts(size: str) -> list[str]:
    rest = [*NESTED, *DUELS, SIMULATED] if size == "full" else list(SMALL)
    return [*ABLATIONS[size], SHOP, *rest]


def _data() -> Path | None:
    folder = os.environ.get("REGULARS_DATA")
    return Path(folder).resolve() if folder else None


def _peers(options: argparse.Namespace) -> tuple[str | None, str]:
    """The peers' interpreter, or why there is none."""
    if options.size == "small":
        return None, "AutoGluon and FLAML are left out: the small size does not wait for them."
    python = options.peers_python
    if not python:
        return None, "AutoGluon and FLAML are left out: give an interpreter that has them, --peers-python."
    command = [python, "-c", "import autogluon.tabular, flaml"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return None, f"AutoGluon and FLAML are left out: {Path(python).name} does not import them."
    return python, ""


def _file(part: str, options: argparse.Namespace) -> Path:
    options.keep.mkdir(parents=True, exist_ok=True)
    path: Path = options.keep / f"{part}.{options.size}.json"
    return path


def _kept(part: str, options: argparse.Namespace) -> dict[str, Any] | None:
    """What an earlier run found."""
    if not options.keep or not _file(part, options).exists():
        return None
    kept: dict[str, Any] = json.loads(_file(part, options).read_text(encoding="utf-8"))
    return kept


def _run(part: str, place: Place) -> dict[str, Any] | str:
    """What a part found, or why it cannot run."""
    wanted = SHOP_FILES if part == SHOP else tuple(filter(None, [{**NESTED, **DUELS}.get(part)]))
    path = place.file(*wanted)
    if wanted and path is None:
        return f"REGULARS_DATA names no folder with {' or '.join(wanted)}."
    if part in DUELS:
        return _duel(part, place)
    if part == SIMULATED:
        return place.found(part, [place.script("quality_simulated.py", place.size, place.folder, called=part)])
    script, last = (
        ("quality_nested.py", [place.data]) if part in NESTED else ("quality_sides.py", [path] if path else [])
    )
    return place.found(part, [place.script(script, part, place.size, place.folder, *last, called=part)])


def _duel(part: str, place: Place) -> dict[str, Any]:
    """Every side after another on the same files; the rest is not timed."""
    seconds = (TABLE_SECONDS if DUELS[part] else PANEL_SECONDS) if place.peers else {}
    step = [part, place.size, place.folder, *([place.data] if place.data else [])]
    place.script("quality_duel.py", "prepare", *step, called=f"{part} rows")
    ours = place.script("quality_duel.py", "ours", *step, called=f"{part}: ours")
    peers = {
        side: place.script(
            "quality_peers.py", side, place.folder, limit, called=f"{part}: {side}", python=place.peers or ""
        )
        for side, limit in seconds.items()
    }
    place.script("quality_duel.py", "compare", *step, called=f"{part} compared")
    found = place.found(part, [ours, *peers.values()])
    found["figures"] |= {f"{part}.seconds.ours": ours.seconds}
    found["figures"] |= {f"{part}.seconds.{side}": one.seconds for side, one in peers.items()}
    found["figures"] |= {f"{part}.seconds_ratio.{side}": one.seconds / ours.seconds for side, one in peers.items()}
    return found


def _publish(options: argparse.Namespace, found: dict[str, Any], left_out: list[str]) -> None:
    results = [Measured(**one) for part in found.values() for one in part["results"]]
    figures = {key: value for part, one in found.items() for key, value in _figures(part, one).items()}
    ablations = {part: found[part] for part in ABLATIONS["full"] if part in found}
    shown = [
        processes_table(results, {}),
        nested_table(figures, {part: found[part]["protocol"] for part in NESTED if part in found}),
        peers_table(figures, {part: found[part]["protocol"] for part in DUELS if part in found}),
        simulated_table(figures, found[SIMULATED]["protocol"]) if SIMULATED in found else "",
        blocks_table(ablations) if ablations else "",
        *(f"{part}, {note}." for part, one in found.items() for note in one.get("notes", ())),
        shop_table(found[SHOP]["lines"]) if SHOP in found else "",
        *left_out,
    ]
    content = {"results": [asdict(one) for one in results], "ratios": _ratios(figures), "figures": figures}
    publish(options, "quality", content, "\n\n".join(table for table in shown if table))


def _figures(part: str, one: dict[str, Any]) -> dict[str, float]:
    if "figures" in one:
        known: dict[str, float] = one["figures"]
        return known
    return {
        f"{part}.{line['name']}.{metric}{end}": line[metric][key]
        for line in one["lines"]
        for metric in METRICS
        for end, key in ENDS.items()
    }


def _ratios(figures: dict[str, float]) -> dict[str, float]:
    """Each peer's time over ours in the first duel that it took part in: a panel rather than a small table."""
    parts = [part for part in DUELS if f"{part}.seconds.ours" in figures]
    ratios: dict[str, float] = {}
    for part in parts:
        for side in PANEL_SECONDS:
            if f"{part}.seconds_ratio.{side}" in figures:
                ratios.setdefault(side, figures[f"{part}.seconds_ratio.{side}"])
    return ratios


if __name__ == "__main__":
    main()

"""Segments beside a known truth, beside noise, and a million customers beside scikit-learn's defaults.

`segments_known` holds the chosen segments against planted types of a simulated shop, `segments_noise` counts how often
nothing is found in nothing, `segments_sides` times reading, choosing, fitting and assigning, and `segments_batches`
updates with new rows beside refits.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from harness import Measured, arguments, measured, processes_table, publish
from segments_batches import WAYS
from sklearn.metrics import adjusted_rand_score

HERE = Path(__file__).parent
OURS, WIDE, PEER = "regulars", "regulars_wide", "scikit_learn"
PARTS = ("known", "noise", "scale", "batches")
N_ROWS = {"small": 8_000, "full": 1_000_000}
Found = tuple[list[Measured], dict[str, float], dict[str, float]]
"""Processes, ratios, figures."""


def main() -> None:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # threads that spin while they wait make a busy machine 100 times slower
    options = _options()
    n_rows = options.rows or N_ROWS[options.size]
    results, ratios, figures = _earlier(options.earlier)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if {"scale", "batches"} & set(options.part):
            subprocess.run([sys.executable, str(HERE / "segments_data.py"), str(n_rows)], cwd=place, check=True)
        tells = {"known": _told, "noise": _told, "scale": _scale, "batches": _batches}
        for part in options.part:
            took, faster, told = tells[part](part, options, n_rows, place)
            results, ratios, figures = [*results, *took], ratios | faster, figures | told
            print(f"{part}: {sum(one.seconds for one in took):.0f} s", file=sys.stderr, flush=True)
    content = {"results": [asdict(one) for one in results], "ratios": ratios, "figures": figures}
    publish(options, "segments", content, _tables(results, ratios, figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", nargs="*", choices=PARTS, default=list(PARTS), help="only these parts")
    parser.add_argument("--seeds", type=int, default=0, help="of known and noise, in place of the size's")
    parser.add_argument("--rows", type=int, help="customers of scale and batches, in place of the size's")
    parser.add_argument("--earlier", nargs="*", type=Path, default=[], help="JSON of parts that were run before")
    return arguments(__doc__ or "", parser)


def _earlier(paths: Sequence[Path]) -> Found:
    """What runs of other parts wrote."""
    held = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    results = [Measured(**one) for run in held for one in run["results"]]
    ratios, figures = (
        {name: value for run in held for name, value in run[key].items()} for key in ("ratios", "figures")
    )
    return results, ratios, figures


def _told(part: str, options: argparse.Namespace, _: int, folder: Path) -> Found:
    """A part that writes its figures itself."""
    command = [sys.executable, str(HERE / f"segments_{part}.py"), options.size, str(folder), str(options.seeds)]
    os.environ["OMP_NUM_THREADS"] = "1"  # it has a process per core
    took = measured(part, 0, command, folder)
    del os.environ["OMP_NUM_THREADS"]
    return [took], {}, json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))


def _scale(_: str, options: argparse.Namespace, n_rows: int, folder: Path) -> Found:
    """Both sides read the same file, choose, fit and assign."""
    sides = {
        side: measured(side, n_rows, [sys.executable, str(HERE / "segments_sides.py"), side, options.size], folder)
        for side in (PEER, OURS, *([WIDE] if options.size == "full" else []))
    }
    planted = np.load(folder / "planted.npy")
    figures: dict[str, float] = {}
    for side in sides:
        segment = np.load(folder / f"{side}.npy")
        figures[f"scale.ari.{side}"] = float(adjusted_rand_score(planted, segment))
        figures[f"scale.n_segments.{side}"] = float(len(np.unique(segment)))
    return list(sides.values()), {PEER: sides[PEER].seconds / sides[OURS].seconds}, figures


def _batches(_: str, _options: argparse.Namespace, n_rows: int, folder: Path) -> Found:
    """Each way in a process of its own; the mean over its batches."""
    results: list[Measured] = []
    figures: dict[str, float] = {}
    for way in WAYS:
        results.append(measured(way, n_rows, [sys.executable, str(HERE / "segments_batches.py"), way], folder))
        each = json.loads((folder / f"{way}.json").read_text(encoding="utf-8"))
        for name in each[0]:
            figures[f"batches.{name}.{way}"] = float(np.mean([one[name] for one in each]))
    seconds = {way: figures[f"batches.seconds.{way}"] for way in WAYS}
    ratios = {f"{way}, to updates": seconds[way] / seconds["updates"] for way in WAYS if "refits" in way}
    return results, ratios, figures


def _tables(results: list[Measured], ratios: Mapping[str, float], figures: Mapping[str, float]) -> str:
    tables = [processes_table(results, dict(ratios))]
    tables += [table for table in (_known(figures), _noise(figures), _rest(figures)) if table]
    return "\n\n".join(tables)


def _known(figures: Mapping[str, float]) -> str:
    """One row per separation of the planted types."""
    separations = [name.split(".n_rows")[0] for name in figures if name.startswith("known.") and "n_rows" in name]
    columns = {
        "ARI": "ari",
        "K-means, true number": "ari.scikit_learn",
        "gain": "ari_gain",
        "taught the truth": "ari.taught",
        "groups found": "structure",
        "number found": "n_found",
        "mean number": "n_segments",
        "definition kept": "ari.neighbours",
        "customers": "n_rows",
    }
    rows = [
        [name.removeprefix("known."), *(_cell(figures, f"{name}.{key}") for key in columns.values())]
        for name in separations
    ]
    return _lines(["separation", *columns], rows) if rows else ""


def _noise(figures: Mapping[str, float]) -> str:
    """One row per kind of noise, one column per number of dimensions."""
    cells = [name.split(".")[2:] for name in figures if name.startswith("noise.") and name.endswith("d")]
    kinds, dims = (list(dict.fromkeys(one)) for one in zip(*cells, strict=True)) if cells else ([], [])
    rows = [[kind, *(_cell(figures, f"noise.no_structure.{kind}.{n}") for n in dims)] for kind in kinds]
    rows += [["all", _cell(figures, "noise.no_structure"), *[""] * (len(dims) - 1)]] if cells else []
    return _lines(["no structure found in", *dims], rows) if rows else ""


def _rest(figures: Mapping[str, float]) -> str:
    rows = [[name, f"{value:.4g}"] for name, value in figures.items() if name.startswith(("scale.", "batches."))]
    return _lines(["figure", "value"], rows) if rows else ""


def _cell(figures: Mapping[str, float], name: str) -> str:
    """A value, and its 95 % interval where there is one."""
    value = figures[name]
    ends = [figures.get(f"{name}.{end}") for end in ("ci_low", "ci_high")]
    interval = "" if None in ends else f" [{ends[0]:.2f}, {ends[1]:.2f}]"
    return f"{value:.0f}" if value > 20 else f"{value:.2f}{interval}"


def _lines(head: list[str], rows: list[list[str]]) -> str:
    ruled = ["|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([f"| {' | '.join(head)} |", *ruled, *(f"| {' | '.join(row)} |" for row in rows)])


if __name__ == "__main__":
    main()

"""How often nothing is found where there is nothing: ``python segments_noise.py SIZE FOLDER [SEEDS]``.

Every kind of noise in every number of dimensions, over many seeds. Leaves ``FOLDER/noise.json``.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from segments_choosing import CHOICES, rate, side_by_side, structure_of

from pipelines.core.randomness import generator_for
from pipelines.segments.choice import SegmentSpace
from pipelines.segments.transforms import Shape, Transforms

Rows = np.ndarray
SHAPES: Mapping[str, Shape] = {"log_normal": "log"}
"""What a person would declare; other kinds are taken as they are."""


def uniform(n_rows: int, n_dims: int, rng: np.random.Generator) -> Rows:
    return rng.uniform(0, 100, (n_rows, n_dims))


def gaussian(n_rows: int, n_dims: int, rng: np.random.Generator) -> Rows:
    return rng.normal(size=(n_rows, n_dims))


def correlated(n_rows: int, n_dims: int, rng: np.random.Generator) -> Rows:
    return rng.normal(size=(n_rows, n_dims)) @ rng.normal(size=(n_dims, n_dims))


def log_normal(n_rows: int, n_dims: int, rng: np.random.Generator) -> Rows:
    """Amounts of a few to some hundreds, half of their logarithms' variance shared."""
    logs = rng.normal(size=(n_rows, n_dims)) + rng.normal(size=(n_rows, 1))
    return np.exp(3.0 + np.sqrt(0.5) * logs)


KINDS: Mapping[str, Callable[[int, int, np.random.Generator], Rows]] = {
    one.__name__: one for one in (uniform, gaussian, correlated, log_normal)
}


@dataclass(frozen=True)
class Size:
    """How much is done."""

    n_rows: int
    n_dims: tuple[int, ...]
    n_seeds: int


SIZES = {"small": Size(400, (2, 10), 2), "full": Size(2_000, (2, 5, 10, 20), 100)}


def is_refused(size_name: str, kind: str, n_dims: int, seed: int) -> bool:
    """Whether no structure was found in one set of noise."""
    n_rows = SIZES[size_name].n_rows
    values = KINDS[kind](n_rows, n_dims, generator_for(seed, f"noise/{kind}/{n_dims}"))
    rows = pd.DataFrame(values, columns=[f"x{i}" for i in range(n_dims)])
    space = SegmentSpace(transforms=Transforms(shape=SHAPES.get(kind, "none")))
    return not structure_of(rows, seed, space, CHOICES[size_name]).found


def main() -> None:
    size_name, folder = sys.argv[1], Path(sys.argv[2])
    size = SIZES[size_name]
    n_seeds = int(*sys.argv[3:]) or size.n_seeds
    cells = [(kind, n_dims, seed) for kind in KINDS for n_dims in size.n_dims for seed in range(n_seeds)]
    none = side_by_side(functools.partial(is_refused, size_name), *zip(*cells, strict=True))
    frame = pd.DataFrame(cells, columns=["kind", "n_dims", "seed"]).assign(none=none)
    told = rate("noise.no_structure", frame["none"])
    for (kind, n_dims), part in frame.groupby(["kind", "n_dims"], sort=False):
        told |= rate(f"noise.no_structure.{kind}.{n_dims}d", part["none"])
    (folder / "noise.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()

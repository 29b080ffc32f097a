"""Segments of a simulated shop beside its planted types: ``python segments_known.py SIZE FOLDER [SEEDS]``.

Shops of several separations and seeds, each described by the panel. Ours chooses transforms, segmenter and number by
two neighbouring cutoffs; plain K-means is told the true number. A classifier that is taught the truth bounds what the
features can tell. Leaves ``FOLDER/known.json``.
"""

from __future__ import annotations

import functools
import json
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from segments_choosing import CHOICES, chosen, rate, side_by_side
from segments_rows import SHARES, known
from sklearn.metrics import adjusted_rand_score

Told = dict[str, float | bool]
N_TYPES = len(SHARES)


@dataclass(frozen=True)
class Size:
    """How much is done."""

    n_customers: int
    n_days: int
    separations: tuple[float, ...]
    n_seeds: int


SIZES = {
    "small": Size(1_500, 300, (0.0, 2.0), 1),
    "full": Size(3_000, 365, (0.0, 1.0, 1.5, 2.0, 2.5), 50),
}


def told(size_name: str, folder: Path, separation: float, seed: int) -> Told:
    """What is found in one shop."""
    size = SIZES[size_name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the peer: the library's advice is not what is measured here
        shop = known(size.n_customers, size.n_days, separation, seed, folder)
        rows = shop.snapshots[-1].rows
        plain, best = _plain(rows, seed), _taught(rows, shop.planted)
    found = chosen(shop.snapshots, seed, CHOICES[size_name])
    segment = found.candidate.fit(rows, seed).assign(rows).segment
    true_n = [one for one in found.trials if one.n_segments == N_TYPES and not one.refused]
    return {
        "ari": adjusted_rand_score(shop.planted, segment),
        "ari.scikit_learn": adjusted_rand_score(shop.planted, plain),
        "ari.taught": adjusted_rand_score(shop.planted, best),
        "n_found": found.measured.n_segments == N_TYPES,
        "n_segments": float(found.measured.n_segments),
        "structure": found.structure.found,
        "stability": found.measured.stability,
        "ari.neighbours": float(np.mean(found.measured.ari_definition)),
        "members.neighbours": float(np.mean(found.measured.ari_membership)),
        "true_n.tried": bool(true_n),
        "n_rows": float(len(rows)),
    }


def _plain(rows: pd.DataFrame, seed: int) -> NDArray[np.int32]:
    """The peer: K-means with the true number, on standardised features."""
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    return KMeans(N_TYPES, random_state=seed).fit_predict(StandardScaler().fit_transform(rows))


def _taught(rows: pd.DataFrame, planted: NDArray[np.int64]) -> NDArray[np.int64]:
    """The type that a classifier says, which has learned from the truth about other customers."""
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
    from sklearn.model_selection import cross_val_predict

    classifier = QuadraticDiscriminantAnalysis(reg_param=0.01)
    return cross_val_predict(classifier, np.log1p(rows.to_numpy()), planted, cv=5)


def main() -> None:
    size_name, folder = sys.argv[1], Path(sys.argv[2])
    size = SIZES[size_name]
    n_seeds = int(*sys.argv[3:]) or size.n_seeds
    cases = list(product(size.separations, range(1, n_seeds + 1)))
    each = side_by_side(functools.partial(told, size_name, folder), *zip(*cases, strict=True))
    frame = pd.DataFrame(each, index=pd.Index([separation for separation, _ in cases], name="separation"))
    figures: dict[str, float] = {}
    for separation, part in frame.groupby(level=0):
        figures |= _over_seeds(f"known.{separation:g}", part)
    (folder / "known.json").write_text(json.dumps(figures), encoding="utf-8")


def _over_seeds(name: str, part: pd.DataFrame) -> Mapping[str, float]:
    """Shares with Wilson's interval; means, and how often ours is the better."""
    figures: dict[str, float] = {}
    for column in part:
        if part[column].dtype == bool:
            figures |= rate(f"{name}.{column}", part[column])
        else:
            figures[f"{name}.{column}"] = float(part[column].mean())
    better = part["ari"] - part["ari.scikit_learn"]
    reach = 1.96 * float(better.std(ddof=1)) / np.sqrt(len(part)) if len(part) > 1 else np.nan
    mean = float(better.mean())
    ends = {f"{name}.ari_gain.ci_low": mean - reach, f"{name}.ari_gain.ci_high": mean + reach}
    return figures | {f"{name}.ari_gain": mean} | ({} if np.isnan(reach) else ends)


if __name__ == "__main__":
    main()

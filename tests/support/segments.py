"""A tiny shop whose customers are of three kinds, and a segmentation of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from pipelines.config.files import load_segments
from pipelines.tasks.segmentation import ClusterSegments
from support.shop import N_DAYS, START, Shop, make_shop

KINDS = {"often": (5.0, 12.0), "dear": (14.0, 160.0), "seldom": (28.0, 25.0)}
"""Days between purchases, and what is paid."""
SEGMENTS = {
    "kind": "clusters",
    "name": "tiny_segments",
    "title": "Customers of a tiny shop",
    "description": "Who buys how often, and for how much?",
    "source": "tiny_shop",
    "seed": 5,
    "population": {"type": "active", "within": "P112D"},
    "cutoffs": {"every": "P28D", "n": 3, "history": "P112D"},
    "features": [
        {"type": "windowed", "lengths": ["P112D"], "of": ["n_orders", "amount_minor"]},
        {"type": "baskets", "lengths": ["P112D"], "of": ["order_value_mean"]},
        {"type": "recency", "of": ["recency_days"]},
    ],
    "on": ["n_orders_112d", "order_value_mean_112d"],
    "value": "amount_112d",
    "space": {"fewest": 2, "most": 5},
    "choice": {
        "n_resamples": 3,
        "n_references": 2,
        "silhouette_sample": 200,
        "structure": {"n_rows": 200, "most_clusters": 4, "n_references": 59},
    },
    "personas": {"n_resamples": 100, "max_explained": 500},
    "sensitive": ["band"],
    "gates": [{"type": "stable"}, {"type": "members_stay"}, {"type": "usable"}, {"type": "separated"}],
}


@dataclass(frozen=True)
class GroupedShop:
    """A shop, its segmentation, and of which kind each customer is."""

    shop: Shop
    spec: ClusterSegments
    kind: pd.Series


def grouped_sales(
    n_each: int = 120, seed: int = 1, kinds: dict[str, tuple[float, float]] | None = None
) -> pd.DataFrame:
    """Purchases of so many customers of each kind; the column ``kind`` is for the test only."""
    rng, rows = np.random.default_rng(seed), []
    for kind, (gap, paid) in (kinds or KINDS).items():
        for number in range(n_each):
            own, day = gap * rng.uniform(0.85, 1.15), rng.uniform(0, gap)
            while day < N_DAYS:
                at = START + np.timedelta64(int(day * 1440), "m")
                rows.append(
                    (f"{kind}-{number:04d}", at, f"b{len(rows)}", round(float(paid * rng.gamma(8, 1 / 8)) + 0.01, 2))
                )
                day += rng.gamma(6, own / 6)
    return pd.DataFrame(rows, columns=["who", "at", "basket", "paid"])


def make_grouped_shop(root: Path, sales: pd.DataFrame | None = None, **changes: object) -> GroupedShop:
    """Write the shop below ``root``; nothing is ingested yet."""
    bought = grouped_sales() if sales is None else sales
    shop = make_shop(root, bought)
    (root / "conf/segments").mkdir(parents=True, exist_ok=True)
    (root / "conf/segments/tiny_segments.yaml").write_text(yaml.safe_dump({**SEGMENTS, **changes}), encoding="utf-8")
    who = bought["who"].drop_duplicates()
    kind = pd.Series(who.str.rpartition("-")[0].to_numpy(), index=who.to_numpy())
    return GroupedShop(shop, load_segments(root / "conf", "tiny_segments"), kind)

"""The products of the shop: laid out by category, the most popular first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.simulation import defaults
from pipelines.simulation.columns import categorical
from pipelines.simulation.spec import ShopSpec
from pipelines.simulation.streams import Purpose, stream


@dataclass(frozen=True)
class Catalog:
    """Product ``1 + category x n_per_category + rank``; interest falls with the rank as ``1 / rank`` (Zipf's law)."""

    n_per_category: int
    cents: NDArray[np.int64]
    brand: NDArray[np.int64]

    def draw(self, favourite: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int32]:
        """One product (counted from 0) for each favourite category given."""
        any_category = np.searchsorted(np.cumsum(defaults.CATEGORY_SHARES)[:-1], rng.random(favourite.size))
        category = np.where(rng.random(favourite.size) < defaults.FAVOURITE_SHARE, favourite, any_category)
        rank = np.exp(rng.random(favourite.size) * np.log(self.n_per_category + 1)).astype(np.int64) - 1
        product: NDArray[np.int64] = category * self.n_per_category + np.minimum(rank, self.n_per_category - 1)
        return product.astype(np.int32)


def catalog_of(spec: ShopSpec) -> Catalog:
    """The products of a shop."""
    rng = stream(spec.seed, 0, Purpose.CATALOG)
    n, n_categories = spec.n_products_per_category(), len(defaults.CATEGORIES)
    median = np.repeat(np.array(defaults.CATEGORY_CENTS), n)
    cents = median * np.exp(defaults.PRICE_SPREAD * rng.standard_normal(n * n_categories))
    brand = rng.integers(1, defaults.N_BRANDS + 1, n * n_categories)
    return Catalog(n, np.maximum(np.rint(cents), 1).astype(np.int64), brand)


def products(spec: ShopSpec) -> pd.DataFrame:
    """The products table, ordered by product_id; its columns are in `COLUMNS`."""
    catalog = catalog_of(spec)
    code = np.arange(catalog.cents.size) // catalog.n_per_category
    return pd.DataFrame(
        {
            "product_id": np.arange(1, catalog.cents.size + 1),
            "category": categorical(code, defaults.CATEGORIES),
            "brand": pd.Series([f"brand {number:02d}" for number in catalog.brand], dtype=object),
            "list_price_cents": catalog.cents,
        }
    )

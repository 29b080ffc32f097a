"""Two finished tables as rows and labels: Online Shoppers (UCI 468) and Telco churn (IBM sample data)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.models.classifier import Dataset

SHOPPERS, TELCO = "online_shoppers_intention.csv", "Telco-Customer-Churn.csv"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "June", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
KINDS = ("Administrative", "Informational", "ProductRelated")


@dataclass(frozen=True)
class Cases:
    """A finished feature table.

    Parameters
    ----------
    data : Dataset
        One row per case, in the order of the file.
    month : Series of int, optional
        1 to 12, of each row, where the table says it.
    """

    data: Dataset
    month: pd.Series | None = None


def online_shoppers(folder: Path, *, page_values: bool = True) -> Cases:
    """Web sessions, and whether they ended in a purchase; categories as codes, months in the order of the year."""
    raw = pd.read_csv(folder / SHOPPERS)
    label = raw.pop("Revenue").to_numpy(np.int8)
    raw["Month"] = raw["Month"].map({name: number for number, name in enumerate(MONTHS, 1)})
    raw["VisitorType"] = raw["VisitorType"].astype("category").cat.codes
    rows = raw.astype(np.float64)
    if not page_values:
        rows = rows.drop(columns="PageValues")
    return Cases(Dataset(rows.assign(**_session_ratios(rows)), label), raw["Month"])


def _session_ratios(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Totals over the kinds of pages, and what there is per page; NaN where there is no page."""
    pages = rows[list(KINDS)].sum(axis=1)
    duration = rows[[f"{kind}_Duration" for kind in KINDS]].sum(axis=1)
    ratios = {f"{kind}_duration_per_page": _per(rows[f"{kind}_Duration"], rows[kind]) for kind in KINDS}
    ratios |= {
        "pages": pages,
        "duration": duration,
        "duration_per_page": _per(duration, pages),
        "product_share": _per(rows["ProductRelated"], pages),
        "bounces_per_exit": _per(rows["BounceRates"], rows["ExitRates"]),
        "exits_less_bounces": rows["ExitRates"] - rows["BounceRates"],
        "exits": rows["ExitRates"] * pages,
        "exits_but_no_bounces": (rows["ExitRates"] - rows["BounceRates"]) * pages,
    }
    if "PageValues" in rows:
        ratios |= {
            "value": rows["PageValues"] * pages,
            "value_per_exit": _per(rows["PageValues"], rows["ExitRates"]),
        }
    return ratios


def telco(folder: Path) -> Cases:
    """Customers, and whether they left; the eleven blank charges are missing, categories are codes."""
    raw = pd.read_csv(folder / TELCO).drop(columns="customerID")
    label = np.asarray(raw.pop("Churn") == "Yes", np.int8)
    raw["TotalCharges"] = pd.to_numeric(raw["TotalCharges"], errors="coerce")
    texts = raw.select_dtypes("object").columns
    coded = raw.assign(**{name: raw[name].astype("category").cat.codes for name in texts})
    return Cases(Dataset(coded.astype(np.float64), label))


def _per(part: pd.Series, whole: pd.Series) -> pd.Series:
    return part / whole.where(whole != 0)

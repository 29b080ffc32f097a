"""Rows by the groups of a sensitive column or an intersection, and whether these can be compared."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.fairness.findings import UNKNOWN, FairnessSpec

IntArray = NDArray[np.int64]

MANY_SHOWN = 5
"""Groups that are named where a column has too many values; each of ``min_group`` customers, since free text may hold
what a person wrote about one."""


@dataclass(frozen=True)
class Split:
    """The rows of one column by group.

    Parameters
    ----------
    column : str
        Its name; ``age_x_income`` for an intersection.
    names : tuple of str
        Groups that are shown, in natural order, the unknown last.
    code : int array of shape (n_rows,)
        Place of each row's group in ``names``; -1 where it is not shown.
    n_rows, n_customers : int array of shape (n_groups,)
        Size of each.
    large : bool array of shape (n_groups,)
        Which have customers enough to be compared.
    n_values : int
        Values that the rows hold, the unknown included.
    n_hidden : int
        Customers of values that are not shown.
    refusal : str
        Why nothing is compared, as a sentence; empty where at least two groups are.
    """

    column: str
    names: tuple[str, ...]
    code: IntArray
    n_rows: IntArray
    n_customers: IntArray
    large: NDArray[np.bool_]
    n_values: int
    n_hidden: int
    refusal: str


def splits(sensitive: pd.DataFrame, customer: IntArray, spec: FairnessSpec) -> tuple[Split, ...]:
    """Every column, then every declared intersection.

    Parameters
    ----------
    sensitive : DataFrame of shape (n_rows, n_columns)
        Null or blank is ``unknown``.
    customer : int array of shape (n_rows,)
        Codes.
    spec : FairnessSpec
        Its intersections are of these columns.
    """
    named = {str(name): _named(sensitive[name]) for name in sensitive.columns}
    alone = [_split(name, values, customer, spec) for name, values in named.items()]
    crossed = [_crossed(names, named, customer, spec) for names in spec.intersections]
    return (*alone, *crossed)


def natural(name: str) -> tuple[bool, float, bool, str]:
    """Sorts bands by their numbers and the unknown last.

    Examples
    --------
    >>> sorted(["100K+", "unknown", "15-24K", "Under 15K", "35-49K"], key=natural)
    ['Under 15K', '15-24K', '35-49K', '100K+', 'unknown']
    """
    number = re.search(r"\d+(\.\d+)?", name)
    return name == UNKNOWN, float(number.group()) if number else -1.0, name[:1].isdigit(), name


def _named(values: pd.Series) -> pd.Series:
    """Values as text; null and blank are unknown."""
    text = values.astype(object).where(values.notna(), UNKNOWN).astype(str)
    return text.where(text.str.strip() != "", UNKNOWN).reset_index(drop=True)


def _crossed(names: Sequence[str], named: dict[str, pd.Series], customer: IntArray, spec: FairnessSpec) -> Split:
    """An intersection: of its cells, which may be many, those with customers enough are counted."""
    columns = [named[name] for name in names]
    cells = functools.reduce(lambda one, other: one + " & " + other, columns)
    cells = cells.where(~np.all([one.to_numpy() == UNKNOWN for one in columns], axis=0), UNKNOWN)
    too_many = any(one.nunique() > spec.max_groups for one in columns)
    return _split("_x_".join(names), cells, customer, spec, counts_large=not too_many)


def _split(
    column: str, values: pd.Series, customer: IntArray, spec: FairnessSpec, *, counts_large: bool = False
) -> Split:
    raw, found = pd.factorize(values)
    order = sorted(range(len(found)), key=lambda place: natural(str(found[place])))
    names = [str(found[place]) for place in order]
    code: IntArray = np.argsort(order)[raw].astype(np.int64) if names else raw.astype(np.int64)
    n_codes = int(customer.max(initial=0)) + 1
    n_customers: IntArray = np.bincount(np.unique(code * n_codes + customer) // n_codes, minlength=len(names))
    large = n_customers >= spec.min_group
    too_many = (int(large.sum()) if counts_large else len(names)) > spec.max_groups
    shown = _shown(n_customers, large, spec.max_groups, too_many=too_many)
    place = np.full(len(names) + 1, -1)
    place[shown] = np.arange(shown.size)
    return Split(
        column=column,
        names=tuple(names[one] for one in shown),
        code=place[code],
        n_rows=np.bincount(code, minlength=len(names))[shown],
        n_customers=n_customers[shown],
        large=large[shown],
        n_values=len(names),
        n_hidden=int(n_customers.sum() - n_customers[shown].sum()),
        refusal=_too_many(names, large, spec) if too_many else _refusal(names, large, spec),
    )


def _shown(n_customers: IntArray, large: NDArray[np.bool_], max_groups: int, *, too_many: bool) -> IntArray:
    """Every group, or the largest; of free text only the largest few, and none that is small."""
    if n_customers.size <= max_groups:
        return np.arange(n_customers.size)
    largest = np.argsort(-n_customers, kind="stable")[: MANY_SHOWN if too_many else max_groups]
    return np.sort(largest[large[largest]] if too_many else largest)


def _too_many(names: Sequence[str], large: NDArray[np.bool_], spec: FairnessSpec) -> str:
    return (
        f"It has {len(names):,} values, more than {spec.max_groups:,} (fairness.max_groups), {int(large.sum()):,} of "
        f"them with {spec.min_group} customers or more: band it in the source, free text or an identifier is no group."
    )


def _refusal(names: Sequence[str], large: NDArray[np.bool_], spec: FairnessSpec) -> str:
    if not names:
        return "There are no rows."
    if len(names) == 1:
        is_known = names[0] != UNKNOWN
        return f"Every row has the value '{names[0]}'." if is_known else "The value of every customer is unknown."
    if large.sum() < 2:
        return (
            f"{int(large.sum())} of {len(names)} groups have {spec.min_group} customers or more; "
            "a comparison needs two."
        )
    return ""

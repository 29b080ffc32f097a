"""Sensitive attributes: read for fairness, never for features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ConfigError, nearest
from pipelines.tables.contract import CUSTOMERS, Role
from pipelines.tables.lake import Lake

UNKNOWN = "unknown"


def sensitive_attributes(
    lake: Lake, source: str, names: tuple[str, ...], customer_id: NDArray[np.object_]
) -> pd.DataFrame:
    """The sensitive columns of these customers, for fairness only.

    Returns
    -------
    DataFrame of str, shape (n_rows, n_names)
        In the order of ``customer_id``; a customer that the table does not know is ``unknown``.

    Raises
    ------
    ConfigError
        If a name is not a column that the source declares as sensitive.
    """
    if not names:
        return pd.DataFrame(index=range(len(customer_id)))
    require_sensitive(lake, source, names, CUSTOMERS.name)
    customers = pd.DataFrame(_text(lake, source, names, customer_id)).set_index("customer_id")
    return customers.reindex(customer_id)[list(names)].fillna(UNKNOWN).reset_index(drop=True)


def _text(lake: Lake, source: str, names: tuple[str, ...], customer_id: NDArray[np.object_]) -> dict[str, Any]:
    """Of the customers between the first and the last of these: some of many are scored at a time."""
    customers = lake.table(source, CUSTOMERS.name)
    if len(customer_id):
        customers = customers.filter(customers.customer_id.between(min(customer_id), max(customer_id)))
    return lake.columns(customers.select("customer_id", *names))


def require_sensitive(lake: Lake, source: str, names: tuple[str, ...], table_name: str) -> None:
    """Refuse a name that is not a column of the table which the source declares as sensitive; `ConfigError`."""
    table = lake.manifest(source).tables.get(table_name)
    known = [name for name, role in table.roles.items() if role == Role.SENSITIVE] if table else []
    for name in names:
        if name not in known:
            raise ConfigError(
                f"'{name}' is not a sensitive column of '{source}'. Known: {', '.join(known) or 'none'}."
                f"{nearest(name, known)}",
                why="Fairness can only be measured over columns that the source declares with role: sensitive.",
                fix=f"Declare it in conf/sources/{source}.yaml and ingest again, or correct 'sensitive' in the task "
                "(sensitive: [] if there is none).",
            )

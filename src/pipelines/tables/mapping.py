"""From a raw table to a contract table, as one Ibis expression that runs on any engine."""

from __future__ import annotations

from typing import Any

import ibis

from pipelines.core.errors import ContractError, nearest
from pipelines.tables.contract import Table, table_named
from pipelines.tables.source import ColumnMap, SourceSpec


def mapped(source: SourceSpec, name: str, raw: Any) -> Any:
    """The contract table ``name`` of a source, not checked yet.

    Parameters
    ----------
    source : SourceSpec
        Says which raw column becomes which.
    name : str
        A contract table that the source maps.
    raw : ibis.Table
        The raw table.

    Returns
    -------
    ibis.Table
        The mapped columns, cast to the contract's types; what cannot be read as its type becomes null and is
        for the checks to judge. A contract column that the source does not map is null.

    Raises
    ------
    ContractError
        If the raw table lacks a column that the source names.
    """
    columns = source.tables[name].columns
    _require_columns(source, name, raw)
    types = _types(table_named(name), source.decimals)
    given = {column: _value(raw, how).try_cast(types.get(column, "string")) for column, how in columns.items()}
    absent = {column: ibis.null(dtype) for column, dtype in types.items() if column not in columns}
    return raw.select(**given, **absent)


def _value(raw: Any, how: ColumnMap) -> Any:
    return ibis.literal(how.constant) if how.column is None else raw[how.column]


def _types(table: Table, decimals: int) -> dict[str, str]:
    return {column.name: column.dtype or f"decimal(18, {decimals})" for column in table.columns}


def _require_columns(source: SourceSpec, name: str, raw: Any) -> None:
    wanted = [how.column for how in source.tables[name].columns.values() if how.column is not None]
    lacking = [column for column in wanted if column not in raw.columns]
    if lacking:
        hints = "".join(nearest(column, raw.columns) for column in lacking)
        raise ContractError(
            f"Source '{source.name}': the raw table '{source.tables[name].raw}' has no column {', '.join(lacking)}; "
            f"it has {', '.join(raw.columns)}.{hints}",
            why=f"The contract table '{name}' is made from it.",
            fix=f"Correct tables.{name}.columns in conf/sources/{source.name}.yaml.",
        )

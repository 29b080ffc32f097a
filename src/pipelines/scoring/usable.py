"""Which columns of an ingested source features may be made of."""

from __future__ import annotations

from pipelines.features.fit import Columns
from pipelines.tables.contract import Role
from pipelines.tables.manifest import ColumnManifest, Manifest

_ROLES = (Role.FEATURE, Role.IDENTIFIER)
"""What may be counted or compared; the others never become features."""


def usable_columns(manifest: Manifest) -> Columns:
    """Of each table its columns, and what keeps a column from being used; an empty text where nothing does.

    A column is not used if its value is that of today instead of that of its row's moment, if its role forbids it,
    or if no accepted row has a value.
    """
    return {
        name: {
            column: _obstacle(known, is_empty=0 < table.n_accepted <= table.n_missing.get(column, 0))
            for column, known in table.columns.items()
        }
        for name, table in manifest.tables.items()
    }


def _obstacle(column: ColumnManifest, *, is_empty: bool) -> str:
    if column.as_of_today:
        return "is known as of today only"
    if column.role not in _ROLES:
        return f"has the role {column.role.value}"
    return "is always missing" if is_empty else ""

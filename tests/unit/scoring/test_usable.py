from __future__ import annotations

from pipelines.scoring.usable import usable_columns
from pipelines.tables.contract import Kind, Role
from pipelines.tables.manifest import ColumnManifest, TableManifest
from support.tables import manifest, part

COLUMNS = {
    "session_id": ColumnManifest(kind=Kind.TEXT, role=Role.IDENTIFIER),
    "device": ColumnManifest(kind=Kind.TEXT, role=Role.FEATURE),
    "income": ColumnManifest(kind=Kind.TEXT, role=Role.FEATURE, as_of_today=True),
    "gender": ColumnManifest(kind=Kind.TEXT, role=Role.SENSITIVE),
}


def usable(*parts):
    return usable_columns(manifest(events=TableManifest(parts=parts, columns=COLUMNS)))["events"]


def test_column_is_not_used_if_it_is_of_today_or_its_role_forbids_it():
    found = usable(part(n_read=3, n_accepted=3, n_missing={"device": 2}))

    assert found == {
        "session_id": "",
        "device": "",
        "income": "is known as of today only",
        "gender": "has the role sensitive",
    }


def test_column_is_empty_if_every_row_of_every_part_lacks_it():
    empty = part(n_read=3, n_accepted=3, n_missing={"device": 3, "session_id": 3})
    full = part(n_read=1, n_accepted=1, n_missing={"device": 1, "session_id": 0})
    found = usable(empty, full)

    assert (found["device"], found["session_id"]) == ("is always missing", "")

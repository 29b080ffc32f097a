"""The reconciliation of a part: where each row that was read went, counted on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from pipelines.core.columns import PURCHASE
from pipelines.core.errors import ContractError
from pipelines.tables.checks import CHECK, DUPLICATE, JUDGING, REASON
from pipelines.tables.contract import EVENTS, Kind, Table
from pipelines.tables.manifest import Manifest, PartManifest, Quarantined
from pipelines.tables.mapping import SOURCE_ROW
from pipelines.tables.parts import Part
from pipelines.tables.source import FILE, ROW

Columns = Mapping[str, Any]


def accepted(rows: Any, table: Table) -> Any:
    """The rows of a judged table that nothing is wrong with, ordered by the contract and then by every other column."""
    good = rows.filter(rows[CHECK].isnull()).drop(*JUDGING)
    known = [column for column in table.order if column in good.columns]
    return good.order_by([*known, *(column for column in good.columns if column not in known)])


def refused(rows: Any) -> Any:
    """The rows of a judged table that something is wrong with."""
    return rows.filter(rows[CHECK].notnull())


def left_out(rows: Any, sources: Any) -> Any:
    """The others: check, reason, file, row number and source row, in the order of the files.

    Parameters
    ----------
    rows : ibis.Table
        Judged rows.
    sources : ibis.Table
        The rows of the same files as somebody wrote them (see `pipelines.tables.mapping.source_rows`).
    """
    bad = refused(rows).select(*JUDGING)
    return bad.inner_join(sources, [FILE, ROW]).select(*JUDGING, SOURCE_ROW).order_by([FILE, ROW, CHECK])


def counts(rows: Any) -> Any:
    """How many judged rows were left out, by check and reason."""
    bad = refused(rows)
    return bad.group_by(CHECK, REASON).agg(n_rows=bad.count()).order_by([CHECK, REASON])


def statistics(inside: Any, table: Table) -> Any:
    """One row about accepted rows: their number, missing values, times and the median purchase."""
    time = _time_column(table)
    found = {"n_rows": inside.count(), **{f"missing.{name}": inside[name].isnull().sum() for name in inside.columns}}
    if time is not None:
        found |= {"first": inside[time].min(), "last": inside[time].max()}
    if table.name == EVENTS.name:
        bought = (inside.event_type == PURCHASE) & (inside.amount > 0)
        found["median"] = inside.amount.cast("float64").quantile(0.5, where=bought)
    return inside.agg(**found)


def reconciled(part: Part, n_read: int, n_elsewhere: int, inside: Columns, outside: Columns) -> PartManifest:
    """What a part holds, from `statistics` of its accepted rows and `counts` of the others.

    Raises
    ------
    ContractError
        If the rows read are not those accepted, left out as duplicates and quarantined together.
    """
    named = list(zip(outside[CHECK], outside[REASON], outside["n_rows"], strict=True))
    quarantined = tuple(
        Quarantined(check=check, reason=reason, n_rows=int(n)) for check, reason, n in named if check != DUPLICATE
    )
    manifest = PartManifest(
        data_digest=part.digest,
        files=part.files,
        n_elsewhere=n_elsewhere,
        n_read=n_read,
        n_accepted=int(inside["n_rows"][0]),
        n_duplicates=sum(int(n) for check, _, n in named if check == DUPLICATE),
        quarantined=quarantined,
        n_missing={
            name.removeprefix("missing."): int(found[0])
            for name, found in inside.items()
            if name.startswith("missing.") and inside["n_rows"][0]
        },
        first=_moment(inside.get("first")),
        last=_moment(inside.get("last")),
        median_amount=_number(inside.get("median")),
    )
    _require_sum(manifest, part)
    return manifest


def reconciliation(manifest: Manifest) -> pd.DataFrame:
    """Where every row that was read went: columns ``table``, ``went_to``, ``check``, ``reason``, ``n_rows``."""
    rows = []
    for name, table in manifest.tables.items():
        rows.append((name, "accepted", "", "", table.n_accepted))
        rows.append((name, "duplicates", DUPLICATE, "a copy or an older version of another row", table.n_duplicates))
        checks = {one.reason: one.check for part in table.parts for one in part.quarantined}
        rows += [(name, "quarantined", checks[reason], reason, n) for reason, n in table.quarantined.items()]
    return pd.DataFrame(rows, columns=["table", "went_to", "check", "reason", "n_rows"])


def described(manifest: Manifest) -> str:
    """The same as a page: read = accepted + duplicates + quarantined, by reason."""
    lines = [f"## {manifest.source}", "", "| table | went to | rows | why |", "|---|---|---:|---|"]
    for name, table in manifest.tables.items():
        lines.append(f"| **{name}** | **read** | **{table.n_read:,}** | |")
        lines.append(f"| | accepted | {table.n_accepted:,} | |")
        lines.append(f"| | duplicates | {table.n_duplicates:,} | copies and older versions |")
        lines += [f"| | quarantined | {n:,} | {_cell(reason)} |" for reason, n in table.quarantined.items()]
    lines += ["", *(f"- {one.n_rows:,} of {one.of:,} {one.says}" for one in manifest.findings)]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _require_sum(manifest: PartManifest, part: Part) -> None:
    n_quarantined = sum(one.n_rows for one in manifest.quarantined)
    if manifest.n_read != manifest.n_accepted + manifest.n_duplicates + n_quarantined:
        raise ContractError(
            f"The rows of '{part.table.name}' do not add up: {manifest.n_read:,} read, {manifest.n_accepted:,} "
            f"accepted, {manifest.n_duplicates:,} duplicates, {n_quarantined:,} quarantined.",
            why="Rows would be lost or doubled.",
            fix="Leave the raw files alone while they are read, and run again; if it stays, it is a bug: report it.",
        )


def _time_column(table: Table) -> str | None:
    return next((column.name for column in table.columns if column.kind == Kind.TIME), None)


def _moment(found: Any) -> datetime | None:
    if found is None or str(found[0]) in ("NaT", "None"):
        return None
    moment: datetime = found[0].astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def _number(found: Any) -> float | None:
    return None if found is None or found[0] is None or found[0] != found[0] else float(found[0])

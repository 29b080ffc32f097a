"""When a feed is refused: too many rows that fail, too many values that are missing, amounts of another scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from pipelines.core.errors import ConfigError, ContractError, nearest
from pipelines.tables.checks import check_names
from pipelines.tables.contract import CASES, EVENTS, Kind, table_named
from pipelines.tables.findings import TABLE_CHECKS
from pipelines.tables.manifest import Manifest, TableManifest
from pipelines.tables.rules import TableRules
from pipelines.tables.source import SourceSpec


def require_within_limits(source: SourceSpec, manifest: Manifest) -> None:
    """Refuse what the source's rules forbid.

    Raises
    ------
    ContractError
        With everything that is beyond a limit, at once.
    """
    problems = [
        problem
        for name, table in manifest.tables.items()
        for problem in _beyond(name, table, source.rules_of(table_named(name)), manifest)
    ]
    if problems:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        raise ContractError(
            f"Source '{source.name}' is refused:{listed}\n",
            why="A feed beyond its limits is more often broken than new; the tables ingested before stay as they are.",
            fix=f"Mend the feed or its mapping, or raise the limit under 'rules' in conf/sources/{source.name}.yaml."
            + "".join(_hints(source, name, table) for name, table in manifest.tables.items()),
        )


def require_in_time(source: SourceSpec, manifest: Manifest) -> None:
    """Refuse late events of new files where the source says so.

    Raises
    ------
    ContractError
        With their number.
    """
    if source.late == "refuse" and manifest.n_late:
        raise ContractError(
            f"Source '{source.name}' is refused: {manifest.n_late:,} events of new files lie before the end of what "
            "was ingested earlier.",
            why="What was computed since did not know them; the tables ingested before stay as they are.",
            fix=f"Take them out of the files, or set late: accept in conf/sources/{source.name}.yaml.",
        )


def require_known_limits(source: SourceSpec) -> None:
    """Refuse limits of checks that there are not: they would never be asked.

    Raises
    ------
    ConfigError
        With the nearest name.
    """
    for name, rules in source.rules.items():
        known = {
            *check_names(table_named(name), source),
            *(check.name for check in TABLE_CHECKS if check.table == name),
        }
        for check in rules.limits:
            if check not in known:
                raise ConfigError(
                    f"conf/sources/{source.name}.yaml: rules.{name}.limits has no check '{check}'."
                    f"{nearest(check, known)}",
                    why="A limit of a check that is never asked would hold whatever comes.",
                    fix=f"Use one of {', '.join(sorted(known))}.",
                )


def require_rows(source: SourceSpec, tables: Mapping[str, TableManifest]) -> None:
    """Refuse a source without a single acceptable event, or case.

    Raises
    ------
    ContractError
        With the reasons.
    """
    name = EVENTS.name if source.kind == "log" else CASES.name
    table = tables[name]
    if not table.n_accepted:
        reasons = "; ".join(f"{n_rows:,} rows: {reason}" for reason, n_rows in table.quarantined.items())
        raise ContractError(
            f"Source '{source.name}' has no acceptable row in '{name}' among {table.n_read:,}: "
            f"{(reasons or 'the files hold no rows that belong to it').removesuffix('?')}.",
            why="There is nothing to learn from; the tables ingested before stay as they are.",
            fix=f"Correct tables.{name} in conf/sources/{source.name}.yaml, or the raw files."
            + _hints(source, name, table),
        )


_HINTS = {
    Kind.MONEY: "Amounts may need decimal and thousands under 'raw', or a sql that takes signs away.",
    Kind.NUMBER: "Numbers may need decimal and thousands under 'raw'.",
    Kind.TIME: "Times may need a pattern, or an epoch if they are numbers.",
}


def _hints(source: SourceSpec, name: str, table: TableManifest) -> str:
    """What makes unreadable columns readable."""
    kinds = source.columns(name)
    unread = [kinds.get(check.removesuffix("_unreadable")) for check in table.failed if check.endswith("_unreadable")]
    hints = [_HINTS[kind] for kind in dict.fromkeys(unread) if kind in _HINTS]
    if "event_type_unknown" in table.failed:
        hints.append("Event types of other words may need 'values', a shop's own ones 'event_types'.")
    return "".join(f" {hint}" for hint in hints)


def _beyond(name: str, table: TableManifest, rules: TableRules, manifest: Manifest) -> list[str]:
    return [
        *_quarantined(name, table, rules),
        *_found(name, rules, manifest),
        *_missing(name, table, rules),
        *_rescaled(name, table, rules),
        *_doubled(name, table, rules),
    ]


def _quarantined(name: str, table: TableManifest, rules: TableRules) -> list[str]:
    problems = []
    reasons = {one.check: one.reason for part in table.parts for one in part.quarantined}
    for check, n_rows in table.failed.items():
        limit = rules.limits.get(check, rules.max_quarantined)
        if n_rows > limit * table.n_read:
            enough = math.ceil(100 * n_rows / table.n_read + 0.5)
            problems.append(
                f"{name}: {n_rows:,} of {table.n_read:,} rows ({n_rows / table.n_read:.1%}, limit {limit:.4g}): "
                f"{reasons[check]} [{check}]; to accept it: rules: {{{name}: {{limits: {{{check}: {enough}%}}}}}}"
            )
    return problems


def _found(name: str, rules: TableRules, manifest: Manifest) -> list[str]:
    return [
        f"{name}: {found.n_rows:,} of {found.of:,} {found.says} [{found.check}, limit {rules.limits[found.check]:.4g}]"
        for found in manifest.findings
        if found.table == name and found.check in rules.limits and found.n_rows > rules.limits[found.check] * found.of
    ]


def _missing(name: str, table: TableManifest, rules: TableRules) -> list[str]:
    return [
        f"{name}: {column} is missing in {table.n_missing.get(column, 0):,} of {table.n_accepted:,} rows "
        f"(max_missing {limit:.4g})"
        for column, limit in rules.max_missing.items()
        if table.n_missing.get(column, 0) > limit * table.n_accepted
    ]


def _rescaled(name: str, table: TableManifest, rules: TableRules) -> list[str]:
    """Parts whose purchases are far from those of the part before, in the order of time."""
    known = [(part.first, part.data_digest, part.median_amount, part) for part in table.parts if part.median_amount]
    ordered = sorted(known, key=lambda one: (str(one[0]), one[1]))
    problems = []
    for (*_, usual, before), (*_, median, part) in pairwise(ordered):
        if max(median / usual, usual / median) > rules.max_scale_change:
            problems.append(
                f"{name}: the median purchase of {part.files[0].name} is {median:,.2f}, of {before.files[0].name} "
                f"{usual:,.2f}: are units mixed up? [max_scale_change {rules.max_scale_change:g}]"
            )
    return problems


def _doubled(name: str, table: TableManifest, rules: TableRules) -> list[str]:
    """Files with the same bytes, whose rows would all be there twice."""
    if rules.duplicates is not None:
        return []
    places: dict[tuple[str, str], set[str]] = {}
    for part in table.parts:
        for file in part.files[: bool(part.n_accepted)]:
            places.setdefault((file.raw, file.sha256), set()).add(file.name)
    return [
        f"{name}: {' and '.join(sorted(files))} hold the same bytes: take one away, or declare duplicates"
        for files in places.values()
        if len(files) > 1
    ]

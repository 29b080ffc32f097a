"""Whether two sides of `panel` left the same: `python panel_check.py FOLDER OTHER N_CUTOFFS`.

Says the first difference and fails if there is one. Counts must be equal, amounts within 1e-9 of their size. One
cutoff is read at a time.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from panel_sides import FEATURES, cutoffs
from pyarrow import parquet as pq

TOLERANCE = 1e-9
"""Relative, for amounts."""


def main() -> None:
    folder, other, n = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    for _, file in cutoffs(n, folder):
        found = difference(_read(file), _read(other / file.name))
        if found:
            sys.exit(f"{folder.name} and {other.name} differ at {file.stem}: {found}")


def difference(one: pa.Table, two: pa.Table) -> str | None:
    """The first difference in words; None if there is none."""
    ids, others = (table["customer_id"].cast(pa.large_string()).to_numpy() for table in (one, two))
    if len(ids) != len(others):
        return f"{len(ids):,} and {len(others):,} customers"
    if (ids != others).any():
        place = int(np.argmax(ids != others))
        return f"row {place} is of {ids[place]} and {others[place]}"
    if len(ids) == 0 or (ids[1:] <= ids[:-1]).any():
        return "both are empty, or not ordered by customer_id"
    for name in FEATURES:
        left, right = (table[name].to_numpy() for table in (one, two))
        tolerance = TOLERANCE if name.startswith("amount") else 0.0
        is_same = np.isclose(left, right, rtol=tolerance, atol=0.0)
        if not is_same.all():
            place = int(np.argmin(is_same))
            return f"{name} of {ids[place]} is {float(left[place])} and {float(right[place])}"
    return None


def _read(file: Path) -> pa.Table:
    """The file's columns, which must be these and of these types."""
    if not file.is_file():
        sys.exit(f"{file.parent.name} left no {file.name}")
    table = pq.ParquetFile(file).read()
    table = table.drop_columns([name for name in table.column_names if name == "label"])
    expected = {"customer_id", *FEATURES}
    if set(table.column_names) != expected:
        odd = sorted(set(table.column_names) ^ expected)
        sys.exit(f"{file.parent.name} left other columns than asked at {file.stem}: {', '.join(odd)}")
    odd = [name for name in FEATURES if table.schema.field(name).type != pa.float64()]
    if odd:
        sys.exit(f"{file.parent.name} left columns that are not float64 at {file.stem}: {', '.join(odd)}")
    return table


if __name__ == "__main__":
    main()

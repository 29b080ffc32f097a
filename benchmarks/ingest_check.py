"""What a side of `ingest` left, as one JSON object: `python ingest_check.py FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb
from ingest_sides import KEY, OTHERS


def main() -> None:
    folder = Path(sys.argv[1])
    file = f"read_parquet('{folder / 'accepted.parquet'}', file_row_number = true)"
    money = "CAST(amount * 100 AS BIGINT)" if _is_decimal(file) else "CAST(amount AS BIGINT)"
    values = ", ".join(money if name == "amount" else f"CAST({name} AS VARCHAR)" for name in (*KEY, *OTHERS))
    whole = f"SELECT count(*), sum(hash({values}, file_row_number)::HUGEINT) FROM {file}"
    ((n_rows, content),) = duckdb.sql(whole).fetchall()
    ((n_bad,),) = duckdb.sql(f"SELECT count(*) FROM '{folder / 'quarantine.parquet'}'").fetchall()
    counts = json.loads((folder / "counts.json").read_text())
    print(json.dumps({"accepted": n_rows, "content": str(content), "quarantine": n_bad, "counts": counts}))


def _is_decimal(file: str) -> bool:
    return "DECIMAL" in str(duckdb.sql(f"SELECT amount FROM {file}").types[0])


if __name__ == "__main__":
    main()

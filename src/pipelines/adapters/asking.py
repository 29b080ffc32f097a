"""The clean process that `probe` starts: it loads a model as serving does and asks it about rows.

Run by its path, never imported: the model's own logged code must be the first ``pipelines`` that this process sees, so
nothing but MLflow and pandas is imported here.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

LOADED, FOREIGN = "loaded.json", "ForeignCode"
_LOOK_EVERY_S = 0.5
_ENOUGH_S = 1.0
"""An answer that took less is asked for once more, so that what is timed is the model and not its first compilation."""


def main(model: str, folder: str) -> None:
    """Load the model in a folder and answer every ``<number>.parquet`` of the other, in order."""
    talk = Path(folder)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        import mlflow.pyfunc  # beside the model's own code this is what takes long

        served = mlflow.pyfunc.load_model(model)
    except Exception as error:  # its kind is the finding
        _say(talk / LOADED, {"error": type(error).__name__})
        return
    _say(talk / LOADED, {"error": "" if _is_its_own(Path(model)) else FOREIGN})
    for path in sorted(talk.glob("*.parquet"), key=lambda path: int(path.stem)):
        _say(path.with_suffix(".json"), _asked(served, path))


def _end_with(parent: int) -> None:
    """Leave when nobody waits for the answers any more: who asked may have been killed."""
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os._exit(1)


def _is_its_own(model: Path) -> bool:
    """Whether the code that it runs was logged with it; what is installed here may be lacking where it is served."""
    package = sys.modules.get("pipelines")
    return package is None or Path(str(package.__file__)).is_relative_to(model)


def _asked(served: Any, path: Path) -> dict[str, Any]:
    """Ask about one frame; the answer's rows lie beside it."""
    import pandas as pd

    said: dict[str, Any] = {"error": "", "seconds": 0.0}
    rows = pd.read_parquet(path)
    try:
        rows = _as_sent(served, rows)
        scored, said["seconds"] = _timed(served, rows)
        if said["seconds"] < _ENOUGH_S:
            scored, said["seconds"] = _timed(served, rows)
        told = [name for name in ("score", "segment") if name in scored]
        scored[told].to_parquet(path.with_suffix(".answer"))
    except Exception as error:  # its kind is the finding
        said["error"] = type(error).__name__
    return said


def _as_sent(served: Any, rows: Any) -> Any:
    """What the server makes of rows that came as JSON: each column as the model's signature has it."""
    from mlflow.utils.proto_json_utils import cast_df_types_according_to_schema

    schema = served.metadata.get_input_schema()
    if schema is None:
        return rows
    return cast_df_types_according_to_schema(rows, schema)  # type: ignore[no-untyped-call]  # MLflow has no types there


def _timed(served: Any, rows: Any) -> tuple[Any, float]:
    given = rows.copy()
    start = time.perf_counter()
    scored = served.predict(given)
    return scored, time.perf_counter() - start


def _say(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    main(*sys.argv[1:])

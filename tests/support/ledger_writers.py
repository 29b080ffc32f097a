"""A process that writes records into a ledger as fast as it can, and says of each whether it came to be in force.

``python -m support.ledger_writers NAME N_RECORDS RUN_ID ACTOR`` prints a JSON list of ``[digest, in force]``. It waits
for a line on its standard input before it begins, so that several begin at once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pipelines.adapters.ledger import MlflowLedger
from pipelines.core.ledger import Chain, Entry, Event, Standing, chained


def follower(name: str, chain: Chain, run_id: str, actor: str, reason: str) -> Entry:
    """A record that follows the last one in force, and changes nothing."""
    return Entry(
        number=len(chain.entries) + 1,
        task=name,
        event=Event.REFUSED,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        actor=actor,
        reason=reason,
        version="1",
        model_digest="",
        report_digest="",
        run_id=run_id,
        after=Standing(champion="1"),
        previous=chain.head,
    )


def write(name: str, n_records: int, run_id: str, actor: str) -> list[tuple[str, bool]]:
    """Append, read back, and go on from what stands then; a writer that was overtaken does not try again."""
    ledger, said = MlflowLedger(), []
    for number in range(n_records):
        entry = follower(name, chained(ledger.read(name)), run_id, actor, str(number))
        ledger.append(entry)
        said.append((entry.digest, chained(ledger.read(name)).holds(entry.digest)))
    return said


def at_once(
    environment: Mapping[str, str], folder: Path, name: str, run_id: str, n_writers: int, n_records: int
) -> list[tuple[str, bool]]:
    """What ``n_writers`` processes said that began together."""
    command = [sys.executable, "-m", "support.ledger_writers", name, str(n_records), run_id]
    tests = [str(Path(__file__).parents[1]), environment.get("PYTHONPATH", "")]
    writers = [
        subprocess.Popen(
            [*command, f"writer-{number}"],
            cwd=folder,
            env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, tests))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(n_writers)
    ]
    for one in writers:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in writers:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [one.communicate(timeout=300)[0] for one in writers]
    return [(digest, held) for text in said for digest, held in json.loads(text)]


if __name__ == "__main__":
    MlflowLedger().read(sys.argv[1])  # the libraries load before the race, not in it
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(write(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])))
